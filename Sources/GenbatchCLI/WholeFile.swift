#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Small files that others read at any time: each appears under its name only when it is whole.
enum WholeFile {
    /// Replaces a file.
    ///
    /// - Parameters:
    ///   - text: What it is to hold.
    ///   - path: Where; the folder must be there.
    ///   - mode: Its rights, whatever the umask.
    /// - Throws: A ``CommandFailure`` if it cannot be written; what stood there before stands there still.
    static func write(_ text: String, to path: String, mode: mode_t) throws {
        // In the same folder, since a rename does not cross file systems.
        let temporary = "\(path).partial-\(getpid())"
        unlink(temporary)
        let descriptor = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw failure("create", path, .cannotCreateOutput) }
        guard fchmod(descriptor, mode) == 0, writeAll(text, to: descriptor), close(descriptor) == 0,
            rename(temporary, path) == 0
        else {
            let failure = failure("write", path, .inputOutputError)
            unlink(temporary)
            throw failure
        }
    }

    /// The text of a file; `nil` if it cannot be read.
    static func read(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
    }

    /// Makes a folder, and those above it, for their owner alone where they are missing.
    static func createFolder(_ path: String) throws {
        guard access(path, F_OK) != 0 else { return }
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        if !parent.isEmpty { try createFolder(parent) }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw failure("create the folder", path, .cannotCreateOutput)
        }
    }

    private static func writeAll(_ text: String, to descriptor: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        var position: off_t = 0
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, position) }
            guard count > 0 || errno == EINTR else { return false }
            rest = rest.dropFirst(max(0, count))
            position += off_t(max(0, count))
        }
        return true
    }

    private static func failure(_ operation: String, _ path: String, _ status: ExitStatus) -> CommandFailure {
        CommandFailure(status, "cannot \(operation) \(path): \(String(cString: strerror(errno)))")
    }
}
