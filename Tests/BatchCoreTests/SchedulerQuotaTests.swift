import BatchCore
import TestSupport
import Testing

@Suite("Scheduler: quota", .timeLimit(.minutes(1)))
struct SchedulerQuotaTests {
    // Fault matrix: F60.
    @Test("a burst of quota answers closes the gate once and uses up no attempt")
    func burstClosesOnce() async throws {
        let harness = SchedulerHarness(items(count: 40), concurrency: 8, retry: RetryPolicy(attempts: 1)) { call in
            (Int(call.text) ?? 0) <= 8 && call.attempt == 1 ? .hold(.fail(.quota(retryAfter: .seconds(45)))) : .answer
        }
        let run = harness.start()
        try await harness.generator.inFlight(8)
        harness.generator.releaseAll()
        try await harness.clock.sleepers(1)
        try await harness.log.failedAttempts(atLeast: 8)
        let waits = harness.log.quotaWaits
        #expect(waits.count == 1)
        #expect(waits.first?.model == "model-a")
        let pause = try #require(waits.first?.duration)
        #expect(pause >= .seconds(45))
        #expect(pause <= .seconds(46))
        #expect(harness.generator.calls.count == 8)
        harness.clock.advance(by: .seconds(44))
        await harness.settle()
        #expect(harness.generator.calls.count == 8)
        harness.clock.advance(by: .seconds(2))
        let summary = try await run.value
        #expect(summary.done == 40)
        #expect(summary.requests == 48)
        #expect(summary.retries == 0)
        #expect(summary.ending == .completed)
    }

    @Test(
        "a wait tells the limit that was exceeded, or what the server said",
        arguments: [
            (["GenerateRequestsPerMinutePerProjectPerModel-FreeTier"], "300 requests/min"),
            (["GenerateContentPaidTierInputTokensPerModelPerMinute"], "300 input tokens/min"),
            (["SomethingNew", "GenerateRequestsPerMinutePerProjectPerModel"], "300 requests/min"),
            (["SomethingNew"], "quota"), ([], "quota"),
        ]
    )
    func waitsTellTheLimit(ids: [String], words: String) async throws {
        var refusal = GenerationError.quota(retryAfter: .seconds(5))
        refusal.message = "quota"
        refusal.quotas = ids.map { ExceededQuota(id: $0, limit: 300) }
        let error = refusal
        let harness = SchedulerHarness(items("a")) { call in call.attempt == 1 ? .fail(error) : .answer }
        _ = try await harness.finish()
        let reasons = harness.log.events.compactMap { event in
            if case .quotaWait(_, _, let reason) = event { reason } else { nil }
        }
        #expect(reasons == [words])
    }

    @Test("what was turned away leaves the display of what is in flight")
    func turnedAwayItemsAreAnnounced() async throws {
        let harness = SchedulerHarness(items("a")) { call in call.attempt == 1 ? .fail(.quota()) : .answer }
        let run = harness.start()
        try await harness.clock.sleepers(1)
        try await harness.log.failedAttempts(atLeast: 1)
        let delay = try #require(harness.log.retryDelays.first)
        #expect(delay >= .seconds(10))
        #expect(delay <= .seconds(11))
        #expect(harness.store.keys(in: .pending) == ["a"])
        harness.clock.advance(by: .seconds(11))
        _ = try await run.value
    }

    // Fault matrix: F61.
    @Test("without the server's word the pauses double as far as a minute")
    func pausesDouble() async throws {
        let harness = SchedulerHarness(items("a"), concurrency: 1) { call in
            call.attempt <= 5 ? .fail(.quota()) : .answer
        }
        _ = try await harness.finish()
        let pauses = harness.log.quotaWaits.map(\.duration)
        #expect(pauses.count == 5)
        for (pause, shortest) in zip(pauses, [10, 20, 40, 60, 60]) {
            #expect(pause >= .seconds(shortest))
            #expect(pause <= .seconds(shortest + 1))
        }
    }

    // Fault matrix: F63.
    @Test("pauses of a minute that were in vain three times, with no limit named, are put down to money")
    func spendLimit() async throws {
        let harness = SchedulerHarness(items("a"), concurrency: 1, retry: RetryPolicy(attempts: 1)) { call in
            call.attempt <= 10 ? .fail(GenerationError(.rateUnknown, "exhausted", httpStatus: 429)) : .answer
        }
        let summary = try await harness.finish()
        #expect(summary.done == 1)
        let blamesMoney = harness.log.events.compactMap { event in
            if case .quotaWait(_, _, let reason) = event { reason.contains("limit of money spent") } else { nil }
        }
        #expect(blamesMoney == [false, false, false, false, false, false, true, true, true, true])
        let longest = try #require(harness.log.quotaWaits.map(\.duration).max())
        #expect(longest >= .seconds(600) && longest <= .seconds(601))
    }

