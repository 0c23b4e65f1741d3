import JSON
import TestSupport
import Testing

@testable import BatchCore

/// At a dollar per million tokens of input and of output, a token costs a millionth of a dollar.
private let prices = PriceTable(layers: [
    PriceTable.Layer(
        origin: "test",
        models: ["model-a": [ModelPrice(rates: [.input: MicroDollars(1_000_000), .output: MicroDollars(1_000_000)])]]
    )
])

private func spending(_ tokens: Int) -> Spending {
    Spending(cost: MicroDollars(Int64(tokens)), tokens: tokens)
}

@Suite("Budget")
struct BudgetTests {
    private func budget(
        cost: Int64? = nil,
        tokens: Int? = nil,
        shared: SpendingCaps = SpendingCaps(),
        history: SpendingHistory = SpendingHistory()
    ) -> Budget {
        let limits = SpendingLimits(cost: cost.map { MicroDollars($0) }, totalTokens: tokens)
        return Budget(limits: limits, shared: shared, prices: prices, history: history, at: 0)
    }

    private func attempt(_ tokens: Int) -> AttemptRecord {
        AttemptRecord.answered(tokens: tokens)
    }

    private func request(_ config: JSONObject = [:]) -> ItemRequest {
        ItemRequest(model: "model-a", config: config, turns: [ItemRequest.Turn(text: "hi")])
    }

    @Test("without a cap everything fits")
    func unlimited() {
        let budget = budget()
        #expect(!budget.isLimited)
        #expect(budget.verdict(for: spending(1_000_000_000), of: "model-a") == .fits)
    }

    @Test("the first request is expected to answer a thousand tokens, or as many as it may")
    func guess() {
        var budget = budget(cost: 10_000)
        #expect(budget.expected(of: request(), inputTokens: 50, at: 0) == spending(1050))
        #expect(budget.expected(of: request(["max_output_tokens": 20]), inputTokens: 50, at: 0) == spending(70))
        let long: JSONObject = ["max_output_tokens": 8000, "candidate_count": 2]
        #expect(budget.expected(of: request(long), inputTokens: 50, at: 0) == spending(16_050))
        // Once one is known, it need not be the longest that is allowed.
        budget.settle(Spending(), of: "model-a", attempt(3000))
        #expect(budget.expected(of: request(long), inputTokens: 50, at: 0) == spending(3000))
    }

    @Test("no more requests are in flight than are known of a model, and one")
    func feelsTheWay() {
        var budget = budget(cost: 1_000_000_000)
        func send() -> Int {
            var sent = 0
            while budget.verdict(for: spending(10), of: "model-a") == .fits {
                budget.reserve(spending(10), of: "model-a")
                sent += 1
                if sent == 1000 { break }
            }
            return sent
        }
        var waves: [Int] = []
        while waves.last != 1000 {
            let sent = send()
            waves.append(sent)
            for _ in 0..<sent {
                budget.settle(spending(10), of: "model-a", attempt(10))
            }
        }
        #expect(waves == [1, 2, 4, 8, 16, 32, 64, 128, 1000])
    }

    @Test("what was turned away or cut teaches nothing, and each model is found out for itself")
    func learnsFromAnswers() {
        var budget = budget(cost: 1_000_000_000)
        for _ in 1...3 {
            budget.reserve(spending(10), of: "model-a")
            budget.settle(spending(10), of: "model-a", attempt(0))
        }
        budget.reserve(spending(10), of: "model-a")
        #expect(budget.verdict(for: spending(10), of: "model-a") == .wait)
        #expect(budget.verdict(for: spending(10), of: "model-b") == .fits)
        budget.settle(spending(10), of: "model-a", attempt(5))
        let known = self.budget(
            cost: 1_000_000,
            history: SpendingHistory(newest: ["model-a": [spending(5), spending(6)]])
        )
        for budget in [budget, known] {
            var budget = budget
            budget.reserve(spending(10), of: "model-a")
            #expect(budget.verdict(for: spending(10), of: "model-a") == .fits)
        }
    }

