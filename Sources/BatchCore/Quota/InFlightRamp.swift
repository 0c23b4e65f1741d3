/// How many requests may be in flight at once: few at first, so that a mistake in a job costs little, then twice as many
/// every quarter of a second until the job's own limit.
///
/// Only time counts. Failures are the business of the gate and of the retry budget: a server that fails half of its
/// requests serves no more of them if it gets fewer.
struct InFlightRamp: Sendable {
    private static let start = 20
    private static let doubling = Duration.milliseconds(250)

    private let most: Int
    private var limit: Int
    private var growsAt: Duration

    /// - Parameters:
    ///   - most: The job's own limit.
    ///   - isOpen: Whether it holds from the start.
    ///   - now: The time.
    init(most: Int, isOpen: Bool, now: Duration) {
        self.most = most
        limit = isOpen ? most : min(Self.start, most)
        growsAt = now + Self.doubling
    }

    /// The most requests in flight, and when it will be more; `nil` if it stays.
    mutating func limit(at now: Duration) -> (most: Int, growsAt: Duration?) {
        while limit < most, growsAt <= now {
            limit = min(2 * limit, most)
            growsAt += Self.doubling
        }
        return (limit, limit < most ? growsAt : nil)
    }
}
