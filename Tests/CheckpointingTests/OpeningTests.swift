import BatchCore
import Checkpointing
import Foundation
import SQLite
import TestSupport
import Testing

@Suite("Opening a checkpoint")
struct OpeningTests {
    private let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    private func rights(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: fixture.directory.path + "/.genbatch").sorted()
    }

    private func bytes() throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: fixture.path))
    }

    /// Opens for a run and for reading, and expects both to fail alike with the file as it was.
    private func expectRefusal(_ check: (CheckpointError.Kind) -> Bool, message: String) throws {
        let before = try bytes()
        let names = try names()
        let error = #expect(throws: CheckpointError.self) { try fixture.open() }
        #expect(error.map { check($0.kind) } == true)
        #expect(error?.message.contains(message) == true)
        #expect(error?.message.contains(fixture.path) == true)
        let readError = #expect(throws: CheckpointError.self) { try CheckpointReader(path: fixture.path) }
        #expect(readError == error)
        #expect(try bytes() == before)
        #expect(try self.names() == names)
    }

    @Test("all files are private, whatever the umask, and so is the folder")
    func isPrivate() async throws {
        // The umask belongs to the whole process; the usual one would make the files readable by all.
        let checkpoint = try fixture.open()
        #expect(try names() == ["job.db", "job.db-shm", "job.db-wal", "job.db.lock"])
        for name in try names() {
            #expect(try rights("\(fixture.directory.path)/.genbatch/\(name)") == 0o600)
        }
        #expect(try rights(fixture.directory.path + "/.genbatch") == 0o700)
        await checkpoint.close()
        #expect(try names() == ["job.db", "job.db.lock"])
    }

    @Test("a folder that was there keeps its rights")
    func keepsFolderRights() async throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fixture.directory.path)
        try await SQLiteCheckpoint(path: fixture.directory.path + "/a.db").close()
        #expect(try rights(fixture.directory.path) == 0o755)
    }

    @Test("the file says what it is")
    func hasSettings() async throws {
        let checkpoint = try fixture.open()
        await checkpoint.close()
        #expect(checkpoint.origin == .created)
        #expect(try fixture.value("PRAGMA page_size") == 16_384)
        #expect(try fixture.value("PRAGMA application_id") == 0x6762_6174)
        #expect(try fixture.value("PRAGMA user_version") == 1)
        #expect(try fixture.value("PRAGMA journal_mode") == "wal")
        #expect(try fixture.value("PRAGMA integrity_check") == "ok")
    }

    @Test("a second run is refused with the first one's process, host and start, and may come after it")
    func locks() async throws {
        let first = try fixture.open()
        let error = #expect(throws: CheckpointError.self) { try fixture.open() }
        guard case .inUse(let holder?) = error?.kind else {
            Issue.record("not in use: \(String(describing: error))")
            return
        }
        #expect(holder.pid == ProcessInfo.processInfo.processIdentifier)
        #expect(!holder.host.isEmpty)
        #expect(holder.startedAt.hasSuffix("Z"))
        #expect(try CheckpointReader(path: fixture.path).status().lockHolder == holder)
        await first.close()
        #expect(try CheckpointReader(path: fixture.path).status().lockHolder == nil)
        try await fixture.open().close()
    }

    #if os(Linux)
        @Test("the lock is one that other processes see")
        func locksProcesses() async throws {
            func lockElsewhere() throws -> Int32 {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
                process.arguments = ["--nonblock", "--conflict-exit-code", "75", fixture.path + ".lock", "true"]
                try process.run()
                process.waitUntilExit()
                return process.terminationStatus
            }
            let checkpoint = try fixture.open()
            #expect(try lockElsewhere() == 75)
            await checkpoint.close()
            #expect(try lockElsewhere() == 0)
        }
    #endif

    @Test("no checkpoint is made where one is insisted on")
    func insists() throws {
        let error = #expect(throws: CheckpointError.self) {
            try SQLiteCheckpoint(path: fixture.path, createIfMissing: false)
        }
        #expect(error?.kind == .missing)
        #expect(throws: CheckpointError.self) { try CheckpointReader(path: fixture.path) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.directory.path).isEmpty)
    }

    @Test("an empty file is used, and said to have been empty")
    func usesEmptyFile() async throws {
        try fixture.directory.write("", to: ".genbatch/job.db")
        let checkpoint = try fixture.open()
        await checkpoint.close()
        #expect(checkpoint.origin == .emptyFile)
        let again = try fixture.open()
        await again.close()
        #expect(again.origin == .existing)
    }

    @Test("a file whose making was cut short is made again")
    func finishesMaking() async throws {
        try fixture.directory.write("", to: ".genbatch/job.db")
        try Connection(path: fixture.path, mode: .readWrite).execute(
            "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL"
        )
        let checkpoint = try fixture.open()
        await checkpoint.close()
        #expect(checkpoint.origin == .emptyFile)
        #expect(try fixture.value("PRAGMA user_version") == 1)
    }

    @Test("the database of another program is refused untouched", arguments: ["WAL", "DELETE"])
    func refusesForeign(mode: String) throws {
        try fixture.directory.write("", to: ".genbatch/job.db")
        try Connection(path: fixture.path, mode: .readWrite).execute(
            "PRAGMA journal_mode = \(mode); CREATE TABLE t (a)"
        )
        try expectRefusal({ $0 == .notACheckpoint }, message: "another program")
    }

    @Test("a newer schema is refused untouched, and named")
    func refusesNewer() async throws {
        try await fixture.run([item("a")])
        try Connection(path: fixture.path, mode: .readWrite).execute("PRAGMA user_version = 999")
        try expectRefusal(
            { $0 == .newerSchema(found: 999, known: 1) },
            message: "was written by a newer genbatch (schema 999, this one knows 1)"
        )
    }

    @Test("what is no database is refused untouched", arguments: [1, 1000])
    func refusesGarbage(repeats: Int) throws {
        try fixture.directory.write(String(repeating: "some text\n", count: repeats), to: ".genbatch/job.db")
        try expectRefusal({ $0 == .notACheckpoint }, message: "not an SQLite database")
    }

    @Test("a damaged header is refused untouched")
    func refusesDamagedHeader() async throws {
        try await fixture.run([item("a")])
        var damaged = try bytes()
        damaged.replaceSubrange(0..<8, with: Data("garbage!".utf8))
        try fixture.directory.write(damaged, to: ".genbatch/job.db")
        try expectRefusal({ $0 == .notACheckpoint }, message: "its header is damaged")
    }

    @Test("a truncated file is refused untouched")
    func refusesTruncated() async throws {
        try await fixture.run([item("a")])
        try fixture.directory.write(try bytes().prefix(3 * 16_384), to: ".genbatch/job.db")
        try expectRefusal({ $0 == .damaged }, message: "is damaged")
    }

    @Test("a damaged page in the middle is told as damage")
    func reportsDamagedPages() async throws {
        let checkpoint = try fixture.open()
        var source = GeneratedSource(0..<5000)
        _ = try checkpoint.register(&source, job: Fixture.job)
        await checkpoint.close()
        var damaged = try bytes()
        damaged.replaceSubrange(16_384..<damaged.count, with: Data(repeating: 0x55, count: damaged.count - 16_384))
        try fixture.directory.write(damaged, to: ".genbatch/job.db")
        let error = #expect(throws: CheckpointError.self) { try fixture.open() }
        #expect(error?.kind == .damaged)
    }

    @Test("a folder is no checkpoint")
    func refusesFolder() throws {
        try fixture.directory.write("", to: ".genbatch/job.db/file")
        let error = #expect(throws: CheckpointError.self) { try fixture.open() }
        #expect(error?.kind == .notACheckpoint)
    }

    @Test("a link to a checkpoint is the checkpoint")
    func followsLinks() async throws {
        try await fixture.run([item("a")])
        let link = fixture.directory.path + "/link.db"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: fixture.path)
        let checkpoint = try SQLiteCheckpoint(path: link)
        #expect(throws: CheckpointError.self) { try fixture.open() }
        try await checkpoint.record(answered(checkpoint.allPending()[0].id))
        await checkpoint.close()
        #expect(try fixture.value("SELECT state FROM item") == "done")
    }

    @Test("a temporary checkpoint leaves nothing")
    func isTemporary() async throws {
        let checkpoint = try SQLiteCheckpoint.temporary()
        var source = GeneratedSource(0..<10)
        #expect(try checkpoint.register(&source, job: Fixture.job).new == 10)
        let folder = URL(fileURLWithPath: checkpoint.path).deletingLastPathComponent().path
        #expect(try rights(folder) == 0o700)
        await checkpoint.close()
        #expect(!FileManager.default.fileExists(atPath: folder))
    }
}