    @Test("what is in flight counts, and what comes back makes room")
    func reserves() {
        var budget = budget(cost: 100, history: SpendingHistory(newest: ["model-a": [spending(1)]]))
        budget.reserve(spending(60), of: "model-a")
        #expect(budget.verdict(for: spending(40), of: "model-a") == .fits)
        #expect(budget.verdict(for: spending(41), of: "model-a") == .wait)
        budget.settle(spending(60), of: "model-a", attempt(10))
        #expect(budget.verdict(for: spending(90), of: "model-a") == .fits)
        guard case .exhausted(let cap) = budget.verdict(for: spending(91), of: "model-a") else {
            Issue.record("nothing is in flight that could make room")
            return
        }
        #expect(cap.kind == .jobCost(MicroDollars(100)))
        #expect(cap.spent == spending(10))
    }

    @Test("a request of which nobody knows what it spent has spent what was set aside")
    func unknownSpending() {
        var cut = AttemptRecord(number: 1, turn: 0, timings: .none, result: .interrupted)
        var prices = KnownPrices(prices)
        cut.counted = prices.counted(cut, asked: request(), reserved: spending(60))
        var budget = budget(cost: 100, tokens: 100)
        budget.reserve(spending(60), of: "model-a")
        budget.settle(spending(60), of: "model-a", cut)
        #expect(budget.verdict(for: spending(40), of: "model-a") == .fits)
        #expect(budget.verdict(for: spending(41), of: "model-a") != .fits)
    }

    @Test("tokens without a price count as the dearest of their model that have one")
    func unknownPrice() {
        let prices = PriceTable(layers: [
            PriceTable.Layer(
                origin: "test",
                models: [
                    "model-a": [ModelPrice(rates: [.input: MicroDollars(750_000), .output: MicroDollars(3_000_000)])]
                ],
                factors: [.flex: 500_000]
            )
        ])
        func counted(_ usage: TokenUsage, tier: ServiceTier? = nil, model: String? = nil) -> Spending? {
            var answer = Answer(text: "a", finishReason: "STOP", usage: usage, modelVersion: model)
            answer.serviceTier = tier
            var attempt = AttemptRecord(number: 1, turn: 0, timings: .none, result: .answered(answer))
            var prices = KnownPrices(prices)
            attempt.cost = prices.cost(of: attempt, asked: request())
            return prices.counted(attempt, asked: request(), reserved: spending(60))
        }
        let heard = TokenUsage(promptTokens: 1900, outputTokens: 100, modalities: ModalityTokens(audioInput: 1900))
        #expect(counted(heard) == Spending(cost: MicroDollars(6000), tokens: 2000))
        #expect(counted(heard, tier: .flex) == Spending(cost: MicroDollars(3000), tokens: 2000))
        // A tier without a factor may have a higher one, and another model a price of its own: the best that is known.
        #expect(counted(heard, tier: .priority) == Spending(cost: MicroDollars(6000), tokens: 2000))
        let other = TokenUsage(promptTokens: 1, outputTokens: 9)
        #expect(counted(other, model: "nobody-knows") == Spending(cost: MicroDollars(30), tokens: 10))
        #expect(counted(other) == nil)
        #expect(counted(TokenUsage()) == spending(60))
    }

    @Test("what was set aside follows the larger of twenty answers to come")
    func learns() {
        var budget = budget(cost: 1_000_000_000)
        for index in 1...100 {
            let typical = index % 10 == 0 ? 400 : 100
            budget.settle(Spending(), of: "model-a", attempt(typical))
        }
        #expect(budget.expected(of: request(), inputTokens: 50, at: 0) == spending(400))
    }

    @Test("a long input is known before it is sent, whatever others spent")
    func longInput() {
        var budget = budget(cost: 1_000_000_000)
        for _ in 1...100 {
            budget.settle(Spending(), of: "model-a", attempt(100))
        }
        #expect(budget.expected(of: request(), inputTokens: 250_000, at: 0) == spending(250_000))
    }

    @Test("of the requests of earlier runs the newest tell what is usual")
    func newest() {
        let newest = Array(repeating: spending(900), count: 200) + Array(repeating: spending(10), count: 800)
        let budget = budget(cost: 1_000_000, history: SpendingHistory(newest: ["model-a": newest]))
        #expect(budget.expected(of: request(), inputTokens: 5, at: 0) == spending(900))
    }

