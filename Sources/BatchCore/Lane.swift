/// One model's part of a run: its limiter, and the items that it keeps waiting.
struct Lane {
    /// By reference: a worker has several places for it as long as it waits.
    indirect enum Next: Sendable {
        /// Counted by the limiter.
        case send(Work)
        /// For a later run.
        case postpone(Work, because: Postponement)
    }

    /// The items of a lane, in the order in which they are sent.
    private enum Queue: Int, CaseIterable {
        /// Sent before, and may go on: the next turn of a chat, or after a pause for quota.
        case continued
        /// Failed by the service's fault; sent again as far as the retry budget goes.
        case repeated
        /// Never sent.
        case fresh
    }

    let model: String
    /// The tier of the first item: one limiter stands for all tiers of a model.
    let tier: ServiceTier
    private var limiter: RateLimiter
    private var estimate = TokenEstimate()
    /// When the service begins to count the requests of a day anew, in Unix milliseconds.
    private var dayEndsAt: Int64
    /// What earlier runs left.
    private let known: LearnedQuota

    private var queues = Queue.allCases.map { _ in WorkQueue() }
    /// Items that wait elsewhere for their moment.
    private var sleeping = 0
    /// Why its items are left for a later run.
    private var closedBecause: GenerationError?
    /// Why its items that need spare capacity are left for a later run.
    private var shortage: GenerationError?
    /// When spare capacity was first missing since the last answer or pause.
    private var shedSince: Duration?
    /// When the limiter was last found to allow more; `nil` if that takes an answer.
    private(set) var opensAt: Duration?

    /// The job's own limit.
    private let ownRequestsPerDay: Int?

    init(model: String, tier: ServiceTier, limits: Limits, learned: LearnedQuota, now: Moment) {
        self.model = model
        self.tier = tier
        ownRequestsPerDay = limits.quota.requestsPerDay
        known = learned
        limiter = RateLimiter(
            limits: limits.quota,
            learned: learned,
            concurrency: limits.concurrency,
            now: now.monotonic
        )
        dayEndsAt = PacificDay(containing: now.unixMilliseconds).endsAt
    }

    /// What the next run should know of the model's quota.
    var learned: LearnedQuota { limiter.learned }

    /// Whether it matters how many requests other runs send.
    var hasDailyLimit: Bool { limiter.requestsPerDay != nil }

    mutating func note(requestsOfOthersToday count: Int) {
        limiter.note(requestsOfOthersToday: count)
    }

    var isEmpty: Bool { queues.allSatisfy(\.isEmpty) }
    var hasFresh: Bool { !queues[Queue.fresh.rawValue].isEmpty }
    /// All items that are in memory and not in flight.
    var count: Int { queues.reduce(sleeping) { $0 + $1.count } }

    // MARK: Taking in

    mutating func append(_ work: Work) {
        queues[Queue.fresh.rawValue].append(work)
    }

    mutating func fallAsleep() {
        sleeping += 1
    }

    /// Takes back an item whose wait is over.
    mutating func wakeUp(_ work: Work) {
        sleeping -= 1
        queues[(work.machine.isRetry ? Queue.repeated : .continued).rawValue].append(work)
    }

    // MARK: Sending

    /// An item that may be sent now, those first that were sent before.
    mutating func next(at now: Moment, within budget: inout Budget) -> Next? {
        opensAt = nil
        for queue in queues.indices {
            if let work = queues[queue].first, let next = admit(work, at: now, within: &budget) {
                queues[queue].removeFirst()
                return next
            }
        }
        return nil
    }

    /// Whether an item may be sent, or is to be left for a later run; `nil` if it has to wait.
    mutating func admit(_ candidate: Work, at now: Moment, within budget: inout Budget) -> Next? {
        if let error = reasonAgainst(candidate) { return .postpone(candidate, because: .refused(error)) }
        if now.unixMilliseconds >= dayEndsAt {
            limiter.beginDay(now: now.monotonic)
            dayEndsAt = PacificDay(containing: now.unixMilliseconds).endsAt
        }
        var work = candidate
        work.inputTokens = limiter.pacesTokens || budget.isLimited ? estimate.tokens(of: work) : 0
        if budget.isLimited {
            let reservation = budget.expected(
                of: work.request,
                inputTokens: work.inputTokens,
                at: now.unixMilliseconds
            )
            work.reservation = reservation
            switch budget.verdict(for: reservation, of: model) {
            case .fits: break
            case .wait: return nil
            case .exhausted(let cap): return .postpone(candidate, because: .capped(cap))
            }
        }
        switch admission(of: work, at: now) {
        case .now:
            if let reservation = work.reservation {
                budget.reserve(reservation, of: model)
            }
            return .send(work)
        case .wait(let until):
            if let until {
                opensAt = min(opensAt ?? until, until)
            }
            return nil
        case .spentForToday:
            let error = errorOfToday(at: now.unixMilliseconds)
            closedBecause = error
            return .postpone(candidate, because: .refused(error))
        }
    }

