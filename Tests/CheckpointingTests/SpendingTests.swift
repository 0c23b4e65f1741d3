import BatchCore
import Checkpointing
import SQLite
import TestSupport
import Testing

/// What counts as spent under caps, whatever became of the runs before.
@Suite("Spending so far")
struct SpendingTests {
    private let fixture: Fixture
    private let items = ["a", "b", "c", "d"].map { item($0, String(repeating: "long ", count: 100)) }

    init() throws {
        fixture = try Fixture()
    }

    private func spending(_ amount: Int64, _ tokens: Int) -> Spending {
        Spending(cost: MicroDollars(amount), tokens: tokens)
    }

    private func history() async throws -> SpendingHistory {
        var history = SpendingHistory()
        try await fixture.run(items) { history = try await $0.spendingHistory() }
        return history
    }

    @Test("what a killed run had set aside counts as spent by the next one")
    func lost() async throws {
        try await fixture.run(items) { checkpoint in
            try await checkpoint.startRun(version: "1")
            let pending = try await checkpoint.allPending()
            try await checkpoint.begin(pending[0].id, reserving: spending(17_600, 17_500))
            try await checkpoint.begin(pending[1].id, reserving: spending(5, 6))
            try await checkpoint.record(answered(pending[1].id, cost: MicroDollars(7)))
        }
        var told: [[LostReservation]] = []
        try await fixture.run(items) { told.append(try await $0.lostReservations()) }
        // The run that was to tell died before it began: told once more, and then never again.
        try await fixture.run(items) { checkpoint in
            told.append(try await checkpoint.lostReservations())
            try await checkpoint.startRun(version: "2")
            told.append(try await checkpoint.lostReservations())
        }
        let lost = LostReservation(model: "gemini-test", tier: .standard, reserved: spending(17_600, 17_500))
        #expect(told == [[lost], [lost], []])
        let history = try await history()
        #expect(history.spent == spending(17_607, 17_515))
        #expect(history.unknown.isEmpty)
        #expect(history.newest["gemini-test"] == [spending(7, 15)])
        #expect(try CheckpointReader(path: fixture.path).spent() == history.spent)
    }

    @Test("an answer that was lost by damage is no request that a run left in flight, and counts as before")
    func damaged() async throws {
        try await fixture.run(items) { checkpoint in
            try await checkpoint.startRun(version: "1")
            let pending = try await checkpoint.allPending()
            for item in pending.prefix(2) {
                try await checkpoint.begin(item.id, reserving: spending(9, 9))
            }
            try await checkpoint.record(answered(pending[0].id, counted: spending(60, 15)))
        }
        // As `salvage` does with an answer whose row cannot be read.
        try fixture.execute("DELETE FROM response; UPDATE attempt SET status = 'lost' WHERE status = 'answered'")
        try await fixture.run(items) { checkpoint in
            let lost = try await checkpoint.lostReservations()
            #expect(lost == [LostReservation(model: "gemini-test", tier: .standard, reserved: spending(9, 9))])
        }
        let history = try await history()
        #expect(history.spent == spending(69, 24))
    }

    @Test("an answer of unknown cost counts as what it was counted as in its run")
    func unknownCost() async throws {
        try await fixture.run(items) { checkpoint in
            let id = try await checkpoint.allPending()[0].id
            try await checkpoint.begin(id, reserving: spending(9, 9))
            try await checkpoint.record(answered(id, counted: spending(60, 15)))
        }
        let history = try await history()
        #expect(history.spent == spending(60, 15))
        #expect(history.newest["gemini-test"] == [spending(60, 15)])
    }

    @Test("what a run without caps left in flight is unknown, but for the length of its prompts")
    func uncapped() async throws {
        try await fixture.run(items) { checkpoint in
            try await checkpoint.startRun(version: "1")
            for item in try await checkpoint.allPending().prefix(2) {
                try await checkpoint.begin(item.id)
            }
        }
        let history = try await history()
        let unknown = try #require(history.unknown["gemini-test"])
        #expect(unknown.costs == 2 && unknown.tokens == 2)
        #expect((1000...1100).contains(unknown.bytes))
        #expect(try fixture.value("SELECT count(*) FROM attempt WHERE reserved_microdollars IS NULL") == 2)
    }

    @Test("a merged checkpoint keeps what was set aside for what was in flight")
    func merged() async throws {
        try await fixture.run(items) { checkpoint in
            try await checkpoint.startRun(version: "1")
            try await checkpoint.begin(checkpoint.allPending()[0].id, reserving: spending(100, 50))
            let copy = fixture.directory.path + "/copy.db"
            _ = try CheckpointReader(path: fixture.path).backUp(to: copy)
            let merged = fixture.directory.path + "/merged.db"
            _ = try CheckpointMerge.run([copy], to: merged)
            #expect(try CheckpointReader(path: merged).spent() == spending(100, 50))
        }
    }
}