    @Test("refused requests say nothing about the others")
    func refused() {
        var budget = budget(cost: 1_000_000)
        for _ in 1...50 {
            budget.settle(Spending(), of: "model-a", attempt(0))
        }
        #expect(budget.expected(of: request(), inputTokens: 50, at: 0) == spending(1050))
    }

    @Test("earlier runs count, those requests too of which nobody knows what they spent")
    func history() {
        let history = SpendingHistory(
            spent: spending(500),
            unknown: ["model-a": SpendingHistory.Unknown(costs: 2, tokens: 2)],
            newest: ["model-a": Array(repeating: spending(100), count: 30)]
        )
        for budget in [budget(cost: 1000, history: history), budget(tokens: 1000, history: history)] {
            #expect(budget.verdict(for: spending(300), of: "model-a") == .fits)
            #expect(budget.verdict(for: spending(301), of: "model-a") != .fits)
        }
    }

    @Test("a run without caps that was killed counts by a guess, no less than its prompts")
    func historyWithoutAnswers() {
        func history(bytes: Int) -> SpendingHistory {
            SpendingHistory(unknown: ["model-a": SpendingHistory.Unknown(costs: 3, tokens: 3, bytes: bytes)])
        }
        #expect(budget(cost: 6001, history: history(bytes: 60)).verdict(for: spending(1), of: "model-a") == .fits)
        #expect(budget(cost: 6000, history: history(bytes: 60)).verdict(for: spending(1), of: "model-a") != .fits)
        #expect(
            budget(tokens: 33_001, history: history(bytes: 120_000)).verdict(for: spending(1), of: "model-a") == .fits
        )
        #expect(
            budget(tokens: 33_000, history: history(bytes: 120_000)).verdict(for: spending(1), of: "model-a") != .fits
        )
    }

    @Test("the user's caps count what all jobs have spent", arguments: [true, false])
    func shared(ofDay: Bool) {
        let cap = MicroDollars(1000)
        var budget = budget(shared: ofDay ? SpendingCaps(perDay: cap) : SpendingCaps(perMonth: cap))
        budget.note(spentByAllToday: MicroDollars(ofDay ? 900 : 0), inMonth: MicroDollars(900))
        #expect(budget.verdict(for: spending(100), of: "model-a") == .fits)
        guard case .exhausted(let reached) = budget.verdict(for: spending(101), of: "model-a") else {
            Issue.record("the cap is reached")
            return
        }
        #expect(reached.kind == (ofDay ? .allJobsOfDay(cap) : .allJobsOfMonth(cap)))
    }
}

@Suite("Scheduler: caps")
struct SchedulerCapTests {
    private func run(
        _ limits: Limits,
        items count: Int = 50,
        tokens: Int = 100,
        register: (any QuotaRegister)? = nil
    ) async throws -> RunSummary {
        let items = (1...count).map { PendingItem.plain(String($0), number: Int64($0)) }
        let harness = SchedulerHarness(
            InMemoryStore(items),
            job: Job(name: "test", limits: limits, prices: prices),
            register: register
        ) { _ in
            .say(
                Answer(
                    text: "a",
                    finishReason: "STOP",
                    usage: TokenUsage(promptTokens: 10, outputTokens: tokens - 10, totalTokens: tokens)
                )
            )
        }
        return try await harness.finish()
    }

    @Test("nothing is sent above the cap, and the rest is deferred", arguments: [1, 4])
    func cost(concurrency: Int) async throws {
        var limits = Limits(concurrency: concurrency, quota: .generous)
        limits.spending.cost = MicroDollars(3000)
        let summary = try await run(limits)
        #expect(summary.cost.known <= MicroDollars(3000))
        // The first guesses are for longer answers; with what was learned from them the cap is used.
        #expect(summary.done >= 20)
        #expect(summary.done + summary.deferred == 50)
        #expect(summary.cap?.kind == .jobCost(MicroDollars(3000)))
    }

    @Test("answers twenty times as long as the guess are met one by one, not all at once")
    func thoughts() async throws {
        var limits = Limits(concurrency: 64, quota: .generous)
        limits.spending.cost = MicroDollars(20_000)
        let summary = try await run(limits, tokens: 20_000)
        // The first one spends the cap; nothing was in flight beside it.
        #expect(summary.done == 1)
        #expect(summary.cost.known == MicroDollars(20_000))
        limits.spending.cost = MicroDollars(50_000)
        #expect(try await run(limits, tokens: 20_000).done == 2)
    }