    @Test("an answer makes the next pause short again")
    func answerShortensPause() async throws {
        let harness = SchedulerHarness(items("a", "b"), concurrency: 1) { call in
            call.attempt == 1 ? .fail(.quota()) : .answer
        }
        let run = harness.start()
        for round in 1...2 {
            try await harness.log.failedAttempts(atLeast: round)
            try await harness.clock.sleepers(1)
            harness.clock.advance(by: .seconds(11))
        }
        _ = try await run.value
        #expect(harness.log.quotaWaits.count == 2)
        #expect(harness.log.quotaWaits.allSatisfy { $0.duration <= .seconds(11) })
    }

    @Test("the gate of one model does not hold up another")
    func gatesArePerModel() async throws {
        let jobItems: [PendingItem] = (1...20).map {
            .plain(String($0), number: Int64($0), model: $0.isMultiple(of: 2) ? "even" : "odd")
        }
        let harness = SchedulerHarness(jobItems, concurrency: 2) { call in
            call.model == "odd" && call.text == "1" && call.attempt == 1 ? .fail(.quota()) : .answer
        }
        let run = harness.start()
        try await harness.log.done(atLeast: 10)
        try await harness.clock.sleepers(1)
        for key in (1...20).filter({ $0.isMultiple(of: 2) }).map(String.init) {
            #expect(harness.log.doneKeys.contains(key))
        }
        harness.clock.advance(by: .seconds(11))
        #expect(try await run.value.done == 20)
    }

    @Test("while a gate is closed the run sleeps once and does not turn")
    func noBusyLoop() async throws {
        let harness = SchedulerHarness(items(count: 2000), concurrency: 8) { call in
            call.text == "1" && call.attempt == 1 ? .fail(.quota(retryAfter: .seconds(30))) : .hold(.answer)
        }
        let run = harness.start()
        try await harness.clock.sleepers(1)
        harness.generator.releaseAll()
        try await harness.generator.inFlight(0)
        await harness.settle()
        let (readings, sleeps) = (harness.clock.readings, harness.clock.sleeps)
        await harness.settle()
        #expect(harness.clock.readings - readings <= 100)
        #expect(harness.clock.sleeps - sleeps <= 1)
        harness.clock.advance(by: .seconds(31))
        #expect(try await run.value.done == 2000)
    }

    @Test("a spent daily quota defers the model's items and no others")
    func dailyQuotaDefersModel() async throws {
        let jobItems: [PendingItem] = (1...100).map {
            .plain(String($0), number: Int64($0), model: $0.isMultiple(of: 2) ? "even" : "odd")
        }
        let harness = SchedulerHarness(jobItems, concurrency: 4) { call in
            call.model == "odd" && (Int(call.text) ?? 0) > 9 ? .fail(.daily) : .answer
        }
        let summary = try await harness.finish()
        #expect(summary.done == 55)
        #expect(summary.deferred == 45)
        #expect(summary.failed == 0)
        #expect(summary.ending == .completed)
        #expect(harness.store.keys(in: .deferred).count == 45)
        #expect(Set(harness.log.deferredKeys) == Set(harness.store.keys(in: .deferred)))
        // What was in flight when the first refusal came may have asked too; nothing after it did.
        #expect(harness.generator.calls.count <= 55 + 4)
    }

    @Test("deferring the items of a model does not wait for one commit after the other")
    func deferringIsConcurrent() async throws {
        let harness = SchedulerHarness(items(count: 60), concurrency: 1) { _ in .fail(.daily) }
        harness.store.hold(.record)
        let run = harness.start()
        try await harness.store.waiting(for: .record, atLeast: 60)
        await harness.settle()
        #expect(harness.log.deferredKeys.isEmpty)
        harness.store.release(.record)
        #expect(try await run.value.deferred == 60)
    }

    // Fault matrix: F62.
    @Test(
        "a delay of more than a quarter of an hour is another day's",
        arguments: [FailureClass.rateMinute, .rateUnknown, .overloaded]
    )
    func longDelayDefers(failureClass: FailureClass) async throws {
        let failure = GenerationError(failureClass, "come back tomorrow", retryDelay: .seconds(36_903))
        let harness = SchedulerHarness(items("a", "b"), concurrency: 1) { _ in .fail(failure) }
        let summary = try await harness.scheduler.run()
        #expect(summary.deferred == 2)
        #expect(harness.generator.calls.count == 1)
    }

    @Test("the next turn of a chat waits for the gate as well")
    func nextTurnWaitsForGate() async throws {
        let jobItems: [PendingItem] = [
            .chat("talk", number: 1, turns: ["one", "two"]), .plain("other", number: 2),
        ]
        let harness = SchedulerHarness(jobItems, concurrency: 2) { call in
            switch (call.text, call.attempt) {
            case ("one", _): .hold(.answer)
            case ("other", 1): .fail(.quota(retryAfter: .seconds(20)))
            default: .answer
            }
        }
        let run = harness.start()
        try await harness.clock.sleepers(1)
        harness.generator.release("one")
        try await harness.generator.inFlight(0)
        await harness.settle()
        #expect(Set(harness.generator.texts) == ["one", "other"])
        harness.clock.advance(by: .seconds(21))
        #expect(try await run.value.done == 2)
        #expect(Set(harness.generator.texts.suffix(2)) == ["two", "other"])
    }
}
