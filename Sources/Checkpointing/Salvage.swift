internal import SQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Takes what can be read out of a damaged checkpoint into a new one; the damaged one is not changed.
package struct Salvage {
    /// What was found and what is known to be missing.
    package struct Report: Sendable, Equatable {
        /// Items and answers that were read.
        package var items = 0
        package var answers = 0
        /// Answered items that are known by nothing but their answers, kept under the keys `salvaged-N`.
        package var namelessItems = 0
        /// Items and answers that other rows speak of, and that could not be read.
        package var missingItems = 0
        package var missingAnswers = 0
        /// Rows whose place was found, but whose contents do not add up.
        package var unreadableRows = 0
        package var pages = 0
        package var damagedPages: [Int] = []

        /// Whether everything was read, as far as can be told.
        package var isComplete: Bool {
            missingItems == 0 && missingAnswers == 0 && unreadableRows == 0 && damagedPages.isEmpty
        }
    }

    /// A table of the schema.
    private struct Table {
        struct Column {
            let name: String
            let type: String
            let isRequired: Bool
            let isRowID: Bool
        }

        let name: String
        let columns: [Column]
    }

    private let connection: Connection
    private let tables: [Table]

    /// Reads a damaged checkpoint into a new one.
    ///
    /// - Parameters:
    ///   - path: The damaged file, which no run may hold.
    ///   - destination: The new checkpoint, which must not exist; it appears when it is whole.
    /// - Returns: What came of it.
    /// - Throws: A ``CheckpointError``, also if nothing could be read.
    package static func run(from path: String, to destination: String) throws(CheckpointError) -> Report {
        var status = stat()
        guard lstat(destination, &status) != 0 else {
            throw CheckpointReader.refused(destination, "it exists", advice: "name another file")
        }
        let source = CheckpointFile(path: path).path
        if let holder = CheckpointLock.holder(forCheckpoint: source) {
            throw CheckpointLock.inUse(holder, path: source)
        }
        let temporary = "\(destination).partial-\(System.processID)"
        defer { unlink(temporary) }
        do {
            try Connection.createPrivateFile(temporary)
        } catch {
            throw CheckpointReader.cannotCreate(error, destination)
        }
        let report: Report
        do {
            report = try Salvage(into: temporary).read(source)
        } catch {
            throw error as? CheckpointError ?? CheckpointError(error, path: destination)
        }
        guard report.items > 0 || report.answers > 0 else {
            throw CheckpointError(
                .damaged,
                path: source,
                message: "nothing in \(source) could be read as items or answers of a checkpoint",
                advice: "restore it from a backup"
            )
        }
        do {
            try Connection.putInPlace(temporary, as: destination)
        } catch {
            throw CheckpointError(error, path: destination)
        }
        return report
    }

    private init(into path: String) throws {
        connection = try Connection(path: path, mode: .readWrite)
        // Nobody knows the file yet, and it is synchronized before anybody does.
        try connection.execute("PRAGMA page_size = 16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
        try Schema.migrator.migrate(connection)
        tables = try Self.tables(connection)
    }

    private static func tables(_ connection: Connection) throws -> [Table] {
        let names = try connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        var tables: [Table] = []
        while try names.step() {
            let name = names.text(at: 0)
            let rows = try connection.prepare(
                "SELECT name, type, \"notnull\" AND dflt_value IS NULL, pk FROM pragma_table_info(?1)"
            )
            try rows.bind(name, at: 1)
            var columns: [Table.Column] = []
            while try rows.step() {
                columns.append(
                    Table.Column(
                        name: rows.text(at: 0),
                        type: rows.text(at: 1),
                        isRequired: rows.integer(at: 2) == 1,
                        isRowID: rows.integer(at: 3) == 1 && rows.text(at: 1) == "INTEGER"
                    )
                )
            }
            tables.append(Table(name: name, columns: columns))
        }
        return tables
    }

    // MARK: Reading

    private func read(_ path: String) throws -> Report {
        var inserts = InsertStatements(connection)
        var report = Report()
        let found = try connection.transaction {
            var database = try RawDatabase(path: path, defaultPageSize: 16_384)
            let found = try database.readRows(guess: { guess($0)?.name }) { name, rowID, values in
                guard let table = tables.first(where: { $0.name == name }), fits(values, table) else { return }
                try inserts.insert(
                    values,
                    into: name,
                    columns: table.columns.map(\.name),
                    rowID: table.columns.firstIndex(where: \.isRowID).map { ($0, rowID) }
                )
            }
            report.items = Int(try connection.integer("SELECT count(*) FROM item"))
            report.answers = Int(try connection.integer("SELECT count(*) FROM response"))
            try countMissing(&report)
            try SalvageRepair.run(connection)
            return found
        }
        report.namelessItems = Int(try connection.integer("SELECT count(*) FROM item")) - report.items
        report.pages = found.pages
        report.damagedPages = found.damagedPages
        report.unreadableRows = found.unreadableRows
        return report
    }

    /// The table that a row looks like: one with as many columns, else the one with the fewest more.
    private func guess(_ values: [SQLiteValue]) -> Table? {
        tables.filter { fits(values, $0) }.min { $0.columns.count < $1.columns.count }
    }

    private func fits(_ values: [SQLiteValue], _ table: Table) -> Bool {
        // Columns that were added later are missing in rows that were written before.
        guard values.count <= table.columns.count, values.count > 1 else { return false }
        return zip(values, table.columns).allSatisfy { value, column in
            switch value {
            case .null: column.isRowID || !column.isRequired
            case .integer: column.type == "INTEGER" && !column.isRowID
            case .real: column.type == "REAL"
            case .text: column.type == "TEXT"
            case .blob: column.type == "BLOB"
            }
        } && table.columns.dropFirst(values.count).allSatisfy { !$0.isRequired }
    }

    /// Items and attempts are numbered without gaps and never deleted: a gap is a loss.
    private func countMissing(_ report: inout Report) throws {
        report.missingItems = Int(
            try connection.integer(
                """
                SELECT max((SELECT coalesce(max(id), 0) FROM item), (SELECT coalesce(max(item_id), 0) FROM prompt),
                    (SELECT coalesce(max(item_id), 0) FROM attempt), (SELECT coalesce(max(item_id), 0) FROM response))
                    - (SELECT count(*) FROM item)
                """
            )
        )
        report.missingAnswers = Int(
            try connection.integer(
                """
                SELECT count(*) FROM attempt
                WHERE status = 'answered' AND id NOT IN (SELECT attempt_id FROM response)
                """
            )
        )
    }
}

/// One statement for each table and number of columns, made when it is first needed.
private struct InsertStatements {
    private final class Prepared {
        let statement: Statement

        init(_ statement: consuming Statement) {
            self.statement = statement
        }
    }

    private let connection: Connection
    private var statements: [String: Prepared] = [:]

    init(_ connection: Connection) {
        self.connection = connection
    }

    /// Inserts a row, unless one of its number is there already or it breaks a rule of its table.
    mutating func insert(
        _ values: [SQLiteValue],
        into table: String,
        columns: [String],
        rowID: (index: Int, value: Int64)?
    ) throws {
        let name = "\(table) \(values.count)"
        let prepared = try statements[name] ?? prepare(table, columns.prefix(values.count))
        statements[name] = prepared
        for (index, value) in values.enumerated() {
            try prepared.statement.bind(value, at: Int32(index + 1))
        }
        if let rowID {
            try prepared.statement.bind(rowID.value, at: Int32(rowID.index + 1))
        }
        try prepared.statement.run()
    }

    private func prepare(_ table: String, _ columns: ArraySlice<String>) throws -> Prepared {
        let names = columns.joined(separator: ", ")
        let parameters = (1...columns.count).map { "?\($0)" }.joined(separator: ", ")
        return Prepared(
            try connection.prepare("INSERT OR IGNORE INTO \(table) (\(names)) VALUES (\(parameters))")
        )
    }
}