    /// Why an item is left for a later run whatever the limiter says.
    private func reasonAgainst(_ work: Work) -> GenerationError? {
        if let closedBecause { return closedBecause }
        guard let shortage, work.request.serviceTier == .flex else { return nil }
        return shortage
    }

    /// What the limiter says, unless the service lets nothing through: then the end of that is waited for if it is near.
    private mutating func admission(of work: Work, at now: Moment) -> RateLimiter.Admission {
        if let closure = known.closure(at: now.unixMilliseconds) {
            return closure.isWaitedFor ? .wait(until: now.monotonic + closure.rest) : .spentForToday
        }
        return limiter.admit(inputTokens: work.inputTokens, isRetry: work.machine.isRetry, now: now.monotonic)
    }

    /// Why nothing more is sent today, or for now.
    private func errorOfToday(at moment: Int64) -> GenerationError {
        if let spentUntil = known.spentUntil, spentUntil > moment {
            return spentUntil < dayEndsAt
                ? .closed(model: model, until: spentUntil)
                : .spentForToday(model: model, limit: known.requestsPerDay, isOfJob: false)
        }
        return .spentForToday(
            model: model,
            limit: limiter.requestsPerDay,
            isOfJob: limiter.requestsPerDay == ownRequestsPerDay
        )
    }

    // MARK: What came of it

    mutating func answered(_ work: Work, usage: TokenUsage, wasRetry: Bool, sentAt: Duration) {
        shedSince = nil
        var extraTokens = 0
        if work.inputTokens > 0, let reported = usage.promptTokens {
            extraTokens = estimate.correct(work.inputTokens, of: work, reported: reported)
        }
        limiter.answered(sentAt: sentAt, wasRetry: wasRetry, extraTokens: extraTokens)
    }

    /// Notes that a request was cut, or not sent after all.
    mutating func ended() {
        limiter.ended()
    }

    /// Notes a failure that says nothing about quota, unless the model has answered all the same: an answer that is
    /// refused has used up its quota like any other.
    mutating func ended(_ work: Work, _ attempt: AttemptRecord, wasRetry: Bool, sentAt: Duration) {
        if let usage = attempt.usage, usage.promptTokens != nil, !attempt.isBrokenOff {
            answered(work, usage: usage, wasRetry: wasRetry, sentAt: sentAt)
        } else if attempt.reachedService {
            limiter.ended()
        } else {
            limiter.unsent(sentAt: sentAt)
        }
    }

    /// Without any answer for so long, spare capacity is not waited for in this run.
    private static let longestShortage = Duration.seconds(10 * 60)

    /// Notes that spare capacity was missing.
    ///
    /// - Returns: Whether it has been for so long that waiting does not help in this run.
    mutating func shed(now: Duration) -> Bool {
        let since = shedSince ?? now
        shedSince = since
        return now - since >= Self.longestShortage
    }

    func isServiceDown(now: Duration) -> Bool {
        limiter.isServiceDown(now: now)
    }

    var isSpendLimitLikely: Bool { limiter.isSpendLimitLikely }

    /// Takes account of a refusal for quota, or of spare capacity that is not waited for any longer.
    ///
    /// - Returns: When the item may be sent again, and whether that is news; `nil` if it is left for a later run, as are all of its
    ///   model, or of them those that need spare capacity.
    mutating func refused(
        _ error: GenerationError,
        sentAt: Duration,
        now: Duration,
        jitter: Double
    ) -> (opensAt: Duration, isNew: Bool)? {
        if error.isShed {
            limiter.ended()
            shortage = shortage ?? error
            return nil
        }
        switch limiter.refused(error, sentAt: sentAt, now: now, jitter: jitter) {
        case .wait(let until, let isNew):
            // Nobody asks for spare capacity until then.
            shedSince = nil
            return (until, isNew)
        case .leaveForLater:
            closedBecause = closedBecause ?? error
            return nil
        }
    }
}

extension GenerationError {
    fileprivate static func closed(model: String, until moment: Int64) -> GenerationError {
        GenerationError(
            .rateDay,
            "the service lets no request for \(model) through before \(Timestamp.rfc3339(unixMilliseconds: moment)); "
                + "run again then, or `genbatch quota --forget` if it does by now"
        )
    }

    fileprivate static func spentForToday(model: String, limit: Int?, isOfJob: Bool) -> GenerationError {
        let what = limit.map { "\($0) requests" } ?? "requests"
        let advice =
            isOfJob && limit != nil
            ? "or raise limits.requests_per_day" : "or `genbatch quota --forget` if the plan has changed"
        return GenerationError(
            .rateDay,
            "the \(what) of the day for \(model) are spent; run again after midnight in California, \(advice)"
        )
    }
}
