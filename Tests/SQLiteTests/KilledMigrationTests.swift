import Foundation
import SQLite
import TestSupport
import Testing

/// Fault matrix, row F31: a migration that is killed half-way leaves the old schema, and a copy of it.
@Suite("Migrations that are killed", .timeLimit(.minutes(1)))
struct KilledMigrationTests {
    private static let first = Migration("CREATE TABLE t (a)")
    /// Takes long, and more pages than the cache has: much of it is in the log before the end.
    private static let second = Migration(
        """
        ALTER TABLE t ADD COLUMN b;
        WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000000)
        INSERT INTO t (a, b) SELECT i, randomblob(200) FROM n;
        """
    )

    private static func open(_ path: String) throws -> Connection {
        let connection = try Connection(path: path, mode: .create)
        try connection.execute("PRAGMA journal_mode = WAL; PRAGMA cache_size = 50")
        return connection
    }

    // Fault matrix: F31.
    @Test("the old schema and its rows are there afterwards, and so is the copy")
    func leavesOldSchema() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/a.db"
        do {
            let connection = try Self.open(path)
            try Migrator(applicationID: 77, migrations: [Self.first]).migrate(connection)
            try connection.execute("INSERT INTO t (a) VALUES ('paid for')")
        }
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            Thread.detachNewThread {
                var status = stat()
                // In the middle: some of the step is in the log, and most of it is still to come.
                while stat(path + "-wal", &status) != 0 || status.st_size < 8 << 20 {}
                kill(getpid(), SIGKILL)
            }
            try Migrator(applicationID: 77, migrations: [Self.first, Self.second]).migrate(try Self.open(path))
        }
        let connection = try Self.open(path)
        #expect(try connection.integer("PRAGMA user_version") == 1)
        #expect(try connection.integer("SELECT count(*) FROM pragma_table_info('t')") == 1)
        #expect(try connection.value("SELECT a FROM t") == "paid for")
        #expect(try connection.value("PRAGMA integrity_check") == "ok")
        let copy = try Connection(path: path + ".backup-v1", mode: .immutable)
        #expect(try copy.value("SELECT a FROM t") == "paid for")

        let short = Migration("ALTER TABLE t ADD COLUMN b")
        try Migrator(applicationID: 77, migrations: [Self.first, short]).migrate(connection)
        #expect(try connection.integer("PRAGMA user_version") == 2)
    }
}
