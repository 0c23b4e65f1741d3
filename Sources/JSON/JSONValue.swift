/// One JSON value, kept exactly as it was written: members keep their order and numbers keep their digits.
///
/// Unknown members of a response survive in this form, and 64-bit integers do not lose digits on the way through.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// A JSON number as its digits, read as `Int64` or `Double` on demand.
public struct JSONNumber: Sendable, Hashable {
    /// The number as JSON writes it, for example `40`, `-0.5` or `1e9`.
    public let digits: String

    /// Keeps digits that are known to follow the JSON grammar.
    package init(digits: String) {
        self.digits = digits
    }

    public init(_ value: some BinaryInteger) {
        digits = String(value)
    }

    /// - Parameter value: A finite number; JSON has no spelling for the others, which become `null` digits.
    public init(_ value: Double) {
        guard value.isFinite else {
            digits = "null"
            return
        }
        digits = value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    /// The number as an integer; `nil` if it has a fraction or does not fit.
    public var int64: Int64? {
        Int64(digits) ?? Double(digits).flatMap { Int64(exactly: $0) }
    }

    public var double: Double? {
        Double(digits)
    }
}

/// The members of a JSON object in the order they were written.
///
/// Of two members with one name the later one counts.
public struct JSONObject: Sendable {
    public typealias Member = (name: String, value: JSONValue)

    private var members: [Member] = []

    public init() {}

    public init(_ members: some Sequence<Member>) {
        self.members.reserveCapacity(members.underestimatedCount)
        for member in members {
            self[member.name] = member.value
        }
    }

    public var keys: [String] { members.map(\.name) }

    public subscript(name: String) -> JSONValue? {
        get {
            members.last { $0.name == name }?.value
        }
        set {
            switch (members.lastIndex { $0.name == name }, newValue) {
            case (let index?, let value?):
                members[index].value = value
            case (let index?, nil):
                members.remove(at: index)
            case (nil, let value?):
                members.append((name, value))
            case (nil, nil):
                break
            }
        }
    }

    /// Adds a member without looking for an earlier one of that name: linear for hostile documents too.
    package mutating func append(_ name: String, _ value: JSONValue) {
        members.append((name, value))
    }

    /// This object with the members of `other` laid over it, key by key (not recursively).
    public func merging(_ other: JSONObject) -> JSONObject {
        var merged = self
        for member in other {
            merged[member.name] = member.value
        }
        return merged
    }
}

extension JSONObject: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { members.count }
    public subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Hashable {
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.elementsEqual(right.members) { $0.name == $1.name && $0.value == $1.value }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(members.count)
        for member in members {
            hasher.combine(member.name)
            hasher.combine(member.value)
        }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements.lazy.map { (name: $0.0, value: $0.1) })
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    public init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.lazy.map { (name: $0.0, value: $0.1) }))
    }
}

extension JSONValue {
    /// Reads one JSON document.
    ///
    /// - Throws: A ``JSONError`` with the byte offset if the text is not one whole JSON document.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// Reads one JSON document from UTF-8 bytes; invalid sequences become U+FFFD.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes.span)
        self = try reader.readValue()
        try reader.expectEnd()
    }

    /// The value as compact JSON, members in their own order.
    public var text: String {
        var writer = JSONWriter()
        writer.write(self)
        return writer.text
    }

    /// The value as compact JSON with members sorted by name: equal values give equal text.
    public var canonicalText: String {
        var writer = JSONWriter()
        writer.write(self, sortingNames: true)
        return writer.text
    }

    public var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// An integer, also when the server wrote it as a string, as proto3 JSON does with 64-bit numbers.
    public var int64: Int64? {
        switch self {
        case .number(let number): number.int64
        case .string(let digits): Int64(digits)
        default: nil
        }
    }

    public var double: Double? {
        guard case .number(let number) = self else { return nil }
        return number.double
    }

    public var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    public var object: JSONObject? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// The member of an object; `nil` for a missing member or another kind of value.
    public subscript(name: String) -> JSONValue? {
        object?[name]
    }
}
