internal import CSQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension Connection {
    /// Copies the database as it is now into a file of its own, also while others write.
    ///
    /// The copy appears under its name when it is whole, checked and on the disk; only its owner may read it. A file
    /// that has the name already is replaced.
    ///
    /// - Parameter destination: The name of the copy.
    /// - Throws: A ``SQLiteError``, a ``FileError`` if the copy cannot be made or put in its place, or a
    ///   ``DamagedCopy``.
    package func backUp(to destination: String) throws {
        let temporary = destination + ".partial-\(getpid())"
        do {
            try Self.createPrivateFile(temporary)
            try copyPages(to: temporary)
            try Self.putInPlace(temporary, as: destination)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Checks a database that nobody has open and gives it its name, in the same folder, once it is on the disk.
    ///
    /// - Parameters:
    ///   - temporary: The name that it has.
    ///   - destination: The name that it gets; a file of that name is replaced.
    /// - Throws: A ``SQLiteError``, a ``FileError``, or a ``DamagedCopy``.
    package static func putInPlace(_ temporary: String, as destination: String) throws {
        try verify(temporary)
        try synchronize(temporary)
        guard rename(temporary, destination) == 0 else { throw FileError("rename", temporary) }
        try synchronize(folder(of: destination))
    }

    private func copyPages(to path: String) throws(SQLiteError) {
        let copy = try Connection(path: path, mode: .readWrite)
        guard let backup = sqlite3_backup_init(copy.handle, "main", handle, "main") else {
            throw SQLiteError(sqlite3_extended_errcode(copy.handle), on: copy.handle, sql: nil)
        }
        // All pages in one step: with several, a commit of another process in between starts the copy anew.
        sqlite3_backup_step(backup, -1)
        let result = sqlite3_backup_finish(backup)
        guard result == SQLITE_OK else { throw SQLiteError(result, on: copy.handle, sql: nil) }
        // All is in the one file: the copy can be read where nothing may be written, and tells by its header that no log
        // of it is missing.
        try copy.execute("PRAGMA journal_mode = DELETE")
    }

    /// Pages are copied as they are: a database that is damaged gives a copy that is.
    private static func verify(_ path: String) throws {
        let copy = try Connection(path: path, mode: .immutable)
        if let problem = try copy.integrityProblem() { throw DamagedCopy(detail: problem) }
    }

    /// Makes an empty file that only its owner may read.
    package static func createPrivateFile(_ path: String) throws(FileError) {
        let descriptor = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError("create", path) }
        close(descriptor)
    }

    private static func synchronize(_ path: String) throws(FileError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError("synchronize", path) }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// A copy that is not a whole database, since what was copied is not.
package struct DamagedCopy: Error, Sendable, Equatable {
    /// SQLite's words for the first problem.
    package let detail: String
}

/// A system call on a file that failed.
package struct FileError: Error, Sendable, CustomStringConvertible {
    package let operation: String
    package let path: String
    /// The `errno` of the call.
    package let systemError: Int32

    init(_ operation: String, _ path: String) {
        systemError = errno
        self.operation = operation
        self.path = path
    }

    package var description: String {
        "cannot \(operation) \(path): \(String(cString: strerror(systemError)))"
    }
}
