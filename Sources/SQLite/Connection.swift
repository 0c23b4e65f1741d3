internal import CSQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One open database, closed when nothing holds it or one of its statements any more.
///
/// It is used by one thread at a time, which the missing `Sendable` makes the compiler's business.
package final class Connection {
    package enum Mode: Sendable {
        /// Reads and writes a file that exists; an empty file is an empty database.
        case readWrite
        /// As ``readWrite``, and makes the file if there is none.
        case create
        /// Reads, while others may write.
        case readOnly
        /// Reads a file that nobody changes meanwhile: takes no locks, makes no files and ignores a write-ahead log.
        case immutable
    }

    package let path: String
    let handle: OpaquePointer
    /// The index of the log, if its blocks were reserved: closed after the database, since closing any descriptor of a
    /// file ends all locks that the process has on it.
    private var logIndex: Int32 = -1

    /// Opens a database file; what is in it is looked at by the first statement only.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - mode: What may be done with it.
    ///   - busyTimeout: How long a statement waits for the lock of another connection.
    /// - Throws: A ``SQLiteError`` if there is no such file or it may not be opened.
    package init(path: String, mode: Mode, busyTimeout: Duration = .seconds(30)) throws(SQLiteError) {
        Self.configureOnce
        var opened: OpaquePointer?
        let access =
            switch mode {
            case .readWrite: SQLITE_OPEN_READWRITE
            case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .readOnly, .immutable: SQLITE_OPEN_READONLY
            }
        // Always as a URI: a plain name that begins with "file:" or is ":memory:" would mean something else.
        let uri = Self.uri(of: path, isImmutable: mode == .immutable)
        let flags = access | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let result = sqlite3_open_v2(uri, &opened, flags, nil)
        guard result == SQLITE_OK, let opened else {
            let error = SQLiteError(result, on: opened, sql: nil)
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
        self.path = path
        let (seconds, attoseconds) = busyTimeout.components
        sqlite3_busy_timeout(opened, Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }

    /// What holds for all connections, told to SQLite before the first; if it refuses, it is only a little slower.
    private static let configureOnce: Void = { _ = gb_stop_counting_memory() }()

    deinit {
        sqlite3_close_v2(handle)
        if logIndex >= 0 {
            close(logIndex)
        }
    }

    /// Takes all blocks that the index of the log will need in the usual run of things.
    ///
    /// SQLite maps that file into memory and gives each of its pages, of 4096 bytes, one block: where blocks are smaller
    /// and the disk is full, writing to the others would end the process with SIGBUS. In WAL mode only.
    ///
    /// - Throws: A ``FileError`` if there is no room, or a ``SQLiteError``.
    package func reserveLogIndex() throws {
        #if os(Linux)
            let name = path + "-shm"
            // The first look into a database in WAL mode makes the file.
            _ = try integer("PRAGMA user_version")
            logIndex = open(name, O_RDWR | O_CLOEXEC)
            guard logIndex >= 0 else { throw FileError("open", name) }
            // 32 KiB index the first 4062 pages of the log and the next 4096 each: far more than it has at any time,
            // but for the registration of a job of several hundred thousand items.
            errno = posix_fallocate(logIndex, 0, 256 << 10)
            guard errno == 0 else { throw FileError("reserve room for", name) }
        #endif
    }

    /// Runs one or more statements whose rows, if any, do not matter.
    package func execute(_ sql: String) throws(SQLiteError) {
        let result = sqlite3_exec(handle, sql, nil, nil, nil)
        guard result == SQLITE_OK else { throw SQLiteError(result, on: handle, sql: sql) }
    }

    package func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        try Statement(sql, on: self)
    }

    /// The first column of the first row, for example of a pragma.
    package func value(_ sql: String) throws(SQLiteError) -> SQLiteValue {
        let statement = try prepare(sql)
        return try statement.step() ? statement.value(at: 0) : .null
    }

    /// The first column of the first row as a number; 0 if there is none.
    package func integer(_ sql: String) throws(SQLiteError) -> Int64 {
        let statement = try prepare(sql)
        return try statement.step() ? statement.integer(at: 0) : 0
    }

    /// Makes the tables of another database file readable under a name of its own, until it is detached; outside any
    /// transaction.
    ///
    /// - Parameters:
    ///   - path: The file, which is not written.
    ///   - name: The name that stands before those of its tables.
    ///   - isImmutable: Whether nobody changes it meanwhile, as with ``Mode/immutable``.
    /// - Throws: A ``SQLiteError``.
    package func attach(_ path: String, as name: String, isImmutable: Bool) throws(SQLiteError) {
        let statement = try prepare("ATTACH ?1 AS \(name)")
        try statement.bind(Self.uri(of: path, isImmutable: isImmutable) + (isImmutable ? "" : "?mode=ro"), at: 1)
        try statement.run()
    }

    /// The row that the last successful `INSERT` made.
    package var lastInsertedRowID: Int64 {
        sqlite3_last_insert_rowid(handle)
    }

    /// How many rows the last `INSERT`, `UPDATE` or `DELETE` changed.
    package var changes: Int {
        Int(sqlite3_changes64(handle))
    }

    /// Whether a transaction was begun and not yet ended; SQLite ends one by itself after some failures.
    package var isInTransaction: Bool {
        sqlite3_get_autocommit(handle) == 0
    }

    /// What is wrong with the database, in SQLite's words; `nil` if nothing is.
    ///
    /// - Parameter isQuick: Whether to leave out the comparison of tables with their indexes, which takes longest.
    /// - Returns: The first problem.
    /// - Throws: A ``SQLiteError`` if the damage does not even let it look.
    package func integrityProblem(isQuick: Bool = false) throws(SQLiteError) -> String? {
        let verdict = try value("PRAGMA \(isQuick ? "quick_check" : "integrity_check")(1)")
        if case .text(let text) = verdict { return text == "ok" ? nil : text }
        return "its check gave no answer"
    }

    private static func uri(of path: String, isImmutable: Bool) -> String {
        let reserved: [Character: String] = ["%": "%25", "?": "%3f", "#": "%23"]
        let escaped = path.map { reserved[$0] ?? String($0) }.joined()
        return (path.hasPrefix("/") ? "file://" : "file:") + escaped + (isImmutable ? "?immutable=1" : "")
    }
}
