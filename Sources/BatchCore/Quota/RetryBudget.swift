/// How many failed requests may be repeated and fail again: a fifth of what succeeds, and ten on top.
///
/// When a service is down, everything fails, and repeating everything would double its load. With the budget spent, items
/// wait; one at a time is sent to see whether the service is back, at first after a second, then after two, four …
struct RetryBudget: Sendable {
    /// At the start, and the most: a long good time does not pay for a long storm.
    private static let full = 10.0
    private static let perSuccess = 0.2
    private static let memory = Duration.seconds(120)
    private static let firstProbe = Duration.seconds(1)
    private static let longestProbe = Duration.seconds(16)

    private var balance = full
    private var probeDelay = firstProbe
    private var nextProbe = Duration.zero

    private var isSpent: Bool { balance < 1 }
    private var lastSpent: Duration?

    /// Whether the budget ran out within the last two minutes: items are to wait for the service then, instead of failing.
    func isStrained(now: Duration) -> Bool {
        isSpent || lastSpent.map { now - $0 < Self.memory } ?? false
    }

    /// When a request may be repeated; not after now means now.
    var opensAt: Duration { isSpent ? nextProbe : .zero }

    /// Notes that a request is repeated.
    mutating func spend(now: Duration) {
        guard isSpent else {
            balance -= 1
            if isSpent {
                lastSpent = now
                probeDelay = Self.firstProbe
                nextProbe = now + probeDelay
            }
            return
        }
        lastSpent = now
        probeDelay = min(probeDelay * 2, Self.longestProbe)
        nextProbe = now + probeDelay
    }

    /// Notes an answer; a repetition that was answered costs nothing, and shows that the service is back.
    mutating func answered(wasRetry: Bool) {
        if wasRetry, isSpent {
            balance = Self.full
        }
        balance = min(balance + Self.perSuccess + (wasRetry ? 1 : 0), Self.full)
    }
}
