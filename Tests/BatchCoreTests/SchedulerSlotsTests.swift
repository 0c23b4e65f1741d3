import BatchCore
import TestSupport
import Testing

@Suite("Scheduler: slots and windows", .timeLimit(.minutes(2)))
struct SchedulerSlotsTests {
    @Test("an empty job is completed at once")
    func emptyJob() async throws {
        let harness = SchedulerHarness([])
        let summary = try await harness.scheduler.run()
        #expect(summary == RunSummary())
        #expect(harness.log.events.isEmpty)
    }

    @Test("items are sent in the order of the job, and all are answered")
    func order() async throws {
        let harness = SchedulerHarness(items(count: 300), concurrency: 1)
        let summary = try await harness.scheduler.run()
        #expect(harness.generator.texts == (1...300).map(String.init))
        #expect(Set(harness.log.doneKeys) == Set(harness.generator.texts))
        #expect(harness.store.keys(in: .done).count == 300)
        #expect(summary.done == 300)
        #expect(summary.requests == 300)
        #expect(summary.retries == 0)
        #expect(summary.usage == TokenUsage(promptTokens: 900, outputTokens: 600, totalTokens: 1500))
        #expect(summary.ending == .completed)
    }

    @Test("all slots are used and never more", arguments: [1, 3, 16])
    func fillsSlots(concurrency: Int) async throws {
        let harness = SchedulerHarness(items(count: 50), concurrency: concurrency) { _ in .hold(.answer) }
        let run = harness.start()
        try await harness.generator.inFlight(concurrency)
        harness.generator.releaseAll()
        #expect(try await run.value.done == 50)
        #expect(harness.generator.mostInFlight == concurrency)
    }

    @Test("whatever the model says, slots are kept and every item ends in one state", arguments: 0..<40)
    func randomScripts(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let concurrency = Int.random(in: 1...9, using: &random)
        let count = Int.random(in: 1...120, using: &random)
        var replies: [String: [ScriptedGenerator.Reply]] = [:]
        for number in 1...count {
            replies[String(number)] = (0..<12).map { _ in randomReply(using: &random) }
        }
        let jobItems = (1...count).map { number in
            PendingItem.plain(String(number), number: Int64(number), model: "model-\(number % 3)")
        }
        let policy = RetryPolicy(attempts: Int.random(in: 1...5, using: &random))
        let harness = SchedulerHarness(jobItems, concurrency: concurrency, retry: policy, seed: seed) {
            [replies] call in
            replies[call.text, default: []].dropFirst(call.attempt - 1).first ?? .answer
        }
        let summary = try await harness.finish()
        #expect(harness.generator.mostInFlight <= concurrency)
        let states = ItemState.allCases.map { harness.store.keys(in: $0).count }
        #expect(states == [0, 0, summary.done, summary.failed, summary.deferred])
        #expect(summary.done + summary.failed + summary.deferred == count)
        #expect(harness.log.doneKeys.count == summary.done)
        #expect(harness.log.failedKeys.count == summary.failed)
        #expect(harness.log.deferredKeys.count == summary.deferred)
        #expect(summary.requests == harness.generator.calls.count)
        #expect(summary.failuresByClass.values.reduce(0, +) == summary.failed)
        for key in harness.store.keys(in: .done) {
            let results = harness.store.attempts(of: key).map(\.isAnswered)
            #expect(results == Array(repeating: false, count: results.count - 1) + [true])
            #expect(harness.store.attempts(of: key).map(\.number) == Array(1...results.count))
        }
    }

    private func randomReply(using random: inout SeededGenerator) -> ScriptedGenerator.Reply {
        let reply: ScriptedGenerator.Reply =
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<50: .answer
            case 50..<70: .fail(.overloaded)
            case 70..<80: .fail(.quota(retryAfter: Bool.random(using: &random) ? .seconds(7) : nil))
            case 80..<85: .fail(.invalid)
            case 85..<90: .fail(GenerationError(.empty, "nothing was said", isPossiblyBilled: true))
            case 90..<91: .fail(.daily)
            default: .fail(GenerationError(.cutStream, "the stream was cut", isPossiblyBilled: true))
            }
        let delay = Int64.random(in: 0...3000, using: &random)
        return delay < 500 ? reply : .after(.milliseconds(delay), reply)
    }

    @Test("a slot is free before the answer is committed")
    func slotIsFreeBeforeCommit() async throws {
        let harness = SchedulerHarness(items("a", "b"), concurrency: 1)
        harness.store.hold(.record)
        let run = harness.start()
        try await harness.generator.calls(atLeast: 2)
        harness.store.release(.record)
        #expect(try await run.value.done == 2)
        #expect(harness.generator.mostInFlight == 1)
    }

    @Test("a checkpoint that does not keep up holds the run back")
    func slowCheckpointHoldsBack() async throws {
        let harness = SchedulerHarness(items(count: 2000), concurrency: 2)
        harness.store.hold(.record)
        let run = harness.start()
        try await harness.store.waiting(for: .record, atLeast: 64)
        let readings = harness.clock.readings
        await harness.settle()
        #expect(harness.generator.calls.count <= 64 + 1)
        #expect(harness.clock.readings - readings <= 100)
        harness.store.release(.record)
        #expect(try await run.value.done == 2000)
    }

    @Test("a job of 100,000 items is read in windows of bounded size")
    func windows() async throws {
        let harness = SchedulerHarness(items(count: 100_000), concurrency: 64)
        let summary = try await harness.scheduler.run()
        #expect(summary.done == 100_000)
        #expect(harness.store.windows.allSatisfy { $0 <= 128 })
        // One more if the model's items were waiting for the number in flight to grow, and were read apart then.
        #expect(harness.store.windows.count <= 100_000 / 128 + 2)
    }

    @Test("a window is fetched only when the one before has been started")
    func windowsAreFetchedLate() async throws {
        let harness = SchedulerHarness(items(count: 1000), concurrency: 8) { _ in .hold(.answer) }
        let run = harness.start()
        try await harness.generator.inFlight(8)
        #expect(harness.store.windows == [64])
        harness.generator.releaseAll()
        _ = try await run.value
    }

    @Test("a limit starts so many items and leaves the rest pending", arguments: [1, 5, 99])
    func itemLimit(limit: Int) async throws {
        let harness = SchedulerHarness(items(count: 100), concurrency: 8, itemLimit: limit)
        let summary = try await harness.scheduler.run()
        #expect(summary.done == limit)
        #expect(summary.ending == .limitReached)
        #expect(harness.generator.calls.count == limit)
        #expect(harness.store.keys(in: .pending).count == 100 - limit)
    }

    @Test("a limit that the job does not reach changes nothing", arguments: [100, 101])
    func unreachedLimit(limit: Int) async throws {
        let harness = SchedulerHarness(items(count: 100), itemLimit: limit)
        let summary = try await harness.scheduler.run()
        #expect(summary.done == 100)
        #expect(summary.ending == .completed)
    }

    @Test("retries do not count against the limit")
    func limitCountsItems() async throws {
        let harness = SchedulerHarness(items("a", "b", "c"), itemLimit: 2) { call in
            call.attempt < 3 ? .fail(.overloaded) : .answer
        }
        let summary = try await harness.finish()
        #expect(summary.done == 2)
        #expect(summary.requests == 6)
        #expect(harness.store.keys(in: .pending) == ["c"])
    }
}
