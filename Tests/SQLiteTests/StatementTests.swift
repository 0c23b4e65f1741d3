import SQLite
import TestSupport
import Testing

@Suite("Statements")
struct StatementTests {
    private let directory: TemporaryDirectory
    private let connection: Connection

    init() throws {
        directory = try TemporaryDirectory()
        connection = try Connection(path: directory.path + "/a.db", mode: .create)
        try connection.execute("CREATE TABLE t (a, b)")
    }

    @Test(
        "every value comes back as it was, empty ones too",
        arguments: [
            nil, 0, -1, SQLiteValue.integer(.max), .integer(.min), 0.5, "", "text", "a\0b", "ünïcödé 🦊", .blob([]),
            .blob([0, 255]),
        ]
    )
    func keepsValues(value: SQLiteValue) throws {
        let insert = try connection.prepare("INSERT INTO t (a) VALUES (?1)")
        try insert.bind(value, at: 1)
        try insert.run()
        #expect(try connection.value("SELECT a FROM t") == value)
    }

    @Test("columns are compared and looked at where they are")
    func looksAtBytes() throws {
        let row = try connection.prepare("SELECT 'abc', '', NULL")
        let isRow = try row.step()
        #expect(isRow)
        #expect(row.column(0, equals: "abc") == true)
        #expect(row.column(0, equals: "abd") == false)
        #expect(row.column(0, equals: "ab") == false)
        #expect(row.column(1, equals: [] as [UInt8]) == true)
        #expect(row.withBytes(at: 0) { $0[1] } == UInt8(ascii: "b"))
        #expect(row.optionalText(at: 1) == "")
        #expect(row.optionalText(at: 2) == nil)
    }

    @Test("a failure tells the statement but not what was bound, and the statement can be run again")
    func failsWithoutSecrets() throws {
        try connection.execute("CREATE UNIQUE INDEX one ON t (a)")
        let insert = try connection.prepare("INSERT INTO t (a) VALUES (?1)")
        try insert.bind("secret", at: 1)
        try insert.run()
        let error = #expect(throws: SQLiteError.self) { try insert.run() }
        #expect(error?.code == .constraint)
        #expect(error?.description.contains("INSERT INTO t (a) VALUES (?1)") == true)
        #expect(error?.description.contains("secret") == false)
        try insert.bind("another", at: 1)
        try insert.run()
        #expect(try connection.integer("SELECT count(*) FROM t") == 2)
    }

    @Test("a mistake in a statement is found when it is prepared")
    func refusesBrokenSQL() {
        let error = #expect(throws: SQLiteError.self) { try connection.execute("SELEC 1") }
        #expect(error?.sql == "SELEC 1")
        #expect(throws: SQLiteError.self) {
            let statement = try connection.prepare("")
            _ = try statement.step()
        }
    }

    @Test("a statement keeps its connection open")
    func keepsConnection() throws {
        func prepared() throws -> Statement {
            try Connection(path: directory.path + "/a.db", mode: .readWrite).prepare("SELECT 7")
        }
        let statement = try prepared()
        let isRow = try statement.step()
        #expect(isRow)
        #expect(statement.integer(at: 0) == 7)
    }
}
