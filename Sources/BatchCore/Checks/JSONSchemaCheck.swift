internal import JSON

/// Holds a JSON value against the part of JSON Schema that the API takes, in standard spelling or in that of OpenAPI.
///
/// Known: `type` (also a list, in any case, with `nullable`), `enum`, `const`, `required`, `properties`,
/// `additionalProperties`, `items`, `minItems`, `maxItems`, `minimum`, `maximum`, `anyOf`, `$ref` to `$defs` of the
/// same schema. Other keywords are passed over. Values are not quoted in what it says: they may be anybody's data.
struct JSONSchemaCheck {
    /// Schemas that go in circles end here.
    private static let deepest = 128
    /// Enough to tell what is wrong with a long list.
    private static let mostProblems = 100

    private let root: JSONValue

    init(_ schema: JSONValue) {
        root = schema
    }

    /// What is wrong, with its place; empty if the value follows the schema.
    func problems(in value: JSONValue) -> [String] {
        var problems: [String] = []
        check(value, root, at: Place(), &problems)
        return problems
    }

    /// Where in an answer a value stands.
    private struct Place: CustomStringConvertible {
        var path = ""
        var depth = 0

        var description: String { path.isEmpty ? "the answer" : path }

        func member(_ name: String) -> Place { Place(path: path.isEmpty ? name : "\(path).\(name)", depth: depth + 1) }
        func element(_ index: Int) -> Place { Place(path: "\(path)[\(index)]", depth: depth + 1) }
        var deeper: Place { Place(path: path, depth: depth + 1) }
    }

    private func check(_ value: JSONValue, _ schema: JSONValue, at place: Place, _ problems: inout [String]) {
        guard place.depth < Self.deepest, problems.count < Self.mostProblems, let schema = schema.object else { return }
        if let reference = schema["$ref"]?.string, let target = resolve(reference) {
            check(value, target, at: place.deeper, &problems)
        }
        if value == .null, schema["nullable"] == true { return }
        guard checkType(value, schema, at: place, &problems) else { return }
        checkChoices(value, schema, at: place, &problems)
        switch value {
        case .object(let members): check(members, schema, at: place, &problems)
        case .array(let elements): check(elements, schema, at: place, &problems)
        case .number(let number): check(number, schema, at: place, &problems)
        case .null, .bool, .string: break
        }
    }

    /// `#/$defs/name`, or any other way from the root.
    private func resolve(_ reference: String) -> JSONValue? {
        guard reference.hasPrefix("#") else { return nil }
        var target: JSONValue? = root
        for name in reference.dropFirst().split(separator: "/") {
            target = target?[String(name)]
        }
        return target
    }

    private func checkType(
        _ value: JSONValue,
        _ schema: JSONObject,
        at place: Place,
        _ problems: inout [String]
    ) -> Bool {
        guard let type = schema["type"] else { return true }
        let names = (type.array ?? [type]).compactMap { $0.string?.lowercased() }
        guard !names.isEmpty, !names.contains(where: { Self.is(value, $0) }) else { return true }
        problems.append("\(place) must be of type \(names.joined(separator: " or ")), not \(Self.type(of: value))")
        return false
    }

    private static func `is`(_ value: JSONValue, _ type: String) -> Bool {
        switch (type, value) {
        case ("integer", .number(let number)): return number.isInteger
        case ("integer", _): return false
        case ("string", _), ("number", _), ("boolean", _), ("array", _), ("object", _), ("null", _):
            return type == Self.type(of: value)
        // Not a type that we know of.
        default: return true
        }
    }

    private static func type(of value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    private func checkChoices(
        _ value: JSONValue,
        _ schema: JSONObject,
        at place: Place,
        _ problems: inout [String]
    ) {
        let allowed = schema["enum"]?.array ?? schema["const"].map { [$0] }
        if let allowed, !allowed.contains(where: { $0.means(value) }) {
            let words = allowed.prefix(20).map(\.text).joined(separator: ", ")
            problems.append("\(place) must be \(allowed.count == 1 ? "" : "one of ")\(words)")
        }
        if let schemas = (schema["anyOf"] ?? schema["any_of"])?.array, !schemas.isEmpty {
            let isAny = schemas.contains { schema in
                var found: [String] = []
                check(value, schema, at: place.deeper, &found)
                return found.isEmpty
            }
            if !isAny {
                problems.append("\(place) follows none of the \(schemas.count) schemas of anyOf")
            }
        }
    }

    private func check(_ members: JSONObject, _ schema: JSONObject, at place: Place, _ problems: inout [String]) {
        // Dictionaries: the model may write an object with very many members.
        let values = Dictionary(members.map { ($0.name, $0.value) }) { $1 }
        for name in schema["required"]?.array?.compactMap(\.string) ?? [] where values[name] == nil {
            problems.append("\(place.member(name)) is missing")
        }
        let properties = schema["properties"]?.object ?? [:]
        for property in properties {
            guard let value = values[property.name] else { continue }
            check(value, property.value, at: place.member(property.name), &problems)
        }
        guard let others = schema["additionalProperties"] ?? schema["additional_properties"], others != true else {
            return
        }
        let known = Set(properties.keys)
        for (name, value) in members where !known.contains(name) {
            if others == false {
                problems.append("\(place.member(name)) is not allowed")
            } else {
                check(value, others, at: place.member(name), &problems)
            }
        }
    }

    private func check(_ elements: [JSONValue], _ schema: JSONObject, at place: Place, _ problems: inout [String]) {
        if let least = (schema["minItems"] ?? schema["min_items"])?.int64, elements.count < least {
            problems.append("\(place) has \(elements.count) elements, and must have at least \(least)")
        }
        if let most = (schema["maxItems"] ?? schema["max_items"])?.int64, elements.count > most {
            problems.append("\(place) has \(elements.count) elements, and may have at most \(most)")
        }
        guard let items = schema["items"] else { return }
        for (index, element) in elements.enumerated() {
            check(element, items, at: place.element(index), &problems)
        }
    }

    private func check(_ number: JSONNumber, _ schema: JSONObject, at place: Place, _ problems: inout [String]) {
        guard let value = number.double else { return }
        if let bound = schema["minimum"], let least = bound.double, value < least {
            problems.append("\(place) must be at least \(bound.text)")
        }
        if let bound = schema["maximum"], let most = bound.double, value > most {
            problems.append("\(place) must be at most \(bound.text)")
        }
    }
}

extension JSONNumber {
    /// Whether it has no fraction, also when it is written with one: `1.0`.
    fileprivate var isInteger: Bool {
        guard int64 == nil else { return true }
        guard let double, double.isFinite else {
            return digits.utf8.allSatisfy { $0 == 0x2D || (0x30...0x39).contains($0) }
        }
        return double == double.rounded()
    }
}

extension JSONValue {
    /// Whether two values are the same whatever the spelling of their numbers and the order of their members.
    fileprivate func means(_ other: JSONValue) -> Bool {
        if case .number(let left) = self, case .number(let right) = other {
            return left.digits == right.digits || left.double == right.double
        }
        return self == other || canonicalText == other.canonicalText
    }
}
