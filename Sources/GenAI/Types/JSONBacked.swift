public import JSON

/// A typed view of a JSON object of the API; what this library has no name for stays in ``json``.
public protocol JSONBacked: Sendable, Hashable {
    /// The members as on the wire, under their lowerCamelCase names.
    var json: JSONObject { get }

    /// A value from members of the wire format, for what this library has no name for.
    init(json: JSONObject)
}

/// Members by kind: what is of another kind reads as `nil`, and setting `nil` removes the member.
extension JSONObject {
    subscript(text name: String) -> String? {
        get { self[name]?.string }
        set { self[name] = newValue.map(JSONValue.string) }
    }

    subscript(texts name: String) -> [String]? {
        get { self[name]?.array?.compactMap(\.string) }
        set { self[name] = newValue.map { .array($0.map(JSONValue.string)) } }
    }

    subscript(flag name: String) -> Bool? {
        get { self[name]?.bool }
        set { self[name] = newValue.map(JSONValue.bool) }
    }

    subscript(integer name: String) -> Int? {
        get { self[name]?.integer }
        set { self[name] = newValue.map { .number(JSONNumber($0)) } }
    }

    subscript(number name: String) -> Double? {
        get { self[name]?.floating }
        set { self[name] = newValue.map { .number(JSONNumber($0)) } }
    }

    subscript(object name: String) -> JSONObject? {
        get { self[name]?.object }
        set { self[name] = newValue.map(JSONValue.object) }
    }

    subscript<Word: OpenEnum>(word name: String) -> Word? {
        get { self[name]?.string.map(Word.init(rawValue:)) }
        set { self[name] = newValue.map { .string($0.rawValue) } }
    }

    subscript<Word: OpenEnum>(words name: String) -> [Word]? {
        get { self[texts: name]?.map(Word.init(rawValue:)) }
        set { self[texts: name] = newValue?.map(\.rawValue) }
    }

    subscript<View: JSONBacked>(view name: String) -> View? {
        get { self[name]?.object.map(View.init(json:)) }
        set { self[name] = newValue.map { .object($0.json) } }
    }

    subscript<View: JSONBacked>(views name: String) -> [View]? {
        get { self[name]?.array?.compactMap(\.object).map(View.init(json:)) }
        set { self[name] = newValue.map { .array($0.map { .object($0.json) }) } }
    }

    /// A member of nested objects; setting it makes those that are missing, and `nil` removes those left empty.
    subscript(path: [String]) -> JSONValue? {
        get {
            path.dropFirst().reduce(path.first.flatMap { self[$0] }) { $0?[$1] }
        }
        set {
            guard let name = path.first else { return }
            guard path.count > 1 else {
                self[name] = newValue
                return
            }
            var inner = self[object: name] ?? [:]
            inner[Array(path.dropFirst())] = newValue
            self[object: name] = inner.isEmpty && newValue == nil ? nil : inner
        }
    }
}

extension JSONValue {
    var integer: Int? {
        int64.flatMap(Int.init(exactly:))
    }

    /// A number, also as the text that proto3 writes for what JSON has no digits for: `"NaN"`, `"-Infinity"`.
    var floating: Double? {
        double ?? string.flatMap(Double.init)
    }
}