    @Test("tokens are capped like money")
    func tokens() async throws {
        var limits = Limits(concurrency: 4, quota: .generous)
        limits.spending.totalTokens = 3000
        let summary = try await run(limits)
        #expect(summary.usage.totalTokens ?? 0 <= 3000)
        #expect(summary.done >= 20)
        #expect(summary.cap?.kind == .jobTokens(3000))
    }

    @Test("an answer without counts, and one that broke off, count as what was set aside", arguments: [true, false])
    func uncounted(isAnswered: Bool) async throws {
        var limits = Limits(concurrency: 1, quota: .generous)
        limits.spending = SpendingLimits(cost: MicroDollars(5000), totalTokens: 5000)
        let cut = GenerationError(.tooLarge, "too large", usage: TokenUsage(promptTokens: 1), isPossiblyBilled: true)
        let items = (1...50).map { PendingItem.plain(String($0), number: Int64($0)) }
        let harness = SchedulerHarness(
            InMemoryStore(items),
            job: Job(name: "test", limits: limits, prices: prices)
        ) { _ in
            isAnswered ? .say(Answer(text: "a", finishReason: "STOP")) : .fail(cut)
        }
        let summary = try await harness.finish()
        // A thousand tokens each, as nobody knows better.
        #expect((3...5).contains(summary.requests))
        #expect(summary.cap != nil)
    }

    @Test("requests that reached nobody are not counted for the day")
    func unreached() async throws {
        let register = MemoryRegister()
        let limits = Limits(concurrency: 1, quota: QuotaLimits(requestsPerMinute: 1_000_000, requestsPerDay: 3))
        let items = (1...3).map { PendingItem.plain(String($0), number: Int64($0)) }
        let harness = SchedulerHarness(InMemoryStore(items), job: Job(name: "test", limits: limits), register: register)
        {
            call in call.attempt < 3 ? .fail(GenerationError(.network, "nobody is there")) : .answer
        }
        let summary = try await harness.finish()
        #expect(summary.done == 3)
        // Two of each item reached nobody.
        #expect(register.notes.count { $0 == .sent } == 9)
        #expect(register.notes.count { if case .unsent = $0 { true } else { false } } == 6)
        #expect(register.notes.count { if case .used = $0 { true } else { false } } == 3)
    }

    @Test("requests that spare capacity is missing for are left for a later run after ten minutes")
    func shed() async throws {
        let shed = GenerationError(.overloaded, "no spare capacity", httpStatus: 503, isShed: true)
        let items = (1...40).map { PendingItem.plain(String($0), number: $0, tier: .flex) }
        let harness = SchedulerHarness(items, retry: RetryPolicy(attempts: 2)) { _ in .fail(shed) }
        let summary = try await harness.finish()
        #expect(summary.ending == .completed)
        #expect(summary.deferred == 40)
        #expect(summary.elapsed >= .seconds(600) && summary.elapsed <= .seconds(1200))
        let reason = try #require(summary.closedModels["model-a"])
        #expect(reason.message.contains("no spare capacity") && reason.message.contains("ten minutes"))
    }

    @Test("a request that spare capacity is missing for waits as long as its model answers others")
    func shedBesideAnswers() async throws {
        let shed = GenerationError(.overloaded, "no spare capacity", httpStatus: 503, isShed: true)
        let harness = SchedulerHarness(
            items(count: 200),
            quota: QuotaLimits(requestsPerMinute: 1),
            retry: RetryPolicy(attempts: 2)
        ) { call in
            call.text == "1" && call.attempt < 20 ? .fail(shed) : .answer
        }
        #expect(try await harness.finish().done == 200)
    }

    @Test("a cap that is too small for one request sends none")
    func tooSmall() async throws {
        var limits = Limits(concurrency: 4, quota: .generous)
        limits.spending.cost = MicroDollars(10)
        let summary = try await run(limits)
        #expect(summary.requests == 0)
        #expect(summary.deferred == 50)
    }

