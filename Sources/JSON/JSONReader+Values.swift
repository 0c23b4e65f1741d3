/// Values that are read as what they are.
extension JSONReader {
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

    package mutating func readString() throws(JSONError) -> String {
        let content = try passString()
        isAtStart = false
        return hasEscapes ? unescapedString(in: content) : string(in: content)
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

    // MARK: Numbers

    package mutating func readNumber() throws(JSONError) -> JSONNumber {
        let range = try passNumber()
        isAtStart = false
        return JSONNumber(digits: string(in: range))
    }

    /// Reads a count: a 32-bit integer that is not negative; anything else is stepped over.
    package mutating func readCount() throws(JSONError) -> Int? {
        try readValue().int64.flatMap { Int32(exactly: $0) }.flatMap { $0 >= 0 ? Int($0) : nil }
    }

    /// Steps over a number and returns where it stands.
    mutating func passNumber() throws(JSONError) -> Range<Int> {
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
