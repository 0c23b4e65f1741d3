internal import Terminal

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The file of `--events`.
enum EventFile {
    /// Makes the file anew; it is open until the program ends.
    ///
    /// - Throws: A ``CommandFailure``: a run whose events somebody waits for had better not begin without them.
    static func open(_ path: String) throws -> TextOutput {
        let descriptor = creat(path)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw CommandFailure(.cannotCreateOutput, "cannot write events to \(path): \(reason)")
        }
        return TextOutput(descriptor: descriptor)
    }

    private static func creat(_ path: String) -> Int32 {
        #if canImport(Glibc)
            Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        #else
            Darwin.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        #endif
    }
}
