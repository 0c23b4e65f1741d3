import BatchCore
import Checkpointing
import Foundation
import SQLite
import TestSupport
import Testing

@Suite("Committing in groups", .timeLimit(.minutes(1)))
struct CommitTests {
    private let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    /// Never: a test that waits for it runs into its time limit.
    private static let never = Duration.seconds(86_400)

    private func checkpoint(_ count: Int, _ policy: CommitPolicy = CommitPolicy()) throws -> SQLiteCheckpoint {
        let checkpoint = try fixture.open(policy)
        var source = GeneratedSource(0..<count)
        _ = try checkpoint.register(&source, job: Fixture.job)
        return checkpoint
    }

    /// The transactions in the log.
    ///
    /// Its frames that end one carry the size of the database, at offset 4 of their 24 bytes of header; see
    /// https://sqlite.org/fileformat2.html#walformat.
    private func commitsInLog() throws -> Int {
        let log = [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture.path + "-wal")))
        return stride(from: 32, to: log.count, by: 24 + 16_384).filter { log[$0 + 4..<$0 + 8].contains { $0 != 0 } }
            .count
    }

    @Test("many answers at once need few commits")
    func groups() async throws {
        let count = 800
        let checkpoint = try checkpoint(count)
        let pending = try await checkpoint.allPending()
        let before = try commitsInLog()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for item in pending {
                group.addTask { try await checkpoint.record(answered(item.id)) }
            }
            try await group.waitForAll()
        }
        let commits = try commitsInLog() - before
        #expect((1...count / 10).contains(commits))
        #expect(try fixture.value("SELECT count(*) FROM response") == .integer(Int64(count)))
        await checkpoint.close()
    }

    @Test("a full group is committed at once")
    func commitsFullGroups() async throws {
        var policy = CommitPolicy()
        (policy.operations, policy.beginDelay, policy.recordDelay) = (3, Self.never, Self.never)
        let checkpoint = try checkpoint(3, policy)
        let pending = try await checkpoint.allPending()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for item in pending {
                group.addTask { try await checkpoint.begin(item.id) }
            }
            try await group.waitForAll()
        }
        #expect(try fixture.value("SELECT count(*) FROM in_flight") == 3)
        await checkpoint.close()
    }

    @Test("a group is full when all requests at once were answered, and others begin", arguments: [1, 4, 200])
    func fullGroup(concurrency: Int) async throws {
        var policy = CommitPolicy(concurrency: concurrency)
        (policy.beginDelay, policy.recordDelay) = (Self.never, Self.never)
        let checkpoint = try checkpoint(2 * concurrency, policy)
        let pending = try await checkpoint.allPending()
        let before = try commitsInLog()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, item) in pending.enumerated() {
                group.addTask {
                    try await index < concurrency ? checkpoint.record(answered(item.id)) : checkpoint.begin(item.id)
                }
            }
            try await group.waitForAll()
        }
        #expect(try commitsInLog() - before == 1)
        await checkpoint.close()
    }

    @Test("an outcome that nobody waits for is committed at the latest by the close, and refused after it")
    func recordsWithoutWaiting() async throws {
        var policy = CommitPolicy()
        policy.recordDelay = Self.never
        let checkpoint = try checkpoint(2, policy)
        let pending = try await checkpoint.allPending()
        let replies = Watched<[CheckpointError.Kind?]>([])
        func record(_ item: PendingItem) {
            checkpoint.record(answered(item.id)) { failure in
                replies.change { $0.append((failure as? CheckpointError)?.kind) }
            }
        }
        record(pending[0])
        #expect(replies.value.isEmpty)
        await checkpoint.close()
        #expect(replies.value == [nil])
        #expect(try fixture.value("SELECT count(*) FROM response") == 1)
        record(pending[1])
        #expect(replies.value == [nil, .closed])
        #expect(try fixture.value("SELECT count(*) FROM response") == 1)
    }

    @Test("a begin does not wait for the answers, and takes those that wait with it")
    func beginIsSoon() async throws {
        var policy = CommitPolicy()
        policy.recordDelay = Self.never
        let checkpoint = try checkpoint(2, policy)
        let pending = try await checkpoint.allPending()
        async let record: Void = checkpoint.record(answered(pending[0].id))
        // Whichever comes first: begins are repeated until one has taken the record along.
        let isRecorded = Task { [fixture] in
            while try fixture.value("SELECT count(*) FROM response") == 0 {
                try await checkpoint.begin(pending[1].id)
            }
        }
        try await record
        try await isRecorded.value
        await checkpoint.close()
    }

    @Test("reading items commits nothing that waits for company")
    func readingCommitsNothing() async throws {
        let count = 50
        var policy = CommitPolicy()
        (policy.operations, policy.beginDelay) = (count, Self.never)
        let checkpoint = try checkpoint(count, policy)
        let pending = try await checkpoint.allPending()
        let before = try commitsInLog()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for item in pending {
                group.addTask { try await checkpoint.begin(item.id) }
                for _ in 0..<5 {
                    let rest = try await checkpoint.pendingItems(after: item.id, limit: 1, of: .all)
                    #expect(rest.map(\.id) == pending.map(\.id).filter { $0 == ItemID(item.id.value + 1) })
                }
            }
            try await group.waitForAll()
        }
        #expect(try commitsInLog() - before == 1)
        #expect(try fixture.value("SELECT count(*) FROM in_flight") == .integer(Int64(count)))
        await checkpoint.close()
    }

    @Test("closing saves what waits, and refuses the rest")
    func closeSaves() async throws {
        var policy = CommitPolicy()
        policy.recordDelay = Self.never
        let checkpoint = try checkpoint(50, policy)
        let pending = try await checkpoint.allPending()
        let saved = await withTaskGroup(of: Int64?.self) { group in
            for item in pending {
                group.addTask { (try? await checkpoint.record(answered(item.id))).map { item.id.value } }
            }
            group.addTask {
                await checkpoint.close()
                return nil
            }
            return await group.reduce(into: Set<Int64>()) { if let id = $1 { $0.insert(id) } }
        }
        let reader = try Connection(path: fixture.path, mode: .readOnly)
        let rows = try reader.prepare("SELECT item_id FROM response")
        var stored: Set<Int64> = []
        while try rows.step() {
            stored.insert(rows.integer(at: 0))
        }
        #expect(stored == saved)
    }

    @Test("a checkpoint that is dropped without closing saves what waits and lets go of its lock")
    func dropSaves() async throws {
        let fixture = fixture
        func work() async throws {
            let checkpoint = try checkpoint(1)
            try await checkpoint.record(answered(checkpoint.allPending()[0].id))
        }
        try await work()
        while true {
            // The thread ends on its own time; until then the lock is held.
            guard let next = try? fixture.open() else { continue }
            await next.close()
            break
        }
        #expect(try fixture.value("SELECT state FROM item") == "done")
    }

    @Test("a removed file is noticed at the next commit, and the answers are kept beside it", arguments: ["", "-wal"])
    func noticesRemoval(suffix: String) async throws {
        let checkpoint = try checkpoint(3)
        let pending = try await checkpoint.allPending()
        try FileManager.default.removeItem(atPath: fixture.path + suffix)
        for item in pending.prefix(2) {
            let error = await #expect(throws: CheckpointError.self) {
                try await checkpoint.record(answered(item.id, "precious \(item.key)"))
            }
            #expect(error?.kind == .io)
            #expect(error?.description.contains(".rescue-") == true)
        }
        await checkpoint.close()
        let folder = fixture.directory.path + "/.genbatch"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains(".rescue-") }
        let name = try #require(names.first)
        let lines = try String(contentsOfFile: folder + "/" + name, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix(#"{"key":"item-0","state":"done","attempt":1,"turn":0,"text":"precious item-0""#))
        #expect(lines[1].contains(#""text":"precious item-1""#))
    }

    @Test("the folder may go as well")
    func noticesRemovedFolder() async throws {
        let checkpoint = try checkpoint(1)
        let pending = try await checkpoint.allPending()
        let folder = fixture.directory.path + "/.genbatch"
        try FileManager.default.removeItem(atPath: folder)
        await #expect(throws: CheckpointError.self) { try await checkpoint.record(answered(pending[0].id)) }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(names.count == 1)
        await checkpoint.close()
    }

    @Test("another program's lock ends the checkpoint with the reason")
    func saysBusy() async throws {
        var policy = CommitPolicy()
        policy.busyTimeout = .zero
        let checkpoint = try checkpoint(1, policy)
        let pending = try await checkpoint.allPending()
        let other = try Connection(path: fixture.path, mode: .readWrite)
        try other.execute("BEGIN IMMEDIATE")
        let error = await #expect(throws: CheckpointError.self) { try await checkpoint.begin(pending[0].id) }
        #expect(error?.kind == .busy)
        try other.execute("ROLLBACK")
        await #expect(throws: CheckpointError.self) { try await checkpoint.begin(pending[0].id) }
        await checkpoint.close()
    }
}
