import BatchCore
import TestSupport
import Testing

@Suite("Scheduler: retries", .timeLimit(.minutes(1)))
struct SchedulerRetryTests {
    @Test(
        "a transient failure is tried again and then answered",
        arguments: FailureClass.allCases.filter { $0.action == .retry }
    )
    func retriesTransientFailure(failureClass: FailureClass) async throws {
        let harness = SchedulerHarness(items("a")) { call in
            call.attempt == 1 ? .fail(GenerationError(failureClass, "once")) : .answer
        }
        let summary = try await harness.finish()
        #expect(summary.done == 1)
        #expect(summary.retries == 1)
        #expect(summary.requests == 2)
        #expect(harness.store.attempts(of: "a").map(\.number) == [1, 2])
        #expect(harness.store.attempts(of: "a").first?.failureClass == failureClass)
        #expect(harness.log.retryDelays.count == 1)
    }

    @Test("a permanent failure is not tried again", arguments: FailureClass.allCases.filter { $0.action == .failItem })
    func failsPermanentFailure(failureClass: FailureClass) async throws {
        let harness = SchedulerHarness(items("a", "b"), concurrency: 1) { call in
            call.text == "a" ? .fail(GenerationError(failureClass, "always")) : .answer
        }
        let summary = try await harness.scheduler.run()
        #expect(summary.failed == 1)
        #expect(summary.failuresByClass == [failureClass: 1])
        #expect(summary.done == 1)
        #expect(summary.ending == .completed)
        #expect(harness.store.keys(in: .failed) == ["a"])
        #expect(harness.generator.calls.count == 2)
    }

    @Test("an item fails when its attempts are used up", arguments: [1, 2, 8])
    func attemptsAreLimited(attempts: Int) async throws {
        let harness = SchedulerHarness(items("a"), retry: RetryPolicy(attempts: attempts)) { _ in .fail(.overloaded) }
        let summary = try await harness.finish()
        #expect(summary.failed == 1)
        #expect(summary.failuresByClass == [.overloaded: 1])
        #expect(summary.requests == attempts)
        #expect(summary.retries == attempts - 1)
        #expect(harness.store.attempts(of: "a").count == attempts)
    }

    @Test("attempts of earlier runs do not use up those of this one, but are counted on")
    func attemptsOfEarlierRuns() async throws {
        var item = PendingItem.plain("a")
        item.attempts = 7
        let harness = SchedulerHarness([item], retry: RetryPolicy(attempts: 2)) { call in
            call.attempt == 1 ? .fail(.overloaded) : .answer
        }
        let summary = try await harness.finish()
        #expect(summary.done == 1)
        #expect(harness.store.attempts(of: "a").map(\.number) == [8, 9])
    }

    @Test("an item that waits holds no slot")
    func waitingItemsHoldNoSlot() async throws {
        let harness = SchedulerHarness(items("a", "b", "c"), concurrency: 1) { call in
            call.text == "a" && call.attempt == 1 ? .fail(.overloaded) : .answer
        }
        let run = harness.start()
        try await harness.log.done(atLeast: 2)
        #expect(harness.log.doneKeys == ["b", "c"])
        try await harness.clock.sleepers(1)
        #expect(harness.store.keys(in: .pending) == ["a"])
        harness.clock.advance(by: .seconds(1))
        #expect(try await run.value.done == 3)
    }

    @Test("a retry goes before items that have not been started")
    func retriesGoFirst() async throws {
        let harness = SchedulerHarness(items(count: 10), concurrency: 1) { call in
            switch (call.text, call.attempt) {
            case ("1", 1): .fail(.overloaded)
            case ("3", _): .hold(.answer)
            default: .answer
            }
        }
        let run = harness.start()
        try await harness.generator.calls(atLeast: 3)
        harness.clock.advance(by: .seconds(60))
        harness.generator.release("3")
        _ = try await run.value
        #expect(harness.generator.texts == ["1", "2", "3", "1"] + (4...10).map(String.init))
    }

    @Test("the server's delay is kept, plus at most a second")
    func serverDelay() async throws {
        let failure = GenerationError(.overloaded, "later", retryDelay: .seconds(40))
        let harness = SchedulerHarness(items("a")) { call in call.attempt == 1 ? .fail(failure) : .answer }
        let run = harness.start()
        try await harness.clock.sleepers(1)
        let due = try #require(harness.clock.nextDue)
        #expect(due >= .seconds(40))
        #expect(due <= .seconds(41))
        harness.clock.advance(by: due - .nanoseconds(1))
        await harness.settle()
        #expect(harness.generator.calls.count == 1)
        harness.clock.advance(by: .nanoseconds(1))
        #expect(try await run.value.done == 1)
    }

