import BatchCore
import TestSupport
import Testing

@Suite("Scheduler: the checkpoint", .timeLimit(.minutes(1)))
struct SchedulerCheckpointTests {
    private static let finals: [ScriptedGenerator.Reply] = [
        .answer, .fail(.invalid), .fail(.daily), .fail(.overloaded), .fail(.badKey), .fail(.quota()),
    ]

    @Test("nothing is announced before it is committed", arguments: finals.indices)
    func announcedAfterCommit(reply: Int) async throws {
        let harness = SchedulerHarness(items("a"), retry: RetryPolicy(attempts: 2)) { call in
            call.attempt == 1 ? Self.finals[reply] : .answer
        }
        harness.store.hold(.record)
        let run = harness.start()
        try await harness.store.waiting(for: .record, atLeast: 1)
        await harness.settle()
        for event in harness.log.events {
            switch event {
            case .itemStarted, .quotaWait: break
            default: Issue.record("announced too early: \(event)")
            }
        }
        harness.store.release(.record)
        _ = try await harness.clock.driving { try await run.value }
        #expect(harness.log.events.count >= 2)
    }

    @Test("an item is sent only after the checkpoint knows that it will be")
    func begunBeforeSent() async throws {
        let harness = SchedulerHarness(items("a"))
        harness.store.hold(.begin)
        let run = harness.start()
        try await harness.store.waiting(for: .begin, atLeast: 1)
        await harness.settle()
        #expect(harness.generator.calls.isEmpty)
        #expect(harness.log.events.isEmpty)
        harness.store.release(.begin)
        #expect(try await run.value.done == 1)
    }

    @Test("answers are told while the checkpoint is read")
    func toldWhileReading() async throws {
        let store = InMemoryStore(items(count: 65))
        let job = Job(name: "test", limits: Limits(concurrency: 4, quota: .generous))
        let harness = SchedulerHarness(store, job: job) { call in
            // The window of 64 is there then.
            if call.text == "1" {
                store.hold(.pendingItems)
            }
            return call.text == "64" ? .hold(.answer) : .answer
        }
        let run = harness.start()
        try await store.waiting(for: .pendingItems, atLeast: 1)
        harness.generator.release("64")
        try await harness.log.done(atLeast: 64)
        store.release(.pendingItems)
        #expect(try await run.value.done == 65)
    }

    @Test("the job's settings go with the request, and its timings come back")
    func requestAndTimings() async throws {
        let timeouts = Timeouts(connect: .seconds(1), firstChunk: .seconds(2), idle: .seconds(3), item: .seconds(4))
        let job = Job(name: "test", stream: false, timeouts: timeouts)
        let harness = SchedulerHarness(InMemoryStore(items("a")), job: job) { _ in .after(.seconds(3), .answer) }
        harness.clock.advance(by: .seconds(5))
        let summary = try await harness.finish()
        #expect(summary.elapsed == .seconds(3))
        let call = try #require(harness.generator.calls.first)
        #expect(!call.stream)
        #expect(call.timeouts == timeouts)
        #expect(
            harness.store.attempts(of: "a").map(\.timings) == [
                AttemptTimings(
                    startedAtMilliseconds: ManualClock.epoch + 5000,
                    firstChunk: .milliseconds(1),
                    total: .seconds(3)
                )
            ]
        )
    }

    @Test("the run returns after the last commit")
    func returnsAfterLastCommit() async throws {
        let harness = SchedulerHarness(items("a"))
        harness.store.hold(.record)
        let run = harness.start()
        try await harness.store.waiting(for: .record, atLeast: 1)
        harness.scheduler.stop()
        harness.store.release(.record)
        #expect(try await run.value.done == 1)
        #expect(harness.store.keys(in: .done) == ["a"])
    }

    @Test("a checkpoint that cannot be read ends the run with its error")
    func readFails() async throws {
        let harness = SchedulerHarness(items(count: 200), concurrency: 4)
        harness.store.fail(.pendingItems, after: 1)
        await #expect(throws: InMemoryStore.Failure.self) { try await harness.scheduler.run() }
        #expect(harness.generator.calls.count <= 64)
    }

    @Test(
        "a checkpoint that cannot be written ends the run; nothing more is sent and the rest is cut",
        arguments: [InMemoryStore.Operation.begin, .record]
    )
    func writeFails(operation: InMemoryStore.Operation) async throws {
        let harness = SchedulerHarness(items(count: 100), concurrency: 4) { call in
            (Int(call.text) ?? 0) <= 3 ? .hold(.answer) : .answer
        }
        harness.store.fail(operation, after: operation == .begin ? 10 : 5)
        await #expect(throws: InMemoryStore.Failure.self) { try await harness.scheduler.run() }
        #expect(Set(harness.generator.cancelled).isSuperset(of: ["1", "2", "3"]))
        #expect(harness.generator.calls.count <= 20)
        #expect(Set(harness.log.doneKeys) == Set(harness.store.keys(in: .done)))
    }

    @Test("what cannot be committed is not announced")
    func failedCommitIsNotAnnounced() async throws {
        let harness = SchedulerHarness(items("a"))
        harness.store.fail(.record)
        await #expect(throws: InMemoryStore.Failure.self) { try await harness.scheduler.run() }
        #expect(harness.log.doneKeys.isEmpty)
        #expect(harness.log.failedKeys.isEmpty)
    }

    @Test("a run goes on where the one before was cut, and sends nothing done again", arguments: 0..<20)
    func resumes(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let count = 60
        let cutAfter = Int.random(in: 1...count, using: &random)
        var store = InMemoryStore(items(count: count))
        var sent: [String: Int] = [:]
        var announced: Set<String> = []
        let job = Job(name: "test", limits: Limits(concurrency: 5, quota: .generous))
        for round in 0..<2 {
            let harness = SchedulerHarness(store, job: job) { call in
                round == 0 && (Int(call.text) ?? 0) > cutAfter ? .hold(.answer) : .answer
            }
            let run = harness.start()
            if round == 0 {
                try await harness.generator.calls(atLeast: cutAfter)
                harness.scheduler.abort()
            }
            _ = try await run.value
            for text in harness.generator.texts {
                #expect(!announced.contains(text))
                sent[text, default: 0] += 1
            }
            announced.formUnion(harness.log.doneKeys)
            #expect(Set(harness.store.keys(in: .done)) == Set(harness.log.doneKeys))
            store = harness.store.reopened()
        }
        #expect(announced.count == count)
        #expect(sent.values.reduce(0, +) <= count + 5)
    }
}
