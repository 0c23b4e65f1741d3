import Testing

/// The situations that policies are compared in.
struct QuotaScenario: Sendable, CustomTestStringConvertible {
    let name: String
    let processes: Int
    let service: @Sendable () -> SimulatedService

    var testDescription: String { name }

    /// 300, then 120, then 600 requests a minute, and a minute in which 60 % of all requests fail with 503.
    private static func changing() -> SimulatedService {
        var service = SimulatedService(
            stages: [.init(start: 0, limit: 300), .init(start: 600, limit: 120), .init(start: 1200, limit: 600)]
        )
        service.troubles = [.init(start: 900, end: 960, share: 0.6)]
        return service
    }

    private static func steady(_ limit: Int) -> SimulatedService {
        SimulatedService(stages: [.init(start: 0, limit: limit)])
    }

    static let changingLimit = QuotaScenario(name: "300 → 120 → 600 a minute", processes: 1) { changing() }

    static let countingRefused = QuotaScenario(name: "the same, refused requests count", processes: 1) {
        var service = changing()
        service.countsRefused = true
        return service
    }

    static let fixedMinutes = QuotaScenario(name: "the same, minutes of the clock", processes: 1) {
        var service = changing()
        service.window = .fixed
        return service
    }

    static let withoutDetails = QuotaScenario(name: "the same, refusals without details", processes: 1) {
        var service = changing()
        service.tellsDetails = false
        return service
    }

    static let shared = QuotaScenario(name: "four processes share 300", processes: 4) { steady(300) }
    static let free = QuotaScenario(name: "10 a minute", processes: 1) { steady(10) }

    static let all = [changingLimit, countingRefused, fixedMinutes, withoutDetails, shared, free]

    func run(seed: UInt64, policy: () -> any PacingPolicy) -> QuotaSimulation.Outcome {
        var simulation = QuotaSimulation(service(), policies: (0..<processes).map { _ in policy() }, seed: seed)
        return simulation.run()
    }
}
