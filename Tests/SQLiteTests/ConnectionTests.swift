import Foundation
import SQLite
import TestSupport
import Testing

@Suite("Connections")
struct ConnectionTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
    }

    @Test("names with characters of URIs mean themselves", arguments: ["a b.db", "what?.db", "#1.db", "100%25.db"])
    func opensOddNames(name: String) throws {
        let connection = try Connection(path: "\(directory.path)/\(name)", mode: .create)
        try connection.execute("CREATE TABLE t (a)")
        #expect(try names == [name])
    }

    @Test("only the mode that says so makes a file")
    func makesNoFile() throws {
        for mode in [Connection.Mode.readWrite, .readOnly, .immutable] {
            let error = #expect(throws: SQLiteError.self) {
                try Connection(path: directory.path + "/none.db", mode: mode)
            }
            #expect(error?.code == .cannotOpen)
        }
        #expect(try names.isEmpty)
    }

    @Test("a body that throws leaves nothing, one that returns leaves all")
    func rollsBack() throws {
        struct Stop: Error {}
        let connection = try Connection(path: directory.path + "/a.db", mode: .create)
        try connection.execute("CREATE TABLE t (a)")
        #expect(throws: Stop.self) {
            try connection.transaction {
                try connection.execute("INSERT INTO t VALUES (1)")
                throw Stop()
            }
        }
        #expect(!connection.isInTransaction)
        try connection.transaction { try connection.execute("INSERT INTO t VALUES (2)") }
        #expect(try connection.value("SELECT group_concat(a) FROM t") == "2")
    }

    @Test("a writer waits for another only as long as it was told")
    func saysBusy() throws {
        let first = try Connection(path: directory.path + "/a.db", mode: .create)
        let second = try Connection(path: directory.path + "/a.db", mode: .readWrite, busyTimeout: .zero)
        try first.execute("CREATE TABLE t (a)")
        try first.transaction {
            let error = #expect(throws: SQLiteError.self) { try second.transaction {} }
            #expect(error?.code == .busy)
        }
        try second.transaction {}
    }

    @Test("reading an immutable file puts nothing beside it")
    func readsImmutable() throws {
        let path = directory.path + "/a.db"
        try Connection(path: path, mode: .create).execute("PRAGMA journal_mode = WAL; CREATE TABLE t (a)")
        let reader = try Connection(path: path, mode: .immutable)
        #expect(try reader.integer("SELECT count(*) FROM t") == 0)
        #expect(try names == ["a.db"])
    }

    @Test("a copy has what is committed, also what is in the log only, and is private")
    func backsUp() throws {
        let path = directory.path + "/a.db"
        let connection = try Connection(path: path, mode: .create)
        try connection.execute(
            "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (a); INSERT INTO t VALUES (1)"
        )
        let copy = directory.path + "/copy.db"
        try directory.write("old", to: "copy.db")
        try connection.backUp(to: copy)
        #expect(try Connection(path: copy, mode: .immutable).integer("SELECT a FROM t") == 1)
        let rights = try FileManager.default.attributesOfItem(atPath: copy)[.posixPermissions] as? Int
        #expect(rights == 0o600)
        #expect(try names == ["a.db", "a.db-shm", "a.db-wal", "copy.db"])
    }

    @Test("a copy that cannot be made says where")
    func failsToBackUp() throws {
        let connection = try Connection(path: directory.path + "/a.db", mode: .create)
        let error = #expect(throws: FileError.self) { try connection.backUp(to: directory.path + "/none/copy.db") }
        #expect(error?.description.contains("/none/copy.db") == true)
    }
}
