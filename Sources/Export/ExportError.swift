#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The output cannot be written; what stood under its name before stands there still.
package struct ExportError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// No file could be made there.
        case cannotCreate
        /// A write failed half-way.
        case io
    }

    package let kind: Kind
    package let path: String
    /// What was tried, what happened and what to do.
    package let description: String

    init(_ kind: Kind, _ operation: String, _ path: String, _ systemError: Int32) {
        let advice =
            kind == .cannotCreate
            ? "check that the folder exists and may be written" : "make room or name another place, and export again"
        let problem = "cannot \(operation) \(path): \(String(cString: strerror(systemError)))"
        self.init(kind, path: path, "\(problem); \(advice)")
    }

    init(_ kind: Kind, path: String, _ description: String) {
        self.kind = kind
        self.path = path
        self.description = description
    }
}

/// Nobody reads the output any more, as after `| head`: no failure, but nothing is left to do.
package struct ExportEnd: Error, Sendable, Equatable {}
