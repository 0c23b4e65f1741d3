#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What stands in the ranges of strings that were passed.
extension JSONReader {
    // MARK: Comparing

    /// Whether the name that ``nextKey()`` returned last is this one.
    @inlinable
    @inline(__always)
    public func matches(_ range: Range<Int>, _ name: StaticString) -> Bool {
        // Most names differ in their length already.
        guard range.upperBound &- range.lowerBound == name.utf8CodeUnitCount, !hasEscapes else {
            return hasEscapes && unescapedString(in: range) == name.description
        }
        return spells(range, name)
    }

    /// Whether bytes are those of a text of the same length; with a literal the compiler knows what to compare.
    @inlinable
    @inline(__always)
    func spells(_ range: Range<Int>, _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        let expected = UnsafeRawPointer(text.utf8Start)
        let found = bytes.bytes
        func differ<Word: FixedWidthInteger & BitwiseCopyable>(_ type: Word.Type, at offset: Int) -> Bool {
            let start = range.lowerBound &+ offset
            return unsafe found.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: type)
                != expected.loadUnaligned(fromByteOffset: offset, as: type)
        }
        var offset = 0
        while offset &+ 8 <= count {
            if differ(UInt64.self, at: offset) { return false }
            offset &+= 8
        }
        while offset < count {
            if differ(UInt8.self, at: offset) { return false }
            offset &+= 1
        }
        return true
    }

    /// Whether the string passed last, the range being its content, is this text.
    ///
    /// No overload of ``matches(_:_:)``: a literal would mean this one, which costs more.
    package func isText(_ text: String, at range: Range<Int>) -> Bool {
        guard !hasEscapes else { return unescapedString(in: range) == text }
        guard range.count == text.utf8.count else { return false }
        var text = text
        return text.withUTF8 { areEqual(bytes.extracting(range), $0.span) }
    }

    /// Whether the bytes of a range are these.
    package func bytes(in range: Range<Int>, are other: [UInt8]) -> Bool {
        areEqual(bytes.extracting(range), other.span)
    }

    // MARK: Copying

    /// The bytes of a range as text, as they stand.
    package func string(in range: Range<Int>) -> String {
        let slice = bytes.extracting(range)
        return slice.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    /// The name or string content in a range, escapes resolved.
    @usableFromInline
    package func unescapedString(in range: Range<Int>) -> String {
        guard nextBackslash(in: range) != nil else { return string(in: range) }
        var content: [UInt8] = []
        appendUnescaped(range, to: &content)
        return String(decoding: content, as: UTF8.self)
    }

    /// The bytes of a range as they stand.
    package func bytes(in range: Range<Int>) -> [UInt8] {
        var copy: [UInt8] = []
        append(range, to: &copy)
        return copy
    }

    /// Appends the bytes of a range as they stand.
    package func append(_ range: Range<Int>, to buffer: inout [UInt8]) {
        bytes.extracting(range).withUnsafeBufferPointer { buffer.append(contentsOf: $0) }
    }

    /// Appends the string content in a range, escapes resolved.
    package func appendUnescaped(_ range: Range<Int>, to buffer: inout [UInt8]) {
        var copied = range.lowerBound
        while let backslash = nextBackslash(in: copied..<range.upperBound) {
            append(copied..<backslash, to: &buffer)
            copied = appendEscape(at: backslash, to: &buffer)
        }
        append(copied..<range.upperBound, to: &buffer)
    }

    // MARK: Escapes

    func endOfEscape(at index: Int) throws(JSONError) -> Int {
        guard index + 1 < bytes.count else { throw JSONError("a string does not end", at: index) }
        switch bytes[index + 1] {
        case UInt8(ascii: "u"):
            guard codeUnit(at: index) != nil else { throw JSONError("broken \\u escape", at: index) }
            return index + 6
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return index + 2
        default:
            throw JSONError("unknown escape", at: index)
        }
    }

    private func nextBackslash(in range: Range<Int>) -> Int? {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            return memchr(base + range.lowerBound, 0x5C, range.count).map { UnsafeRawPointer($0) - base }
        }
    }

    /// The UTF-16 code unit of a `\uXXXX` escape that begins at an offset.
    private func codeUnit(at index: Int) -> UInt16? {
        guard index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var unit: UInt16 = 0
        for offset in 2..<6 {
            let digit: UInt8
            switch bytes[index + offset] {
            case let byte where byte >= 0x30 && byte <= 0x39: digit = byte - 0x30
            case let byte where byte >= 0x41 && byte <= 0x46: digit = byte - 0x37
            case let byte where byte >= 0x61 && byte <= 0x66: digit = byte - 0x57
            default: return nil
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// Appends what an escape stands for and returns the offset behind it; lone surrogates become U+FFFD.
    private func appendEscape(at index: Int, to buffer: inout [UInt8]) -> Int {
        guard bytes[index + 1] == UInt8(ascii: "u") else {
            buffer.append(Self.shortEscape(bytes[index + 1]))
            return index + 2
        }
        let unit = codeUnit(at: index) ?? 0xFFFD
        var end = index + 6
        var scalar = Unicode.Scalar(unit) ?? "\u{FFFD}"
        if UTF16.isLeadSurrogate(unit), let trail = codeUnit(at: end), UTF16.isTrailSurrogate(trail) {
            scalar = UTF16.decode(UTF16.EncodedScalar([unit, trail]))
            end += 6
        }
        buffer.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        return end
    }

    private static func shortEscape(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: byte
        }
    }
}
