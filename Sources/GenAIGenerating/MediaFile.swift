internal import BatchCore
internal import Crypto

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A local medium, read only while its request is in flight.
enum MediaFile {
    private static let pieceSize = 1 << 20

    /// Reads a file and makes sure that it is still the one the item was registered with.
    ///
    /// - Parameters:
    ///   - path: Absolute, links resolved.
    ///   - sha256: Of the bytes that the item's fingerprint covers, in hexadecimal.
    /// - Returns: The bytes.
    /// - Throws: ``GenerationError`` of class `media` if the file is gone or changed.
    static func read(_ path: String, sha256: String) throws(GenerationError) -> [UInt8] {
        var bytes: [UInt8] = []
        try withPieces(of: path) { piece in
            bytes.append(contentsOf: piece)
            return true
        }
        guard ItemFingerprint.hexadecimal(SHA256.hash(data: bytes)) == sha256 else { throw hasChanged(path) }
        return bytes
    }

    /// Makes sure that a file of any size is still the one the item was registered with; it is not held in memory.
    ///
    /// - Throws: ``GenerationError`` of class `media` if it is not, or `CancellationError`.
    static func check(_ path: String, sha256: String) throws {
        var hasher = SHA256()
        try withPieces(of: path) { piece in
            hasher.update(bufferPointer: piece)
            return !Task.isCancelled
        }
        try Task.checkCancellation()
        guard ItemFingerprint.hexadecimal(hasher.finalize()) == sha256 else { throw hasChanged(path) }
    }

    /// How large a file is, in bytes.
    ///
    /// - Throws: ``GenerationError`` of class `media` if it is gone.
    static func size(_ path: String) throws(GenerationError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure(path) }
        return Int(status.st_size)
    }

    static func hasChanged(_ path: String) -> GenerationError {
        GenerationError(.media, "\(path) has changed since the run began; run the job again to send the new one")
    }

    /// Reads a file piece by piece, for as long as the body wants to go on.
    private static func withPieces(
        of path: String,
        _ body: (UnsafeRawBufferPointer) -> Bool
    ) throws(GenerationError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 1)
        defer { buffer.deallocate() }
        while true {
            let count = Self.read(descriptor, buffer)
            guard count >= 0 else { throw failure(path) }
            guard count > 0, body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
        }
    }

    private static func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }

    private static func failure(_ path: String) -> GenerationError {
        GenerationError(.media, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
}
