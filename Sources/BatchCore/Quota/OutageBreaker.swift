/// Ends a run when nobody has answered for ten minutes: the service is down, and every item would fare the same.
struct OutageBreaker: Sendable {
    private static let patience = Duration.seconds(10 * 60)

    private var failingSince: Duration?

    /// Notes an answer of any kind, a refusal too: somebody is there.
    mutating func reached() {
        failingSince = nil
    }

    /// Notes a failure of the service or of the way to it.
    ///
    /// - Returns: Whether to stop.
    mutating func failed(sentAt: Duration, now: Duration) -> Bool {
        let since = failingSince ?? sentAt
        failingSince = since
        return now - since >= Self.patience
    }
}
