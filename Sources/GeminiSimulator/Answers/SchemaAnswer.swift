import JSON

/// Writes a JSON value that fits a schema, in Google's dialect or in JSON Schema's.
struct SchemaAnswer {
    /// Below this depth only what is required is written, so that recursive schemas end.
    private static let depthOfOptionals = 6
    private static let maximumDepth = 24

    private let root: JSONValue
    private var prose: Prose

    init(schema: JSONValue, prose: Prose) {
        root = schema
        self.prose = prose
    }

    /// One value that fits; the next call may give another.
    func value() -> JSONValue {
        var copy = self
        return copy.value(for: root, depth: 0)
    }

    private mutating func value(for schema: JSONValue, depth: Int) -> JSONValue {
        guard depth < Self.maximumDepth else { return .null }
        let schema = resolved(schema)
        if let constant = schema["const"] { return constant }
        if let values = schema["enum"]?.array, !values.isEmpty { return prose.pick(values) }
        for name in ["anyOf", "oneOf"] {
            // Deep down the last choice is taken: in recursive schemas that is usually the one which ends.
            if let choices = schema[name]?.array, let last = choices.last {
                return value(for: depth < Self.depthOfOptionals ? prose.pick(choices) : last, depth: depth + 1)
            }
        }
        return switch type(of: schema) {
        case "object": object(schema, depth: depth)
        case "array": array(schema, depth: depth)
        case "integer": integer(schema)
        case "number": number(schema)
        case "boolean": .bool(prose.fraction() < 0.5)
        case "null": .null
        default: string(schema)
        }
    }

    /// Follows `$ref` to `#/$defs/…` or anywhere else in the document.
    private func resolved(_ schema: JSONValue) -> JSONValue {
        var schema = schema
        // A chain of references that never ends is cut.
        for _ in 0..<8 {
            guard let reference = schema["$ref"]?.string, reference.hasPrefix("#") else { break }
            var target: JSONValue? = root
            for name in reference.dropFirst().split(separator: "/") {
                target = target?[String(name)]
            }
            schema = target ?? .object([:])
        }
        return schema
    }

    private func type(of schema: JSONValue) -> String {
        let name = schema["type"]?.string ?? schema["type"]?.array?.lazy.compactMap(\.string).first { $0 != "null" }
        if let name { return name.lowercased() }
        if schema["properties"] != nil { return "object" }
        return schema["items"] != nil || schema["prefixItems"] != nil ? "array" : "string"
    }

    private mutating func object(_ schema: JSONValue, depth: Int) -> JSONValue {
        let properties = schema["properties"]?.object ?? [:]
        let required = Set(schema["required"]?.array?.compactMap(\.string) ?? [])
        var names = schema["propertyOrdering"]?.array?.compactMap(\.string).filter { properties[$0] != nil } ?? []
        names += properties.keys.filter { !names.contains($0) }
        var members = JSONObject()
        for name in names where depth < Self.depthOfOptionals || required.contains(name) {
            if let property = properties[name] {
                members[name] = value(for: property, depth: depth + 1)
            }
        }
        return .object(members)
    }

    private mutating func array(_ schema: JSONValue, depth: Int) -> JSONValue {
        if let prefix = schema["prefixItems"]?.array {
            return .array(prefix.map { value(for: $0, depth: depth + 1) })
        }
        let least = max(0, schema["minItems"]?.int64 ?? 0)
        let most = schema["maxItems"]?.int64 ?? max(least, 3)
        let usual: Int64 = depth < Self.depthOfOptionals ? 2 : 0
        let count = min(max(least, usual), max(least, most), 1000)
        let items = schema["items"] ?? [:]
        return .array((0..<count).map { _ in value(for: items, depth: depth + 1) })
    }

    private mutating func integer(_ schema: JSONValue) -> JSONValue {
        let least = schema["minimum"]?.double.flatMap { Int64(exactly: $0.rounded(.up)) } ?? 0
        let most = schema["maximum"]?.double.flatMap { Int64(exactly: $0.rounded(.down)) } ?? max(least, 100)
        return .number(JSONNumber(prose.number(in: min(least, most)...most)))
    }

    private mutating func number(_ schema: JSONValue) -> JSONValue {
        let least = schema["minimum"]?.double ?? 0
        let most = schema["maximum"]?.double ?? max(least, 1)
        // Two decimals read like a model's number; clamped, since rounding may step over the border.
        let value = ((least + (most - least) * prose.fraction()) * 100).rounded() / 100
        return .number(JSONNumber(min(max(value, least), max(least, most))))
    }

    private mutating func string(_ schema: JSONValue) -> JSONValue {
        switch schema["format"]?.string {
        case "date-time": return "2026-11-22T09:30:00Z"
        case "date": return "2026-11-22"
        case "time": return "09:30:00Z"
        default: break
        }
        let least = Int(clamping: min(schema["minLength"]?.int64 ?? 0, 100_000))
        var text = prose.phrase()
        while text.count < least {
            text += " " + prose.phrase()
        }
        if let most = schema["maxLength"]?.int64 {
            text = String(text.prefix(Int(clamping: max(0, most))))
        }
        return .string(text)
    }
}
