/// Bytes of strings that JSON writes as they are: eight are looked at at a time, since strings are most of a document.
enum PlainRun {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The offset of the next quote, backslash or control character, or of one more byte that the caller looks out for;
    /// the end if there is none.
    @inline(__always)
    static func end(in bytes: RawSpan, from start: Int, orAt other: UInt8 = UInt8(ascii: "\"")) -> Int {
        let count = bytes.byteCount
        var index = start
        while index + 8 <= count {
            let loaded = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            let word = UInt64(littleEndian: loaded)
            // A control character is below 0x20; the lowest bit that is set is exact, those above it may be wrong.
            let found =
                (zeros(word ^ (ones &* 0x22)) | zeros(word ^ (ones &* 0x5C)) | zeros(word ^ (ones &* UInt64(other)))
                    | (word &- ones &* 0x20) & ~word) & highBits
            if found != 0 { return index + found.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < count {
            let byte = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self)
            if byte < 0x20 || byte == 0x22 || byte == 0x5C || byte == other { return index }
            index += 1
        }
        return index
    }

    /// Sets the high bit of each byte that is zero.
    @inline(__always)
    private static func zeros(_ word: UInt64) -> UInt64 {
        (word &- ones) & ~word
    }
}
