#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Walks over one JSON document without building a tree: callers take the members they want and skip the rest.
///
/// Reading is linear in the input, never recurses deeper than ``maximumDepth``, and skipping checks the same grammar
/// as reading, so both agree on what is JSON. Invalid UTF-8 inside strings is repaired, not refused.
package struct JSONReader: ~Escapable {
    /// Deeper documents are refused, so that hostile input cannot exhaust the stack of a worker thread.
    package static let maximumDepth = 100

    @usableFromInline let bytes: Span<UInt8>
    /// The offset of the next byte to read.
    package private(set) var position = 0
    private var depth = 0
    /// Whether the last thing read was an opening bracket, so that no comma is due.
    private var isAtStart = true
    /// Whether the string passed last has escapes, so that its bytes are not its content.
    @usableFromInline var hasEscapes = false

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    // MARK: Structure

    /// The first byte of the next value, which tells its kind; blanks before it are consumed.
    package mutating func peek() throws(JSONError) -> UInt8 {
        try nextByte()
    }

    package mutating func beginObject() throws(JSONError) {
        try open(UInt8(ascii: "{"), "an object")
    }

    package mutating func beginArray() throws(JSONError) {
        try open(UInt8(ascii: "["), "an array")
    }

    /// Steps to the next member of the object begun last.
    ///
    /// - Returns: Where the bytes of its name stand between the quotes, escapes included; `nil` at the end of the object.
    package mutating func nextKey() throws(JSONError) -> Range<Int>? {
        guard try advance(closing: UInt8(ascii: "}")) else { return nil }
        let name = try skipString()
        guard try nextByte() == UInt8(ascii: ":") else { throw JSONError("expected ':' after a name", at: position) }
        position += 1
        return name
    }

    /// Steps to the next element of the array begun last; `false` at its end.
    package mutating func nextElement() throws(JSONError) -> Bool {
        try advance(closing: UInt8(ascii: "]"))
    }

    /// Whether the name that ``nextKey()`` returned last is this one.
    @inlinable @inline(__always)
    package func matches(_ range: Range<Int>, _ name: StaticString) -> Bool {
        // Inlined, because most names differ in their length already.
        if range.count != name.utf8CodeUnitCount, !hasEscapes { return false }
        return hasEscapes ? unescapedString(in: range) == name.description : spells(range, name)
    }

    /// Whether the string passed last, the range being its content, is this text.
    ///
    /// No overload of ``matches(_:_:)``: a literal would mean this one, which costs more.
    package func isText(_ text: String, at range: Range<Int>) -> Bool {
        guard !hasEscapes else { return unescapedString(in: range) == text }
        guard range.count == text.utf8.count else { return false }
        var text = text
        return text.withUTF8 { equals(range, $0) }
    }

    @usableFromInline
    func spells(_ range: Range<Int>, _ text: StaticString) -> Bool {
        equals(range, UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private func equals(_ range: Range<Int>, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard range.count == text.count, let text = text.baseAddress else { return range.isEmpty && text.isEmpty }
        return bytes.withUnsafeBufferPointer { buffer in
            guard let base = UnsafeBufferPointer(rebasing: buffer[range]).baseAddress else { return false }
            return memcmp(base, text, range.count) == 0
        }
    }

    package func expectEnd() throws(JSONError) {
        var index = position
        while index < bytes.count, Self.isBlank(bytes[index]) {
            index += 1
        }
        guard index == bytes.count else { throw JSONError("unexpected bytes after the document", at: index) }
    }

    // MARK: Scalars

    package mutating func readString() throws(JSONError) -> String {
        let content = try skipString()
        isAtStart = false
        return hasEscapes ? unescapedString(in: content) : string(in: content)
    }

    /// Reads a string and appends its UTF-8 bytes, escapes resolved.
    package mutating func appendString(to buffer: inout [UInt8]) throws(JSONError) {
        appendUnescaped(try skipString(), to: &buffer)
        isAtStart = false
    }

    package mutating func readBool() throws(JSONError) -> Bool {
        let start = position
        switch try peek() {
        case UInt8(ascii: "t"):
            try expectLiteral("true")
            return true
        case UInt8(ascii: "f"):
            try expectLiteral("false")
            return false
        default:
            throw JSONError("expected true or false", at: start)
        }
    }

    /// Reads an integer, also when it is written as a string or with a zero fraction.
    package mutating func readInt64() throws(JSONError) -> Int64 {
        let start = position
        let value = try peek() == UInt8(ascii: "\"") ? Int64(try readString()) : try readNumber().int64
        guard let value else { throw JSONError("expected an integer", at: start) }
        return value
    }

    /// Reads a count: a 32-bit integer that is not negative; anything else is stepped over.
    package mutating func readCount() throws(JSONError) -> Int? {
        _ = try peek()
        var index = position
        var value = 0
        // 9 digits fit; what follows them tells whether that was all of the number.
        while index < bytes.count, index < position + 9, bytes[index] >= 0x30, bytes[index] <= 0x39 {
            value = value * 10 + Int(bytes[index] - 0x30)
            index += 1
        }
        let isWhole = index > position && index < bytes.count && Self.endsMember(bytes[index])
        guard isWhole, bytes[position] != 0x30 || index == position + 1 else {
            return try readValue().int64.flatMap { Int32(exactly: $0) }.flatMap { $0 >= 0 ? Int($0) : nil }
        }
        position = index
        isAtStart = false
        return value
    }

    package mutating func readNumber() throws(JSONError) -> JSONNumber {
        let range = try skipNumber()
        isAtStart = false
        return JSONNumber(digits: string(in: range))
    }

    /// Reads whatever comes next as a tree.
    package mutating func readValue() throws(JSONError) -> JSONValue {
        switch try peek() {
        case UInt8(ascii: "{"):
            var members = JSONObject()
            try beginObject()
            while let name = try nextKey() {
                members.append(unescapedString(in: name), try readValue())
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try beginArray()
            while try nextElement() {
                elements.append(try readValue())
            }
            return .array(elements)
        case UInt8(ascii: "\""):
            return .string(try readString())
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            return .bool(try readBool())
        case UInt8(ascii: "n"):
            try expectLiteral("null")
            return .null
        default:
            return .number(try readNumber())
        }
    }

    /// Steps over whatever comes next, checking its grammar.
    ///
    /// - Returns: Where its bytes stand.
    @discardableResult
    package mutating func skipValue() throws(JSONError) -> Range<Int> {
        let first = try nextByte()
        let start = position
        switch first {
        case UInt8(ascii: "{"):
            try beginObject()
            while try nextKey() != nil {
                try skipValue()
            }
        case UInt8(ascii: "["):
            try beginArray()
            while try nextElement() {
                try skipValue()
            }
        case UInt8(ascii: "\""):
            _ = try skipString()
        case UInt8(ascii: "t"):
            try expectLiteral("true")
        case UInt8(ascii: "f"):
            try expectLiteral("false")
        case UInt8(ascii: "n"):
            try expectLiteral("null")
        default:
            _ = try skipNumber()
        }
        isAtStart = false
        return start..<position
    }

    // MARK: Bytes

    /// The bytes of a range as text, as they stand.
    package func string(in range: Range<Int>) -> String {
        let slice = bytes.extracting(range)
        return slice.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    /// The name or string content in a range, escapes resolved.
    package func unescapedString(in range: Range<Int>) -> String {
        guard nextBackslash(in: range) != nil else { return string(in: range) }
        var content: [UInt8] = []
        appendUnescaped(range, to: &content)
        return String(decoding: content, as: UTF8.self)
    }

    @inline(__always)
    private mutating func open(_ bracket: UInt8, _ kind: StaticString) throws(JSONError) {
        guard try nextByte() == bracket else { throw JSONError("expected \(kind)", at: position) }
        depth += 1
        guard depth <= Self.maximumDepth else { throw JSONError("nested too deeply", at: position) }
        position += 1
        isAtStart = true
    }

    @inline(__always)
    private mutating func advance(closing bracket: UInt8) throws(JSONError) -> Bool {
        let next = try nextByte()
        if next == bracket {
            position += 1
            depth -= 1
            isAtStart = false
            return false
        }
        if !isAtStart {
            guard next == UInt8(ascii: ",") else { throw JSONError("expected ','", at: position) }
            position += 1
        }
        return true
    }

    /// As ``peek()``, and part of its caller: it is asked for several times for each value.
    @inline(__always)
    private mutating func nextByte() throws(JSONError) -> UInt8 {
        if position < bytes.count {
            let byte = bytes[position]
            if byte > 0x20 { return byte }
        }
        return try byteAfterBlanks()
    }

    /// The unusual case of ``nextByte()``: machines write JSON without blanks.
    @inline(never)
    private mutating func byteAfterBlanks() throws(JSONError) -> UInt8 {
        while position < bytes.count, Self.isBlank(bytes[position]) {
            position += 1
        }
        guard position < bytes.count else { throw JSONError("the document ends early", at: position) }
        return bytes[position]
    }

    private static func endsMember(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private mutating func expectLiteral(_ literal: StaticString) throws(JSONError) {
        let end = position + literal.utf8CodeUnitCount
        guard end <= bytes.count, spells(position..<end, literal) else {
            throw JSONError("expected a JSON value", at: position)
        }
        position = end
        isAtStart = false
    }

    /// Steps over a string and returns where its content stands between the quotes.
    private mutating func skipString() throws(JSONError) -> Range<Int> {
        guard try nextByte() == UInt8(ascii: "\"") else { throw JSONError("expected a string", at: position) }
        let start = position + 1
        var index = start
        hasEscapes = false
        while true {
            index = PlainRun.end(in: bytes.bytes, from: index)
            guard index < bytes.count else { throw JSONError("a string does not end", at: start - 1) }
            switch bytes[index] {
            case UInt8(ascii: "\""):
                position = index + 1
                return start..<index
            case UInt8(ascii: "\\"):
                index = try endOfEscape(at: index)
                hasEscapes = true
            default:
                throw JSONError("control character in a string", at: index)
            }
        }
    }

    private func endOfEscape(at index: Int) throws(JSONError) -> Int {
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

    /// The bytes of a range as they stand.
    package func bytes(in range: Range<Int>) -> [UInt8] {
        var copy: [UInt8] = []
        append(range, to: &copy)
        return copy
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

    private func nextBackslash(in range: Range<Int>) -> Int? {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            return memchr(base + range.lowerBound, 0x5C, range.count).map { UnsafeRawPointer($0) - base }
        }
    }

    /// Appends the bytes of a range as they stand.
    package func append(_ range: Range<Int>, to buffer: inout [UInt8]) {
        bytes.extracting(range).withUnsafeBufferPointer { buffer.append(contentsOf: $0) }
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

    private mutating func skipNumber() throws(JSONError) -> Range<Int> {
        _ = try peek()
        let start = position
        var index = start
        func digits(_ bytes: Span<UInt8>) -> Bool {
            let first = index
            while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 {
                index += 1
            }
            return index > first
        }
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        let firstDigit = index
        guard digits(bytes), bytes[firstDigit] != 0x30 || index == firstDigit + 1 else {
            throw JSONError("expected a JSON value", at: start)
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            guard digits(bytes) else { throw JSONError("a number ends with '.'", at: index) }
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: "e") || bytes[index] == UInt8(ascii: "E") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            guard digits(bytes) else { throw JSONError("a number has an empty exponent", at: index) }
        }
        position = index
        return start..<index
    }
}
