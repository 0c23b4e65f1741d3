/// The shared pause of one model after a quota answer: everything for the model waits, nothing is used up.
///
/// The place where pacing by learned limits will decide as well; today it knows only when to wait.
package struct QuotaGate: Sendable {
    /// A longer delay is no pause but another day: the server means a daily quota.
    package static let longestBelievableDelay = Duration.seconds(15 * 60)
    /// A server that says "at once" to a request it has just turned away would get a storm.
    private static let shortestPause = Duration.seconds(1)
    private static let firstPause = Duration.seconds(10)
    private static let longestPause = Duration.seconds(60)

    /// No request before this moment.
    package private(set) var opensAt = Duration.zero
    private var nextPause = firstPause

    package init() {}

    /// Closes the gate after a quota answer.
    ///
    /// Answers to requests that were sent before the gate last opened are about the pause that has been: they prolong it
    /// only if the server asks for more.
    ///
    /// - Parameters:
    ///   - now: Monotonic time.
    ///   - sentAt: When the request that was turned away was sent.
    ///   - requested: The server's `RetryInfo` or `Retry-After`.
    ///   - jitter: 0 to 1, so that several processes do not return together.
    /// - Returns: The pause if the gate was open, so that it is told once.
    package mutating func close(now: Duration, sentAt: Duration, requested: Duration?, jitter: Double) -> Duration? {
        guard sentAt >= opensAt || requested != nil else { return nil }
        let pause = (requested.map { max($0, Self.shortestPause) } ?? nextPause) + .seconds(1) * jitter
        if requested == nil {
            nextPause = min(nextPause * 2, Self.longestPause)
        }
        guard now + pause > opensAt else { return nil }
        let wasOpen = opensAt <= now
        opensAt = now + pause
        return wasOpen ? pause : nil
    }

    /// An answer came: the next pause without the server's word is short again.
    ///
    /// - Parameter sentAt: When its request was sent; one from before the pause says nothing about it.
    package mutating func succeeded(sentAt: Duration) {
        guard sentAt >= opensAt else { return }
        nextPause = Self.firstPause
    }
}
