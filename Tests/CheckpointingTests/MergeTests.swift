import BatchCore
import Checkpointing
import Foundation
import JSON
import SQLite
import TestSupport
import Testing

/// Checkpoints in one folder, to be merged.
final class MergeFixture: Sendable {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    func path(_ name: String) -> String { "\(directory.path)/\(name).db" }

    /// Runs a job, or a part of it, as a process of its own would: with a run that no other checkpoint has.
    func run(
        _ name: String,
        _ items: [SourceItem],
        shard: Shard? = nil,
        pid: Int? = nil,
        _ body: (SQLiteCheckpoint) async throws -> Void = { try await $0.finishAll() }
    ) async throws {
        // One caller after the other: nothing is gained by waiting for company.
        var policy = CommitPolicy()
        policy.beginDelay = .zero
        policy.recordDelay = .zero
        let checkpoint = try SQLiteCheckpoint(path: path(name), policy: policy)
        do {
            var source = ListSource(items)
            _ = try checkpoint.register(&source, job: Fixture.job, shard: shard)
            try await checkpoint.startRun(version: "1")
            try await body(checkpoint)
            try await checkpoint.finishRun(RunSummary())
        } catch {
            await checkpoint.close()
            throw error
        }
        await checkpoint.close()
        // All runs of the tests are of one process, and may begin in one millisecond.
        let other = pid ?? Int(name.utf8.reduce(1000) { $0 * 31 + Int($1) } % 1_000_000)
        try execute("UPDATE run SET pid = \(other) WHERE id = (SELECT max(id) FROM run)", on: name)
    }

    /// Runs all parts of a job: `s0`, `s1` and so on.
    func runShards(_ items: [SourceItem], count: Int) async throws -> [String] {
        for number in 0..<count {
            try await run("s\(number)", items, shard: Shard(number, of: count))
        }
        return (0..<count).map { "s\($0)" }
    }

    func execute(_ sql: String, on name: String) throws {
        try Connection(path: path(name), mode: .readWrite).execute(sql)
    }

    @discardableResult
    func merge(_ names: [String], to name: String, isForced: Bool = false) throws -> CheckpointMerge.Report {
        let before = try names.map(bytes)
        defer { #expect((try? names.map(bytes)) == before, "an input was changed") }
        let report = try CheckpointMerge.run(names.map(path), to: path(name), isForced: isForced)
        #expect(try value("PRAGMA integrity_check", name) == "ok")
        return report
    }

    func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path(name)))
    }

    func value(_ sql: String, _ name: String) throws -> SQLiteValue {
        try Connection(path: path(name), mode: .readOnly).value(sql)
    }

    func results(_ name: String, includeOrphaned: Bool = false) throws -> [ResultRow] {
        var rows: [ResultRow] = []
        try CheckpointReader(path: path(name)).results(includeOrphaned: includeOrphaned) { rows.append($0) }
        return rows
    }

    func texts(_ name: String) throws -> [String] {
        try results(name).map { $0.turns.map(\.answer.text).joined(separator: " | ") }
    }

    /// All that two merges must agree on, whatever the order of their inputs: attempts are told by item and number.
    func contents(_ name: String) throws -> [SQLiteValue] {
        let connection = try Connection(path: path(name), mode: .readOnly)
        return try [
            """
            SELECT group_concat(key || ' ' || position || ' ' || state || ' ' || attempts || ' ' || generation, char(10))
            FROM (SELECT * FROM item ORDER BY key)
            """,
            """
            SELECT group_concat(key || ' ' || number || ' ' || status || ' ' || pid || ' ' || coalesce(text, ''), char(10))
            FROM (SELECT * FROM attempt JOIN item ON item.id = attempt.item_id JOIN run ON run.id = run_id
                LEFT JOIN response ON attempt_id = attempt.id ORDER BY key, number)
            """,
            "SELECT sum(total_tokens) FROM usage_by_model",
        ].map { try connection.value($0) }
    }
}

/// An answer that was complete at a moment.
private func answered(_ item: PendingItem, _ text: String, at milliseconds: Int64, turn: Int = 0) -> ItemOutcome {
    let isLast = turn == item.request.turns.count - 1
    let number = item.attempts + turn + 1
    var outcome = answered(item.id, text, state: isLast ? .done : .pending, number: number, turn: turn)
    outcome.attempt?.timings = AttemptTimings(startedAtMilliseconds: milliseconds - 10, total: .milliseconds(10))
    return outcome
}

