/// Decides when a request of one model may be sent, and learns from what comes back.
///
/// It is given the time and never asks for it. The scheduler asks before each request and reports after it; what waits in
/// between holds no slot and uses up no attempt.
package struct RateLimiter: Sendable {
    package enum Admission: Sendable, Equatable {
        /// Send it; it is counted.
        case now
        /// Not before this moment; `nil` if it takes an answer to one of the requests in flight.
        case wait(until: Duration?)
        /// Not today: the limit of requests per day is reached.
        case spentForToday
    }

    /// What follows a refusal for quota.
    package enum Refusal: Sendable, Equatable {
        /// Wait; a pause has begun if `isNew`, otherwise it is known already.
        case wait(until: Duration, isNew: Bool)
        /// The model's items are left for a later run.
        case leaveForLater
    }

    /// The pace of the first requests, while no limit is known.
    static let firstPace = 60.0
    /// What leaves at once at the start and after a lull: all that the smallest plan has in a minute.
    static let burst = 10.0
    /// One cut for all refusals that come so close together.
    private static let cutInterval = Duration.seconds(5)

    private var requests: Pace
    /// `nil` as long as no limit of tokens is known.
    private var tokens: Pace?
    private var pause: QuotaPause
    private var retryBudget = RetryBudget()
    private var ramp: InFlightRamp
    private var inFlight = 0
    private var lastCut: Duration?
    private let limits: QuotaLimits
    /// The limit of requests per day that the server told.
    private var toldPerDay: Int?
    /// Of this run.
    private var ownRequestsToday = 0
    private var dayBeganAt: Duration
    private var othersRequestsToday: Int

    /// - Parameters:
    ///   - limits: What the job sets.
    ///   - learned: What earlier runs left; that the service lets nothing through for now is not the limiter's business.
    ///   - concurrency: The most requests in flight.
    ///   - now: Monotonic time.
    package init(
        limits: QuotaLimits = QuotaLimits(),
        learned: LearnedQuota = LearnedQuota(),
        concurrency: Int,
        now: Duration
    ) {
        self.limits = limits
        toldPerDay = learned.requestsPerDay
        othersRequestsToday = learned.requestsToday
        dayBeganAt = now
        let ceiling = limits.requestsPerMinute.map(Double.init)
        requests = Pace(
            perMinute: learned.requestsPerMinute ?? ceiling ?? (limits.startsCarefully ? Self.firstPace : .infinity),
            isLearned: learned.requestsPerMinute != nil,
            ceiling: ceiling ?? .infinity,
            burst: Self.burst,
            now: now.inSeconds
        )
        pause = QuotaPause(now: now)
        ramp = InFlightRamp(most: concurrency, isOpen: !limits.startsCarefully, now: now)
        if let perMinute = learned.tokensPerMinute ?? limits.tokensPerMinute.map(Double.init) {
            tokens = tokenPace(perMinute, isLearned: learned.tokensPerMinute != nil, now: now)
        }
    }

    private func tokenPace(_ perMinute: Double, isLearned: Bool, now: Duration) -> Pace {
        Pace(
            perMinute: perMinute,
            isLearned: isLearned,
            ceiling: limits.tokensPerMinute.map(Double.init) ?? .infinity,
            burst: 0,
            now: now.inSeconds
        )
    }

    /// What the next run should begin with.
    package var learned: LearnedQuota {
        LearnedQuota(
            requestsPerMinute: requests.isLearned ? requests.perMinute : nil,
            tokensPerMinute: tokens.flatMap { $0.isLearned ? $0.perMinute : nil },
            requestsPerDay: toldPerDay,
            requestsToday: requestsToday
        )
    }

    /// The smaller of the limits of requests per day: the job's, and the one that the server told.
    package var requestsPerDay: Int? {
        limits.requestsPerDay.map { min($0, toldPerDay ?? .max) } ?? toldPerDay
    }

    /// Requests of the present day, those of other runs included as far as they are known.
    private var requestsToday: Int { ownRequestsToday + othersRequestsToday }

    /// Takes note of what other runs, earlier ones included, have sent in the present day.
    package mutating func note(requestsOfOthersToday count: Int) {
        othersRequestsToday = count
    }

    /// Begins to count the requests of a day anew.
    ///
    /// - Parameter now: Monotonic time.
    package mutating func beginDay(now: Duration) {
        dayBeganAt = now
        ownRequestsToday = 0
        othersRequestsToday = 0
    }

    /// Whether input tokens count; if not, estimates of them are not needed.
    package var pacesTokens: Bool { tokens != nil }

    /// Whether the present pause is more likely about money than about requests.
    package var isSpendLimitLikely: Bool { pause.isSpendLimitLikely }

    /// Whether failures are the service's for now, so that items had better wait than fail.
    package func isServiceDown(now: Duration) -> Bool {
        retryBudget.isStrained(now: now)
    }

    // MARK: Before a request

    /// Asks to send a request.
    ///
    /// - Parameters:
    ///   - inputTokens: An estimate of its input.
    ///   - isRetry: Whether its last attempt failed by the service's fault.
    ///   - now: Monotonic time.
    /// - Returns: Whether it may be sent, or when to ask again.
    package mutating func admit(inputTokens: Int, isRetry: Bool, now: Duration) -> Admission {
        if requestsToday >= (requestsPerDay ?? .max) { return .spentForToday }
        if pause.opensAt > now { return .wait(until: pause.opensAt) }
        if isRetry, retryBudget.opensAt > now { return .wait(until: retryBudget.opensAt) }
        let (mostInFlight, growsAt) = ramp.limit(at: now)
        guard inFlight < mostInFlight else { return .wait(until: growsAt) }
        let seconds = now.inSeconds
        let opensAt = max(
            requests.opensAt(for: 1, now: seconds),
            tokens?.opensAt(for: inputTokens, now: seconds) ?? seconds
        )
        guard opensAt <= seconds + Duration.resolution else { return .wait(until: Duration(roundingUp: opensAt)) }
        requests.spend(1, now: seconds)
        tokens?.spend(inputTokens, now: seconds)
        if isRetry {
            retryBudget.spend(now: now)
        }
        inFlight += 1
        ownRequestsToday += 1
        return .now
    }

    // MARK: After it

    /// Notes an answer.
    ///
    /// - Parameters:
    ///   - sentAt: When its request was sent.
    ///   - wasRetry: As it was told to ``admit(inputTokens:isRetry:now:)``.
    ///   - extraTokens: How much more its input had than was estimated.
    package mutating func answered(sentAt: Duration, wasRetry: Bool, extraTokens: Int) {
        inFlight -= 1
        pause.answered(sentAt: sentAt)
        retryBudget.answered(wasRetry: wasRetry)
        tokens?.correct(by: extraTokens, spentAt: sentAt.inSeconds)
    }

    /// Notes that a request came to nothing, for a reason that says nothing about quota.
    package mutating func ended() {
        inFlight -= 1
    }

    /// Notes that a request reached nobody, and does not count for the day of which it was.
    ///
    /// - Parameter sentAt: When its request was to be sent.
    package mutating func unsent(sentAt: Duration) {
        inFlight -= 1
        if sentAt >= dayBeganAt {
            ownRequestsToday -= 1
        }
    }

    /// Notes a refusal for quota, or any failure after which the server wants a very long delay.
    ///
    /// - Parameters:
    ///   - error: What the server said.
    ///   - sentAt: When the request was sent.
    ///   - now: Monotonic time.
    ///   - jitter: 0 to 1.
    /// - Returns: Whether to wait.
    package mutating func refused(
        _ error: GenerationError,
        sentAt: Duration,
        now: Duration,
        jitter: Double
    ) -> Refusal {
        inFlight -= 1
        // The request stays counted: some services count what they refuse, and whoever repeats it faster than they forget
        // is never let in again.
        let opened = pause.opensAt
        switch pause.refuse(error, sentAt: sentAt, now: now, jitter: .seconds(jitter)) {
        case .giveUp:
            toldPerDay = error.requestsPerDay ?? toldPerDay
            return .leaveForLater
        case .wait(let isNew):
            if isNew, lastCut.map({ now - $0 >= Self.cutInterval }) ?? true {
                lastCut = now
                cut(error, opened: opened, now: now)
            }
            requests.hold(until: pause.opensAt.inSeconds)
            tokens?.hold(until: pause.opensAt.inSeconds)
            return .wait(until: pause.opensAt, isNew: isNew)
        }
    }

    /// Slows down whatever the refusal is about; requests, if it does not say.
    private mutating func cut(_ error: GenerationError, opened: Duration, now: Duration) {
        let exceeded = error.quotas.filter { !$0.isPerDay }
        /// The smallest limit of a minute: what another time allows says nothing about it.
        func limit(_ quotas: [ExceededQuota]) -> Int? {
            quotas.lazy.filter(\.isPerMinute).compactMap(\.limit).min()
        }
        let ofTokens = exceeded.filter(\.isOfTokens)
        if !ofTokens.isEmpty {
            cutTokens(limit: limit(ofTokens), opened: opened, now: now)
        }
        let ofRequests = exceeded.filter { !$0.isOfTokens }
        if !ofRequests.isEmpty || error.quotas.isEmpty {
            requests.cut(limit: limit(ofRequests), opened: opened.inSeconds, now: now.inSeconds)
        }
    }

    private mutating func cutTokens(limit: Int?, opened: Duration, now: Duration) {
        if tokens != nil {
            tokens?.cut(limit: limit, opened: opened.inSeconds, now: now.inSeconds)
        } else if let limit {
            tokens = tokenPace(Pace.margin * Double(limit), isLearned: true, now: now)
        }
    }
}

extension Duration {
    /// Times that differ by less are the same.
    static let resolution = 1e-6

    var inSeconds: Double { self / .seconds(1) }

    /// A moment that does not lie before the one in seconds.
    init(roundingUp seconds: Double) {
        self = .microseconds(Int64((seconds * 1e6).rounded(.up)))
    }
}
