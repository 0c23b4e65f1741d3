import Testing

/// The simulations of `QuotaSimulationTests` once more, with the real scheduler and client over sockets: half an hour of
/// theirs in about half a minute.
@Suite("Quota: sockets beside the simulation", .serialized, .timeLimit(.minutes(10)))
struct AgreementTests {
    /// Runs a scenario over sockets and holds it to the mean of its simulations.
    private func compare(_ scenario: QuotaScenario) async throws -> QuotaSimulation.Outcome {
        let simulated = (1...5).map { scenario.run(seed: $0) { LimiterPolicy() } }
        func mean(_ figure: (QuotaSimulation.Outcome) -> Double) -> Double {
            simulated.map(figure).reduce(0, +) / Double(simulated.count)
        }
        let outcome = try await SocketRun(scenario).run()
        let (goodput, refusals) = (mean(\.goodput), mean(\.refusalsPerSuccess))
        print(
            """
            \(scenario.name): goodput \(outcome.goodput), simulated \(goodput); 429 per answer \
            \(outcome.refusalsPerSuccess), simulated \(refusals); 503 per answer \(outcome.outagesPerSuccess), \
            simulated \(mean(\.outagesPerSuccess)); fairness \(outcome.fairness), simulated \(mean(\.fairness)); \
            lost \(outcome.lost)
            """
        )
        #expect(abs(outcome.goodput - goodput) <= 0.05)
        #expect(abs(outcome.refusalsPerSuccess - refusals) <= 0.02)
        #expect(outcome.lost == 0)
        return outcome
    }

    // Fault matrix: F60, F64.
    @Test("over sockets a limit that falls, fails and rises is kept as full as in the simulation")
    func changingLimit() async throws {
        let outcome = try await compare(.changingLimit)
        #expect(outcome.goodput >= 0.90)
        #expect(outcome.refusalsPerSuccess <= 0.02)
    }

    @Test("over sockets the smallest plan is not wasted on finding out")
    func free() async throws {
        let outcome = try await compare(.free)
        #expect(outcome.goodput >= 0.90)
        #expect(outcome.refusalsPerSuccess <= 0.06)
    }

    // Fault matrix: F87.
    @Test("over sockets four schedulers share a quota fairly and waste little of it")
    func shared() async throws {
        let outcome = try await compare(.shared)
        #expect(outcome.goodput >= 0.85)
        #expect(outcome.refusalsPerSuccess <= 0.05)
        #expect(outcome.fairness >= 0.95)
    }
}
