import Testing

@testable import BatchCore

@Suite("Quota: simulated services", .timeLimit(.minutes(2)))
struct QuotaSimulationTests {
    private func run(_ scenario: QuotaScenario, seed: UInt64) -> QuotaSimulation.Outcome {
        scenario.run(seed: seed) { LimiterPolicy() }
    }

    // Fault matrix: F60, F64.
    @Test("a limit that falls, fails and rises is kept full without a storm", arguments: 1...3 as ClosedRange<UInt64>)
    func changingLimit(seed: UInt64) {
        let outcome = run(.changingLimit, seed: seed)
        #expect(outcome.goodput >= 0.90)
        #expect(outcome.refusalsPerSuccess <= 0.02)
        #expect(outcome.lost == 0)
        #expect(outcome.timeTo90 <= 120)
    }

    @Test("so it is when refused requests use up quota too", arguments: 1...3 as ClosedRange<UInt64>)
    func countingRefused(seed: UInt64) {
        let outcome = run(.countingRefused, seed: seed)
        #expect(outcome.goodput >= 0.86)
        #expect(outcome.refusalsPerSuccess <= 0.02)
        #expect(outcome.lost == 0)
    }

    @Test("so it is when the service counts by minutes of the clock", arguments: 1...3 as ClosedRange<UInt64>)
    func fixedMinutes(seed: UInt64) {
        let outcome = run(.fixedMinutes, seed: seed)
        #expect(outcome.goodput >= 0.90)
        #expect(outcome.refusalsPerSuccess <= 0.02)
        #expect(outcome.lost == 0)
        #expect(outcome.timeTo90 <= 120)
    }

    // Fault matrix: F61.
    @Test("without the server's word most of the quota is used all the same", arguments: 1...3 as ClosedRange<UInt64>)
    func withoutDetails(seed: UInt64) {
        let outcome = run(.withoutDetails, seed: seed)
        #expect(outcome.goodput >= 0.7)
        #expect(outcome.refusalsPerSuccess <= 0.02)
        #expect(outcome.lost == 0)
    }

    // Fault matrix: F87.
    @Test("processes that share a quota get fair parts of it", arguments: 1...3 as ClosedRange<UInt64>)
    func shared(seed: UInt64) {
        let outcome = run(.shared, seed: seed)
        #expect(outcome.goodput >= 0.85)
        #expect(outcome.refusalsPerSuccess <= 0.05)
        #expect(outcome.lost == 0)
        #expect(outcome.fairness >= 0.95)
    }

    // Fault matrix: F87.
    @Test("a process that comes later gets its part as well", arguments: 1...3 as ClosedRange<UInt64>)
    func lateProcesses(seed: UInt64) {
        let policies = [0, 60, 120, 180].map { LimiterPolicy(start: $0) }
        var simulation = QuotaSimulation(QuotaScenario.shared.service(), policies: policies, seed: seed)
        let outcome = simulation.run()
        #expect(outcome.goodput >= 0.85)
        #expect(outcome.refusalsPerSuccess <= 0.05)
        #expect(outcome.lost == 0)
        #expect(outcome.fairness >= 0.85)
    }

    @Test("the smallest plan is not wasted on finding out", arguments: 1...3 as ClosedRange<UInt64>)
    func free(seed: UInt64) {
        let outcome = run(.free, seed: seed)
        #expect(outcome.goodput >= 0.90)
        #expect(outcome.refusalsPerSuccess <= 0.06)
        #expect(outcome.lost == 0)
    }

    @Test("a limit of tokens a minute is kept full without a storm", arguments: 1...3 as ClosedRange<UInt64>)
    func tokens(seed: UInt64) {
        let limit = 300_000
        var service = SimulatedService(stages: [.init(start: 0, limit: 100_000)])
        service.tokensPerMinute = limit
        var simulation = QuotaSimulation(service, policies: [LimiterPolicy()], seed: seed)
        let outcome = simulation.run()
        let allowed = Double(limit) * QuotaSimulation.halfAnHour / 60
        #expect(Double(simulation.service.acceptedTokens) >= 0.85 * allowed)
        #expect(outcome.refusalsPerSuccess <= 0.02)
        #expect(outcome.lost == 0)
    }

    // Fault matrix: F64.
    @Test("a service that fails for five minutes loses no item", arguments: [0.3, 0.6, 1.0])
    func longTrouble(share: Double) {
        var service = SimulatedService(stages: [.init(start: 0, limit: 600)])
        service.troubles = [.init(start: 300, end: 600, share: share)]
        var simulation = QuotaSimulation(service, policies: [LimiterPolicy()])
        let outcome = simulation.run()
        #expect(outcome.lost == 0)
        #expect(outcome.outagesPerSuccess <= 0.15)
        // Five of thirty minutes are bad; the rest is used.
        #expect(outcome.goodput >= 1 - share / 6 - 0.1)
    }

    @Test("a limit that is known from an earlier run is used from the first second")
    func learnedLimit() {
        let quota = LearnedQuota(requestsPerMinute: 294)
        var simulation = QuotaSimulation(
            SimulatedService(stages: [.init(start: 0, limit: 300)]),
            policies: [LimiterPolicy(learned: quota)]
        )
        let outcome = simulation.run(seconds: 120)
        #expect(outcome.refusals <= 6)
        #expect(outcome.goodput >= 0.85)
    }

    @Test("a job that keeps its own limit below the quota is never refused")
    func ownLimit() {
        var simulation = QuotaSimulation(
            SimulatedService(stages: [.init(start: 0, limit: 300)]),
            policies: [LimiterPolicy(limits: QuotaLimits(requestsPerMinute: 280))]
        )
        let outcome = simulation.run()
        #expect(outcome.refusals == 0)
        #expect(outcome.success >= 280 * 29)
    }

    @Test("a day's quota that is spent ends the requests")
    func perDay() {
        var service = SimulatedService(stages: [.init(start: 0, limit: 600)])
        service.perDay = 500
        var simulation = QuotaSimulation(service, policies: [LimiterPolicy()])
        let outcome = simulation.run()
        #expect(outcome.success == 500)
        // Those that were in flight when the first refusal came.
        #expect(outcome.refusals <= QuotaSimulation.concurrency)
        #expect(outcome.lost == 0)
    }
}
