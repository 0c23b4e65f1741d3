#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What is uploaded: bytes in memory, or a file that is read piece by piece.
struct UploadSource: Sendable {
    private enum Storage {
        case bytes([UInt8])
        case file(OpenFile)
    }

    private let storage: Storage
    /// The bytes in all.
    let count: Int

    init(_ bytes: [UInt8]) {
        storage = .bytes(bytes)
        count = bytes.count
    }

    /// Opens a file.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` with the path and the system's reason.
    init(path: String) throws(GenAIError) {
        let file = try OpenFile(path)
        storage = .file(file)
        count = file.size
    }

    /// The bytes at some place.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if a file cannot be read, or is shorter than it was.
    func read(_ range: Range<Int>) throws(GenAIError) -> [UInt8] {
        switch storage {
        case .bytes(let bytes): Array(bytes[range])
        case .file(let file): try file.read(range)
        }
    }
}

/// A file open for reading; closed when it is let go of.
private final class OpenFile: Sendable {
    let size: Int
    private let path: String
    private let descriptor: Int32

    init(_ path: String) throws(GenAIError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("open", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let failure = Self.failure("look at", path)
            close(descriptor)
            throw failure
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .invalidCall("cannot upload \(path): it is not a regular file")
        }
        self.path = path
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    deinit {
        close(descriptor)
    }

    func read(_ range: Range<Int>) throws(GenAIError) -> [UInt8] {
        var failure: GenAIError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            while count < range.count {
                let place = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                let got = pread(descriptor, place.baseAddress, place.count, off_t(range.lowerBound + count))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    failure =
                        got < 0
                        ? Self.failure("read", path)
                        : .invalidCall("cannot upload \(path): it became shorter meanwhile; upload it anew")
                    return
                }
                count += got
            }
        }
        if let failure { throw failure }
        return bytes
    }

    private static func failure(_ verb: String, _ path: String) -> GenAIError {
        .invalidCall("cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
