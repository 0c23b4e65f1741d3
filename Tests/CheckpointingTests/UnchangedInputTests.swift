import BatchCore
import Checkpointing
import SQLite
import TestSupport
import Testing

/// A source that nobody may ask.
private struct ForbiddenSource: ItemSource {
    struct Asked: Error {}

    mutating func next() throws -> SourceItem? {
        throw Asked()
    }
}

@Suite("Inputs that have not changed")
struct UnchangedInputTests {
    private let fixture: Fixture
    private let stamp = [UInt8](repeating: 7, count: 32)

    init() throws {
        fixture = try Fixture()
    }

    private func job(_ inputs: [UInt8]?) -> StoredJob {
        var job = Fixture.job
        job.inputs = inputs
        return job
    }

    /// Compares a list of items with the checkpoint.
    private func register(
        _ items: [SourceItem],
        inputs: [UInt8]?,
        shard: Shard? = nil,
        _ body: (SQLiteCheckpoint) async throws -> Void = { _ in }
    ) async throws {
        let checkpoint = try fixture.open()
        var source = ListSource(items)
        _ = try checkpoint.register(&source, job: job(inputs), shard: shard)
        try await body(checkpoint)
        await checkpoint.close()
    }

    /// The plan of a job whose items must not be read.
    @discardableResult
    private func planWithoutReading(
        inputs: [UInt8]?,
        shard: Shard? = nil,
        choice: ItemChoice = .all
    ) async throws -> RunPlan {
        let checkpoint = try fixture.open()
        var source = ForbiddenSource()
        do {
            let plan = try checkpoint.register(&source, job: job(inputs), shard: shard, choice: choice)
            await checkpoint.close()
            return plan
        } catch {
            await checkpoint.close()
            throw error
        }
    }

    @Test("they are not read again, and the plan is what reading would have told")
    func isNotRead() async throws {
        let items = ["a", "b", "c", "d"].map { item($0) }
        try await register(items, inputs: stamp) { checkpoint in
            let pending = try await checkpoint.allPending()
            try await checkpoint.record(answered(pending[0].id))
            try await checkpoint.record(failed(pending[1].id, GenerationError(.safety, "no")))
            try await checkpoint.record(ItemOutcome(item: pending[2].id, state: .deferred))
        }
        let told = try await planWithoutReading(inputs: stamp)
        #expect(told.done == 1 && told.failed == 1 && told.deferred == 1 && told.pending == 1)
        try await register(items, inputs: nil) { checkpoint in
            let pending = try await checkpoint.allPending()
            #expect(pending.map(\.key) == ["c", "d"])
        }
    }

    @Test("a choice is carried out all the same")
    func choiceHolds() async throws {
        try await register(["a", "b"].map { item($0) }, inputs: stamp) { checkpoint in
            let pending = try await checkpoint.allPending()
            try await checkpoint.record(failed(pending[1].id, GenerationError(.safety, "no")))
        }
        let plan = try await planWithoutReading(inputs: stamp, choice: .failed(FailureFilter()))
        #expect(plan.toRun == 1)
        #expect(try fixture.value("SELECT state FROM item WHERE key = 'b'") == .text("pending"))
    }

    @Test("other inputs and unknown ones are read")
    func isRead() async throws {
        try await register([item("a")], inputs: stamp)
        await #expect(throws: ForbiddenSource.Asked.self) {
            try await planWithoutReading(inputs: [UInt8](repeating: 8, count: 32))
        }
        await #expect(throws: ForbiddenSource.Asked.self) { try await planWithoutReading(inputs: nil) }
        try await register([item("a")], inputs: nil)
        await #expect(throws: ForbiddenSource.Asked.self) { try await planWithoutReading(inputs: stamp) }
    }

    @Test("a part of a job is known as that part alone")
    func partIsKnown() async throws {
        let shard = try #require(Shard(1, of: 2))
        try await register(["a", "b", "c", "d", "e"].map { item($0) }, inputs: stamp, shard: shard)
        let mine = ["a", "b", "c", "d", "e"].filter { shard.contains(.explicit($0)) }.count
        #expect(try await planWithoutReading(inputs: stamp, shard: shard).pending == mine)
        await #expect(throws: CheckpointError.self) { try await planWithoutReading(inputs: stamp) }
    }

    @Test("a checkpoint that was put together of some parts is read: others are missing")
    func somePartsAreRead() async throws {
        try await register([item("a")], inputs: stamp)
        try fixture.execute("UPDATE job SET shard_count = 2, shards = '[0]'")
        let shard = try #require(Shard(1, of: 2))
        await #expect(throws: (any Error).self) { try await planWithoutReading(inputs: stamp, shard: shard) }
        try fixture.execute("UPDATE job SET shard_count = 3, shards = '[0,2]'")
        await #expect(throws: ForbiddenSource.Asked.self) { try await planWithoutReading(inputs: stamp) }
    }

    @Test("inputs that are not settled yet are read the next time")
    func isNotKept() async throws {
        let checkpoint = try fixture.open()
        var source = ListSource([item("a")])
        _ = try checkpoint.register(&source, job: job(stamp), keepsInputs: { false })
        await checkpoint.close()
        await #expect(throws: ForbiddenSource.Asked.self) { try await planWithoutReading(inputs: stamp) }
    }

    @Test("what is not read counts as compared")
    func isDated() async throws {
        try await register([item("a")], inputs: stamp)
        try fixture.execute("UPDATE job SET updated_at_ms = 1")
        _ = try await planWithoutReading(inputs: stamp)
        #expect(try fixture.value("SELECT updated_at_ms > 1 FROM job") == .integer(1))
    }

    @Test("items with local media are read: only their bytes tell whether they have changed")
    func localMediaAreRead() async throws {
        var source = item("a")
        source.request.turns[0].media = [
            MediaReference(.file(path: "/jobs/cat.png", sha256: "0123"), mimeType: "image/png")
        ]
        try await register([source], inputs: stamp)
        await #expect(throws: ForbiddenSource.Asked.self) { try await planWithoutReading(inputs: stamp) }
    }
}
