import BatchCore
import Checkpointing
import Foundation
import SQLite
import TestSupport
import Testing

#if os(Linux)
    import Glibc

    @Suite(
        "A full disk",
        .enabled(if: SmallDisk.canBeMade, "F12 and F20 need root, to mount a tmpfs"),
        .timeLimit(.minutes(1))
    )
    struct FullDiskTests {
        private let directory: TemporaryDirectory
        private let disk: SmallDisk
        private var path: String { disk.path + "/job.db" }

        init() throws {
            directory = try TemporaryDirectory()
            disk = try SmallDisk(in: directory)
        }

        /// Opens a checkpoint that runs into the end of the disk, unless it is to leave some space free.
        private func open(patience: Duration, leavesFree floor: Int64 = 0) throws -> SQLiteCheckpoint {
            var policy = CommitPolicy()
            policy.fullDiskPatience = patience
            var storage = StorageRules()
            storage.floor = { _ in floor }
            let checkpoint = try SQLiteCheckpoint(path: path, policy: policy, storage: storage)
            var source = GeneratedSource(0..<100)
            _ = try checkpoint.register(&source, job: Fixture.job)
            return checkpoint
        }

        /// Long enough to need pages that the log does not have yet.
        private let text = String(repeating: "a long answer ", count: 20_000)

        @Test("ends the checkpoint, and what was saved before is there when it goes on")
        func stops() async throws {
            var checkpoint = try open(patience: .zero)
            var pending = try await checkpoint.allPending()
            try await checkpoint.record(answered(pending[0].id, "first"))
            disk.fill()
            let second = pending[1].id
            let error = await #expect(throws: CheckpointError.self) {
                try await checkpoint.record(answered(second, text))
            }
            #expect(error?.kind == .diskFull)
            #expect(error?.message.contains(path) == true)
            #expect(error?.message.contains("(0 bytes free)") == true)
            let next = await #expect(throws: CheckpointError.self) { try await checkpoint.begin(second) }
            #expect(next == error)
            await checkpoint.close()

            disk.makeRoom()
            checkpoint = try open(patience: .zero)
            pending = try await checkpoint.allPending()
            #expect(pending.count == 99)
            try await checkpoint.record(answered(pending[0].id, text))
            await checkpoint.close()
            let connection = try Connection(path: path, mode: .readOnly)
            #expect(try connection.value("PRAGMA integrity_check") == "ok")
            #expect(try connection.integer("SELECT count(*) FROM response") == 2)
        }

        @Test("is waited for, and the answer is saved when there is room again")
        func waits() async throws {
            let checkpoint = try open(patience: .seconds(50))
            let pending = try await checkpoint.allPending()
            disk.fill()
            async let record: Void = checkpoint.record(answered(pending[0].id, text))
            disk.makeRoom()
            try await record
            await checkpoint.close()
            #expect(try Connection(path: path, mode: .readOnly).integer("SELECT count(*) FROM response") == 1)
        }

        @Test("is noticed before it is full, and then nothing more is written")
        func leavesSpace() async throws {
            let checkpoint = try open(patience: .zero, leavesFree: 64 << 10)
            let pending = try await checkpoint.allPending()
            try await checkpoint.record(answered(pending[0].id, "first"))
            disk.fill()
            let second = pending[1].id
            // It would have room: the log has pages that can be used again.
            let error = await #expect(throws: CheckpointError.self) { try await checkpoint.record(answered(second)) }
            #expect(error?.kind == .diskFull)
            #expect(error?.message.contains("65536 are left free for safety") == true)
            await checkpoint.close()
            let again = #expect(throws: CheckpointError.self) { try open(patience: .zero, leavesFree: 64 << 10) }
            #expect(again?.kind == .diskFull)
            #expect(try CheckpointReader(path: path).status().items[.done] == 1)
        }

        @Test("is told when there is no room for a checkpoint at all")
        func refuses() throws {
            disk.fill()
            let error = #expect(throws: CheckpointError.self) { try open(patience: .zero) }
            #expect(error?.kind == .diskFull)
        }
    }

    @Suite(
        "A disk that may not be written",
        .enabled(if: SmallDisk.canBeMade, "F12 and F20 need root, to mount a tmpfs")
    )
    struct ReadOnlyDiskTests {
        @Test("can be read, but no run begins there")
        func readsOnly() async throws {
            let directory = try TemporaryDirectory()
            let disk = try SmallDisk(in: directory)
            let path = disk.path + "/job.db"
            let checkpoint = try SQLiteCheckpoint(path: path)
            var source = GeneratedSource(0..<3)
            _ = try checkpoint.register(&source, job: Fixture.job)
            try await checkpoint.finishAll()
            await checkpoint.close()
            try disk.forbidWriting()

            let reader = try CheckpointReader(path: path)
            #expect(try reader.status().items == [.done: 3])
            var keys: [String] = []
            try reader.results { keys.append($0.key) }
            #expect(keys == ["item-0", "item-1", "item-2"])
            let error = #expect(throws: CheckpointError.self) { try SQLiteCheckpoint(path: path) }
            #expect(error?.kind == .readOnly)
        }
    }
#endif
