/// Writes compact JSON into a growing buffer; commas and quotes are its business, structure is the caller's.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(reserving capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    package var text: String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// Empties the buffer and keeps its memory for the next document.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    package mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        open(UInt8(ascii: "{"))
        try body(&self)
        close(UInt8(ascii: "}"))
    }

    package mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        open(UInt8(ascii: "["))
        try body(&self)
        close(UInt8(ascii: "]"))
    }

    /// Writes a member's name; the next call writes its value.
    ///
    /// - Parameter name: One of ours, of ASCII letters, digits and underscores: it is not searched for what needs escaping.
    package mutating func key(_ name: StaticString) {
        assert(name.withUTF8Buffer { $0.allSatisfy(Self.isWordByte) }, "\(name) may need escaping")
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// The same for a name that is not known before.
    package mutating func key(named name: String) {
        separate()
        appendQuoted(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    package mutating func member(_ name: StaticString, _ value: some BinaryInteger) {
        key(name)
        integer(value)
    }

    package mutating func member(_ name: StaticString, _ value: Double) {
        key(name)
        write(.number(JSONNumber(value)))
    }

    package mutating func member(_ name: StaticString, _ value: Bool) {
        key(name)
        literal(value ? "true" : "false")
    }

    package mutating func member(_ name: StaticString, _ value: JSONValue) {
        key(name)
        write(value)
    }

    package mutating func string(_ value: String) {
        separate()
        appendQuoted(value)
        needsComma = true
    }

    package mutating func integer(_ value: some BinaryInteger) {
        literal(String(value))
    }

    /// Writes text that is already JSON, for example digits, `null` or a value stored earlier.
    package mutating func literal(_ json: String) {
        separate()
        bytes.append(contentsOf: json.utf8)
        needsComma = true
    }

    /// Writes bytes that are already JSON.
    package mutating func literal(_ json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    /// Writes a string value whose content needs no escaping, such as base64.
    package mutating func unescapedString(_ content: some Sequence<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: content)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    package mutating func write(_ value: JSONValue, sortingNames: Bool = false) {
        switch value {
        case .null: literal("null")
        case .bool(let value): literal(value ? "true" : "false")
        case .number(let number): literal(number.digits)
        case .string(let value): string(value)
        case .array(let elements):
            array { writer in
                for element in elements {
                    writer.write(element, sortingNames: sortingNames)
                }
            }
        case .object(let members):
            object { writer in
                guard sortingNames, members.count > 1 else {
                    return writer.write(members, sortingNames: sortingNames)
                }
                writer.write(members.sorted { $0.name < $1.name }, sortingNames: true)
            }
        }
    }

    private mutating func write(_ members: some Sequence<JSONObject.Member>, sortingNames: Bool) {
        for member in members {
            key(named: member.name)
            write(member.value, sortingNames: sortingNames)
        }
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma {
            bytes.append(UInt8(ascii: ","))
        }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte >= 0x30 && byte <= 0x39 || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A
    }

    private mutating func appendQuoted(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { utf8 in
            var start = 0
            var index = 0
            while true {
                // U+2028 and U+2029 (E2 80 A8/A9) are legal in JSON, yet tools that read line by line break at them.
                index = PlainRun.end(in: utf8.span.bytes, from: index, orAt: 0xE2)
                guard index < utf8.count else { break }
                guard utf8[index] == 0xE2 else {
                    bytes.append(contentsOf: utf8[start..<index])
                    bytes.append(contentsOf: Self.escape(utf8[index]).utf8)
                    index += 1
                    start = index
                    continue
                }
                let isSeparator =
                    index + 2 < utf8.count && utf8[index + 1] == 0x80
                    && (utf8[index + 2] == 0xA8 || utf8[index + 2] == 0xA9)
                guard isSeparator else {
                    index += 1
                    continue
                }
                bytes.append(contentsOf: utf8[start..<index])
                bytes.append(contentsOf: (utf8[index + 2] == 0xA8 ? "\\u2028" : "\\u2029").utf8)
                index += 3
                start = index
            }
            bytes.append(contentsOf: utf8[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func escape(_ byte: UInt8) -> String {
        switch byte {
        case 0x22: "\\\""
        case 0x5C: "\\\\"
        case 0x0A: "\\n"
        case 0x0D: "\\r"
        case 0x09: "\\t"
        default: "\\u00" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16)
        }
    }
}
