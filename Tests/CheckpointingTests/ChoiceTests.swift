import BatchCore
import Checkpointing
import SQLite
import TestSupport
import Testing

@Suite("Choosing what a run sends")
struct ChoiceTests {
    private let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    private func register(
        _ items: [SourceItem],
        _ choice: ItemChoice,
        _ body: (SQLiteCheckpoint) async throws -> Void = { _ in }
    ) async throws -> RunPlan {
        let checkpoint = try fixture.open()
        var source = ListSource(items)
        do {
            let plan = try checkpoint.register(&source, job: Fixture.job, choice: choice)
            try await body(checkpoint)
            await checkpoint.close()
            return plan
        } catch {
            await checkpoint.close()
            throw error
        }
    }

    /// Items of which `safe` and `safe2` failed with one class, `big` with another, and `done` is done.
    private func fill() async throws -> [SourceItem] {
        let items = ["safe", "done", "big", "waiting", "safe2", "gone"].map { item($0) }
        try await fixture.run(items) { checkpoint in
            for item in try await checkpoint.allPending() {
                switch item.key {
                case "done": try await checkpoint.record(answered(item.id))
                case "waiting": break
                case "big": try await checkpoint.record(failed(item.id, GenerationError(.tooLarge, "big")))
                default: try await checkpoint.record(failed(item.id, GenerationError(.safety, "blocked")))
                }
            }
        }
        return items.filter { $0.key != .explicit("gone") }
    }

    private func states() throws -> SQLiteValue {
        try fixture.value(
            "SELECT group_concat(key || ' ' || state, ', ') FROM (SELECT key, state FROM item ORDER BY id)"
        )
    }

    @Test("only items with the chosen keys are handed out, and those that are done or failed are counted")
    func keys() async throws {
        let items = try await fill()
        let plan = try await register(items + [item("new")], .keys(["new", "done", "big", "new"])) { checkpoint in
            let keys = try await checkpoint.allPending().map(\.key)
            #expect(keys == ["new"])
        }
        #expect((plan.unfinished, plan.toRun) == (2, 1))
        #expect((plan.choice?.done, plan.choice?.failed) == (1, 1))
        // The choice is the run's own.
        _ = try await register(items, .all) { checkpoint in
            let keys = try await checkpoint.allPending().map(\.key)
            #expect(keys == ["waiting"])
        }
    }

    @Test("failed items are pending again, by class and by key, and nothing else is handed out")
    func failedItems() async throws {
        let items = try await fill()
        let plan = try await register(items, .failed(FailureFilter(classes: [.safety], keys: ["safe", "big"]))) {
            checkpoint in
            let pending = try await checkpoint.allPending()
            #expect(pending.map(\.key) == ["safe"])
            #expect(pending.map(\.attempts) == [1])
        }
        #expect((plan.pending, plan.failed, plan.toRun) == (2, 2, 1))
        #expect(try states() == "safe pending, done done, big failed, waiting pending, safe2 failed, gone failed")
        let all = try await register(items, .failed(FailureFilter())) { checkpoint in
            let keys = try await checkpoint.allPending().map(\.key)
            #expect(keys == ["big", "safe2"])
        }
        #expect((all.failed, all.toRun) == (0, 2))
        // What has left the job is not sent, and fails to be done when it comes back.
        #expect(try await register(items + [item("gone")], .all).failed == 1)
        #expect(try fixture.value("SELECT count(*) FROM attempt WHERE status = 'failed'") == 4)
    }

    @Test("an item that was edited since it failed is among the failed ones")
    func editedItems() async throws {
        var items = try await fill()
        items[0] = item("safe", "a kinder prompt")
        let plan = try await register(items, .failed(FailureFilter(classes: [.safety]))) { checkpoint in
            let keys = try await checkpoint.allPending().map(\.key)
            #expect(keys == ["safe", "safe2"])
        }
        #expect((plan.changed, plan.toRun) == (1, 2))
    }

    @Test("a key that the job does not have is refused, and nothing is changed", arguments: ["nothing", "gone"])
    func unknownKeys(key: String) async throws {
        let items = try await fill()
        let before = try states()
        for choice in [ItemChoice.keys(["safe", key]), .failed(FailureFilter(keys: [key, "safe"]))] {
            let error = await #expect(throws: CheckpointError.self) {
                try await register(items + [item("new")], choice)
            }
            #expect(error?.kind == .unknownKeys([key]))
        }
        let checkpoint = try fixture.open()
        // Without the job at hand, the one that is stored decides; it still has `gone`.
        let error = #expect(throws: CheckpointError.self) { try checkpoint.takeUp(FailureFilter(keys: ["nothing"])) }
        #expect(error?.kind == .unknownKeys(["nothing"]))
        #expect(try states() == before)
        #expect(try checkpoint.takeUp(FailureFilter(classes: [.tooLarge])) == 1)
        let choice = try checkpoint.reopen(choice: .keys(["big"]))
        #expect((choice.toRun, choice.unfinished) == (1, 2))
        await checkpoint.close()
    }

    @Test("the balance counts the items of the job as they are")
    func balance() async throws {
        let items = try await fill()
        _ = try await register(items, .all) { checkpoint in
            let id = try await checkpoint.allPending()[0].id
            var balance = try await checkpoint.balance()
            #expect(balance == ItemBalance([.pending: 1, .running: 0, .done: 1, .failed: 3]))
            try await checkpoint.begin(id)
            balance = try await checkpoint.balance()
            #expect(balance == ItemBalance([.pending: 0, .running: 1, .done: 1, .failed: 3]))
            try await checkpoint.record(ItemOutcome(item: id, state: .deferred))
            balance = try await checkpoint.balance()
            #expect((balance[.deferred], balance[.pending], balance.left, balance.total) == (1, 0, 1, 5))
        }
    }
}
