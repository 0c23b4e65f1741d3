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
        let bytes = try readAll(path)
        guard ItemFingerprint.hexadecimal(SHA256.hash(data: bytes)) == sha256 else {
            throw GenerationError(
                .media,
                "\(path) has changed since the run began; run the job again to send the new one"
            )
        }
        return bytes
    }

    private static func readAll(_ path: String) throws(GenerationError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while true {
            let before = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: pieceSize))
            let count = bytes.withUnsafeMutableBytes { buffer in
                Self.read(descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[before...]))
            }
            bytes.removeLast(pieceSize - max(count, 0))
            guard count >= 0 else { throw failure(path) }
            if count == 0 { return bytes }
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