private func shard(_ number: Int, of count: Int) throws -> Shard {
    try #require(Shard(number, of: count))
}

/// Fault matrix, rows F36 and F85: parts of a job, and checkpoints that overlap.
@Suite("Merging checkpoints")
struct MergeTests {
    private let fixture: MergeFixture
    private static let items = (1...40).map { item("key-\($0)") }

    init() throws {
        fixture = try MergeFixture()
    }

    // MARK: Shards

    @Test("the shards of a job, run apart and merged, are as if it had been run in one piece", arguments: [1, 3, 8])
    func mergesShards(count: Int) async throws {
        let items =
            Self.items + [item("chat", turns: ["one", "two"])]
            + (1...4).map { item(contentOnly: "same", origin: "x:\($0)") }
        try await fixture.run("whole", items)
        let names = try await fixture.runShards(items, count: count)
        let sizes = try names.map { try fixture.results($0).count }
        #expect(sizes.reduce(0, +) == items.count)
        #expect(sizes.filter { $0 > 0 }.count > count / 2, "\(sizes)")

        let report = try fixture.merge(names, to: "merged")
        #expect(report.items == items.count)
        #expect(report.missing == [])
        #expect(report.shared == 0)
        let (whole, merged) = (try fixture.results("whole"), try fixture.results("merged"))
        #expect(merged.map(\.key) == whole.map(\.key), "in the order of the job")
        #expect(merged.map(\.state) == whole.map(\.state))
        #expect(merged.map { $0.turns.map(\.answer.text) } == whole.map { $0.turns.map(\.answer.text) })
        for sql in ["SELECT sum(total_tokens) FROM usage_by_model", "SELECT count(*) FROM attempt"] {
            #expect(try fixture.value(sql, "merged") == fixture.value(sql, "whole"))
        }
        #expect(try fixture.value("SELECT count(*) FROM run", "merged") == .integer(Int64(count)))

        // Whoever runs the job in one piece finds all of it done.
        try await fixture.run("merged", items) { checkpoint in
            let pending = try await checkpoint.allPending()
            #expect(pending.allSatisfy { $0.key == "chat" }, "\(pending.map(\.key))")
        }
    }

