/// The shared pause of one model after a quota answer: everything for the model waits, nothing is used up.
struct QuotaPause: Sendable {
    /// What follows a quota answer.
    enum Verdict: Sendable, Equatable {
        /// Wait until the gate opens.
        ///
        /// `isNew` is false for the others of a burst, which are about the same pause.
        case wait(isNew: Bool)
        /// Waiting does not help in this run.
        case giveUp
    }

    /// A longer delay is no pause but another day: the server means a daily quota.
    static let longestBelievableDelay = Duration.seconds(15 * 60)
    /// A server that says "at once" to a request it has just turned away would get a storm.
    private static let shortestPause = Duration.seconds(1)
    /// Pauses without the server's word, in seconds.
    ///
    /// For a quota of the minute the first four, the last of them again and again. If a minute is not enough three times,
    /// the money spent in the last ten minutes is the likely limit.
    private static let pauses = [10, 20, 40, 60, 60, 60, 120, 240, 480, 600]
    private static let minutePauses = 4
    /// A quota of the minute that lets nothing through for so long is no quota of the minute.
    private static let longestDrought = Duration.seconds(10 * 60)

    /// No request before this moment.
    private(set) var opensAt: Duration
    /// Pauses of our own choice since the last answer.
    private var pausesInVain = 0
    /// When the first refusal since the last answer came.
    private var refusedSince: Duration?
    /// Whether a daily quota that was to come back within minutes has been waited for.
    private var hasWaitedForDay = false

    /// Whether money is more likely the limit than requests.
    private(set) var isSpendLimitLikely = false

    init(now: Duration) {
        opensAt = now
    }

    /// Closes the gate after a quota answer.
    ///
    /// Answers to requests that were sent before the gate last opened are about the pause that has been: they prolong it
    /// only if the server asks for more.
    ///
    /// - Parameters:
    ///   - error: What the server said.
    ///   - sentAt: When the request that was turned away was sent.
    ///   - now: Monotonic time.
    ///   - jitter: Up to a second, so that several processes do not return together.
    /// - Returns: Whether to wait.
    mutating func refuse(_ error: GenerationError, sentAt: Duration, now: Duration, jitter: Duration) -> Verdict {
        if error.isWithoutQuota { return .giveUp }
        if let delay = error.retryDelay, delay > Self.longestBelievableDelay { return .giveUp }
        guard sentAt >= opensAt else {
            if let delay = error.retryDelay {
                opensAt = max(opensAt, now + max(delay, Self.shortestPause) + jitter)
            }
            return .wait(isNew: false)
        }
        if mustGiveUp(error, now: now) { return .giveUp }
        refusedSince = refusedSince ?? now
        opensAt = now + pause(after: error) + jitter
        return .wait(isNew: true)
    }

    private mutating func mustGiveUp(_ error: GenerationError, now: Duration) -> Bool {
        switch error.failureClass {
        case .rateDay:
            // A short delay beside a daily quota is believed once.
            guard error.retryDelay != nil, !hasWaitedForDay else { return true }
            hasWaitedForDay = true
            return false
        case .rateUnknown where error.retryDelay == nil:
            return pausesInVain >= Self.pauses.count
        default:
            return refusedSince.map { now - $0 >= Self.longestDrought } ?? false
        }
    }

    private mutating func pause(after error: GenerationError) -> Duration {
        if let delay = error.retryDelay { return max(delay, Self.shortestPause) }
        let isUnnamed = error.failureClass == .rateUnknown
        let step = min(pausesInVain, (isUnnamed ? Self.pauses.count : Self.minutePauses) - 1)
        pausesInVain += 1
        isSpendLimitLikely = isUnnamed && pausesInVain > Self.minutePauses + 2
        return .seconds(Self.pauses[step])
    }

    /// An answer came: the quota is not spent after all.
    ///
    /// - Parameter sentAt: When its request was sent; one from before the pause says nothing about it.
    mutating func answered(sentAt: Duration) {
        guard sentAt >= opensAt else { return }
        pausesInVain = 0
        isSpendLimitLikely = false
        refusedSince = nil
        hasWaitedForDay = false
    }
}
