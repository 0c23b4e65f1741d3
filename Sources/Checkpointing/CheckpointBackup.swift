internal import SQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A copy of a checkpoint, made while others may write to it.
package struct CheckpointBackup: Sendable, Equatable {
    /// Items of the job and how many of them are done, as the copy has them.
    package let items: Int
    package let done: Int
    package let bytes: Int64
}

extension CheckpointReader {
    /// Copies the checkpoint as it is at one moment into a file of its own, and checks the copy.
    ///
    /// The file appears under its name when it is whole and on the disk; only its owner may read it.
    ///
    /// - Parameters:
    ///   - destination: The name of the copy.
    ///   - replacing: Whether a file of that name may be replaced.
    /// - Returns: What the copy holds.
    /// - Throws: A ``CheckpointError``; nothing stands under the name then that did not before.
    package func backUp(to destination: String, replacing: Bool = false) throws(CheckpointError) -> CheckpointBackup {
        try checkDestination(destination, replacing: replacing)
        do {
            try connection.backUp(to: destination)
        } catch let error as FileError {
            throw Self.cannotCreate(error, destination)
        } catch let error as SQLiteError where ![.corrupt, .notADatabase, .busy].contains(error.code) {
            // What fails then is writing the copy.
            throw CheckpointError(error, path: destination)
        } catch {
            throw CheckpointError(error, path: path)
        }
        return try Self.contents(of: destination)
    }

    private func checkDestination(_ destination: String, replacing: Bool) throws(CheckpointError) {
        var status = stat()
        if lstat(destination, &status) == 0 {
            guard replacing else {
                throw Self.refused(destination, "it exists", advice: "name another file, or replace it with --force")
            }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw Self.refused(destination, "it is not a regular file", advice: "name another file")
            }
            guard CheckpointFile(path: destination).path != path, !isSameFile(status) else {
                throw Self.refused(destination, "it is the checkpoint itself", advice: "name another file")
            }
        }
        try Self.checkNoLog(of: destination)
    }

    /// Refuses a name for a new checkpoint beside which the log of another one lies.
    static func checkNoLog(of destination: String) throws(CheckpointError) {
        var status = stat()
        for suffix in ["-wal", "-journal"] where lstat(destination + suffix, &status) == 0 {
            throw refused(
                destination,
                "\(destination)\(suffix) is there, which would be taken for the copy's own log",
                advice: "name another file, or close what has that database open"
            )
        }
    }

    private func isSameFile(_ other: stat) -> Bool {
        var own = stat()
        return stat(path, &own) == 0 && own.st_dev == other.st_dev && own.st_ino == other.st_ino
    }

    private static func contents(of copy: String) throws(CheckpointError) -> CheckpointBackup {
        do {
            let connection = try Connection(path: copy, mode: .immutable)
            var status = stat()
            guard stat(copy, &status) == 0 else {
                throw CheckpointError(systemError: errno, operation: "look at", path: copy)
            }
            return CheckpointBackup(
                items: Int(try connection.integer("SELECT count(position) FROM item")),
                done: Int(try connection.integer("SELECT count(position) FROM item WHERE state = 'done'")),
                bytes: Int64(status.st_size)
            )
        } catch {
            throw CheckpointError(error, path: copy)
        }
    }

    static func refused(_ path: String, _ reason: String, advice: String) -> CheckpointError {
        CheckpointError(.cannotCreate, path: path, message: "cannot write \(path): \(reason)", advice: advice)
    }

    static func cannotCreate(_ error: FileError, _ path: String) -> CheckpointError {
        let told = CheckpointError(error, path: path)
        guard told.kind != .diskFull else { return told }
        return refused(
            path,
            String(cString: strerror(error.systemError)),
            advice: "name a file in a folder that may be written"
        )
    }
}
