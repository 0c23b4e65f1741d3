internal import SQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Why a checkpoint cannot be used, or no longer.
///
/// Whatever was not told to be saved before is not in the file.
package struct CheckpointError: Error, Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// Another process runs the job with this checkpoint.
        case inUse(LockHolder?)
        /// There is no file, and none was to be made.
        case missing
        /// A file of another program, or none of SQLite at all.
        case notACheckpoint
        case newerSchema(found: Int, known: Int)
        case damaged
        /// The file, its folder or its file system may not be written.
        case readOnly
        /// Locks and shared memory cannot be relied on there.
        case networkFileSystem
        case diskFull
        /// A file that was to be written stands there already, or cannot be made.
        case cannotCreate
        /// A system call failed, or the file was removed or replaced while it was in use.
        case io
        /// Another program kept the database locked for longer than the busy timeout.
        case busy
        /// Two items of the job have the same `id`.
        case duplicateKey(String, first: String, second: String)
        /// The checkpoint is for another part of its job than the one to be run.
        case otherShard
        /// Checkpoints that were to be merged are not of one job, or do not make up all of it.
        case notOneJob
        /// The command line names items that the job does not have.
        case unknownKeys([String])
        /// The checkpoint was closed, or has failed, before.
        case closed
    }

    package let kind: Kind
    /// The file that it is about.
    package let path: String
    /// What was tried and what happened.
    package let message: String
    /// What to do about it.
    package let advice: String

    package init(_ kind: Kind, path: String, message: String, advice: String) {
        self.kind = kind
        self.path = path
        self.message = message
        self.advice = advice
    }
}

extension CheckpointError: CustomStringConvertible {
    package var description: String {
        "\(message); \(advice)"
    }
}