    @Test("what all jobs have spent keeps this one from spending more")
    func shared() async throws {
        var limits = Limits(concurrency: 4, quota: .generous)
        limits.sharedSpending.perDay = MicroDollars(10_000)
        let register = MemoryRegister(spent: MicroDollars(9_500))
        let summary = try await run(limits, register: register)
        #expect(summary.requests == 0)
        #expect(summary.cap?.kind == .allJobsOfDay(MicroDollars(10_000)))
    }

    @Test("answers of unknown cost count against the caps on all jobs, in this run and in others")
    func sharedUnknownCost() async throws {
        var limits = Limits(concurrency: 4, quota: .generous)
        limits.sharedSpending.perDay = MicroDollars(10_000)
        let register = MemoryRegister()
        let items = (1...50).map { PendingItem.plain(String($0), number: Int64($0)) }
        let job = Job(name: "test", limits: limits, prices: prices)
        let harness = SchedulerHarness(InMemoryStore(items), job: job, register: register) { _ in
            let usage = TokenUsage(promptTokens: 990, outputTokens: 10, modalities: ModalityTokens(audioInput: 990))
            return .say(Answer(text: "a", finishReason: "STOP", usage: usage))
        }
        let summary = try await harness.finish()
        #expect((9...10).contains(summary.done))
        #expect(register.spentByAll().day == MicroDollars(Int64(1000 * summary.done)))
        #expect(summary.cost.unpricedAttempts == summary.done)
    }

    @Test("what is set aside for a request is kept with it, and what counts where its cost stays unknown")
    func keepsReservations() async throws {
        var limits = Limits(concurrency: 1, quota: .generous)
        limits.spending.cost = MicroDollars(100_000)
        let store = InMemoryStore([PendingItem.plain("a"), PendingItem.plain("b", number: 2)])
        let harness = SchedulerHarness(store, job: Job(name: "test", limits: limits, prices: prices)) { call in
            call.text == "a" ? .answer : .say(Answer(text: "a", finishReason: "STOP"))
        }
        _ = try await harness.finish()
        #expect(store.reservations == [spending(1001), spending(1001)])
        #expect(store.attempts(of: "a").map(\.counted) == [nil])
        #expect(store.attempts(of: "b").map(\.counted) == [spending(1001)])
        let free = InMemoryStore([PendingItem.plain("a")])
        _ = try await SchedulerHarness(free, job: Job(name: "test", limits: Limits(quota: .generous))).finish()
        #expect(free.reservations == [nil])
    }

    @Test("each request and the pace at the end are noted for other runs")
    func notes() async throws {
        let register = MemoryRegister()
        _ = try await run(Limits(concurrency: 4, quota: .generous), items: 5, register: register)
        let uses = register.notes.filter { if case .used = $0 { true } else { false } }
        #expect(uses.count == 5)
        #expect(register.notes.count { $0 == .sent } == 5)
        #expect(register.notes.last == .pace(LearnedQuota(requestsToday: 5)))
    }

    @Test("a daily quota that other runs have spent is not tried again today")
    func knownDay() async throws {
        let register = MemoryRegister(learned: LearnedQuota(requestsPerDay: 10, requestsToday: 7))
        let summary = try await run(Limits(concurrency: 4, quota: .generous), register: register)
        #expect(summary.done == 3)
        #expect(summary.deferred == 47)
        let spent = MemoryRegister(learned: LearnedQuota(spentUntil: .max))
        #expect(try await run(Limits(concurrency: 4, quota: .generous), register: spent).requests == 0)
    }

    @Test("a delay of more than a quarter of an hour closes a model for that long, a quota of the day until its end")
    func longDelay() async throws {
        func notes(_ quota: String) async throws -> [QuotaNote] {
            let register = MemoryRegister()
            let refusal = GenerationError(
                .rateDay,
                "refused",
                httpStatus: 429,
                retryDelay: .seconds(1000),
                quotas: [ExceededQuota(id: quota, limit: 60)]
            )
            let harness = SchedulerHarness(
                InMemoryStore([.plain("a")]),
                job: Job(name: "test", limits: Limits(concurrency: 1, quota: .generous)),
                register: register
            ) { _ in .fail(refusal) }
            #expect(try await harness.finish().deferred == 1)
            return register.notes
        }
        let ofMinute = try await notes("GenerateRequestsPerMinutePerProjectPerModel")
        #expect(ofMinute.contains(.closed(for: .seconds(1000))))
        let ofDay = try await notes("GenerateRequestsPerDayPerProjectPerModel")
        #expect(ofDay.contains(.closed(for: nil)) && ofDay.contains(.dailyLimit(60)))
    }

