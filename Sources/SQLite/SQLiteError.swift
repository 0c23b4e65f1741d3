internal import CSQLite

/// What SQLite said no to: its code, its words and the statement, never the values that were bound to it.
package struct SQLiteError: Error, Sendable, Equatable {
    /// A primary result code; see https://sqlite.org/rescode.html.
    package struct Code: RawRepresentable, Sendable, Hashable {
        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        package static let busy = Code(rawValue: SQLITE_BUSY)
        package static let cannotOpen = Code(rawValue: SQLITE_CANTOPEN)
        package static let constraint = Code(rawValue: SQLITE_CONSTRAINT)
        package static let corrupt = Code(rawValue: SQLITE_CORRUPT)
        package static let full = Code(rawValue: SQLITE_FULL)
        package static let inputOutput = Code(rawValue: SQLITE_IOERR)
        package static let notADatabase = Code(rawValue: SQLITE_NOTADB)
        package static let readOnly = Code(rawValue: SQLITE_READONLY)
    }

    package let code: Code
    /// The code with its detail, for example `SQLITE_IOERR_FSYNC`.
    package let extendedCode: Int32
    /// SQLite's own words.
    package let message: String
    /// The statement that failed, with its placeholders.
    package let sql: String?
    /// The `errno` of the system call that failed last, 0 if none did.
    package let systemError: Int32

    /// Whether a sync failed: nobody knows then what the disk has, and repeating it may succeed without having written.
    package var isSyncFailure: Bool {
        // SQLITE_IOERR_FSYNC and SQLITE_IOERR_DIR_FSYNC, macros that Swift does not see.
        extendedCode == SQLITE_IOERR | 4 << 8 || extendedCode == SQLITE_IOERR | 5 << 8
    }

    /// Whether the file was removed or renamed since it was opened.
    package var isMoved: Bool {
        // SQLITE_READONLY_DBMOVED.
        extendedCode == SQLITE_READONLY | 4 << 8
    }

    init(_ result: Int32, on database: OpaquePointer?, sql: String?) {
        code = Code(rawValue: result & 0xFF)
        extendedCode = result
        message = String(cString: database.map { sqlite3_errmsg($0) } ?? sqlite3_errstr(result))
        self.sql = sql
        systemError = database.map { sqlite3_system_errno($0) } ?? 0
    }
}

extension SQLiteError: CustomStringConvertible {
    package var description: String {
        let statement = sql.map { " in: \($0)" } ?? ""
        return "\(message) (SQLite error \(extendedCode))\(statement)"
    }
}