extension CheckpointError {
    /// Says in a user's words what SQLite or the system said about a checkpoint.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as CheckpointError:
            self = error
        case let error as SQLiteError:
            self.init(error, path: path)
        case let error as FileError:
            self.init(systemError: error.systemError, operation: error.operation, path: error.path)
        case let error as DamagedCopy:
            self = .damaged(path: path, detail: error.detail)
        case let error as NewerSchema:
            self = .newerSchema(found: error.found, known: error.known, path: path)
        default:
            self.init(.io, path: path, message: "cannot use \(path): \(error)", advice: Self.resumeAdvice)
        }
    }

    init(_ error: SQLiteError, path: String) {
        switch error.code {
        case .corrupt:
            // SQLite takes a disk that cannot be read for a damaged file.
            if let systemError = CheckpointFile.readError(path) {
                self.init(systemError: systemError, operation: "read", path: path)
            } else {
                self = .damaged(path: path, detail: error.message)
            }
        case .notADatabase:
            self = .notACheckpoint(path: path, detail: "it is not an SQLite database, or its header is damaged")
        case .full:
            self = .diskFull(path: path)
        case .busy:
            self.init(
                .busy,
                path: path,
                message: "another program keeps \(path) locked",
                advice: "close it (an open sqlite3 shell, a backup) and run the same command again"
            )
        case .readOnly:
            self = .readOnly(path: path)
        case .inputOutput where !error.isSyncFailure && Self.fullDiskErrors.contains(error.systemError):
            // A quota, a limit on file size, or the index of the log: only of the file itself SQLite says "full".
            self = .diskFull(path: path)
        case .inputOutput where error.systemError == 0 && CheckpointFile.isAtSizeLimit(path):
            self = .diskFull(path: path)
        case .cannotOpen
        where Self.fullDiskErrors.contains(error.systemError) || CheckpointFile.hasNoMoreFiles(near: path):
            self = .diskFull(path: path)
        case .cannotOpen where Self.readOnlyErrors.contains(error.systemError):
            self = .readOnly(path: path)
        default:
            let message = "cannot use \(path): \(error.message) (SQLite error \(error.extendedCode))"
            self.init(.io, path: path, message: message, advice: Self.resumeAdvice)
        }
    }

    /// - Parameters:
    ///   - systemError: The `errno` of a call that failed.
    ///   - operation: What it was to do, for the message.
    ///   - path: The file or folder.
    init(systemError: Int32, operation: String, path: String) {
        if Self.fullDiskErrors.contains(systemError) {
            self = .diskFull(path: path)
        } else if Self.readOnlyErrors.contains(systemError) {
            self = .readOnly(path: path)
        } else {
            let reason = String(cString: strerror(systemError))
            self.init(.io, path: path, message: "cannot \(operation) \(path): \(reason)", advice: Self.resumeAdvice)
        }
    }

    private static let fullDiskErrors = [ENOSPC, EDQUOT, EFBIG]
    private static let readOnlyErrors = [EROFS, EACCES, EPERM]

    static let resumeAdvice = "what was saved before is safe; run the same command again to go on"

    static func missing(path: String) -> CheckpointError {
        CheckpointError(
            .missing,
            path: path,
            message: "there is no checkpoint at \(path)",
            advice: "`genbatch run JOB` makes one"
        )
    }

    /// What the checkpoint has is not what was told; found before or after a run.
    package static func outOfBalance(path: String, _ contradictions: [String]) -> CheckpointError {
        CheckpointError(
            .damaged,
            path: path,
            message: "\(path) does not hold what it should: \(contradictions.joined(separator: "; "))",
            advice: "another program may have written to it: restore it from a backup, or keep what it has with "
                + "`genbatch export` and run the job with another --db"
        )
    }

    static func notACheckpoint(path: String, detail: String) -> CheckpointError {
        CheckpointError(
            .notACheckpoint,
            path: path,
            message: "\(path) is not a checkpoint of genbatch: \(detail)",
            advice: "nothing was changed in it; name another file with --db, or restore it from a backup"
        )
    }

    static func damaged(path: String, detail: String) -> CheckpointError {
        CheckpointError(
            .damaged,
            path: path,
            message: "\(path) is damaged: \(detail)",
            advice: "restore it from a backup, or take out what is readable: genbatch salvage \(path) -o salvaged.db"
        )
    }

    static func newerSchema(found: Int, known: Int, path: String) -> CheckpointError {
        CheckpointError(
            .newerSchema(found: found, known: known),
            path: path,
            message: "\(path) was written by a newer genbatch (schema \(found), this one knows \(known))",
            advice: "use that version; nothing was changed in the file"
        )
    }

    static func readOnly(path: String) -> CheckpointError {
        CheckpointError(
            .readOnly,
            path: path,
            message: "\(path) may not be written",
            advice: "check the rights of the file and its folder, or name another place with --db"
        )
    }

    static func diskFull(path: String) -> CheckpointError {
        let free = CheckpointFile.freeSpace(near: path)
        return CheckpointError(
            .diskFull,
            path: path,
            message: "cannot write \(path): no space left, or a limit on file size or quota is reached (\(free))",
            advice: "make room; \(resumeAdvice)"
        )
    }

    static func belowFloor(free: Int64, floor: Int64, path: String) -> CheckpointError {
        CheckpointError(
            .diskFull,
            path: path,
            message: "no space left to write \(path): \(free) bytes free, and \(floor) are left free for safety",
            advice: "make room; \(resumeAdvice)"
        )
    }

    static func networkFileSystem(_ name: String, path: String) -> CheckpointError {
        CheckpointError(
            .networkFileSystem,
            path: path,
            message: "\(path) is on a network file system (\(name)), where a checkpoint can be damaged",
            advice: "name a file on a disk of this machine with --db; "
                + "if no other machine uses the folder meanwhile, --allow-network-fs goes on"
        )
    }

    static func closed(path: String) -> CheckpointError {
        CheckpointError(
            .closed,
            path: path,
            message: "\(path) was closed before this could be saved",
            advice: resumeAdvice
        )
    }
}
