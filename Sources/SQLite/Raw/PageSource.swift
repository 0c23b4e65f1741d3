#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The pages of a database file with what its log has committed over them, read as they are: SQLite has no part in it,
/// so that no damage keeps the rest from being read, and nothing is changed.
///
/// See https://sqlite.org/fileformat2.html for the formats.
struct PageSource: ~Copyable {
    let pageSize: Int
    let pageCount: Int
    private let descriptor: Int32
    private let log: Int32
    /// Where in the log the last committed version of a page begins.
    private let logged: [Int: Int]

    /// - Parameters:
    ///   - path: The database.
    ///   - defaultPageSize: What a page has if the header does not say.
    /// - Throws: A ``FileError`` if there is no file to read.
    init(path: String, defaultPageSize: Int) throws(FileError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", path) }
        log = open(path + "-wal", O_RDONLY | O_CLOEXEC)
        let header = Self.read(descriptor, at: 0, count: 100)
        let size = header.count == 100 ? header.bigEndian(at: 16, bytes: 2) : 0
        let isPlausible = size >= 512 && size <= 32_768 && size & (size - 1) == 0
        let pageSize = size == 1 ? 65_536 : isPlausible ? size : defaultPageSize
        let found = log >= 0 ? LogScan(log, pageSize: pageSize) : LogScan()
        logged = found.pages
        var status = stat()
        let bytes = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        self.pageSize = pageSize
        pageCount = max((bytes + pageSize - 1) / pageSize, found.pages.keys.max() ?? 0)
    }

    deinit {
        close(descriptor)
        if log >= 0 { close(log) }
    }

    /// A page, counted from 1; what cannot be read of it is zero.
    func page(_ number: Int) -> [UInt8] {
        var bytes: [UInt8]
        if let offset = logged[number] {
            bytes = Self.read(log, at: offset, count: pageSize)
        } else {
            bytes = Self.read(descriptor, at: (number - 1) * pageSize, count: pageSize)
        }
        if bytes.count < pageSize {
            bytes += [UInt8](repeating: 0, count: pageSize - bytes.count)
        }
        return bytes
    }

    /// Reads as much as there is; a sector that cannot be read is zero.
    fileprivate static func read(_ descriptor: Int32, at offset: Int, count: Int) -> [UInt8] {
        let sector = 512
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let wanted = count - done
            let got = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress.map { $0 + done }, wanted, off_t(offset + done))
            }
            if got > 0 {
                done += got
            } else if got == 0 {
                return Array(bytes[..<done])
            } else if errno == EINTR {
                continue
            } else {
                done = min(count, (done / sector + 1) * sector)
            }
        }
        return bytes
    }
}

/// The frames of a write-ahead log up to its last commit.
private struct LogScan {
    private static let headerBytes = 32
    private static let frameHeaderBytes = 24

    private(set) var pages: [Int: Int] = [:]

    init() {}

    init(_ descriptor: Int32, pageSize: Int) {
        let header = PageSource.read(descriptor, at: 0, count: Self.headerBytes)
        guard header.count == Self.headerBytes else { return }
        let magic = header.bigEndian(at: 0, bytes: 4)
        guard magic & ~1 == 0x377F_0682, header.bigEndian(at: 8, bytes: 4) == pageSize else { return }
        var sum = LogChecksum(isBigEndian: magic & 1 == 1)
        sum.add(header[0..<24])
        guard sum.equals(header[24..<32]) else { return }
        var uncommitted: [Int: Int] = [:]
        var offset = Self.headerBytes
        while true {
            let frame = PageSource.read(descriptor, at: offset, count: Self.frameHeaderBytes + pageSize)
            // A frame of an earlier log, or one that was being written, ends what counts.
            guard frame.count == Self.frameHeaderBytes + pageSize, frame[8..<16] == header[16..<24] else { return }
            sum.add(frame[0..<8])
            sum.add(frame[Self.frameHeaderBytes...])
            guard sum.equals(frame[16..<24]) else { return }
            uncommitted[frame.bigEndian(at: 0, bytes: 4)] = offset + Self.frameHeaderBytes
            if frame.bigEndian(at: 4, bytes: 4) != 0 {
                pages.merge(uncommitted) { $1 }
                uncommitted = [:]
            }
            offset += Self.frameHeaderBytes + pageSize
        }
    }
}

/// The running checksum of a log: two sums over pairs of 32-bit words.
private struct LogChecksum {
    private let isBigEndian: Bool
    private var first: UInt32 = 0
    private var second: UInt32 = 0

    init(isBigEndian: Bool) {
        self.isBigEndian = isBigEndian
    }

    mutating func add(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { buffer in
            for offset in stride(from: 0, to: buffer.count, by: 8) {
                first &+= word(buffer, offset) &+ second
                second &+= word(buffer, offset + 4) &+ first
            }
        }
    }

    func equals(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.withUnsafeBytes { buffer in
            UInt32(bigEndian: buffer.loadUnaligned(as: UInt32.self)) == first
                && UInt32(bigEndian: buffer.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) == second
        }
    }

    private func word(_ buffer: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
        let word = buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
    }
}

extension [UInt8] {
    /// A whole number without a sign.
    func bigEndian(at offset: Int, bytes count: Int) -> Int {
        self[offset..<(offset + count)].reduce(0) { $0 << 8 | Int($1) }
    }
}
