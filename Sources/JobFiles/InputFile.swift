#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Why a file cannot be read.
struct FileProblem: Error, Sendable, CustomStringConvertible {
    var message: String
    /// Whether the file is not there at all.
    var isMissing = false

    /// A failed system call: `PATH cannot be read: No such file or directory`.
    init(_ path: String, code: Int32) {
        message = "\(path) cannot be read: \(String(cString: strerror(code)))"
        isMissing = code == ENOENT || code == ENOTDIR
    }

    init(_ message: String, isMissing: Bool = false) {
        self.message = message
        self.isMissing = isMissing
    }

    var description: String { message }
}

/// What tells whether a file is still the same one with the same content.
struct FileStamp: Sendable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var modified: FileTime
    /// Of anything about it, such as its name or rights; whoever puts the time of modification back changes this one.
    var changed: FileTime
    /// Whether its last modification was long enough ago for another one to show in its time.
    var isSettled: Bool

    /// Whether it is the same file with the same content: others may have renamed it.
    func hasSameContent(as other: FileStamp) -> Bool {
        (device, inode, size) == (other.device, other.inode, other.size) && modified == other.modified
    }
}

struct FileTime: Sendable, Equatable {
    var seconds: Int
    var nanoseconds: Int
}

/// A file that is open for reading; closes itself.
final class InputFile {
    /// The file as messages name it.
    let name: String
    /// As it was when the file was opened; `nil` for a pipe or a terminal.
    let stamp: FileStamp?

    private let descriptor: Int32
    private let ownsDescriptor: Bool

    /// Opens a file.
    ///
    /// With `isRegular` nothing else is accepted, and nothing is waited for: a named pipe is refused at once.
    init(path: String, name: String, isRegular: Bool = true) throws(FileProblem) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (isRegular ? O_NONBLOCK : 0))
        guard descriptor >= 0 else { throw FileProblem(name, code: errno) }
        self.name = name
        self.descriptor = descriptor
        ownsDescriptor = true
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            stamp = nil
            throw FileProblem(name, code: errno)
        }
        stamp = status.st_mode & S_IFMT == S_IFREG ? FileStamp(status) : nil
        if stamp == nil, isRegular {
            let kind = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a device, pipe or socket"
            throw FileProblem("\(name) is \(kind), not a regular file")
        }
    }

    /// Reads from a descriptor that belongs to someone else, such as standard input.
    init(descriptor: Int32, name: String) {
        self.name = name
        self.descriptor = descriptor
        ownsDescriptor = false
        stamp = nil
    }

    deinit {
        if ownsDescriptor {
            close(descriptor)
        }
    }

    /// Fills a buffer as far as one system call does; 0 is the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileProblem) -> Int {
        while true {
            let count = systemRead(descriptor, buffer)
            if count >= 0 { return count }
            guard errno == EINTR else { throw FileProblem(name, code: errno) }
        }
    }

    /// Reads up to the end of the file.
    func readAll(limit: Int) throws(FileProblem) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try read(into: &piece)
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: piece[..<count])
            guard bytes.count <= limit else {
                throw FileProblem("\(name) is larger than \(limit >> 20) MiB")
            }
        }
    }

    func read(into buffer: inout [UInt8]) throws(FileProblem) -> Int {
        var result: Result<Int, FileProblem> = .success(0)
        buffer.withUnsafeMutableBytes { bytes in
            do throws(FileProblem) {
                result = .success(try read(into: bytes))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    /// Throws if the file is another one, or was written to, since a stamp was taken.
    func checkUnchanged(since stamp: FileStamp?) throws(FileProblem) {
        guard let stamp else { return }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileProblem(name, code: errno) }
        guard FileStamp(status).hasSameContent(as: stamp) else {
            throw FileProblem("\(name) changed while the job was being read; run again when nothing writes to it")
        }
    }
}

/// Inside the class, `read` is the method of that name.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}

extension FileStamp {
    /// File systems tell times to two seconds at worst.
    private static let settlingSeconds = 2

    fileprivate init(_ status: stat) {
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
        size = Int64(status.st_size)
        #if canImport(Darwin)
            modified = FileTime(status.st_mtimespec)
            changed = FileTime(status.st_ctimespec)
        #else
            modified = FileTime(status.st_mtim)
            changed = FileTime(status.st_ctim)
        #endif
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        isSettled = modified.seconds + Self.settlingSeconds < now.tv_sec
    }
}

extension FileTime {
    fileprivate init(_ time: timespec) {
        self.init(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }
}
