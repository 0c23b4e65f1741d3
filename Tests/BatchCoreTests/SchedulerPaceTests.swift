import BatchCore
import TestSupport
import Testing

@Suite("Scheduler: pace and trouble", .timeLimit(.minutes(1)))
struct SchedulerPaceTests {
    @Test("items that wait for the pace hold no slot, use up no attempt and go in order")
    func paced() async throws {
        let harness = SchedulerHarness(
            items(count: 100),
            concurrency: 8,
            quota: QuotaLimits(requestsPerMinute: 30),
            retry: RetryPolicy(attempts: 1)
        )
        let summary = try await harness.finish()
        #expect(summary.done == 100)
        #expect(summary.requests == 100)
        #expect(summary.retries == 0)
        // Thirty in any minute: the last ten go in the fourth.
        #expect(summary.elapsed > .seconds(180))
        #expect(summary.elapsed < .seconds(240))
        #expect(harness.log.quotaWaits.isEmpty)
    }

    @Test("a model that waits does not hold up another, however many items it has first")
    func modelsAreIndependent() async throws {
        let slow: [PendingItem] = (1...1000).map { .plain("slow \($0)", number: Int64($0), model: "slow") }
        let fast: [PendingItem] = (1001...1200).map { .plain("fast \($0)", number: Int64($0), model: "fast") }
        let harness = SchedulerHarness(slow + fast, concurrency: 4) { call in
            call.model == "slow" ? .fail(.quota(retryAfter: .seconds(600))) : .answer
        }
        let run = harness.start()
        try await harness.log.done(atLeast: 200)
        #expect(harness.log.doneKeys.allSatisfy { $0.hasPrefix("fast") })
        #expect(harness.generator.calls.count { $0.model == "slow" } <= 4)
        run.cancel()
        _ = try await run.value
    }

    @Test("a paced model wakes the run once for each of its moments")
    func noBusyLoop() async throws {
        let harness = SchedulerHarness(items(count: 500), concurrency: 8, quota: QuotaLimits(requestsPerMinute: 60))
        let run = harness.start()
        try await harness.log.done(atLeast: 10)
        try await harness.clock.sleepers(1)
        let (readings, sleeps) = (harness.clock.readings, harness.clock.sleeps)
        await harness.settle()
        #expect(harness.clock.readings - readings <= 10)
        #expect(harness.clock.sleeps - sleeps <= 1)
        run.cancel()
        _ = try await run.value
    }

    @Test("when the requests of the day are spent, the rest is left for another day")
    func perDay() async throws {
        let harness = SchedulerHarness(
            items(count: 30),
            quota: QuotaLimits(requestsPerMinute: 1_000_000, requestsPerDay: 12)
        )
        let summary = try await harness.finish()
        #expect(summary.done == 12)
        #expect(summary.deferred == 18)
        #expect(harness.generator.calls.count == 12)
        #expect(summary.closedModels["model-a"]?.failureClass == .rateDay)
    }

    @Test("a model that the plan does not include is left out, and the others go on")
    func zeroLimit() async throws {
        let refused = GenerationError(
            .auth,
            "the limit is 0",
            httpStatus: 429,
            quotas: [ExceededQuota(id: "PerMinute", limit: 0)]
        )
        let jobItems: [PendingItem] = (1...20).map {
            .plain(String($0), number: Int64($0), model: $0.isMultiple(of: 2) ? "even" : "odd")
        }
        let harness = SchedulerHarness(jobItems, concurrency: 2) { $0.model == "odd" ? .fail(refused) : .answer }
        let summary = try await harness.finish()
        #expect(summary.ending == .completed)
        #expect(summary.done == 10)
        #expect(summary.deferred == 10)
        #expect(summary.closedModels == ["odd": refused])
    }

    @Test("a daily quota with a short delay is waited for once")
    func dailyWithShortDelay() async throws {
        let daily = GenerationError(.rateDay, "the day is spent", httpStatus: 429, retryDelay: .seconds(36))
        let harness = SchedulerHarness(items(count: 20), concurrency: 1) { _ in .fail(daily) }
        let summary = try await harness.finish()
        #expect(summary.deferred == 20)
        #expect(summary.requests == 2)
        #expect(summary.elapsed >= .seconds(36))
        #expect(harness.log.quotaWaits.count == 1)
    }

    @Test("a service that fails for five minutes makes no item fail, and is not flooded")
    func outage() async throws {
        let clock = ManualClock()
        let policy = RetryPolicy(attempts: 4)
        let harness = SchedulerHarness(items(count: 300), concurrency: 8, retry: policy, clock: clock) { _ in
            clock.now() < .seconds(300) ? .fail(.overloaded) : .answer
        }
        let summary = try await harness.finish()
        #expect(summary.done == 300)
        #expect(summary.failed == 0)
        #expect(summary.ending == .completed)
    }

    @Test("when nobody has answered for ten minutes the run stops, and everything is pending")
    func breaker() async throws {
        let harness = SchedulerHarness(items(count: 500), concurrency: 8) { _ in .fail(.overloaded) }
        let summary = try await harness.finish()
        guard case .stopped(let error) = summary.ending else {
            Issue.record("the run ended as \(summary.ending)")
            return
        }
        #expect(error.failureClass == .overloaded)
        #expect(error.message.contains("ten minutes"))
        #expect(summary.elapsed >= .seconds(600))
        #expect(summary.elapsed <= .seconds(640))
        #expect(summary.failed == 0)
        #expect(harness.store.keys(in: .pending).count == 500)
    }

    @Test("an item that always fails while others are answered fails when its attempts are used up")
    func poisonedItem() async throws {
        let harness = SchedulerHarness(items(count: 50), concurrency: 4, retry: RetryPolicy(attempts: 8)) { call in
            call.text == "7" ? .fail(.overloaded) : .answer
        }
        let summary = try await harness.finish()
        #expect(summary.done == 49)
        #expect(summary.failuresByClass == [.overloaded: 1])
        #expect(harness.store.attempts(of: "7").count == 8)
    }

    @Test("input tokens are paced by what the service counts")
    func tokens() async throws {
        // The scripted answers count three input tokens each.
        let harness = SchedulerHarness(
            items(count: 100),
            concurrency: 1,
            quota: QuotaLimits(requestsPerMinute: 1_000_000, tokensPerMinute: 60)
        )
        let summary = try await harness.finish()
        #expect(summary.done == 100)
        // Twenty requests in any minute.
        #expect(summary.elapsed >= .seconds(230))
        #expect(summary.elapsed <= .seconds(320))
    }
}