    // Fault matrix: F85.
    @Test("a checkpoint is refused to another shard than its own, and to the whole job")
    func refusesOtherShard() async throws {
        try await fixture.run("a", Self.items, shard: try shard(0, of: 3))
        let before = try fixture.results("a").map(\.key)
        for wanted in [nil, try shard(1, of: 3), try shard(0, of: 4)] {
            let error = await #expect(throws: CheckpointError.self) {
                try await fixture.run("a", Self.items, shard: wanted)
            }
            #expect(error?.kind == .otherShard)
            #expect(error?.description.contains("--shard 0/3") == true, "\(String(describing: error))")
        }
        #expect(try fixture.results("a").map(\.key) == before)
        try await fixture.run("whole", Self.items)
        let error = await #expect(throws: CheckpointError.self) {
            try await fixture.run("whole", Self.items, shard: shard(0, of: 3))
        }
        #expect(error?.kind == .otherShard)
        try await fixture.run("whole", Self.items, shard: try shard(0, of: 1))
    }

    @Test("an edit of a job moves no item to another shard, and sends nothing else again")
    func editsShards() async throws {
        let names = try await fixture.runShards(Self.items, count: 3)
        let edited = [item("new")] + Self.items.reversed().dropLast().map { $0 }
        for (number, name) in names.enumerated() {
            try await fixture.run(name, edited, shard: try shard(number, of: 3), pid: 100 + number) { checkpoint in
                let pending = try await checkpoint.allPending()
                #expect(pending.allSatisfy { $0.key == "new" })
                try await checkpoint.finishAll()
            }
        }
        try fixture.merge(names, to: "merged")
        #expect(try fixture.results("merged").map(\.key) == ["new"] + (2...40).reversed().map { "key-\($0)" })
        #expect(try fixture.results("merged", includeOrphaned: true).count == 41)
        #expect(try fixture.value("SELECT count(*) FROM attempt", "merged") == 41)
    }

    // Fault matrix: F36, F85.
    @Test("shards of different versions of a job are refused, and so are other numbers of shards")
    func refusesOtherPlans() async throws {
        try await fixture.run("a", Self.items, shard: try shard(0, of: 2))
        try await fixture.run("b", Self.items + [item("new")], shard: try shard(1, of: 2))
        try await fixture.run("c", Self.items, shard: try shard(1, of: 3))
        for (other, words) in [("b", "the job was edited in between"), ("c", "is of a job in 2 shards")] {
            let error = #expect(throws: CheckpointError.self) { try fixture.merge([other, "a"], to: "merged") }
            #expect(error?.kind == .notOneJob)
            #expect(error?.message.contains(fixture.path("a")) == true, "\(String(describing: error))")
            #expect(error?.message.contains(words) == true, "\(String(describing: error))")
            #expect(!FileManager.default.fileExists(atPath: fixture.path("merged")))
        }
        let report = try fixture.merge(["a", "b"], to: "merged", isForced: true)
        #expect(report.different == [fixture.path("a")])
        #expect(report.missing == [])
        #expect(try fixture.results("merged").count == 41)
        // Parts of different sizes do not make up a whole; whoever has them merged knows better.
        #expect(try fixture.merge(["a", "c"], to: "mixed", isForced: true).missing == [])
        for name in ["merged", "mixed"] {
            try await fixture.run(name, Self.items + [item("new")])
            #expect(try fixture.results(name).allSatisfy { $0.state == .done })
        }
        #expect(try fixture.value("SELECT count(*) FROM attempt", "merged") == 41)
    }

    // Fault matrix: F36, F85.
    @Test("a missing shard is named, and can be added to a merge that was forced")
    func namesMissing() async throws {
        let names = try await fixture.runShards(Self.items, count: 4)
        let error = #expect(throws: CheckpointError.self) { try fixture.merge(["s0", "s3"], to: "part") }
        #expect(error?.kind == .notOneJob)
        #expect(error?.message.contains("shard 1/4, 2/4 is among") == true, "\(String(describing: error))")

        let report = try fixture.merge(["s0", "s3"], to: "part", isForced: true)
        #expect(report.missing == [try shard(1, of: 4), try shard(2, of: 4)])
        let rest = try fixture.merge(["s2", "part", "s1"], to: "all")
        #expect(rest.missing.isEmpty)
        try fixture.merge(names, to: "once")
        #expect(try fixture.contents("all") == fixture.contents("once"))
        #expect(try fixture.texts("all") == fixture.texts("once"))
    }

    // MARK: Overlaps

    @Test("merging the same checkpoint again doubles nothing")
    func isIdempotent() async throws {
        let names = try await fixture.runShards(Self.items, count: 2)
        try fixture.merge(names, to: "once")
        let report = try fixture.merge(["s0", "s1", "s0", "s1"], to: "twice")
        #expect(report.shared == 40)
        try fixture.merge(["once", "s1", "once", "s0"], to: "again")
        #expect(try fixture.contents("twice") == fixture.contents("once"))
        #expect(try fixture.contents("again") == fixture.contents("once"))
        #expect(try fixture.value("SELECT count(*) FROM response", "again") == 40)
        #expect(try fixture.value("SELECT count(*) FROM run", "again") == 2)
    }

    /// Two runs of one job in different places.
    private func runApart(
        _ items: [SourceItem],
        _ first: (SQLiteCheckpoint) async throws -> Void,
        _ second: (SQLiteCheckpoint) async throws -> Void
    ) async throws {
        try await fixture.run("a", items, first)
        try await fixture.run("b", items, second)
    }

    // Fault matrix: F36.
    @Test(
        "of two answers to one item the first counts, and both are kept and paid for",
        arguments: [["a", "b"], ["b", "a"], ["a", "b", "a"], ["b", "a", "b", "a"]]
    )
    func firstWins(order: [String]) async throws {
        try await runApart([item("x"), item("y")]) { checkpoint in
            let pending = try await checkpoint.allPending()
            try await checkpoint.record(answered(pending[0], "early", at: 1_000))
            try await checkpoint.record(answered(pending[1], "late", at: 4_000))
        } _: { checkpoint in
            let pending = try await checkpoint.allPending()
            let cut = GenerationError(.cutStream, "cut", usage: TokenUsage(totalTokens: 7), isPossiblyBilled: true)
            try await checkpoint.record(failed(pending[0].id, cut, state: .pending))
            try await checkpoint.record(answered(pending[0], "late", at: 2_000))
            try await checkpoint.record(answered(pending[1], "early", at: 3_000))
        }
        let report = try fixture.merge(order, to: "merged")
        #expect(try fixture.texts("merged") == ["early", "early"])
        #expect(try fixture.value("SELECT group_concat(text) FROM results", "merged") == "early,early")
        #expect(report.done == 2)
        #expect(try fixture.value("SELECT sum(total_tokens) FROM usage_by_model", "merged") == .integer(4 * 15 + 7))
        let history = try #require(try CheckpointReader(path: fixture.path("merged")).history(of: "x"))
        #expect(history.attempts.map(\.number) == [1, 2, 3])
        #expect(history.attempts.map { $0.answer?.text } == [nil, "late", "early"])
        #expect(history.item.attempts == 3)
        // A third copy of what has lost changes nothing.
        try fixture.merge(["merged", "b"], to: "more")
        #expect(try fixture.contents("more") == fixture.contents("merged"))
        #expect(try fixture.texts("more") == ["early", "early"])
    }

    // Fault matrix: F36.
    @Test(
        "what is done wins over what failed, and that over what was never sent",
        arguments: [["a", "b"], ["b", "a"]]
    )
    func doneWins(order: [String]) async throws {
        let refused = GenerationError(.safety, "withheld", isPossiblyBilled: true)
        let keys = ["done", "failed", "deferred", "never"]
        try await runApart(keys.map { item($0) }) { checkpoint in
            for item in try await checkpoint.allPending() where item.key == "done" || item.key == "failed" {
                try await checkpoint.record(failed(item.id, refused))
            }
        } _: { checkpoint in
            for item in try await checkpoint.allPending() {
                switch item.key {
                case "done": try await checkpoint.record(answered(item, "answer", at: 1_000))
                case "deferred": try await checkpoint.record(ItemOutcome(item: item.id, state: .deferred))
                default: break
                }
            }
        }
        let report = try fixture.merge(order, to: "merged")
        #expect(try fixture.results("merged").map(\.state) == [.done, .failed, .deferred, .pending])
        #expect(report.shared == 4)
        #expect(try CheckpointReader(path: fixture.path("merged")).status().failuresByClass == ["safety": 1])
        // It goes on like any other checkpoint.
        let taking = try SQLiteCheckpoint(path: fixture.path("merged"), createIfMissing: false)
        #expect(try taking.takeUp(FailureFilter()) == 1)
        await taking.close()
        let running = try SQLiteCheckpoint(path: fixture.path("merged"), createIfMissing: false)
        #expect(try running.reopen().toRun == 3)
        try await running.finishAll()
        await running.close()
        #expect(try fixture.results("merged").allSatisfy { $0.state == .done })
    }

    @Test("the chat that got further is gone on with, whatever the order", arguments: [["a", "b"], ["b", "a"]])
    func furtherChatWins(order: [String]) async throws {
        try await runApart([item("chat", turns: ["one", "two", "three"])]) { checkpoint in
            let chat = try await checkpoint.allPending()[0]
            try await checkpoint.record(answered(chat, "a0", at: 2_000, turn: 0))
            try await checkpoint.record(answered(chat, "a1", at: 3_000, turn: 1))
        } _: { checkpoint in
            try await checkpoint.record(answered(checkpoint.allPending()[0], "b0", at: 1_000, turn: 0))
        }
        try fixture.merge(order, to: "merged")
        let merged = try SQLiteCheckpoint(path: fixture.path("merged"))
        let pending = try await merged.allPending()
        await merged.close()
        #expect(pending.map(\.attempts) == [3])
        #expect(pending[0].answeredTurns.map { $0.contains("a0") || $0.contains("a1") } == [true, true])
    }

    @Test("of an item that was edited in between the later job has the request, and the earlier answer is kept")
    func editedItem() async throws {
        try await fixture.run("old", [item("x", "before"), item("gone")])
        try await fixture.run("new", [item("x", "after"), item("more")]) { _ in }
        try fixture.execute("UPDATE job SET updated_at_ms = updated_at_ms + 1", on: "new")
        let report = try fixture.merge(["old", "new"], to: "merged", isForced: true)
        #expect(report.different == [fixture.path("old")])
        let merged = try SQLiteCheckpoint(path: fixture.path("merged"))
        let pending = try await merged.allPending()
        #expect(pending.map(\.key).sorted() == ["more", "x"])
        #expect(pending.first { $0.key == "x" }?.request.turns[0].text == "after")
        await merged.close()
        let history = try #require(try CheckpointReader(path: fixture.path("merged")).history(of: "x"))
        #expect(history.attempts.map { $0.answer?.text } == ["answer to before"])
        #expect(history.attempts[0].generation < history.item.generation)
        #expect(try fixture.results("merged").first { $0.key == "gone" }?.state == .done)
    }

    // MARK: Runs that died

    // Fault matrix: F36.
    @Test("what a killed shard left in flight is noted as lost, once, and is sent again")
    func notesLost() async throws {
        let names = try await fixture.runShards(Self.items, count: 2)
        try await fixture.run("s1", Self.items + [], shard: try shard(1, of: 2), pid: 7) { checkpoint in
            let first = try fixture.results("s1")[0].key
            try fixture.execute("UPDATE item SET state = 'pending' WHERE key = '\(first)'", on: "s1")
            try await checkpoint.begin(checkpoint.allPending()[0].id)
        }
        try fixture.merge(names, to: "merged")
        let report = try fixture.merge(["merged"] + names, to: "again")
        #expect(report.lost == 1)
        #expect(report.done == 39)
        #expect(try fixture.value("SELECT count(*) FROM attempt WHERE status = 'lost'", "again") == 1)
        #expect(try fixture.value("SELECT lost FROM run ORDER BY id DESC LIMIT 1", "again") == 1)
        #expect(try fixture.contents("again") == fixture.contents("merged"))
        #expect(try CheckpointReader(path: fixture.path("again")).status().possiblyBilledTwice == 1)
        let again = try SQLiteCheckpoint(path: fixture.path("again"))
        let pending = try await again.allPending()
        #expect(pending.map(\.attempts) == [2])
        #expect(again.possiblyBilledTwice == 1)
        await again.close()
    }

    @Test(
        "a copy that was made in the middle of a run adds nothing to the whole run",
        arguments: [["copy", "a"], ["a", "copy"]]
    )
    func copyInMidRun(order: [String]) async throws {
        try await fixture.run("a", Array(Self.items.prefix(3)), pid: 5) { checkpoint in
            let pending = try await checkpoint.allPending()
            try await checkpoint.record(answered(pending[0], "first", at: 1_000))
            try await checkpoint.begin(pending[1].id)
            _ = try CheckpointReader(path: fixture.path("a")).backUp(to: fixture.path("copy"))
            try await checkpoint.record(answered(pending[1], "second", at: 2_000))
        }
        try fixture.execute("UPDATE run SET pid = 5", on: "copy")
        let report = try fixture.merge(order, to: "merged")
        #expect(report.lost == 0)
        #expect(try fixture.texts("merged") == ["first", "second", ""])
        #expect(try fixture.value("SELECT count(*) FROM attempt", "merged") == 2)
        #expect(try fixture.value("SELECT count(*) FROM run WHERE ended_at_ms IS NOT NULL", "merged") == 1)
    }

    // MARK: Refusals

    // Fault matrix: F36.
    @Test("a damaged checkpoint is refused by name, and nothing is written")
    func refusesDamaged() async throws {
        let names = try await fixture.runShards(Self.items, count: 2)
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: fixture.path("s1")))
        try file.seek(toOffset: 3 * 16_384)
        try file.write(contentsOf: Data(repeating: 0xA5, count: 4 * 16_384))
        try file.close()
        for isForced in [false, true] {
            let error = #expect(throws: CheckpointError.self) {
                try fixture.merge(names, to: "merged", isForced: isForced)
            }
            #expect(error?.kind == .damaged)
            #expect(error?.path == fixture.path("s1"))
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: fixture.directory.path)
        #expect(!left.contains { $0.hasPrefix("merged") }, "\(left)")
    }

    @Test("a file that is there already is not replaced, nor is one merged that a run holds or that holds no job")
    func refusesOthers() async throws {
        try await fixture.run("a", Self.items)
        try fixture.directory.write("mine", to: "there.db")
        let existing = #expect(throws: CheckpointError.self) {
            try CheckpointMerge.run([fixture.path("a")], to: fixture.path("there"))
        }
        #expect(existing?.kind == .cannotCreate)
        #expect(try fixture.bytes("there") == Data("mine".utf8))

        let empty = try SQLiteCheckpoint(path: fixture.path("empty"))
        let held = #expect(throws: CheckpointError.self) { try fixture.merge(["a", "empty"], to: "merged") }
        guard case .inUse = held?.kind else {
            Issue.record("\(String(describing: held))")
            return
        }
        await empty.close()
        let none = #expect(throws: CheckpointError.self) { try fixture.merge(["a", "empty"], to: "merged") }
        #expect(none?.kind == .notOneJob)
        let missing = #expect(throws: CheckpointError.self) {
            try CheckpointMerge.run([fixture.path("no")], to: fixture.path("merged"))
        }
        #expect(missing?.kind == .missing)
        #expect(!FileManager.default.fileExists(atPath: fixture.path("merged")))
    }
}
