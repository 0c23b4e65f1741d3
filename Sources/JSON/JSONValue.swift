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
public struct JSONObject: Sendable, Hashable {
    public typealias Member = (name: String, value: JSONValue)

    private var names: [String] = []
    private var values: [JSONValue] = []

    public init() {}

    public init(_ members: some Sequence<Member>) {
        for member in members {
            self[member.name] = member.value
        }
    }

    public var isEmpty: Bool { names.isEmpty }
    public var count: Int { names.count }
    public var keys: [String] { names }

    public subscript(name: String) -> JSONValue? {
        get {
            names.lastIndex(of: name).map { values[$0] }
        }
        set {
            switch (names.lastIndex(of: name), newValue) {
            case (let index?, let value?):
                values[index] = value
            case (let index?, nil):
                names.remove(at: index)
                values.remove(at: index)
            case (nil, let value?):
                names.append(name)
                values.append(value)
            case (nil, nil):
                break
            }
        }
    }

    /// Adds a member without looking for an earlier one of that name: linear for hostile documents too.
    package mutating func append(_ name: String, _ value: JSONValue) {
        names.append(name)
        values.append(value)
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

extension JSONObject: Sequence {
    public func makeIterator() -> AnyIterator<Member> {
        var index = 0
        return AnyIterator {
            guard index < names.count else { return nil }
            defer { index += 1 }
            return (names[index], values[index])
        }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements.map { (name: $0.0, value: $0.1) })
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
        self = .object(JSONObject(elements.map { (name: $0.0, value: $0.1) }))
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
