internal import JSON

/// Turns a schema as programs make it (Pydantic, for example) into one that the API takes, as Google's SDK does.
///
/// References become what they refer to, "or null" becomes `nullable`, a constant a choice of one word, and the
/// properties of each object get an order. What cannot be said in the API's way stays as it is.
struct SchemaNormalization {
    private let definitions: JSONObject
    /// A few definitions that refer to one another twice each could come to more than fits the memory.
    private var referencesLeft = 1000

    private init(definitions: JSONObject) {
        self.definitions = definitions
    }

    /// A schema in the API's form.
    ///
    /// - Parameter schema: Its names are the API's already, and the words of its types in capitals.
    /// - Returns: The schema without definitions.
    static func of(_ schema: JSONObject) -> JSONObject {
        var schema = schema
        var normalization = SchemaNormalization(definitions: schema[object: "$defs"] ?? [:])
        schema["$defs"] = nil
        return normalization.normalized(schema, inside: [])
    }

    /// Keeps the names of the definitions on the way here; one of them again would have no end.
    private mutating func normalized(_ schema: JSONObject, inside names: Set<String>) -> JSONObject {
        var (schema, names) = (schema, names)
        while let target = target(of: schema, inside: names) {
            referencesLeft -= 1
            names.insert(target.name)
            schema["$ref"] = nil
            // What stands beside a reference is said of this place.
            schema = target.schema.merging(schema)
        }
        Self.replaceNull(in: &schema)
        if let only = Self.onlyAlternative(of: schema) {
            schema["anyOf"] = nil
            return normalized(only.merging(schema), inside: names)
        }
        Self.replaceConstant(in: &schema)
        normalizeInner(of: &schema, inside: names)
        if let properties = schema[object: "properties"], properties.count > 1, schema["propertyOrdering"] == nil {
            schema[texts: "propertyOrdering"] = properties.keys
        }
        return schema
    }

    private func target(of schema: JSONObject, inside names: Set<String>) -> (name: String, schema: JSONObject)? {
        let prefix = "#/$defs/"
        guard referencesLeft > 0, let reference = schema[text: "$ref"], reference.hasPrefix(prefix) else { return nil }
        let name = String(reference.dropFirst(prefix.count))
        guard !names.contains(name), let target = definitions[object: name] else { return nil }
        return (name, target)
    }

    private mutating func normalizeInner(of schema: inout JSONObject, inside names: Set<String>) {
        for name in ["items", "additionalProperties"] {
            guard let inner = schema[object: name] else { continue }
            schema[object: name] = normalized(inner, inside: names)
        }
        if let alternatives = schema["anyOf"]?.array {
            schema["anyOf"] = .array(normalized(alternatives, inside: names))
        }
        if let properties = schema[object: "properties"] {
            let schemas = normalized(properties.map(\.value), inside: names)
            schema[object: "properties"] = JSONObject(zip(properties.keys, schemas).map { (name: $0, value: $1) })
        }
    }

    private mutating func normalized(_ schemas: [JSONValue], inside names: Set<String>) -> [JSONValue] {
        var results: [JSONValue] = []
        for schema in schemas {
            results.append(schema.object.map { .object(normalized($0, inside: names)) } ?? schema)
        }
        return results
    }

    // MARK: Members

    private static func replaceNull(in schema: inout JSONObject) {
        let null: JSONValue = "NULL"
        var isNullable = schema["type"] == null
        if isNullable {
            schema["type"] = nil
        } else if let types = schema["type"]?.array, types.contains(null) {
            isNullable = true
            let others = types.filter { $0 != null }
            schema["type"] = others.count == 1 ? others[0] : .array(others)
        }
        if let alternatives = schema["anyOf"]?.array, alternatives.contains(where: { $0["type"] == null }) {
            isNullable = true
            let others = alternatives.filter { $0["type"] != null }
            schema["anyOf"] = others.isEmpty ? nil : .array(others)
        }
        if isNullable {
            schema["nullable"] = true
        }
    }

    private static func onlyAlternative(of schema: JSONObject) -> JSONObject? {
        guard let alternatives = schema["anyOf"]?.array, alternatives.count == 1 else { return nil }
        return alternatives[0].object
    }

    private static func replaceConstant(in schema: inout JSONObject) {
        // The API's choices are of words alone.
        guard let word = schema[text: "const"] else { return }
        schema["const"] = nil
        schema[texts: "enum"] = [word]
        schema["type"] = schema["type"] ?? "STRING"
    }
}
