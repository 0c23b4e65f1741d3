import BatchCore
import Checkpointing
import Foundation
import JSON
import SQLite
import TestSupport
import Testing

@Suite("Reading a checkpoint")
struct ReaderTests {
    private let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    /// A job of some items in all states: `done`, `failed`, `cut`, `deferred`, `waiting`, and one that has left it.
    private func fill() async throws {
        func finish(_ checkpoint: SQLiteCheckpoint) async throws {
            try await checkpoint.startRun(version: "1")
            for item in try await checkpoint.allPending() {
                switch item.key {
                case "done", "gone":
                    try await checkpoint.begin(item.id)
                    try await checkpoint.record(answered(item.id, "answer to \(item.key)", cost: MicroDollars(7)))
                case "failed":
                    let error = GenerationError(
                        .safety,
                        "blocked",
                        usage: TokenUsage(promptTokens: 3),
                        isPossiblyBilled: true
                    )
                    try await checkpoint.begin(item.id)
                    try await checkpoint.record(failed(item.id, error))
                case "deferred":
                    try await checkpoint.record(ItemOutcome(item: item.id, state: .deferred))
                default: break
                }
            }
        }
        let keys = ["failed", "gone", "done", "deferred", "waiting"]
        try await fixture.run(keys.map { item($0) }, finish)
        try await fixture.run(keys.filter { $0 != "gone" }.map { item($0, input: ["title": .string($0)]) }, finish)
    }

    @Test("the status counts items, failures, tokens and runs")
    func counts() async throws {
        try await fill()
        let status = try CheckpointReader(path: fixture.path).status()
        #expect(status.items == [.done: 1, .failed: 1, .deferred: 1, .pending: 1])
        #expect(status.total == 4)
        #expect(status.orphaned == 1)
        #expect(status.failuresByClass == ["safety": 1])
        #expect(status.lastRun?.number == 2)
        let usage = try #require(status.usage.first)
        #expect(usage.model == "gemini-test")
        #expect((usage.requests, usage.answered, usage.possiblyBilledWithoutAnswer) == (3, 2, 1))
        #expect(usage.tokens == TokenUsage(promptTokens: 23, outputTokens: 10, totalTokens: 30))
        #expect(usage.cost == CostSum(known: MicroDollars(14), unpricedAttempts: 1))
        #expect(status.cost == usage.cost)
    }

    @Test("costs are kept with their attempts, and added up for each item as it is now")
    func costs() async throws {
        let cut = GenerationError(.cutStream, "cut", isPossiblyBilled: true, serviceTier: .priority)
        try await fixture.run([item("a")]) { checkpoint in
            let id = try await checkpoint.allPending()[0].id
            try await checkpoint.record(answered(id, cost: MicroDollars(1000)))
        }
        try await fixture.run([item("a", "edited")]) { checkpoint in
            let id = try await checkpoint.allPending()[0].id
            var first = failed(id, cut, state: .pending, number: 2)
            first.attempt?.cost = MicroDollars(30)
            try await checkpoint.record(first)
            try await checkpoint.record(failed(id, cut, state: .pending, number: 3))
            try await checkpoint.record(answered(id, number: 4, cost: MicroDollars(4)))
        }
        let history = try #require(try CheckpointReader(path: fixture.path).history(of: "a"))
        #expect(history.attempts.map(\.cost?.amount) == [1000, 30, nil, 4])
        #expect(history.attempts.map(\.serviceTier) == [.standard, .priority, .priority, .standard])
        #expect(history.cost == CostSum(known: MicroDollars(1034), unpricedAttempts: 1))
        let row = try #require(try fixture.results().first)
        #expect(row.cost == CostSum(known: MicroDollars(34), unpricedAttempts: 1))
        #expect(row.turns.first?.answer.serviceTier == .standard)
        #expect(try fixture.value("SELECT cost_microdollars FROM results") == .integer(34))
        #expect(try fixture.value("SELECT cost_microdollars FROM usage_by_model") == .integer(1034))
        #expect(try fixture.value("SELECT requests_of_unknown_cost FROM usage_by_model") == .integer(1))
    }

    @Test("results come in the order of the job, by state")
    func selectsStates() async throws {
        try await fill()
        let reader = try CheckpointReader(path: fixture.path)
        var keys: [String] = []
        try reader.results(states: [.done, .failed], includeOrphaned: true) { keys.append($0.key) }
        #expect(keys == ["failed", "done", "gone"])
        #expect(try fixture.results().map(\.key) == ["failed", "done", "deferred", "waiting"])
    }

    @Test("a body that throws ends the reading with its error")
    func stops() async throws {
        struct Stop: Error {}
        try await fill()
        let reader = try CheckpointReader(path: fixture.path)
        #expect(throws: Stop.self) { try reader.results { _ in throw Stop() } }
        #expect(try reader.status().total == 4)
    }

    @Test("a run goes on while somebody reads, who sees one moment")
    func readsDuringRun() async throws {
        let checkpoint = try fixture.open()
        var source = GeneratedSource(0..<100)
        _ = try checkpoint.register(&source, job: Fixture.job)
        let pending = try await checkpoint.allPending()
        let reader = try Connection(path: fixture.path, mode: .readOnly)
        try reader.execute("BEGIN; SELECT count(*) FROM response")
        for item in pending {
            try await checkpoint.record(answered(item.id))
        }
        #expect(try reader.integer("SELECT count(*) FROM response") == 0)
        #expect(try CheckpointReader(path: fixture.path).status().items == [.done: 100])
        await checkpoint.close()
    }

    @Test("the job file comes back, of the last registration")
    func keepsJob() async throws {
        let checkpoint = try fixture.open()
        #expect(try CheckpointReader(path: fixture.path).storedJob() == nil)
        for name in ["first", "second"] {
            var job = Fixture.job
            job.name = name
            var source = ListSource([item("a")])
            _ = try checkpoint.register(&source, job: job)
            #expect(try CheckpointReader(path: fixture.path).storedJob() == job)
        }
        await checkpoint.close()
    }

    @Test("every command of docs/checkpoint.md says something true of a real checkpoint")
    func documentation() async throws {
        try await fill()
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let page = try String(contentsOf: root.appendingPathComponent("docs/checkpoint.md"), encoding: .utf8)
        let commands = page.split(separator: "\n").filter { $0.hasPrefix("sqlite3 ") }
        #expect(commands.count == 21)
        for command in commands {
            let quoted = try #require(command.split(separator: "\"").dropFirst().first)
            let sql = String(quoted.replacing("scones", with: "done").replacing("ferry", with: "answer"))
            let statement = try Connection(path: fixture.path, mode: .readOnly).prepare(sql)
            let hasRow = try statement.step()
            let mayBeEmpty = ["MAX_TOKENS", "response.generation <", "'lost'", "'check'"].contains { sql.contains($0) }
            #expect(hasRow || mayBeEmpty, "\(sql)")
        }
        #expect(try fixture.value("SELECT text FROM results WHERE key = 'done'") == "answer to done")
        #expect(try fixture.value("SELECT class FROM failures") == "safety")
        let titles = try fixture.value("SELECT group_concat(json_extract(input, '$.title')) FROM results")
        #expect(titles == "failed,done,deferred,waiting")
    }
}
