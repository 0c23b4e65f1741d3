import Testing

@testable import BatchCore

@Suite("Quota: RateLimiter")
struct RateLimiterTests {
    private static let requestsPerMinute = "GenerateRequestsPerMinutePerProjectPerModel"
    private static let tokensPerMinute = "GenerateContentInputTokensPerModelPerMinute"
    private static let requestsPerDay = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"

    private func limiter(
        _ limits: QuotaLimits = QuotaLimits(),
        learned: LearnedQuota = LearnedQuota(),
        concurrency: Int = 10_000
    ) -> RateLimiter {
        RateLimiter(limits: limits, learned: learned, concurrency: concurrency, now: .zero)
    }

    private func refusal(
        _ failureClass: FailureClass = .rateMinute,
        _ quotas: [ExceededQuota] = [],
        after delay: Duration? = .seconds(1)
    ) -> GenerationError {
        GenerationError(failureClass, "refused", httpStatus: 429, retryDelay: delay, quotas: quotas)
    }

    /// Sends as much as may be at this moment, each answered at once.
    private func send(_ limiter: inout RateLimiter, at now: Duration, tokens: Int = 0) -> Int {
        var count = 0
        while limiter.admit(inputTokens: tokens, isRetry: false, now: now) == .now {
            limiter.answered(sentAt: now, wasRetry: false, extraTokens: 0)
            count += 1
        }
        return count
    }

    /// Sends as much as may be until a moment; returns how much that was.
    private func send(_ limiter: inout RateLimiter, until end: Int, tokens: Int = 0) -> Int {
        (0..<(4 * end)).reduce(0) { $0 + send(&limiter, at: .milliseconds(250 * $1), tokens: tokens) }
    }

    @Test("it begins with the job's limit, else with ten at once and one a second")
    func start() {
        var known = limiter(QuotaLimits(requestsPerMinute: 600))
        #expect((105...125).contains(send(&known, until: 10)))
        var unknown = limiter()
        #expect(send(&unknown, at: .zero) == 10)
        #expect((8...12).contains(send(&unknown, until: 10)))
    }

    @Test("a server without a quota is not held back until it refuses")
    func startsAtOnce() {
        var limiter = limiter(QuotaLimits(startsCarefully: false))
        for _ in 1...1000 {
            #expect(limiter.admit(inputTokens: 0, isRetry: false, now: .seconds(2)) == .now)
        }
    }

    @Test("the first refusal of a server without a quota sets the pace by what was sent", arguments: [300, nil])
    func learnsFromUnbounded(limit: Int?) {
        var limiter = limiter(QuotaLimits(startsCarefully: false))
        for _ in 1...20 {
            #expect(limiter.admit(inputTokens: 0, isRetry: false, now: .seconds(2)) == .now)
        }
        let quotas = [ExceededQuota(id: Self.requestsPerMinute, limit: limit)]
        _ = limiter.refused(refusal(.rateMinute, quotas), sentAt: .seconds(2), now: .seconds(2), jitter: 0)
        // Twenty in two seconds are six hundred a minute, of which nine tenths are left, and of a limit as well.
        #expect(limiter.learned.requestsPerMinute == (limit == nil ? 540 : 270))
    }

    @Test("what an earlier run has learned is where it begins, below the job's own limit")
    func learned() {
        var limiter = limiter(learned: LearnedQuota(requestsPerMinute: 600))
        #expect((105...125).contains(send(&limiter, until: 10)))
        var lower = self.limiter(QuotaLimits(requestsPerMinute: 60), learned: LearnedQuota(requestsPerMinute: 600))
        #expect((18...22).contains(send(&lower, until: 10)))
        #expect(self.limiter(QuotaLimits(requestsPerMinute: 60)).learned.requestsPerMinute == nil)
    }

    @Test("a burst of refusals is one pause and one cut")
    func burst() {
        var limiter = limiter(QuotaLimits(requestsPerMinute: 1000))
        #expect(send(&limiter, at: .zero) == 10)
        let error = refusal(.rateMinute, [ExceededQuota(id: Self.requestsPerMinute, limit: nil)], after: .seconds(5))
        var news = 0
        for index in 1...50 {
            let now = Duration.milliseconds(100 * index)
            let verdict = limiter.refused(error, sentAt: .zero, now: now, jitter: 0)
            if case .wait(_, isNew: true) = verdict { news += 1 }
        }
        #expect(news == 1)
        #expect(limiter.learned.requestsPerMinute == 900)
    }

