/// Hands a text to libyaml piece by piece, and knows afterwards in which line a byte stood.
///
/// libyaml gives only a byte offset when a text is not UTF-8; it reads ahead, so its own line would mislead.
final class YAMLFeed {
    /// Fills a buffer and returns the number of bytes; 0 at the end.
    typealias Reader = (UnsafeMutableRawBufferPointer) throws -> Int

    private let reader: Reader
    /// Why reading failed, once it has.
    private(set) var failure: String?
    /// The offset of the last piece in the text that libyaml sees, and where it begins.
    private var pieceOffset = 0
    private var pieceMark = YAMLMark(line: 1, column: 1)
    private var piece: [UInt8] = []
    private var isAtStart = true

    init(_ reader: @escaping Reader) {
        self.reader = reader
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        do {
            var count = try reader(buffer)
            if isAtStart {
                isAtStart = false
                count = try dropByteOrderMark(in: buffer, count: count)
            }
            pieceMark = place(ofByte: .max)
            pieceOffset += piece.count
            piece.removeAll(keepingCapacity: true)
            piece.append(contentsOf: buffer.prefix(count))
            return count
        } catch {
            failure = "\(error)"
            return 0
        }
    }

    /// The place of a byte in the last piece; the end of the piece for one behind it, its start for one before it.
    func place(ofByte offset: Int) -> YAMLMark {
        var mark = pieceMark
        var bytes = piece.prefix(max(0, min(offset, pieceOffset + piece.count) - pieceOffset))
        if let last = bytes.lastIndex(of: UInt8(ascii: "\n")) {
            mark = YAMLMark(line: mark.line + bytes.count { $0 == UInt8(ascii: "\n") }, column: 1)
            bytes = bytes[(last + 1)...]
        }
        mark.column += bytes.count { $0 & 0xC0 != 0x80 }
        return mark
    }

    private func dropByteOrderMark(in buffer: UnsafeMutableRawBufferPointer, count: Int) throws -> Int {
        var count = count
        while count > 0, count < 3, count < buffer.count {
            let more = try reader(UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            guard more > 0 else { break }
            count += more
        }
        guard count >= 3, buffer[0] == 0xEF, buffer[1] == 0xBB, buffer[2] == 0xBF else { return count }
        guard count > 3 else { return try reader(buffer) }
        buffer.copyBytes(from: Array(buffer[3..<count]))
        return count - 3
    }
}