    @Test("when many items wait, nothing new is started")
    func waitingItemsAreBounded() async throws {
        let harness = SchedulerHarness(items(count: 5000), concurrency: 4) { call in
            call.attempt == 1 ? .fail(GenerationError(.overloaded, "later", retryDelay: .seconds(30))) : .answer
        }
        let run = harness.start()
        try await harness.clock.sleepers(1)
        try await harness.log.failedAttempts(atLeast: 64)
        await harness.settle()
        #expect(harness.generator.calls.count >= 64)
        #expect(harness.generator.calls.count <= 64 + 64)
        run.cancel()
        _ = try await run.value
    }

    @Test("an error that no generator should throw fails the item after three attempts and says so")
    func unforeseenError() async throws {
        struct Surprise: Error {}
        let harness = SchedulerHarness(items("a")) { _ in .misbehave(Surprise()) }
        let summary = try await harness.finish()
        #expect(summary.failed == 1)
        #expect(summary.requests == 3)
        guard case .failed(let error) = harness.store.attempts(of: "a").last?.result else {
            Issue.record("the attempt is not kept as failed")
            return
        }
        #expect(error.message.contains("Surprise"))
    }

    @Test(
        "an answer cut at the output limit is taken, refused or tried again as the job says",
        arguments: Job.TruncationPolicy.allCases
    )
    func truncation(policy: Job.TruncationPolicy) async throws {
        let cut = Answer.scripted("Once upon a", finishReason: "MAX_TOKENS")
        let harness = SchedulerHarness(items("a"), onTruncation: policy) { call in
            call.attempt == 1 ? .say(cut) : .answer
        }
        let summary = try await harness.finish()
        switch policy {
        case .accept:
            #expect(summary.done == 1)
            #expect(summary.requests == 1)
        case .fail:
            #expect(summary.failuresByClass == [.truncated: 1])
            #expect(summary.requests == 1)
        case .retry:
            #expect(summary.done == 1)
            #expect(summary.requests == 2)
        }
        #expect(summary.usage.outputTokens == 2 * summary.requests)
    }

    @Test("an answer that is always cut is paid for three times at most")
    func truncationIsLimited() async throws {
        let cut = Answer.scripted("Once upon a", finishReason: "MAX_TOKENS")
        let harness = SchedulerHarness(items("a"), onTruncation: .retry) { _ in .say(cut) }
        let summary = try await harness.finish()
        #expect(summary.failuresByClass == [.truncated: 1])
        #expect(summary.requests == 3)
        guard case .failed(let error) = harness.store.attempts(of: "a").last?.result else {
            Issue.record("the attempt is not kept as failed")
            return
        }
        #expect(error.partialText == "Once upon a")
        #expect(error.isPossiblyBilled)
    }

    @Test("a run whose slots are all taken does not turn while retries are due")
    func noBusyLoopWithDueRetries() async throws {
        let harness = SchedulerHarness(items(count: 20), concurrency: 2) { call in
            call.attempt == 1 && (Int(call.text) ?? 0) <= 8 ? .fail(.overloaded) : .hold(.answer)
        }
        let run = harness.start()
        try await harness.log.failedAttempts(atLeast: 8)
        try await harness.generator.inFlight(2)
        harness.clock.advance(by: .seconds(100))
        let (readings, sleeps) = (harness.clock.readings, harness.clock.sleeps)
        await harness.settle()
        #expect(harness.clock.readings - readings <= 100)
        #expect(harness.clock.sleeps - sleeps <= 1)
        harness.generator.releaseAll()
        #expect(try await run.value.done == 20)
    }

    @Test("waiting costs one timer, not one for everything that happens meanwhile")
    func oneTimer() async throws {
        let harness = SchedulerHarness(items(count: 50), concurrency: 50) { call in
            call.text == "1" && call.attempt == 1
                ? .fail(GenerationError(.overloaded, "later", retryDelay: .seconds(30))) : .hold(.answer)
        }
        let run = harness.start()
        try await harness.clock.sleepers(1)
        for number in 2...50 {
            harness.generator.release(String(number))
            try await harness.log.done(atLeast: number - 1)
        }
        await harness.settle()
        #expect(harness.clock.sleeps == 1)
        harness.generator.releaseAll()
        harness.clock.advance(by: .seconds(31))
        #expect(try await run.value.done == 50)
    }

    @Test("an item that is due before those that wait already is not kept waiting")
    func earlierRetryIsHeard() async throws {
        let harness = SchedulerHarness(items("late", "early")) { call in
            switch (call.text, call.attempt) {
            case ("late", 1): .fail(GenerationError(.overloaded, "later", retryDelay: .seconds(100)))
            case ("early", 1): .hold(.fail(GenerationError(.overloaded, "soon", retryDelay: .seconds(10))))
            default: .answer
            }
        }
        let run = harness.start()
        try await harness.clock.sleepers(1)
        harness.generator.release("early")
        try await harness.log.failedAttempts(atLeast: 2)
        try await harness.clock.sleeping(untilAtMost: .seconds(11))
        harness.clock.advance(by: .seconds(11))
        try await harness.log.done(atLeast: 1)
        #expect(harness.log.doneKeys == ["early"])
        harness.clock.advance(by: .seconds(100))
        #expect(try await run.value.done == 2)
    }
}