    @Test("two cuts need five seconds between them")
    func cutInterval() {
        var limiter = limiter(QuotaLimits(requestsPerMinute: 1000))
        for (second, pace) in [(1, 900.0), (3, 900), (5, 900), (7, 810)] {
            _ = limiter.refused(refusal(), sentAt: .seconds(second), now: .seconds(second), jitter: 0)
            #expect(limiter.learned.requestsPerMinute == pace)
        }
    }

    @Test("while the gate is closed nothing goes, and the moment is told")
    func closedGate() {
        var limiter = limiter()
        _ = limiter.refused(refusal(after: .seconds(30)), sentAt: .zero, now: .seconds(1), jitter: 0.5)
        let admission = limiter.admit(inputTokens: 0, isRetry: false, now: .seconds(2))
        #expect(admission == .wait(until: .milliseconds(31_500)))
        #expect(limiter.admit(inputTokens: 0, isRetry: false, now: .milliseconds(31_500)) == .now)
        // The bucket is empty: no second one on its heels.
        #expect(limiter.admit(inputTokens: 0, isRetry: false, now: .milliseconds(31_500)) != .now)
    }

    @Test("a refusal for tokens slows tokens down and leaves requests alone")
    func tokenQuota() {
        var limiter = limiter(QuotaLimits(requestsPerMinute: 6000))
        #expect(!limiter.pacesTokens)
        let quota = ExceededQuota(id: Self.tokensPerMinute, limit: 60_000)
        _ = limiter.refused(refusal(.rateMinute, [quota]), sentAt: .zero, now: .zero, jitter: 0)
        #expect(limiter.pacesTokens)
        #expect(limiter.learned.requestsPerMinute == nil)
        #expect(limiter.learned.tokensPerMinute == 58_800)
        // A second of the pause, then a minute's worth and the tenth that makes up for pauses.
        let count = send(&limiter, until: 31, tokens: 1000)
        #expect((28...35).contains(count))
    }

    @Test("several quotas at once are all taken account of")
    func severalQuotas() {
        var limiter = limiter(QuotaLimits(requestsPerMinute: 100, tokensPerMinute: 100_000))
        let quotas = [
            ExceededQuota(id: Self.requestsPerMinute, limit: 50),
            ExceededQuota(id: Self.tokensPerMinute, limit: 10_000),
        ]
        _ = limiter.refused(refusal(.rateMinute, quotas), sentAt: .zero, now: .zero, jitter: 0)
        #expect(limiter.learned.requestsPerMinute == 45)
        #expect(limiter.learned.tokensPerMinute == 9_000)
    }

    @Test("of two limits of one kind the smaller holds", arguments: [[50, 80], [80, 50]])
    func smallestQuota(values: [Int]) {
        var limiter = limiter(QuotaLimits(requestsPerMinute: 100, tokensPerMinute: 100_000))
        let requests = values.map { ExceededQuota(id: Self.requestsPerMinute, limit: $0) }
        let tokens = values.map { ExceededQuota(id: Self.tokensPerMinute, limit: 200 * $0) }
        _ = limiter.refused(refusal(.rateMinute, requests + tokens), sentAt: .zero, now: .zero, jitter: 0)
        #expect(limiter.learned.requestsPerMinute == 45)
        #expect(limiter.learned.tokensPerMinute == 9_000)
    }

    @Test(
        "what a quota of another time allows is not taken for a minute's",
        arguments: ["GenerateRequestsPerHourPerProject", "SomethingNew"]
    )
    func otherPeriods(id: String) {
        var limiter = limiter(QuotaLimits(requestsPerMinute: 1000))
        let error = refusal(.rateMinute, [ExceededQuota(id: id, limit: 60)], after: .seconds(5))
        _ = limiter.refused(error, sentAt: .zero, now: .zero, jitter: 0)
        #expect(limiter.learned.requestsPerMinute == 900)
    }

    @Test("a quota of tokens for another time teaches no pace of tokens")
    func otherPeriodOfTokens() {
        var limiter = limiter(QuotaLimits(requestsPerMinute: 1000))
        let error = refusal(.rateMinute, [ExceededQuota(id: "InputTokensPerHour", limit: 60_000)])
        _ = limiter.refused(error, sentAt: .zero, now: .zero, jitter: 0)
        #expect(!limiter.pacesTokens)
    }

    @Test("the reported count corrects the estimate")
    func tokenCorrection() {
        var limiter = limiter(QuotaLimits(requestsPerMinute: 6000, tokensPerMinute: 10_000))
        #expect(limiter.admit(inputTokens: 10, isRetry: false, now: .zero) == .now)
        limiter.answered(sentAt: .zero, wasRetry: false, extraTokens: 9990)
        guard case .wait(let until?) = limiter.admit(inputTokens: 10, isRetry: false, now: .seconds(1)) else {
            Issue.record("more tokens than the limit were let through")
            return
        }
        #expect(until >= .seconds(60))
    }

