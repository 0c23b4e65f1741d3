import BatchCore
import TestSupport
import Testing

@Suite("Scheduler: stopping", .timeLimit(.minutes(1)))
struct SchedulerStopTests {
    @Test("a stop lets what is in flight come to its end and starts nothing")
    func drains() async throws {
        let harness = SchedulerHarness(items(count: 20), concurrency: 3) { _ in .hold(.answer) }
        let run = harness.start()
        try await harness.generator.inFlight(3)
        harness.scheduler.stop()
        harness.scheduler.stop()
        let announced = harness.log.events.compactMap { if case .stopping(let count) = $0 { count } else { nil } }
        #expect(announced == [3])
        harness.generator.releaseAll()
        let summary = try await run.value
        #expect(summary.done == 3)
        #expect(summary.ending == .interrupted)
        #expect(harness.generator.calls.count == 3)
        #expect(harness.store.keys(in: .pending).count == 17)
    }

    @Test("a stop does not wait for items that wait")
    func stopLeavesWaitingItems() async throws {
        let harness = SchedulerHarness(items("a", "b")) { call in
            call.text == "a" ? .fail(.overloaded) : .fail(.quota(retryAfter: .seconds(60)))
        }
        let run = harness.start()
        try await harness.log.failedAttempts(atLeast: 2)
        try await harness.clock.sleepers(1)
        harness.scheduler.stop()
        let summary = try await run.value
        #expect(summary.ending == .interrupted)
        #expect(harness.store.keys(in: .pending) == ["a", "b"])
        try await harness.clock.sleepers(0)
    }

    @Test("a failure after a stop is kept, and the item stays pending")
    func failureWhileDraining() async throws {
        let harness = SchedulerHarness(items("a")) { _ in .hold(.fail(.overloaded)) }
        let run = harness.start()
        try await harness.generator.inFlight(1)
        harness.scheduler.stop()
        harness.generator.releaseAll()
        let summary = try await run.value
        #expect(summary.requests == 1)
        #expect(summary.retries == 0)
        #expect(harness.store.keys(in: .pending) == ["a"])
        #expect(harness.store.attempts(of: "a").map(\.failureClass) == [.overloaded])
    }

    @Test("a stop while items are read starts none of them")
    func stopDuringFetch() async throws {
        let harness = SchedulerHarness(items(count: 10))
        harness.store.hold(.pendingItems)
        let run = harness.start()
        try await harness.store.waiting(for: .pendingItems, atLeast: 1)
        harness.scheduler.stop()
        harness.store.release(.pendingItems)
        #expect(try await run.value.ending == .interrupted)
        #expect(harness.generator.calls.isEmpty)
        #expect(harness.store.begun == 0)
    }

    @Test("an item that was begun but not sent when the stop came is not sent")
    func stopDuringBegin() async throws {
        let harness = SchedulerHarness(items(count: 10), concurrency: 2)
        harness.store.hold(.begin)
        let run = harness.start()
        try await harness.store.waiting(for: .begin, atLeast: 2)
        harness.scheduler.stop()
        harness.store.release(.begin)
        let summary = try await run.value
        #expect(summary.ending == .interrupted)
        #expect(summary.requests == 0)
        #expect(harness.generator.calls.isEmpty)
        #expect(harness.store.keys(in: .pending).count == 10)
        #expect(harness.store.attempts(of: "1").isEmpty)
    }

    @Test("a stop before the run leaves everything pending")
    func stopBeforeRun() async throws {
        let harness = SchedulerHarness(items(count: 10))
        harness.scheduler.stop()
        #expect(try await harness.scheduler.run().ending == .interrupted)
        #expect(harness.generator.calls.isEmpty)
    }

    @Test(
        "an abort cuts what is in flight; it is pending again and the attempt is kept as interrupted",
        arguments: [false, true]
    )
    func aborts(afterStop: Bool) async throws {
        let harness = SchedulerHarness(items(count: 10), concurrency: 3) { call in
            call.text == "1" ? .answer : .hold(.answer)
        }
        let run = harness.start()
        try await harness.log.done(atLeast: 1)
        try await harness.generator.inFlight(3)
        if afterStop {
            harness.scheduler.stop()
        }
        harness.scheduler.abort()
        let summary = try await run.value
        #expect(summary.done == 1)
        #expect(summary.interrupted == 3)
        #expect(summary.requests == 4)
        #expect(summary.ending == .interrupted)
        #expect(Set(harness.generator.cancelled) == ["2", "3", "4"])
        #expect(Set(harness.log.interruptedKeys) == ["2", "3", "4"])
        for key in ["2", "3", "4"] {
            #expect(harness.store.attempts(of: key).map(\.isInterrupted) == [true])
        }
        #expect(harness.store.keys(in: .done) == ["1"])
        #expect(harness.store.keys(in: .pending).count == 9)
    }

    @Test("an interrupted attempt does not count against the item")
    func interruptedDoesNotCount() async throws {
        let harness = SchedulerHarness(items("a")) { _ in .hold(.answer) }
        let run = harness.start()
        try await harness.generator.inFlight(1)
        harness.scheduler.abort()
        _ = try await run.value
        let job = Job(name: "test", retry: RetryPolicy(attempts: 2))
        let next = SchedulerHarness(harness.store.reopened(), job: job) { call in
            call.attempt == 1 ? .fail(.overloaded) : .answer
        }
        #expect(try await next.finish().done == 1)
        #expect(next.store.attempts(of: "a").map(\.number) == [2, 3])
    }

