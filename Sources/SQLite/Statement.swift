internal import CSQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One prepared statement; parameters count from 1 and columns from 0, as in SQLite.
///
/// It keeps its connection open.
package struct Statement: ~Copyable {
    private let handle: OpaquePointer
    private let connection: Connection

    init(_ sql: String, on connection: Connection) throws(SQLiteError) {
        var prepared: OpaquePointer?
        // Kept for many runs: SQLite may spend more on its plan and takes its memory from the heap.
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        let result = sqlite3_prepare_v3(connection.handle, sql, -1, flags, &prepared, nil)
        guard result == SQLITE_OK, let prepared else {
            throw SQLiteError(result == SQLITE_OK ? SQLITE_MISUSE : result, on: connection.handle, sql: sql)
        }
        handle = prepared
        self.connection = connection
    }

    deinit {
        sqlite3_finalize(handle)
    }

    // MARK: Running

    /// Steps to the next row; `false` at the end, where the statement is ready to be bound and run again.
    package func step() throws(SQLiteError) -> Bool {
        let result = sqlite3_step(handle)
        if result == SQLITE_ROW { return true }
        let failure = result == SQLITE_DONE ? nil : error(result)
        sqlite3_reset(handle)
        if let failure { throw failure }
        return false
    }

    /// Runs to the end, for statements whose rows do not matter.
    package func run() throws(SQLiteError) {
        while try step() {}
    }

    /// Runs to the end with a text that SQLite reads where it is: worth it where texts are long.
    ///
    /// - Parameters:
    ///   - text: The text; the parameter is NULL again afterwards.
    ///   - index: The parameter.
    /// - Throws: A ``SQLiteError``.
    package func run(withText text: String, at index: Int32) throws(SQLiteError) {
        var text = text
        let failure = text.withUTF8 { utf8 -> SQLiteError? in
            defer { sqlite3_bind_null(handle, index) }
            do throws(SQLiteError) {
                try check(bindText(utf8, at: index, isCopied: false))
                try run()
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Leaves the rows that were not read; what is bound stays bound.
    package func reset() {
        // The code it returns repeats the failure of the last step, which has been thrown already.
        sqlite3_reset(handle)
    }

    // MARK: Parameters

    /// Makes all parameters NULL, as they are at first.
    package func forgetParameters() {
        sqlite3_clear_bindings(handle)
    }

    package func bind(_ value: Int64?, at index: Int32) throws(SQLiteError) {
        if let value {
            try check(sqlite3_bind_int64(handle, index, value))
        } else {
            try check(sqlite3_bind_null(handle, index))
        }
    }

    package func bind(_ value: Int?, at index: Int32) throws(SQLiteError) {
        try bind(value.map(Int64.init), at: index)
    }

    package func bind(_ value: Bool, at index: Int32) throws(SQLiteError) {
        try bind(value ? 1 : 0 as Int64, at: index)
    }

    package func bind(_ text: String?, at index: Int32) throws(SQLiteError) {
        guard var text else { return try check(sqlite3_bind_null(handle, index)) }
        try check(text.withUTF8 { bindText($0, at: index) })
    }

    /// Binds bytes that are UTF-8 as text.
    package func bind(utf8 bytes: [UInt8], at index: Int32) throws(SQLiteError) {
        try check(bytes.withUnsafeBufferPointer { bindText($0, at: index) })
    }

    package func bind(blob bytes: [UInt8], at index: Int32) throws(SQLiteError) {
        // A null pointer, as an empty array may have it, would bind NULL.
        guard !bytes.isEmpty else { return try check(sqlite3_bind_zeroblob(handle, index, 0)) }
        try check(bytes.withUnsafeBytes { gb_bind_blob(handle, index, $0.baseAddress, Int32(clamping: $0.count)) })
    }

    package func bind(_ value: SQLiteValue, at index: Int32) throws(SQLiteError) {
        switch value {
        case .null: try check(sqlite3_bind_null(handle, index))
        case .integer(let value): try bind(value, at: index)
        case .real(let value): try check(sqlite3_bind_double(handle, index, value))
        case .text(let text): try bind(text, at: index)
        case .blob(let bytes): try bind(blob: bytes, at: index)
        }
    }

    // MARK: Columns

    package func isNull(at index: Int32) -> Bool {
        sqlite3_column_type(handle, index) == SQLITE_NULL
    }

    /// The column as a number; 0 for NULL.
    package func integer(at index: Int32) -> Int64 {
        sqlite3_column_int64(handle, index)
    }

    package func optionalInteger(at index: Int32) -> Int64? {
        isNull(at: index) ? nil : integer(at: index)
    }

    /// The column as text; empty for NULL.
    package func text(at index: Int32) -> String {
        String(decoding: bytes(at: index), as: UTF8.self)
    }

    package func optionalText(at index: Int32) -> String? {
        isNull(at: index) ? nil : text(at: index)
    }

    package func blob(at index: Int32) -> [UInt8] {
        Array(bytes(at: index))
    }

    package func value(at index: Int32) -> SQLiteValue {
        switch sqlite3_column_type(handle, index) {
        case SQLITE_INTEGER: .integer(integer(at: index))
        case SQLITE_FLOAT: .real(sqlite3_column_double(handle, index))
        case SQLITE_TEXT: .text(text(at: index))
        case SQLITE_BLOB: .blob(blob(at: index))
        default: .null
        }
    }

    /// Looks at the bytes of a text or blob where they are, without a copy.
    package func withBytes<Result>(
        at index: Int32,
        _ body: (Span<UInt8>) throws -> Result
    ) rethrows -> Result {
        try body(bytes(at: index).span)
    }

    /// Whether a text or blob has exactly these bytes; NULL has none.
    package func column(_ index: Int32, equals expected: [UInt8]) -> Bool {
        expected.withUnsafeBufferPointer { column(index, equals: $0) }
    }

    package func column(_ index: Int32, equals expected: String) -> Bool {
        var expected = expected
        return expected.withUTF8 { column(index, equals: $0) }
    }

    // MARK: Pointers

    private func column(_ index: Int32, equals expected: UnsafeBufferPointer<UInt8>) -> Bool {
        let found = bytes(at: index)
        guard found.count == expected.count else { return false }
        guard let left = found.baseAddress, let right = expected.baseAddress else { return true }
        return memcmp(left, right, found.count) == 0
    }

    /// The bytes of a text or blob, valid until the next step or reset.
    private func bytes(at index: Int32) -> UnsafeBufferPointer<UInt8> {
        // SQLite wants the pointer to be asked for before the length.
        let start = sqlite3_column_blob(handle, index)
        let count = Int(sqlite3_column_bytes(handle, index))
        return UnsafeBufferPointer(start: start?.assumingMemoryBound(to: UInt8.self), count: start == nil ? 0 : count)
    }

    private func bindText(_ utf8: UnsafeBufferPointer<UInt8>, at index: Int32, isCopied: Bool = true) -> Int32 {
        // A null pointer, as empty buffers may have it, would bind NULL. Beyond 2 GiB SQLite itself says "too big".
        guard let start = utf8.baseAddress else { return gb_bind_text(handle, index, "", 0) }
        let length = Int32(clamping: utf8.count)
        return start.withMemoryRebound(to: CChar.self, capacity: utf8.count) { text in
            // No destructor: it stays where it is until the parameter is bound anew.
            isCopied ? gb_bind_text(handle, index, text, length) : sqlite3_bind_text(handle, index, text, length, nil)
        }
    }

    private func check(_ result: Int32) throws(SQLiteError) {
        guard result == SQLITE_OK else { throw error(result) }
    }

    private func error(_ result: Int32) -> SQLiteError {
        SQLiteError(result, on: connection.handle, sql: sqlite3_sql(handle).map { String(cString: $0) })
    }
}