    @Test("while a model is closed for long a run sends nothing, and tells until when")
    func closedForNow() async throws {
        let clock = ManualClock()
        let opening = clock.unixMilliseconds() + 20 * 60_000
        let harness = SchedulerHarness(
            InMemoryStore([.plain("a")]),
            job: Job(name: "test", limits: Limits(concurrency: 1, quota: .generous)),
            register: MemoryRegister(learned: LearnedQuota(spentUntil: opening)),
            clock: clock
        )
        let summary = try await harness.finish()
        #expect(summary.requests == 0 && summary.deferred == 1)
        let message = try #require(summary.closedModels["model-a"]?.message)
        #expect(message.contains("before \(Timestamp.rfc3339(unixMilliseconds: opening))"))
    }

    @Test("a model that opens within a quarter of an hour is waited for, and the wait is told")
    func opensSoon() async throws {
        let clock = ManualClock()
        let opening = clock.unixMilliseconds() + 15 * 60_000
        let limits = Limits(concurrency: 1, quota: QuotaLimits(requestsPerMinute: 1_000_000, requestsPerDay: 2))
        let harness = SchedulerHarness(
            InMemoryStore((1...3).map { .plain(String($0), number: $0) }),
            job: Job(name: "test", limits: limits),
            register: MemoryRegister(learned: LearnedQuota(spentUntil: opening)),
            clock: clock
        )
        let summary = try await harness.finish()
        #expect(summary.done == 2 && summary.elapsed >= .seconds(15 * 60))
        #expect(harness.log.quotaWaits.map(\.duration) == [.seconds(15 * 60)])
        // The third is left for another reason.
        #expect(summary.closedModels["model-a"]?.message.contains("the 2 requests of the day") == true)
    }

    @Test("a day that the service says is spent is not put down to the job's own limit")
    func spentByService() async throws {
        let clock = ManualClock()
        let midnight = PacificDay(containing: clock.unixMilliseconds()).endsAt
        let limits = Limits(concurrency: 1, quota: QuotaLimits(requestsPerDay: 1000))
        let harness = SchedulerHarness(
            InMemoryStore([.plain("a")]),
            job: Job(name: "test", limits: limits),
            register: MemoryRegister(learned: LearnedQuota(spentUntil: midnight)),
            clock: clock
        )
        let message = try #require(try await harness.finish().closedModels["model-a"]?.message)
        #expect(message.contains("of the day") && !message.contains("1000") && !message.contains("requests_per_day"))
    }

    @Test("what closes a model is kept where the next run looks: in the tier of its first item")
    func tierOfClosure() async throws {
        let register = MemoryRegister()
        let refusal = GenerationError(
            .rateDay,
            "refused",
            httpStatus: 429,
            quotas: [ExceededQuota(id: "GenerateRequestsPerDayPerProjectPerModel", limit: 60)]
        )
        let items = [PendingItem.plain("standard"), .plain("flex", number: 2, tier: .flex)]
        let harness = SchedulerHarness(
            InMemoryStore(items),
            job: Job(name: "test", limits: Limits(concurrency: 1, quota: .generous)),
            register: register
        ) { call in
            call.text == "flex" ? .fail(refusal) : .answer
        }
        #expect(try await harness.finish().deferred == 1)
        #expect(register.tiers(of: .dailyLimit(60)) == [.standard])
        #expect(register.tiers(of: .closed(for: nil)) == [.standard])
    }

    @Test("what other runs send meanwhile counts for the day")
    func othersOfToday() async throws {
        let sent = Tally()
        // For each request of this run another one sends two.
        let register = MemoryRegister(others: { 2 * sent.value })
        let limits = Limits(concurrency: 1, quota: QuotaLimits(requestsPerMinute: 1_000_000, requestsPerDay: 30))
        let items = (1...50).map { PendingItem.plain(String($0), number: Int64($0)) }
        let harness = SchedulerHarness(InMemoryStore(items), job: Job(name: "test", limits: limits), register: register)
        { _ in
            sent.raise()
            return .answer
        }
        let summary = try await harness.finish()
        #expect(summary.done == 10)
        #expect(summary.deferred == 40)
    }