    @Test("cancelling the run's task aborts it")
    func cancellation() async throws {
        let harness = SchedulerHarness(items(count: 500), concurrency: 2) { _ in .hold(.answer) }
        let run = harness.start()
        try await harness.generator.inFlight(2)
        run.cancel()
        let summary = try await run.value
        #expect(summary.ending == .interrupted)
        #expect(summary.interrupted == 2)
        #expect(harness.generator.calls.count == 2)
        #expect(harness.store.keys(in: .pending).count == 500)
    }

    @Test("cancelling the run's task ends it while everything waits")
    func cancellationWhileWaiting() async throws {
        let harness = SchedulerHarness(items("a")) { _ in .fail(.quota(retryAfter: .seconds(600))) }
        let run = harness.start()
        try await harness.clock.sleepers(1)
        run.cancel()
        #expect(try await run.value.ending == .interrupted)
    }

    @Test("a cancelled run waits for its last commit without turning")
    func cancellationDuringCommit() async throws {
        let harness = SchedulerHarness(items("a", "b")) { call in call.text == "a" ? .answer : .hold(.answer) }
        harness.store.hold(.record)
        let run = harness.start()
        try await harness.store.waiting(for: .record, atLeast: 1)
        try await harness.generator.inFlight(1)
        run.cancel()
        try await harness.store.waiting(for: .record, atLeast: 2)
        await harness.settle()
        harness.store.release(.record)
        let summary = try await run.value
        #expect(summary.done == 1)
        #expect(summary.interrupted == 1)
        #expect(harness.store.keys(in: .done) == ["a"])
        #expect(harness.store.keys(in: .pending) == ["b"])
    }

    @Test("a generator that is cancelled from outside ends the run as interrupted")
    func generatorIsCancelled() async throws {
        let harness = SchedulerHarness(items("a", "b"), concurrency: 1) { _ in .misbehave(CancellationError()) }
        let summary = try await harness.scheduler.run()
        #expect(summary.ending == .interrupted)
        #expect(harness.generator.calls.count == 1)
        #expect(harness.store.keys(in: .pending) == ["a", "b"])
    }

    @Test(
        "a failure that every item would share stops the run",
        arguments: FailureClass.allCases.filter { $0.action == .stopRun }
    )
    func sharedFailureStopsRun(failureClass: FailureClass) async throws {
        let failure = GenerationError(failureClass, "the same for all")
        let harness = SchedulerHarness(items(count: 50), concurrency: 4) { call in
            (Int(call.text) ?? 0) <= 4 ? .hold(.fail(failure)) : .answer
        }
        let run = harness.start()
        try await harness.generator.inFlight(4)
        harness.generator.releaseAll()
        let summary = try await run.value
        #expect(summary.ending == .stopped(failure))
        #expect(summary.failed == 0)
        #expect(summary.interrupted == 4)
        #expect(harness.generator.calls.count == 4)
        #expect(harness.store.keys(in: .pending).count == 50)
        #expect(harness.store.attempts(of: "1").map(\.failureClass) == [failureClass])
    }

    @Test("an answer that was on its way when the run stopped is kept")
    func answersInFlightAreKept() async throws {
        let harness = SchedulerHarness(items("a", "b"), concurrency: 2) { call in
            call.text == "a" ? .hold(.fail(.badKey)) : .hold(.answer)
        }
        let run = harness.start()
        try await harness.generator.inFlight(2)
        harness.generator.release("a")
        try await harness.log.last { if case .itemInterrupted = $0 { true } else { false } }
        harness.generator.releaseAll()
        let summary = try await run.value
        #expect(summary.ending == .stopped(.badKey))
        #expect(harness.store.keys(in: .done) == ["b"])
        #expect(harness.store.keys(in: .pending) == ["a"])
    }

    // Fault matrix: F41, F42, F43.
    @Test("a host that cannot be reached stops the run after the attempts; items stay pending")
    func unreachableHost() async throws {
        let harness = SchedulerHarness(items(count: 30), concurrency: 4, retry: RetryPolicy(attempts: 3)) { _ in
            .fail(.unreachable)
        }
        let summary = try await harness.finish()
        #expect(summary.ending == .stopped(.unreachable))
        #expect(summary.failed == 0)
        #expect(harness.store.keys(in: .pending).count == 30)
        #expect(harness.store.keys(in: .failed).isEmpty)
    }

    @Test("a connection that breaks after the request was sent fails the item in the end")
    func brokenConnection() async throws {
        let failure = GenerationError(.network, "the connection was reset", isPossiblyBilled: true)
        let harness = SchedulerHarness(items("a", "b"), retry: RetryPolicy(attempts: 3)) { call in
            call.text == "a" ? .fail(failure) : .answer
        }
        let summary = try await harness.finish()
        #expect(summary.ending == .completed)
        #expect(harness.store.keys(in: .failed) == ["a"])
    }

    @Test("the first reason to end is the one that is told")
    func firstEndingCounts() async throws {
        let harness = SchedulerHarness(items("a")) { _ in .hold(.fail(.badKey)) }
        let run = harness.start()
        try await harness.generator.inFlight(1)
        harness.scheduler.stop()
        harness.generator.releaseAll()
        #expect(try await run.value.ending == .interrupted)
    }
}
