/// Ends a run when nobody has answered for ten minutes: the service is down, and every item would fare the same.
struct OutageBreaker: Sendable {
    private static let patience = Duration.seconds(10 * 60)

    private var failingSince: Duration?
    private var lastReached = Duration.zero

    /// Notes an answer of any kind, a refusal too: somebody is there.
    mutating func reached(now: Duration) {
        failingSince = nil
        lastReached = now
    }

    /// Notes a failure of the service or of the way to it.
    ///
    /// - Returns: Whether to stop.
    mutating func failed(sentAt: Duration, now: Duration) -> Bool {
        // One slow request says nothing about the time in which others were answered.
        let since = failingSince ?? max(sentAt, lastReached)
        failingSince = since
        return now - since >= Self.patience
    }
}
