internal import SQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Why the ledger cannot be used, or not now.
package struct LedgerError: Error, Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// A file of another program, or none of SQLite at all.
        case notALedger
        case newerSchema
        case damaged
        /// The file, its folder or its file system may not be written.
        case readOnly
        case diskFull
        /// Another program kept it locked for longer than the busy timeout.
        case busy
        case io
    }

    package let kind: Kind
    /// What was tried and what happened.
    package let message: String
    /// What to do about it.
    package let advice: String

    init(_ kind: Kind, _ message: String, advice: String) {
        self.kind = kind
        self.message = message
        self.advice = advice
    }
}

extension LedgerError: CustomStringConvertible {
    package var description: String { "\(message); \(advice)" }
}

extension LedgerError {
    /// Says in a user's words what SQLite or the system said about the ledger.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as LedgerError:
            self = error
        case let error as SQLiteError:
            self.init(error, path: path)
        case let error as FileError:
            self.init(systemError: error.systemError, operation: error.operation, path: error.path)
        case let error as NewerSchema:
            self.init(
                .newerSchema,
                "the quota ledger \(path) was written by a newer genbatch (version \(error.found), known: \(error.known))",
                advice: "update this program"
            )
        default:
            self.init(.io, "cannot use the quota ledger \(path): \(error)", advice: Self.usualAdvice)
        }
    }

    private init(_ error: SQLiteError, path: String) {
        switch error.code {
        case .corrupt:
            self = .damaged(path: path, detail: error.message)
        case .notADatabase:
            self = .notALedger(path: path, detail: "it is not an SQLite database, or its header is damaged")
        case .busy:
            self.init(
                .busy,
                "another program keeps the quota ledger \(path) locked",
                advice: "close it (an open sqlite3 shell, a backup)"
            )
        case .full:
            self.init(systemError: ENOSPC, operation: "write", path: path)
        case .readOnly where error.isMoved:
            self.init(
                .io,
                "the quota ledger \(path) was removed or replaced while it was in use",
                advice: "the next run uses what is there then, or makes a new one"
            )
        case .readOnly:
            self.init(.readOnly, "cannot write the quota ledger \(path): \(error.message)", advice: Self.usualAdvice)
        case .cannotOpen where error.systemError != 0, .inputOutput where error.systemError != 0:
            self.init(systemError: error.systemError, operation: "use", path: path)
        default:
            let message = "cannot use the quota ledger \(path): \(error.message) (SQLite error \(error.extendedCode))"
            self.init(.io, message, advice: Self.usualAdvice)
        }
    }

    /// - Parameters:
    ///   - systemError: The `errno` of a call that failed.
    ///   - operation: What it was to do, for the message.
    ///   - path: The file or folder.
    init(systemError: Int32, operation: String, path: String) {
        let message = "cannot \(operation) the quota ledger \(path): \(String(cString: strerror(systemError)))"
        switch systemError {
        case ENOSPC, EDQUOT, EFBIG: self.init(.diskFull, message, advice: "make room")
        case EROFS, EACCES, EPERM: self.init(.readOnly, message, advice: Self.usualAdvice)
        default: self.init(.io, message, advice: Self.usualAdvice)
        }
    }

    private static let usualAdvice = "check its rights, or set XDG_STATE_HOME to a folder that can be written"

    static func notALedger(path: String, detail: String) -> LedgerError {
        LedgerError(.notALedger, "\(path) is no quota ledger: \(detail)", advice: moveAway(path))
    }

    static func damaged(path: String, detail: String) -> LedgerError {
        LedgerError(.damaged, "the quota ledger \(path) is damaged: \(detail)", advice: moveAway(path))
    }

    private static func moveAway(_ path: String) -> String {
        "move it away (`mv \(path) \(path).old`): limits are learned anew then, and spending is counted from 0"
    }
}