    @Test("a request is noted before it is answered")
    func notesEarly() async throws {
        let register = MemoryRegister()
        let harness = SchedulerHarness(
            InMemoryStore([.plain("a")]),
            job: Job(name: "test", limits: Limits(concurrency: 1, quota: .generous)),
            register: register
        ) { _ in .hold(.answer) }
        let run = harness.start()
        try await harness.generator.inFlight(1)
        #expect(register.notes == [.sent])
        harness.generator.releaseAll()
        _ = try await run.value
    }

    @Test("a day's requests are counted anew after midnight in California")
    func midnight() async throws {
        let clock = ManualClock()
        let minutesLeft = Int(PacificDay(containing: ManualClock.epoch).endsAt - ManualClock.epoch) / 60_000
        let limits = Limits(concurrency: 1, quota: QuotaLimits(requestsPerMinute: 1, requestsPerDay: 700))
        let items = (1...2500).map { PendingItem.plain(String($0), number: Int64($0)) }
        // Nine and a half hours of the first day, and of the second as many as may be.
        try #require(minutesLeft < 700)
        let harness = SchedulerHarness(
            InMemoryStore(items),
            job: Job(name: "test", limits: limits),
            register: MemoryRegister(),
            clock: clock
        )
        let summary = try await harness.finish()
        #expect((minutesLeft - 5 + 700...minutesLeft + 15 + 700).contains(summary.done))
        #expect(summary.deferred == 2500 - summary.done)
    }

    @Test("when the time of the run is over nothing new is sent, and the rest is pending")
    func duration() async throws {
        let items = (1...50).map { PendingItem.plain(String($0), number: Int64($0)) }
        let harness = SchedulerHarness(items, concurrency: 2)
        harness.scheduler.stopForTime()
        let summary = try await harness.finish()
        #expect(summary.ending == .outOfTime)
        #expect(summary.requests == 0)
        #expect(harness.store.keys(in: .pending).count == 50)
    }
}

extension AttemptRecord {
    /// At a dollar per million tokens; none at all is a refusal.
    fileprivate static func answered(tokens: Int) -> AttemptRecord {
        let usage = TokenUsage(promptTokens: tokens, totalTokens: tokens)
        return AttemptRecord(
            number: 1,
            turn: 0,
            timings: .none,
            result: tokens == 0 ? .failed(.quota()) : .answered(Answer(text: "a", finishReason: "STOP", usage: usage)),
            cost: MicroDollars(Int64(tokens))
        )
    }
}

extension AttemptTimings {
    fileprivate static let none = AttemptTimings(startedAtMilliseconds: 0, total: .zero)
}

/// A register that keeps what it is told in memory.
private final class MemoryRegister: QuotaRegister {
    private let learned: LearnedQuota
    /// Before.
    private let spent: MicroDollars
    private let others: @Sendable () -> Int?
    private let noted = Watched<[(note: QuotaNote, tier: ServiceTier)]>([])

    init(
        learned: LearnedQuota = LearnedQuota(),
        spent: MicroDollars = .zero,
        others: @escaping @Sendable () -> Int? = { nil }
    ) {
        self.learned = learned
        self.spent = spent
        self.others = others
    }

    var notes: [QuotaNote] { noted.value.map(\.note) }

    func tiers(of note: QuotaNote) -> [ServiceTier] {
        noted.value.filter { $0.note == note }.map(\.tier)
    }

    func quota(of model: String, tier: ServiceTier) async -> LearnedQuota {
        learned
    }

    func note(_ note: QuotaNote, of model: String, tier: ServiceTier) {
        noted.change { $0.append((note, tier)) }
    }

    func requestsOfOthersToday(of model: String) -> Int? {
        others()
    }

    func spentByAll() -> (day: MicroDollars, month: MicroDollars) {
        let noted = notes.reduce(spent) { sum, note in
            guard case .used(_, let cost, let reserved) = note else { return sum }
            return sum + (cost ?? .zero) + reserved
        }
        return (noted, noted)
    }
}