    @Test("the requests in flight grow to the job's concurrency, and more wait for an answer")
    func concurrency() {
        var limiter = limiter(QuotaLimits(requestsPerMinute: 1_000_000), concurrency: 30)
        for _ in 1...20 {
            #expect(limiter.admit(inputTokens: 0, isRetry: false, now: .zero) == .now)
        }
        #expect(limiter.admit(inputTokens: 0, isRetry: false, now: .zero) == .wait(until: .milliseconds(250)))
        for _ in 1...10 {
            #expect(limiter.admit(inputTokens: 0, isRetry: false, now: .seconds(1)) == .now)
        }
        #expect(limiter.admit(inputTokens: 0, isRetry: false, now: .seconds(1)) == .wait(until: nil))
        limiter.ended()
        #expect(limiter.admit(inputTokens: 0, isRetry: false, now: .seconds(1)) == .now)
    }

    @Test("failures without quota change no pace, and spent retries wait while new requests go")
    func troubleIsNoQuota() {
        var limiter = limiter(QuotaLimits(requestsPerMinute: 6000))
        for _ in 1...10 {
            #expect(limiter.admit(inputTokens: 0, isRetry: true, now: .zero) == .now)
            limiter.ended()
        }
        #expect(limiter.admit(inputTokens: 0, isRetry: true, now: .zero) == .wait(until: .seconds(1)))
        #expect(limiter.admit(inputTokens: 0, isRetry: false, now: .zero) == .now)
        #expect(limiter.isServiceDown(now: .zero))
        #expect(limiter.learned.requestsPerMinute == nil)
    }

    @Test(
        "the day's requests are counted, those of earlier runs too",
        arguments: [
            (QuotaLimits(requestsPerDay: 5), LearnedQuota(requestsToday: 2)),
            (QuotaLimits(), LearnedQuota(requestsPerDay: 5, requestsToday: 2)),
            (QuotaLimits(requestsPerDay: 5), LearnedQuota(requestsPerDay: 9, requestsToday: 2)),
            (QuotaLimits(requestsPerDay: 9), LearnedQuota(requestsPerDay: 5, requestsToday: 2)),
        ]
    )
    func perDay(limits: QuotaLimits, learned: LearnedQuota) {
        var limiter = limiter(limits, learned: learned)
        #expect(send(&limiter, at: .zero) == 3)
        #expect(limiter.admit(inputTokens: 0, isRetry: false, now: .seconds(100)) == .spentForToday)
        #expect(limiter.learned.requestsToday == 5)
    }

    @Test("a request that reached nobody is taken off the day in which it was sent, and off no other")
    func unsent() {
        var limiter = limiter(QuotaLimits(requestsPerMinute: 6000, requestsPerDay: 3))
        for second in 1...2 {
            #expect(limiter.admit(inputTokens: 0, isRetry: false, now: .seconds(second)) == .now)
        }
        limiter.unsent(sentAt: .seconds(1))
        #expect(limiter.learned.requestsToday == 1)
        limiter.beginDay(now: .seconds(3))
        limiter.unsent(sentAt: .seconds(2))
        #expect(limiter.learned.requestsToday == 0)
        #expect(send(&limiter, at: .seconds(4)) == 3)
    }

    @Test("a daily limit that the server tells is learned when it is believed")
    func toldPerDay() {
        var limiter = limiter()
        let error = refusal(.rateDay, [ExceededQuota(id: Self.requestsPerDay, limit: 20)], after: .seconds(36))
        #expect(limiter.refused(error, sentAt: .zero, now: .zero, jitter: 0) == .wait(until: .seconds(36), isNew: true))
        #expect(limiter.learned.requestsPerDay == nil)
        #expect(limiter.refused(error, sentAt: .seconds(36), now: .seconds(37), jitter: 0) == .leaveForLater)
        #expect(limiter.learned.requestsPerDay == 20)
        #expect(limiter.learned.requestsPerMinute == nil)
    }

    @Test("a delay of 2^63 seconds overflows nothing")
    func absurdDelay() {
        var limiter = limiter()
        let error = refusal(after: .seconds(9_223_372_036_854_775_807))
        #expect(limiter.refused(error, sentAt: .zero, now: .seconds(1e9), jitter: 1) == .leaveForLater)
    }
}
