/// One model's part of a run: its limiter, and the items that it keeps waiting.
struct Lane {
    enum Next: Sendable {
        /// Counted by the limiter.
        case send(Work)
        /// For a later run.
        case postpone(Work, because: GenerationError)
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
    private var limiter: RateLimiter
    private var estimate = TokenEstimate()
    private let requestsPerDay: Int?

    private var queues = Queue.allCases.map { _ in WorkQueue() }
    /// Items that wait elsewhere for their moment.
    private var sleeping = 0
    /// Why its items are left for a later run.
    private var closedBecause: GenerationError?
    /// When the limiter was last found to allow more; `nil` if that takes an answer.
    private(set) var opensAt: Duration?

    init(model: String, limits: Limits, now: Duration) {
        self.model = model
        requestsPerDay = limits.quota.requestsPerDay
        limiter = RateLimiter(limits: limits.quota, concurrency: limits.concurrency, now: now)
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
    mutating func next(at now: Duration) -> Next? {
        opensAt = nil
        for queue in queues.indices {
            if let work = queues[queue].first, let next = admit(work, at: now) {
                queues[queue].removeFirst()
                return next
            }
        }
        return nil
    }

    /// Whether an item may be sent, or is to be left for a later run; `nil` if it has to wait.
    mutating func admit(_ candidate: Work, at now: Duration) -> Next? {
        if let closedBecause { return .postpone(candidate, because: closedBecause) }
        var work = candidate
        work.inputTokens = limiter.pacesTokens ? estimate.tokens(of: work.item) : 0
        switch limiter.admit(inputTokens: work.inputTokens, isRetry: work.machine.isRetry, now: now) {
        case .now:
            return .send(work)
        case .wait(let until):
            if let until {
                opensAt = min(opensAt ?? until, until)
            }
            return nil
        case .spentForToday:
            let error = GenerationError.spentForToday(model: model, limit: requestsPerDay)
            closedBecause = error
            return .postpone(candidate, because: error)
        }
    }

    // MARK: What came of it

    mutating func answered(_ work: Work, usage: TokenUsage, sentAt: Duration) {
        var extraTokens = 0
        if limiter.pacesTokens, let reported = usage.promptTokens {
            extraTokens = estimate.correct(work.inputTokens, of: work.item, reported: reported)
        }
        limiter.answered(sentAt: sentAt, wasRetry: work.machine.isRetry, extraTokens: extraTokens)
    }

    mutating func ended() {
        limiter.ended()
    }

    func isServiceDown(now: Duration) -> Bool {
        limiter.isServiceDown(now: now)
    }

    var isSpendLimitLikely: Bool { limiter.isSpendLimitLikely }

    /// - Returns: When the item may be sent again, and whether that is news; `nil` if its model is closed for this run.
    mutating func refused(
        _ error: GenerationError,
        sentAt: Duration,
        now: Duration,
        jitter: Double
    ) -> (opensAt: Duration, isNew: Bool)? {
        switch limiter.refused(error, sentAt: sentAt, now: now, jitter: jitter) {
        case .wait(let until, let isNew):
            return (until, isNew)
        case .leaveForLater:
            closedBecause = closedBecause ?? error
            return nil
        }
    }
}

extension GenerationError {
    fileprivate static func spentForToday(model: String, limit: Int?) -> GenerationError {
        GenerationError(
            .rateDay,
            "\(limit.map { "the job's \($0)" } ?? "the") requests of the day for \(model) are spent; run again tomorrow"
        )
    }
}
