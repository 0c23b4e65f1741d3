#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Walks over one JSON document without building a tree: callers take the members they want and skip the rest.
///
/// Reading is linear in the input, never recurses deeper than ``maximumDepth``, and skipping checks the same grammar
/// as reading, so both agree on what is JSON. Invalid UTF-8 inside strings is repaired, not refused.
///
/// Public, though for this package alone: the compiler makes only public functions part of their callers in other
/// modules, and every chunk of every stream goes through this.
public struct JSONReader: ~Escapable {
    /// Deeper documents are refused, so that hostile input cannot exhaust the stack of a worker thread.
    package static let maximumDepth = 100

    @usableFromInline let bytes: Span<UInt8>
    /// The offset of the next byte to read.
    @usableFromInline package internal(set) var position = 0
    private var depth = 0
    /// Whether the last thing read was an opening bracket, so that no comma is due.
    var isAtStart = true
    /// Whether the string passed last has escapes, so that its bytes are not its content.
    @usableFromInline var hasEscapes = false

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    // MARK: Structure

    /// The first byte of the next value, which tells its kind; blanks before it are consumed.
    @inlinable
    @inline(__always)
    public mutating func peek() throws(JSONError) -> UInt8 {
        if position < bytes.count {
            let byte = bytes[unchecked: position]
            if byte > 0x20 { return byte }
        }
        return try byteAfterBlanks()
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
        let name = try passString()
        guard try peek() == UInt8(ascii: ":") else { throw JSONError("expected ':' after a name", at: position) }
        position += 1
        return name
    }

    /// Steps to the next element of the array begun last; `false` at its end.
    package mutating func nextElement() throws(JSONError) -> Bool {
        try advance(closing: UInt8(ascii: "]"))
    }

    /// Steps over whatever comes next, checking its grammar.
    ///
    /// - Returns: Where its bytes stand.
    @discardableResult
    package mutating func skipValue() throws(JSONError) -> Range<Int> {
        let first = try peek()
        let start = position
        switch first {
        case UInt8(ascii: "\""):
            _ = try passString()
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
        case UInt8(ascii: "t"):
            try expectLiteral("true")
        case UInt8(ascii: "f"):
            try expectLiteral("false")
        case UInt8(ascii: "n"):
            try expectLiteral("null")
        default:
            _ = try passNumber()
        }
        isAtStart = false
        return start..<position
    }

    package func expectEnd() throws(JSONError) {
        var index = position
        while index < bytes.count, Self.isBlank(bytes[index]) {
            index += 1
        }
        guard index == bytes.count else { throw JSONError("unexpected bytes after the document", at: index) }
    }

    // MARK: Bytes

    /// Steps over bytes if they are the next ones, whatever they mean.
    package mutating func skip(_ literal: Span<UInt8>) -> Bool {
        let end = position + literal.count
        guard end <= bytes.count, areEqual(bytes.extracting(position..<end), literal) else { return false }
        position = end
        return true
    }

    /// Steps over a string.
    ///
    /// - Returns: Where its content stands between the quotes.
    package mutating func skipString() throws(JSONError) -> Range<Int> {
        let content = try passString()
        isAtStart = false
        return content
    }

    /// Steps over an integer that is nothing but digits, at most nine.
    ///
    /// - Returns: `nil`, and nothing was stepped over, if something else stands there.
    package mutating func skipDigits() -> Int? {
        let limit = min(bytes.count, position + 9)
        var index = position
        var value = 0
        while index < limit {
            let digit = bytes[unchecked: index] &- 0x30
            guard digit <= 9 else { break }
            value = value &* 10 &+ Int(digit)
            index += 1
        }
        // What follows tells whether that was all of the number.
        let isWhole = index > position && index < bytes.count && Self.endsMember(bytes[unchecked: index])
        guard isWhole, bytes[unchecked: position] != 0x30 || index == position + 1 else { return nil }
        position = index
        isAtStart = false
        return value
    }

    private static func endsMember(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }

    // MARK: Steps

    @inline(__always)
    private mutating func open(_ bracket: UInt8, _ kind: StaticString) throws(JSONError) {
        guard try peek() == bracket else { throw JSONError("expected \(kind)", at: position) }
        depth += 1
        guard depth <= Self.maximumDepth else { throw JSONError("nested too deeply", at: position) }
        position += 1
        isAtStart = true
    }

    @inline(__always)
    private mutating func advance(closing bracket: UInt8) throws(JSONError) -> Bool {
        let next = try peek()
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

    /// The unusual case of ``peek()``: machines write JSON without blanks.
    @usableFromInline
    @inline(never)
    mutating func byteAfterBlanks() throws(JSONError) -> UInt8 {
        while position < bytes.count, Self.isBlank(bytes[position]) {
            position += 1
        }
        guard position < bytes.count else { throw JSONError("the document ends early", at: position) }
        return bytes[position]
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    mutating func expectLiteral(_ literal: StaticString) throws(JSONError) {
        let end = position + literal.utf8CodeUnitCount
        guard end <= bytes.count, spells(position..<end, literal) else {
            throw JSONError("expected a JSON value", at: position)
        }
        position = end
        isAtStart = false
    }

    /// Steps over a string and returns where its content stands between the quotes.
    @inline(__always)
    mutating func passString() throws(JSONError) -> Range<Int> {
        guard try peek() == UInt8(ascii: "\"") else { throw JSONError("expected a string", at: position) }
        let start = position + 1
        let end = PlainRun.end(in: bytes.bytes, from: start)
        if end < bytes.count, bytes[unchecked: end] == UInt8(ascii: "\"") {
            hasEscapes = false
            position = end + 1
            return unsafe Range(uncheckedBounds: (start, end))
        }
        return try passEscapedString(from: start, stoppedAt: end)
    }

    /// The rest of ``passString()`` for strings in which something else stands before the quote.
    @inline(never)
    private mutating func passEscapedString(from start: Int, stoppedAt stop: Int) throws(JSONError) -> Range<Int> {
        var index = stop
        hasEscapes = false
        while true {
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
            index = PlainRun.end(in: bytes.bytes, from: index)
        }
    }
}

/// Whether two pieces of memory say the same.
@inline(__always)
func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return left.withUnsafeBytes { left in
        right.withUnsafeBytes { right in
            guard let start = left.baseAddress, let other = right.baseAddress else { return true }
            return memcmp(start, other, left.count) == 0
        }
    }
}
