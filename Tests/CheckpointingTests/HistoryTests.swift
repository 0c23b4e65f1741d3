import BatchCore
import Checkpointing
import JSON
import SQLite
import TestSupport
import Testing

@Suite("Looking at items and failures")
struct HistoryTests {
    private let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    private var reader: CheckpointReader {
        get throws { try CheckpointReader(path: fixture.path) }
    }

    private func billedTwice() throws -> [BilledItem] {
        var items: [BilledItem] = []
        try reader.billedTwice { items.append($0) }
        return items
    }

    @Test("an attempt tells whether it was a repair")
    func repairs() async throws {
        try await fixture.run([item("a")]) { checkpoint in
            let id = try await checkpoint.allPending()[0].id
            let refused = GenerationError(.check, "title is missing", partialText: "{}", isPossiblyBilled: true)
            try await checkpoint.record(failed(id, refused, state: .pending))
            var outcome = answered(id, number: 2)
            outcome.attempt?.isRepair = true
            try await checkpoint.record(outcome)
        }
        let attempts = try #require(try reader.history(of: "a")).attempts
        #expect(attempts.map(\.isRepair) == [false, true])
        #expect(attempts.map(\.failureClass) == ["check", nil])
        #expect(attempts[0].partialText == "{}")
        #expect(attempts[0].message == "title is missing")
    }

    @Test("an item comes with its request, and with every attempt of all runs and versions")
    func history() async throws {
        let cut = GenerationError(
            .cutStream,
            "the stream broke off",
            httpStatus: 200,
            retryDelay: .seconds(2),
            quotas: [ExceededQuota(id: "q", limit: 7)],
            partialText: "half",
            usage: TokenUsage(promptTokens: 3),
            isPossiblyBilled: true
        )
        try await fixture.run([item("a", config: ["seed": 1], input: ["row": 1])]) { checkpoint in
            try await checkpoint.startRun(version: "1")
            let id = try await checkpoint.allPending()[0].id
            try await checkpoint.record(failed(id, cut, state: .pending))
            try await checkpoint.record(answered(id, "first answer", number: 2))
        }
        try await fixture.run([item("a", "edited")]) { checkpoint in
            try await checkpoint.startRun(version: "1")
            try await checkpoint.begin(checkpoint.allPending()[0].id)
        }
        try await fixture.run([item("b")])
        let history = try #require(try reader.history(of: "a"))
        #expect(history.item.isOrphaned)
        #expect(history.item.state == .pending)
        #expect(history.item.generation == 2)
        #expect(history.item.request == item("a", "edited").request)
        #expect(history.item.fingerprint.count == 64)
        #expect(history.attempts.map(\.number) == [1, 2, 3])
        #expect(history.attempts.map(\.status) == ["failed", "answered", "lost"])
        #expect(history.attempts.map(\.generation) == [1, 1, 2])
        #expect(history.attempts.map(\.run) == [1, 1, 2])
        let failure = history.attempts[0]
        #expect(failure.failureClass == "cut_stream")
        #expect(failure.message == "the stream broke off")
        #expect((failure.httpStatus, failure.retryDelayMilliseconds, failure.quotaValue) == (200, 2000, 7))
        #expect(failure.partialText == "half")
        #expect(failure.usage == TokenUsage(promptTokens: 3))
        #expect(history.attempts[1].answer?.text == "first answer")
        #expect(history.attempts[1].answer?.usage == history.attempts[1].usage)
        #expect(history.attempts[1].firstChunkMilliseconds == 300)
        #expect(history.attempts[2].startedAtMilliseconds == nil)
        #expect(try reader.history(of: "A") == nil)
    }

