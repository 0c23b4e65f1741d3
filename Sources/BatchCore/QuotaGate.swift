/// The shared pause of one model after a quota answer: everything for the model waits, nothing is used up.
///
/// The place where pacing by learned limits will decide as well; today it knows only when to wait.
package struct QuotaGate: Sendable {
    private static let firstPause = Duration.seconds(10)
    private static let longestPause = Duration.seconds(60)
    /// A longer delay is no pause but another day: the server means a daily quota.
    package static let longestBelievableDelay = Duration.seconds(15 * 60)

    /// No request before this moment.
    package private(set) var opensAt = Duration.zero
    private var nextPause = firstPause

    package init() {}

    /// Closes the gate after a quota answer.
    ///
    /// Answers that arrive while it is closed belong to requests sent before: they prolong the pause only if the server
    /// asked for more.
    ///
    /// - Parameters:
    ///   - now: Monotonic time.
    ///   - requested: The server's `RetryInfo` or `Retry-After`.
    ///   - jitter: 0 to 1, so that several processes do not return together.
    /// - Returns: The pause if the gate was open, so that it is told once.
    package mutating func close(now: Duration, requested: Duration?, jitter: Double) -> Duration? {
        let wasOpen = opensAt <= now
        guard wasOpen || requested != nil else { return nil }
        let pause = (requested ?? nextPause) + .seconds(1) * jitter
        if requested == nil {
            nextPause = min(nextPause * 2, Self.longestPause)
        }
        guard now + pause > opensAt else { return nil }
        opensAt = now + pause
        return wasOpen ? pause : nil
    }

    /// An answer came: the next pause without the server's word is short again.
    package mutating func succeeded() {
        nextPause = Self.firstPause
    }
}
