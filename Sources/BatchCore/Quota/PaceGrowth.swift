/// When a pace may grow, and by how much: fast until a limit is found, then carefully, and faster the longer it goes well.
struct PaceGrowth: Sendable {
    /// The shortest step, in seconds.
    static let stepLength = 10.0
    /// The fewest requests in a step: ten seconds of one request tell nothing.
    private static let stepRequests = 10
    /// The pace grows only if so much of it was used: who has less to send would learn nothing from it.
    private static let bindingShare = 0.7
    private static let firstIncrease = 0.01
    /// How much more each step adds than the one before.
    private static let acceleration = 3.0
    /// Doubling the pace: as fast as it grows.
    static let largestIncrease = 1.0

    private var increase: Double
    private var stepStart: Double
    private var spentInStep = 0
    private var requestsInStep = 0

    init(isLearned: Bool, now: Double) {
        increase = isLearned ? Self.firstIncrease : Self.largestIncrease
        stepStart = now
    }

    mutating func spent(_ amount: Int) {
        spentInStep += amount
        requestsInStep += 1
    }

    /// The share by which the pace may grow if a step has gone by without a refusal.
    mutating func step(perMinute: Double, now: Double) -> Double? {
        let length = now - stepStart
        guard length >= Self.stepLength, requestsInStep >= Self.stepRequests else { return nil }
        let isBinding = Double(spentInStep) >= Self.bindingShare * perMinute * length / 60
        begin(at: now)
        guard isBinding else { return nil }
        defer { increase = min(Self.acceleration * increase, Self.largestIncrease) }
        return increase
    }

    mutating func refused(until opening: Double) {
        increase = Self.firstIncrease
        begin(at: opening)
    }

    private mutating func begin(at moment: Double) {
        stepStart = moment
        spentInStep = 0
        requestsInStep = 0
    }
}
