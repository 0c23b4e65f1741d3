import Foundation
import SQLite
import TestSupport
import Testing

@Suite("Migrations")
struct MigratorTests {
    private static let steps = [
        Migration("CREATE TABLE t (a)"),
        Migration("ALTER TABLE t ADD COLUMN b; INSERT INTO t (b) VALUES (2)"),
    ]

    private let directory: TemporaryDirectory
    private let connection: Connection

    init() throws {
        directory = try TemporaryDirectory()
        connection = try Connection(path: directory.path + "/a.db", mode: .create)
    }

    private func migrate(_ steps: [Migration]) throws {
        try Migrator(applicationID: 77, migrations: steps).migrate(connection)
    }

    @Test("a new database gets all steps and no copy")
    func migratesNew() throws {
        try migrate(Self.steps)
        #expect(try connection.integer("PRAGMA user_version") == 2)
        #expect(try connection.integer("PRAGMA application_id") == 77)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["a.db"])
    }

    @Test("an old database is copied first and gets the missing steps")
    func migratesOld() throws {
        try migrate([Self.steps[0]])
        try connection.execute("INSERT INTO t (a) VALUES (1)")
        try migrate(Self.steps)
        #expect(try connection.integer("SELECT count(*) FROM t") == 2)
        let copy = try Connection(path: directory.path + "/a.db.backup-v1", mode: .immutable)
        #expect(try copy.integer("SELECT count(*) FROM t") == 1)
        #expect(try copy.integer("PRAGMA user_version") == 1)
    }

    @Test("a step that fails leaves the schema before it")
    func leavesOldSchema() throws {
        try migrate([Self.steps[0]])
        #expect(throws: SQLiteError.self) {
            try migrate([Self.steps[0], Migration("ALTER TABLE t ADD COLUMN b; INSERT INTO nowhere VALUES (1)")])
        }
        #expect(try connection.integer("PRAGMA user_version") == 1)
        #expect(try connection.integer("SELECT count(*) FROM pragma_table_info('t')") == 1)
    }

    @Test("a newer database is refused")
    func refusesNewer() throws {
        try migrate(Self.steps)
        let error = #expect(throws: NewerSchema.self) { try migrate([Self.steps[0]]) }
        #expect(error?.found == 2)
        #expect(error?.known == 1)
    }
}
