internal import BatchCore

/// Something to write down about one quota.
package enum LedgerChange: Sendable, Equatable {
    case used(QuotaUse)
    /// A request that was counted reached nobody; it counts no longer for the day of this Unix time in milliseconds.
    case unsent(sentAt: Int64)
    /// The pace that is kept up; `nil` leaves what is known.
    case pace(requestsPerMinute: Double?, tokensPerMinute: Double?)
    /// The server named its limit of requests per day.
    case dailyLimit(Int)
    /// The server said that the quota of the day is spent.
    case dailyQuotaSpent
    /// The server said that nothing goes through for so long; no longer than the day, when quotas come back.
    case closed(Duration)
}

/// Changes that are written together; as large as there are quotas, however many requests it tells of.
package struct LedgerChanges: Sendable, Equatable {
    /// The use of one quota on one day.
    struct UseKey: Hashable {
        let name: QuotaName
        let day: PacificDay
    }

    struct Learned: Sendable, Equatable {
        var requestsPerMinute: Double?
        var tokensPerMinute: Double?
        var paceLearnedAt: Int64?
        var requestsPerDay: Int?
        var dailyLimitLearnedAt: Int64?
        var spentUntil: Int64?
    }

    private(set) var uses: [UseKey: QuotaUse] = [:]
    private(set) var learned: [QuotaName: Learned] = [:]

    package init() {}

    var isEmpty: Bool { uses.isEmpty && learned.isEmpty }

    /// Adds a change.
    ///
    /// - Parameters:
    ///   - change: What happened.
    ///   - name: The quota.
    ///   - now: Unix time in milliseconds.
    package mutating func add(_ change: LedgerChange, of name: QuotaName, at now: Int64) {
        let day = PacificDay(containing: now)
        switch change {
        case .used(let use):
            uses[UseKey(name: name, day: day), default: QuotaUse()] += use
        case .unsent(let sentAt):
            uses[UseKey(name: name, day: PacificDay(containing: sentAt)), default: QuotaUse()] += QuotaUse(requests: -1)
        case .pace(let requests, let tokens):
            guard requests != nil || tokens != nil else { return }
            learn(name, Learned(requestsPerMinute: requests, tokensPerMinute: tokens, paceLearnedAt: now))
        case .dailyLimit(let limit):
            learn(name, Learned(requestsPerDay: limit, dailyLimitLearnedAt: now))
        case .dailyQuotaSpent:
            learn(name, Learned(spentUntil: day.endsAt))
        case .closed(let delay):
            let delay = Int64(min(delay, .seconds(86_400)) / .milliseconds(1))
            learn(name, Learned(spentUntil: min(now + delay, day.endsAt)))
        }
    }

    /// Adds changes that were noted later.
    mutating func add(_ later: LedgerChanges) {
        for (key, use) in later.uses {
            uses[key, default: QuotaUse()] += use
        }
        for (name, more) in later.learned {
            learn(name, more)
        }
    }

    /// What is said anew replaces what was known; nothing else does.
    private mutating func learn(_ name: QuotaName, _ more: Learned) {
        let known = learned[name] ?? Learned()
        learned[name] = Learned(
            requestsPerMinute: more.requestsPerMinute ?? known.requestsPerMinute,
            tokensPerMinute: more.tokensPerMinute ?? known.tokensPerMinute,
            paceLearnedAt: more.paceLearnedAt ?? known.paceLearnedAt,
            requestsPerDay: more.requestsPerDay ?? known.requestsPerDay,
            dailyLimitLearnedAt: more.dailyLimitLearnedAt ?? known.dailyLimitLearnedAt,
            spentUntil: more.spentUntil ?? known.spentUntil
        )
    }
}