    @Test("failures are grouped by the class of the last one, the largest group last")
    func groups() async throws {
        let classes: [FailureClass] = [.safety, .tooLarge, .safety, .empty, .empty, .safety]
        let items = classes.indices.map { item("k\($0)") }
        try await fixture.run(items) { checkpoint in
            for (item, failureClass) in zip(try await checkpoint.allPending(), classes) {
                try await checkpoint.record(failed(item.id, GenerationError(.server, "earlier"), state: .pending))
                try await checkpoint.record(failed(item.id, GenerationError(failureClass, "of \(item.key)"), number: 2))
            }
        }
        let groups = try reader.failureGroups(FailureFilter(), keyCount: 2)
        #expect(groups.map(\.failureClass) == ["too_large", "empty", "safety"])
        #expect(groups.map(\.count) == [1, 2, 3])
        #expect(groups[2].keys == ["k0", "k2"])
        #expect(groups[2].example.message == "of k0")
        #expect(groups[2].example.attempts == 2)
        #expect(try reader.failureGroups(FailureFilter(classes: [.empty, .check]), keyCount: 9).map(\.count) == [2])
        #expect(
            try reader.failureGroups(FailureFilter(classes: [.safety], keys: ["k2", "k3"]), keyCount: 9).map(\.keys)
                == [["k2"]]
        )
    }

    @Test("a state that was set by hand has no class, and is shown all the same")
    func unknownClass() async throws {
        try await fixture.run([item("a")])
        try Connection(path: fixture.path, mode: .readWrite).execute("UPDATE item SET state = 'failed'")
        #expect(try reader.failureGroups(FailureFilter(), keyCount: 1).map(\.failureClass) == ["unknown"])
    }

    @Test("items that were billed twice, or will be, are told from those that were billed once for nothing")
    func countsBilledTwice() async throws {
        let billed = GenerationError(.cutStream, "cut", isPossiblyBilled: true)
        let refused = GenerationError(.overloaded, "busy")
        let keys = ["answered", "cut once", "cut and answered", "cut and pending", "refused and answered"]
        try await fixture.run(keys.map { item($0) } + [item("chat", turns: ["one", "two"])]) { checkpoint in
            for item in try await checkpoint.allPending() {
                switch item.key {
                case "answered":
                    try await checkpoint.record(answered(item.id))
                case "cut once":
                    try await checkpoint.record(failed(item.id, billed))
                case "cut and answered":
                    try await checkpoint.record(failed(item.id, billed, state: .pending))
                    try await checkpoint.record(answered(item.id, number: 2))
                case "cut and pending":
                    try await checkpoint.record(failed(item.id, billed, state: .pending))
                case "refused and answered":
                    try await checkpoint.record(failed(item.id, refused, state: .pending))
                    try await checkpoint.record(answered(item.id, number: 2))
                default:
                    try await checkpoint.record(answered(item.id, state: .pending, number: 1, turn: 0))
                    try await checkpoint.record(answered(item.id, number: 2, turn: 1))
                }
            }
        }
        #expect(try billedTwice().map(\.key) == ["cut and answered", "cut and pending"])
        #expect(try billedTwice().map(\.requests) == [2, 1])
        #expect(try billedTwice().map(\.answered) == [1, 0])
        #expect(try reader.status().possiblyBilledTwice == 2)
    }

    @Test("what a run that died left in flight counts before and after the next run has noted it")
    func countsLost() async throws {
        try await fixture.run([item("a"), item("b")]) { checkpoint in
            let id = try await checkpoint.allPending()[0].id
            try await checkpoint.begin(id)
            // The run that goes on may yet answer it.
            #expect(try billedTwice().isEmpty)
        }
        #expect(try billedTwice().map(\.key) == ["a"])
        #expect(try billedTwice().map(\.lost) == [1])
        try await fixture.run([item("a"), item("b")]) { try await $0.finishAll() }
        #expect(try billedTwice().map(\.key) == ["a"])
        #expect(try billedTwice().map { [$0.requests, $0.answered, $0.lost] } == [[2, 1, 1]])
        #expect(try reader.status().possiblyBilledTwice == 1)
    }
}
