/// Writes gzip piece by piece, each piece readable as soon as it arrives.
///
/// Runs of one byte shrink to a hundredth and everything else stays about as long: enough to send compressed
/// streams, and small bodies that grow large.
struct GzipWriter {
    private var checksum: UInt32 = 0xFFFF_FFFF
    private var length: UInt32 = 0
    private var bits: UInt64 = 0
    private var bitCount = 0

    /// The bytes before the first piece.
    static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]

    /// One piece as a block of its own, flushed to a byte's border.
    mutating func compress(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 16)
        put(0b010, 3, into: &output)  // not the last block, fixed codes
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            var run = 1
            while run < 259, index + run < bytes.count, bytes[index + run] == byte {
                run += 1
            }
            add(byte, times: run)
            putLiteral(byte, into: &output)
            if run == 259 {
                putRunOf258(into: &output)
            } else {
                for _ in 1..<run {
                    putLiteral(byte, into: &output)
                }
            }
            index += run
        }
        put(0, 7, into: &output)  // end of block
        put(0b000, 3, into: &output)  // an empty stored block brings the stream to a byte's border
        align(into: &output)
        output += [0, 0, 0xFF, 0xFF]
        return output
    }

    /// The end of the stream, with the checksum of everything before.
    mutating func finish() -> [UInt8] {
        var output: [UInt8] = []
        put(0b011, 3, into: &output)
        put(0, 7, into: &output)
        align(into: &output)
        for value in [~checksum, length] {
            for shift in stride(from: 0, to: 32, by: 8) {
                output.append(UInt8(truncatingIfNeeded: value >> UInt32(shift)))
            }
        }
        return output
    }

    private mutating func add(_ byte: UInt8, times: Int) {
        for _ in 0..<times {
            checksum = Self.table[Int((checksum ^ UInt32(byte)) & 0xFF)] ^ (checksum >> 8)
        }
        length &+= UInt32(times)
    }

    /// Fixed Huffman codes of RFC 1951, section 3.2.6: 8 bits below 144, else 9; most significant bit first.
    private mutating func putLiteral(_ byte: UInt8, into output: inout [UInt8]) {
        if byte < 144 {
            put(Self.reversed(0x30 + UInt64(byte), 8), 8, into: &output)
        } else {
            put(Self.reversed(0x190 + UInt64(byte) - 144, 9), 9, into: &output)
        }
    }

    /// Repeats the byte before 258 times: length symbol 285, distance symbol 0.
    private mutating func putRunOf258(into output: inout [UInt8]) {
        put(Self.reversed(0xC5, 8), 8, into: &output)
        put(0, 5, into: &output)
    }

    private mutating func put(_ value: UInt64, _ count: Int, into output: inout [UInt8]) {
        bits |= value << UInt64(bitCount)
        bitCount += count
        while bitCount >= 8 {
            output.append(UInt8(truncatingIfNeeded: bits))
            bits >>= 8
            bitCount -= 8
        }
    }

    private mutating func align(into output: inout [UInt8]) {
        if bitCount > 0 {
            put(0, 8 - bitCount, into: &output)
        }
    }

    private static func reversed(_ value: UInt64, _ count: Int) -> UInt64 {
        var result: UInt64 = 0
        for bit in 0..<count where value & (1 << UInt64(bit)) != 0 {
            result |= 1 << UInt64(count - 1 - bit)
        }
        return result
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 0 ? value >> 1 : 0xEDB8_8320 ^ (value >> 1)
        }
    }
}
