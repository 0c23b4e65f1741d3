/// The job's own limits for each of its models; the pace never exceeds them.
package struct QuotaLimits: Sendable, Equatable {
    /// More than anybody has.
    package static let maximum = 1_000_000_000_000

    package var requestsPerMinute: Int?
    /// Input tokens; what the server counts.
    package var tokensPerMinute: Int?
    package var requestsPerDay: Int?
    /// Whether to begin with a few requests a minute while no limit is known, and with a few at once.
    ///
    /// A server on this machine has no quota until it says so.
    package var startsCarefully: Bool

    package init(
        requestsPerMinute: Int? = nil,
        tokensPerMinute: Int? = nil,
        requestsPerDay: Int? = nil,
        startsCarefully: Bool = true
    ) {
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
        self.requestsPerDay = requestsPerDay
        self.startsCarefully = startsCarefully
    }
}

/// What is known about the quota of one model, for the next run to begin with.
package struct LearnedQuota: Sendable, Equatable {
    /// The pace that was kept up at the end; `nil` if nothing was ever refused.
    package var requestsPerMinute: Double?
    package var tokensPerMinute: Double?
    /// The limit that the server told.
    package var requestsPerDay: Int?
    /// Requests of the present day, in all tiers.
    package var requestsToday: Int
    /// Until when the service lets nothing through, in Unix milliseconds; `nil` if nothing is known of that.
    package var spentUntil: Int64?

    package init(
        requestsPerMinute: Double? = nil,
        tokensPerMinute: Double? = nil,
        requestsPerDay: Int? = nil,
        requestsToday: Int = 0,
        spentUntil: Int64? = nil
    ) {
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
        self.requestsPerDay = requestsPerDay
        self.requestsToday = requestsToday
        self.spentUntil = spentUntil
    }
}

extension LearnedQuota {
    /// The time in which the service lets nothing through.
    struct Closure: Sendable, Equatable {
        /// What is left of it.
        let rest: Duration
        /// Whether a run waits for its end; otherwise the model's items are left for a later one.
        var isWaitedFor: Bool { rest <= QuotaPause.longestBelievableDelay }
    }

    /// What is left at a moment, in Unix milliseconds, of the time in which the service lets nothing through; `nil` if nothing is.
    func closure(at moment: Int64) -> Closure? {
        guard let spentUntil, spentUntil > moment else { return nil }
        return Closure(rest: .milliseconds(spentUntil - moment))
    }
}
