import BatchCore
import Checkpointing
import Foundation
import JSON
import SQLite
import TestSupport
import Testing

@Suite("Comparing without changing anything")
struct ComparisonTests {
    private let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    private func compare(_ items: [SourceItem], explaining key: String? = nil) throws -> JobComparison {
        var source = ListSource(items)
        return try CheckpointReader(path: fixture.path).compare(&source, explaining: key)
    }

    @Test("a random edit is foretold as the run finds it, and nothing is written", arguments: 1...5)
    func foretellsRuns(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        try await fixture.run([])
        for _ in 0..<6 {
            var keys = (0..<30).map { "k\($0)" }.filter { _ in Bool.random(using: &random) }
            if Bool.random(using: &random) { keys.shuffle(using: &random) }
            var items = keys.map { item($0, "text \(Int.random(in: 0..<3, using: &random) == 0 ? 1 : 0)") }
            items += (0..<10).map { _ in item(contentOnly: "content \(Int.random(in: 0..<4, using: &random))") }
            let before = try Data(contentsOf: URL(fileURLWithPath: fixture.path))
            let comparison = try compare(items)
            #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.path)) == before)
            let plan = try await fixture.run(items) { checkpoint in
                let pending = try await checkpoint.allPending()
                #expect(pending.count == comparison.workload.requests)
                #expect(try checkpoint.workload(limit: nil).workload == comparison.workload)
                for (index, item) in pending.prefix(9).enumerated() {
                    switch index % 3 {
                    case 0: try await checkpoint.record(answered(item.id))
                    case 1: try await checkpoint.record(failed(item.id, GenerationError(.safety, "blocked")))
                    default: try await checkpoint.record(ItemOutcome(item: item.id, state: .deferred))
                    }
                }
            }
            #expect(comparison.plan == plan)
        }
    }

    @Test("it tells what is different in changed items, what a run would send, and to which model")
    func counts() async throws {
        let chat = item("chat", turns: ["one", "two", "three"])
        try await fixture.run([item("a"), item("b"), item("c", config: ["seed": 1]), chat, item("gone")]) {
            checkpoint in
            for item in try await checkpoint.allPending() where item.key != "chat" {
                try await checkpoint.record(answered(item.id))
            }
            let id = try #require(try await checkpoint.allPending().first).id
            try await checkpoint.record(answered(id, state: .pending))
        }
        var other = item("c", "other", model: "gemini-other", config: ["seed": 2])
        other.origin = "moved.yaml:1"
        let comparison = try compare([item("b", "edited"), item("new"), chat, other, item("a")])
        #expect(comparison.reasons == ["text": 2, "model": 1, "config.seed": 1])
        #expect(
            comparison.examples == [
                .changed: ["b", "c"], .new: ["new"], .pending: ["chat"], .done: ["a"], .orphaned: ["gone"],
            ]
        )
        // One turn of the chat is answered.
        let amounts = Dictionary(uniqueKeysWithValues: comparison.workload.amounts.map { ($0.key.model, $0.value) })
        #expect(amounts.mapValues(\.items) == ["gemini-test": 3, "gemini-other": 1])
        #expect(amounts.mapValues(\.requests) == ["gemini-test": 4, "gemini-other": 1])
        #expect(comparison.samples.isEmpty)
    }

    @Test("an explanation holds both sides, where there are two")
    func explains() async throws {
        try await fixture.run([item("a", config: ["seed": 1]), item("gone")]) { try await $0.finishAll() }
        let items = [item("a", config: ["seed": 2]), item("new")]
        let changed = try #require(try compare(items, explaining: "a").explanation)
        #expect(changed.group == .changed)
        #expect(changed.differences.map(\.name) == ["config.seed"])
        #expect(changed.stored?.request.config == ["seed": 1])
        #expect(changed.stored?.attempts == 1)
        let new = try #require(try compare(items, explaining: "new").explanation)
        #expect(new.group == .new && new.stored == nil && new.differences.isEmpty)
        let gone = try #require(try compare(items, explaining: "gone").explanation)
        #expect(gone.group == .orphaned && gone.source == nil && gone.stored?.state == .done)
        #expect(try compare(items, explaining: "nothing").explanation == nil)
    }

    @Test("two items with one id are refused here too, whether or not the checkpoint knows them", arguments: [0, 1])
    func refusesDuplicateIDs(known: Int) async throws {
        let items = [item("a", origin: "job.yaml:3"), item("b"), item("a", "other", origin: "data.csv:12")]
        try await fixture.run(Array(items.prefix(known)))
        let error = #expect(throws: CheckpointError.self) { try compare(items) }
        #expect(error?.kind == .duplicateKey("a", first: "job.yaml:3", second: "data.csv:12"))
    }

    @Test("it works while a run holds the checkpoint, and knows what one that died has left in flight")
    func worksMeanwhile() async throws {
        try await fixture.run([item("a"), item("b")]) { checkpoint in
            let id = try await checkpoint.allPending()[0].id
            try await checkpoint.begin(id)
            let comparison = try compare([item("a"), item("c")])
            #expect(comparison.plan.pending == 1 && comparison.plan.new == 1 && comparison.plan.orphaned == 1)
            #expect(comparison.inFlight == 1)
        }
        // What the run left in flight is a run's that died.
        #expect(try compare([item("a")]).plan.possiblyBilledTwice == 1)
    }
}
