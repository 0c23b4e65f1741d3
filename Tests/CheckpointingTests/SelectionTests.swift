import BatchCore
import Checkpointing
import JSON
import TestSupport
import Testing

@Suite("Choosing results")
struct SelectionTests {
    private let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    private static let inputs: [(key: String, input: JSONObject)] = [
        ("a", ["lang": "de", "n": 1]),
        ("b", ["n": 12_345_678_901_234_567, "lang": "en", "note": nil]),
        ("c", ["lang": "de", "tags": ["x", "y"], "=": "e", "n": "1"]),
        ("d", [:]),
    ]

    private func fill() async throws {
        try await fixture.run(Self.inputs.map { item($0.key, input: $0.input) }) { try await $0.finishAll() }
    }

    private func keys(_ selection: ResultSelection) throws -> [String] {
        var keys: [String] = []
        try CheckpointReader(path: fixture.path).snapshot { try $0.forEach(selection) { keys.append($0.key) } }
        return keys
    }

    @Test(
        "a condition compares the text of a value, whatever kind it is of",
        arguments: [
            ("lang", "de", ["a", "c"]), ("lang", "d", []), ("lang", "", []), ("n", "1", ["a", "c"]),
            ("n", "12345678901234567", ["b"]), ("tags", #"["x","y"]"#, ["c"]), ("=", "e", ["c"]),
            ("note", "null", ["b"]),
            ("missing", "", []),
        ]
    )
    func comparesInputs(column: String, text: String, expected: [String]) async throws {
        try await fill()
        let condition = InputCondition(column: column, text: text)
        #expect(try keys(ResultSelection(conditions: [condition])) == expected)
        #expect(try keys(ResultSelection(states: [.failed], conditions: [condition])) == [])
        let both = [condition, InputCondition(column: "lang", text: "de")]
        #expect(try keys(ResultSelection(conditions: both)) == expected.filter { ["a", "c"].contains($0) })
    }

    @Test("the columns of all inputs are known, in the order in which they appear, each once")
    func findsColumns() async throws {
        try await fill()
        try CheckpointReader(path: fixture.path).snapshot { snapshot in
            let columns = try snapshot.inputColumns(includesOrphaned: false, limit: 5)
            #expect(columns == ["lang", "n", "note", "tags", "="])
            let tooMany = try snapshot.inputColumns(includesOrphaned: false, limit: 4)
            #expect(tooMany == nil)
        }
        try await fixture.run([item("d")])
        try CheckpointReader(path: fixture.path).snapshot { snapshot in
            let ofTheJob = try snapshot.inputColumns(includesOrphaned: false, limit: 5)
            let all = try snapshot.inputColumns(includesOrphaned: true, limit: 5)
            #expect(ofTheJob == [])
            #expect(all?.count == 5)
        }
    }

    @Test("what has come since the last look is found, in the order in which it came, and only once")
    func findsNews() async throws {
        let checkpoint = try fixture.open()
        var source = ListSource(["a", "b", "c", "d"].map { item($0) })
        _ = try checkpoint.register(&source, job: Fixture.job)
        let pending = try await checkpoint.allPending()
        var last: Int64 = 0
        func news(_ states: Set<ItemState> = [.done]) throws -> [String] {
            var keys: [String] = []
            try CheckpointReader(path: fixture.path).snapshot { snapshot in
                try snapshot.forEach(ResultSelection(states: states, afterAttempt: last)) { keys.append($0.key) }
                last = try snapshot.lastAttempt()
            }
            return keys
        }
        #expect(try news() == [])
        try await checkpoint.record(answered(pending[2].id))
        try await checkpoint.record(answered(pending[0].id))
        // A turn of a chat that is not at its end yet.
        try await checkpoint.record(answered(pending[1].id, state: .pending))
        #expect(try news() == ["c", "a"])
        #expect(try news() == [])
        try await checkpoint.record(failed(pending[3].id, GenerationError(.safety, "blocked")))
        try await checkpoint.record(answered(pending[1].id, number: 2, turn: 1))
        #expect(try news([.done, .failed]) == ["d", "b"])
        await checkpoint.close()
    }
}
