import BatchCore
import Foundation
import QuotaLedger
import SQLite
import TestSupport
import Testing

@Suite("A ledger that cannot be used", .timeLimit(.minutes(1)))
struct LedgerFaultTests {
    private func error(_ body: () throws -> Void) -> LedgerError? {
        do {
            try body()
            return nil
        } catch {
            return error as? LedgerError
        }
    }

    @Test("a file of another program, or of none, is left as it is")
    func foreign() throws {
        let fixture = try LedgerFixture()
        let text = "not a database, but a letter to my aunt, as long as the header of one would be at the least\n"
        try fixture.directory.write(String(repeating: text, count: 9), to: "state/genbatch/ledger.db")
        let before = FileManager.default.contents(atPath: fixture.path)
        let first = error { _ = try fixture.open() }
        #expect(first?.kind == .notALedger)
        #expect(first?.description.contains("mv \(fixture.path)") == true, "\(String(describing: first))")
        #expect(FileManager.default.contents(atPath: fixture.path) == before)
        try FileManager.default.removeItem(atPath: fixture.path)
        try Connection(path: fixture.path, mode: .create).execute(
            "CREATE TABLE recipes (cake); INSERT INTO recipes VALUES (1)"
        )
        #expect(error { _ = try fixture.open() }?.kind == .notALedger)
        #expect(try fixture.value("SELECT cake FROM recipes") == 1)
    }

    @Test("a damaged page is found at the start")
    func damaged() throws {
        let fixture = try LedgerFixture()
        var changes = LedgerChanges()
        for number in 0..<500 {
            changes.add(.used(use()), of: quota("model-\(number)"), at: noon)
        }
        try fixture.open().apply(changes)
        let file = try #require(FileHandle(forUpdatingAtPath: fixture.path))
        // Past the header and the schema: a page of the table.
        let size = try file.seekToEnd()
        try file.seek(toOffset: size - 3000)
        try file.write(contentsOf: Data(repeating: 0xA5, count: 3000))
        try file.close()
        let error = error { _ = try fixture.open() }
        #expect(error?.kind == .damaged)
        #expect(error?.description.contains("mv \(fixture.path)") == true, "\(String(describing: error))")
    }

    @Test("a ledger of a newer version is left alone")
    func newer() throws {
        let fixture = try LedgerFixture()
        _ = try fixture.open()
        try Connection(path: fixture.path, mode: .readWrite).execute("PRAGMA user_version = 9")
        let error = error { _ = try fixture.open() }
        #expect(error?.kind == .newerSchema)
        #expect(error?.description.contains("update this program") == true)
        #expect(try fixture.value("PRAGMA user_version") == 9)
    }

    @Test("where nothing may be written the ledger says so when it is opened")
    func readOnlyFolder() async throws {
        let fixture = try LedgerFixture()
        try FileManager.default.createDirectory(atPath: fixture.folder, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: fixture.folder)
        // No rights would stop root.
        await #expect(processExitsWith: .success) { [path = fixture.path as String] in
            if geteuid() == 0 {
                #expect(setuid(65_534) == 0)
            }
            let error = #expect(throws: LedgerError.self) { _ = try Ledger(path: path) }
            #expect(error?.kind == .readOnly)
            #expect(error?.description.contains("XDG_STATE_HOME") == true)
        }
        #expect(!FileManager.default.fileExists(atPath: fixture.path))
    }

    @Test("a ledger in a folder that may no longer be written says so too")
    func readOnlyLedger() async throws {
        let fixture = try LedgerFixture()
        _ = try fixture.open()
        for (path, rights) in [
            (fixture.path, 0o666), (fixture.folder, 0o555), (fixture.directory.path + "/state", 0o755),
        ] {
            try FileManager.default.setAttributes([.posixPermissions: rights], ofItemAtPath: path)
        }
        await #expect(processExitsWith: .success) { [path = fixture.path as String] in
            if geteuid() == 0 {
                #expect(setuid(65_534) == 0)
            }
            let error = #expect(throws: LedgerError.self) { _ = try Ledger(path: path) }
            #expect(error?.kind == .readOnly, "\(String(describing: error))")
            let known = try Ledger(existing: path)?.knowledge(at: 0)
            #expect(known == [])
        }
    }

    #if os(Linux)
        @Test(
            "a disk that is full is said to be, and nothing is written by halves",
            .enabled(if: SmallDisk.canBeMade, "needs root, to mount a tmpfs")
        )
        func fullDisk() throws {
            let directory = try TemporaryDirectory()
            let disk = try SmallDisk(in: directory)
            let ledger = try Ledger(path: disk.path + "/ledger.db")
            disk.fill()
            var changes = LedgerChanges()
            for number in 0..<2000 {
                changes.add(.used(use()), of: quota("model-\(number)"), at: noon)
            }
            #expect(error { try ledger.apply(changes) }?.kind == .diskFull)
            #expect(try ledger.totals(at: noon).today.requests == 0)
            disk.makeRoom()
            try ledger.apply(changes)
            #expect(try ledger.totals(at: noon).today.requests == 2000)
        }
    #endif

    @Test("a lock that another program holds is said to be one")
    func locked() throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        let other = try Connection(path: fixture.path, mode: .readWrite)
        try other.execute("BEGIN IMMEDIATE")
        #expect(error { try ledger.apply(LedgerChanges((.used(use()), quota()))) }?.kind == .busy)
        // Who only looks is not kept out.
        #expect(try ledger.totals(at: noon).today.requests == 0)
        try other.execute("ROLLBACK")
        try ledger.apply(LedgerChanges((.used(use()), quota())))
        #expect(try ledger.totals(at: noon).today.requests == 1)
    }

    @Test("a ledger that is removed while it is in use is not written into the void")
    func removed() throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        try FileManager.default.removeItem(atPath: fixture.path)
        let error = error { try ledger.apply(LedgerChanges((.used(use()), quota()))) }
        #expect(error?.kind == .io)
        #expect(error?.message.contains("was removed or replaced") == true, "\(String(describing: error))")
    }
}
