import BatchCore
import TestSupport
import Testing

@Suite("Scheduler: chats", .timeLimit(.minutes(1)))
struct SchedulerChatTests {
    @Test("each turn is sent with the answers before it")
    func historyIsPassed() async throws {
        let harness = SchedulerHarness([.chat("talk", turns: ["one", "two", "three"])])
        let summary = try await harness.scheduler.run()
        #expect(summary.done == 1)
        #expect(summary.requests == 3)
        let (first, second) = (Answer.scripted("answer to one").parts, Answer.scripted("answer to two").parts)
        #expect(harness.generator.calls.map(\.history) == [[], [first], [first, second]])
        #expect(harness.store.attempts(of: "talk").map(\.turn) == [0, 1, 2])
        #expect(harness.store.attempts(of: "talk").map(\.number) == [1, 2, 3])
        #expect(harness.log.doneKeys == ["talk"])
    }

    @Test("every turn is begun, so that a crash counts the one in flight")
    func everyTurnIsBegun() async throws {
        let harness = SchedulerHarness([.chat("talk", turns: ["one", "two", "three"])])
        _ = try await harness.scheduler.run()
        #expect(harness.store.begun == 3)
    }

    @Test("a chat goes on after the turns that were answered before")
    func resumesChat() async throws {
        let earlier = Answer.scripted("earlier").parts
        let item = PendingItem.chat("talk", turns: ["one", "two", "three"], answeredTurns: [earlier])
        let harness = SchedulerHarness([item])
        _ = try await harness.scheduler.run()
        #expect(harness.generator.texts == ["two", "three"])
        #expect(harness.generator.calls.first?.history == [earlier])
        #expect(harness.store.attempts(of: "talk").map(\.turn) == [1, 2])
    }

    @Test("a chat that fails keeps its earlier turns, and only the failed one is sent again")
    func failedTurnKeepsEarlierOnes() async throws {
        let harness = SchedulerHarness(
            [.chat("talk", turns: ["one", "two"])],
            retry: RetryPolicy(attempts: 2)
        ) { call in call.text == "two" ? .fail(.overloaded) : .answer }
        let summary = try await harness.finish()
        #expect(summary.failed == 1)
        #expect(harness.generator.texts == ["one", "two", "two"])
        let attempts = harness.store.attempts(of: "talk")
        #expect(attempts.map(\.turn) == [0, 1, 1])
        #expect(attempts.map(\.isAnswered) == [true, false, false])
    }

    @Test("every turn has its own attempts")
    func attemptsPerTurn() async throws {
        let harness = SchedulerHarness(
            [.chat("talk", turns: ["one", "two", "three"])],
            retry: RetryPolicy(attempts: 2)
        ) { call in call.attempt == 1 ? .fail(.overloaded) : .answer }
        let summary = try await harness.finish()
        #expect(summary.done == 1)
        #expect(summary.requests == 6)
    }

    @Test("a chat that has begun goes before items that have not")
    func chatsGoOn() async throws {
        let jobItems: [PendingItem] =
            [.chat("talk", number: 1, turns: ["one", "two", "three"])]
            + (2...5).map { .plain("item \($0)", number: $0) }
        let harness = SchedulerHarness(jobItems, concurrency: 1)
        _ = try await harness.scheduler.run()
        #expect(harness.generator.texts.prefix(3) == ["one", "two", "three"])
    }

    @Test("after a stop the turn in flight is kept and the next is not sent")
    func stopBetweenTurns() async throws {
        let harness = SchedulerHarness([.chat("talk", turns: ["one", "two"])]) { _ in .hold(.answer) }
        let run = harness.start()
        try await harness.generator.inFlight(1)
        harness.scheduler.stop()
        harness.generator.releaseAll()
        let summary = try await run.value
        #expect(harness.generator.texts == ["one"])
        #expect(summary.ending == .interrupted)
        #expect(summary.interrupted == 1)
        #expect(harness.store.keys(in: .pending) == ["talk"])
        #expect(harness.log.interruptedKeys == ["talk"])

        let next = SchedulerHarness(harness.store.reopened(), job: Job(name: "test"))
        #expect(try await next.scheduler.run().done == 1)
        #expect(next.generator.texts == ["two"])
        #expect(next.store.attempts(of: "talk").map(\.number) == [2])
    }

    @Test("a chat keeps its slot while a turn is committed")
    func slotDuringCommit() async throws {
        let jobItems: [PendingItem] = [
            .chat("talk", number: 1, turns: ["one", "two"]), .plain("other", number: 2),
        ]
        let harness = SchedulerHarness(jobItems, concurrency: 1)
        harness.store.hold(.record)
        let run = harness.start()
        try await harness.store.waiting(for: .record, atLeast: 1)
        await harness.settle()
        #expect(harness.generator.texts == ["one"])
        harness.store.release(.record)
        #expect(try await run.value.done == 2)
        #expect(harness.generator.texts == ["one", "two", "other"])
    }

    @Test("a stop while a turn is committed keeps the next from being sent")
    func stopDuringCommit() async throws {
        let harness = SchedulerHarness([.chat("talk", turns: ["one", "two"])])
        harness.store.hold(.record)
        let run = harness.start()
        try await harness.store.waiting(for: .record, atLeast: 1)
        harness.scheduler.stop()
        harness.store.release(.record)
        let summary = try await run.value
        #expect(harness.generator.texts == ["one"])
        #expect(summary.interrupted == 1)
        #expect(harness.store.keys(in: .pending) == ["talk"])
    }
}
