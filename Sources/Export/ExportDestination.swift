#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Where an export goes: standard output, or a file that appears under its name only when it is whole.
///
/// Writes are collected and each is checked; ``finish()`` ends it. A destination that is dropped without that leaves no
/// file behind, and what stood under the name before stands there still.
package final class ExportDestination {
    private static let bufferSize = 1 << 16

    private let descriptor: Int32
    /// For messages.
    private let path: String
    /// `nil` for a stream.
    private let temporaryPath: String?
    private var buffer: [UInt8] = []
    private var isFinished = false

    /// Whether it is no file of its own, so that nothing can stand beside it.
    package var isStream: Bool { temporaryPath == nil }

    /// Standard output.
    package static func standardOutput() -> ExportDestination {
        ExportDestination(stream: STDOUT_FILENO, name: "standard output")
    }

    /// A file that replaces the one of its name at the end, readable by its owner alone.
    ///
    /// - Parameter path: A link is followed, so that what it points to is replaced and the link stays. A terminal, a pipe
    ///   or a device is written as the stream that it is.
    /// - Returns: A destination that has made nothing visible yet.
    /// - Throws: An ``ExportError``.
    package static func file(_ path: String) throws(ExportError) -> ExportDestination {
        try file(path, createsFolder: false)
    }

    /// The same, making the folder of the file, for its owner alone, where that is wanted and it is missing.
    package static func file(_ path: String, createsFolder: Bool) throws(ExportError) -> ExportDestination {
        if createsFolder {
            try createFolder(folder(of: path))
        }
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw ExportError(.cannotCreate, "open", path, errno) }
            return ExportDestination(stream: descriptor, name: path)
        }
        return try ExportDestination(replacing: resolved(path))
    }

    /// - Parameters:
    ///   - stream: A descriptor to write to; closed at the end unless it is one of the standard three.
    ///   - name: What to call it in messages.
    init(stream: Int32, name: String) {
        descriptor = stream
        path = name
        temporaryPath = nil
        buffer.reserveCapacity(2 * Self.bufferSize)
    }

    private init(replacing path: String) throws(ExportError) {
        // In the same folder, since a rename does not cross file systems.
        let temporary = "\(path).partial-\(getpid())"
        unlink(temporary)
        let opened = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard opened >= 0 else { throw ExportError(.cannotCreate, "create", path, errno) }
        descriptor = opened
        self.path = path
        temporaryPath = temporary
        buffer.reserveCapacity(2 * Self.bufferSize)
    }

    deinit {
        if descriptor > STDERR_FILENO {
            close(descriptor)
        }
        if let temporaryPath, !isFinished {
            unlink(temporaryPath)
        }
    }

    /// Adds bytes.
    ///
    /// - Throws: An ``ExportError``, or ``ExportEnd`` if the reader of a pipe has gone.
    package func write(_ bytes: [UInt8]) throws {
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.bufferSize {
            try flush()
        }
    }

    /// Writes what is left, and gives a file its name once its bytes and then its name are on the disk.
    ///
    /// - Throws: As ``write(_:)``.
    package func finish() throws {
        try flush()
        guard let temporaryPath else { return }
        guard fsync(descriptor) == 0 else { throw ExportError(.io, "synchronize", path, errno) }
        guard rename(temporaryPath, path) == 0 else { throw ExportError(.cannotCreate, "replace", path, errno) }
        isFinished = true
        let folder = open(Self.folder(of: path), O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { throw ExportError(.io, "open the folder of", path, errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw ExportError(.io, "synchronize the folder of", path, errno) }
    }

    /// Hands on what has been collected.
    ///
    /// - Throws: As ``write(_:)``.
    package func flush() throws {
        var start = 0
        while start < buffer.count {
            let written = buffer[start...].withUnsafeBytes { writeBytes(descriptor, $0.baseAddress, $0.count) }
            if written >= 0 {
                start += written
                continue
            }
            switch errno {
            case EINTR: continue
            case EPIPE: throw ExportEnd()
            case let error: throw ExportError(.io, "write", path, error)
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Looks whether a pipe is still read, which only a write would tell otherwise.
    ///
    /// - Throws: ``ExportEnd`` if it is not.
    package func checkReader() throws(ExportEnd) {
        var state = pollfd(fd: descriptor, events: 0, revents: 0)
        if poll(&state, 1, 0) > 0, state.revents & Int16(POLLERR) != 0 {
            throw ExportEnd()
        }
    }

    private static func createFolder(_ path: String) throws(ExportError) {
        var status = stat()
        guard stat(path, &status) != 0 else { return }
        try createFolder(folder(of: path))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw ExportError(.cannotCreate, "create", path, errno)
        }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}

/// The system's `write`, which the method of that name would hide.
func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
