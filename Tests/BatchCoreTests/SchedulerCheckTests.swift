import BatchCore
import TestSupport
import Testing

@Suite("Scheduler: checks", .timeLimit(.minutes(1)))
struct SchedulerCheckTests {
    private func harness(
        _ items: [PendingItem],
        checks: AnswerChecks = AnswerChecks(json: true),
        script: @escaping @Sendable (ScriptedGenerator.Call) -> ScriptedGenerator.Reply
    ) -> SchedulerHarness {
        SchedulerHarness(InMemoryStore(items), job: Job(name: "test", checks: checks), script: script)
    }

    private let bad = Answer.scripted("Sure!")
    private let good = Answer.scripted("{}")

    @Test("an answer that is refused is sent back with what was wrong, and the corrected one is kept")
    func repairs() async throws {
        let harness = harness(items("a")) { [bad, good] in $0.repair == nil ? .say(bad) : .say(good) }
        let summary = try await harness.finish()
        #expect(summary.done == 1)
        #expect(summary.requests == 2)
        #expect(summary.usage.outputTokens == 4)
        let calls = harness.generator.calls
        #expect(calls.map { $0.repair?.answer } == [nil, "Sure!"])
        #expect(calls[1].repair?.message.contains("the answer is not JSON: ") == true)
        let attempts = harness.store.attempts(of: "a")
        #expect(attempts.map(\.isRepair) == [false, true])
        #expect(attempts.map(\.failureClass) == [.check, nil])
    }

    @Test("an answer that is refused twice fails its item with the problems, and both are kept")
    func failsAfterRepair() async throws {
        let harness = harness(items("a")) { [bad] _ in .say(bad) }
        let summary = try await harness.finish()
        #expect(summary.failuresByClass == [.check: 1])
        #expect(summary.requests == 2)
        let attempts = harness.store.attempts(of: "a")
        #expect(attempts.map(\.isRepair) == [false, true])
        for attempt in attempts {
            guard case .failed(let error) = attempt.result else {
                Issue.record("the attempt is not kept as failed")
                return
            }
            #expect(error.partialText == "Sure!")
            #expect(error.usage == bad.usage)
            #expect(error.message.hasPrefix("the answer is not JSON: "))
        }
    }

    @Test("a repair that the service's trouble keeps back is tried again as a repair")
    func repairIsRetried() async throws {
        let harness = harness(items("a")) { [bad, good] call in
            switch call.attempt {
            case 1: .say(bad)
            case 2: .fail(.overloaded)
            default: .say(good)
            }
        }
        let summary = try await harness.finish()
        #expect(summary.done == 1)
        #expect(harness.store.attempts(of: "a").map(\.isRepair) == [false, true, true])
    }

    @Test("a chat goes on with the corrected answer alone")
    func chatGoesOn() async throws {
        let harness = harness([.chat("talk", turns: ["one", "two"])]) { [bad, good] call in
            call.text == "one" && call.repair == nil ? .say(bad) : .say(good)
        }
        let summary = try await harness.finish()
        #expect(summary.done == 1)
        #expect(harness.generator.texts == ["one", "one", "two"])
        #expect(harness.generator.calls.map(\.history) == [[], [], [good.parts]])
        #expect(harness.generator.calls.map { $0.repair == nil } == [true, false, true])
    }

    @Test("an item's own checks are laid over the job's")
    func itemChecks() async throws {
        var free = PendingItem.plain("free", number: 1)
        free.checks = AnswerChecks(json: false, runaway: false)
        let harness = harness([free, .plain("bound", number: 2)]) { [bad] _ in .say(bad) }
        let summary = try await harness.finish()
        #expect(summary.done == 1)
        #expect(summary.failuresByClass == [.check: 1])
        #expect(harness.store.attempts(of: "free").count == 1)
        #expect(harness.generator.calls.filter { $0.text == "free" }.map(\.cutsRunaways) == [false])
        #expect(harness.generator.calls.filter { $0.text == "bound" }.map(\.cutsRunaways) == [true, true])
    }

    @Test("an item that was refused before a crash is simply asked again")
    func resumes() async throws {
        let harness = harness(items("a")) { [bad] call in call.repair == nil ? .say(bad) : .hold(.say(bad)) }
        let run = harness.start()
        try await harness.generator.calls(atLeast: 2)
        let later = SchedulerHarness(
            harness.store.reopened(),
            job: Job(name: "test", checks: AnswerChecks(json: true)),
            script: { [good] _ in .say(good) }
        )
        let summary = try await later.finish()
        #expect(summary.done == 1)
        #expect(later.generator.calls.map { $0.repair == nil } == [true])
        run.cancel()
        _ = try await run.value
    }
}
