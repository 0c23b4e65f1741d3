import Foundation
import JSON

/// Holds a value against a schema, by those keywords of JSON Schema 2020-12 that the schema of job files uses.
///
/// A keyword that it does not know makes every value wrong, so that none is passed over.
struct SchemaValidator {
    private static let annotations: Set = ["$schema", "$defs", "title", "description", "examples"]

    private let root: JSONValue

    init(_ schema: JSONValue) {
        root = schema
    }

    func accepts(_ value: JSONValue) -> Bool {
        accepts(value, root)
    }

    private func accepts(_ value: JSONValue, _ schema: JSONValue) -> Bool {
        if let verdict = schema.bool { return verdict }
        guard let keywords = schema.object else { return false }
        return keywords.allSatisfy { keyword, argument in
            Self.annotations.contains(keyword) || accepts(value, keyword, argument, keywords)
        }
    }

    private func accepts(_ value: JSONValue, _ keyword: String, _ argument: JSONValue, _ all: JSONObject) -> Bool {
        switch keyword {
        case "$ref": return accepts(value, target(argument.string ?? ""))
        case "type": return (argument.array ?? [argument]).contains { Self.is(value, $0.string ?? "") }
        case "const": return value == argument
        case "enum": return argument.array?.contains(value) == true
        case "allOf": return argument.array?.allSatisfy { accepts(value, $0) } == true
        case "anyOf": return argument.array?.contains { accepts(value, $0) } == true
        case "oneOf": return argument.array?.count { accepts(value, $0) } == 1
        default: break
        }
        switch value {
        case .object(let members): return accepts(members, keyword, argument, all)
        case .array(let elements): return accepts(elements, keyword, argument)
        case .number(let number): return accepts(number, keyword, argument)
        case .string(let text): return accepts(text, keyword, argument)
        case .null, .bool: return Self.isKnown(keyword)
        }
    }

    private func accepts(_ members: JSONObject, _ keyword: String, _ argument: JSONValue, _ all: JSONObject) -> Bool {
        switch keyword {
        case "properties":
            return members.allSatisfy { name, value in argument[name].map { accepts(value, $0) } ?? true }
        case "patternProperties":
            return members.allSatisfy { name, value in
                argument.object?.allSatisfy { !Self.matches(name, $0.name) || accepts(value, $0.value) } == true
            }
        case "additionalProperties":
            let patterns = all["patternProperties"]?.object?.keys ?? []
            return members.allSatisfy { name, value in
                all["properties"]?[name] != nil || patterns.contains { Self.matches(name, $0) }
                    || accepts(value, argument)
            }
        case "propertyNames": return members.keys.allSatisfy { accepts(.string($0), argument) }
        case "required": return argument.array?.allSatisfy { members[$0.string ?? ""] != nil } == true
        case "dependentRequired":
            return argument.object?.allSatisfy { name, needed in
                members[name] == nil || accepts(.object(members), ["required": needed])
            } == true
        case "dependentSchemas":
            return argument.object?.allSatisfy { members[$0.name] == nil || accepts(.object(members), $0.value) }
                == true
        case "minProperties": return members.count >= argument.int64 ?? .max
        case "maxProperties": return members.count <= argument.int64 ?? 0
        default: return Self.isKnown(keyword)
        }
    }

    private func accepts(_ elements: [JSONValue], _ keyword: String, _ argument: JSONValue) -> Bool {
        switch keyword {
        case "items": elements.allSatisfy { accepts($0, argument) }
        case "minItems": elements.count >= argument.int64 ?? .max
        case "maxItems": elements.count <= argument.int64 ?? 0
        case "uniqueItems": Set(elements).count == elements.count
        default: Self.isKnown(keyword)
        }
    }

    private func accepts(_ number: JSONNumber, _ keyword: String, _ argument: JSONValue) -> Bool {
        guard let value = number.double, let bound = argument.double else { return Self.isKnown(keyword) }
        switch keyword {
        case "minimum": return value >= bound
        case "maximum": return value <= bound
        case "exclusiveMinimum": return value > bound
        case "exclusiveMaximum": return value < bound
        default: return Self.isKnown(keyword)
        }
    }

    private func accepts(_ text: String, _ keyword: String, _ argument: JSONValue) -> Bool {
        switch keyword {
        case "pattern": Self.matches(text, argument.string ?? "")
        case "minLength": text.unicodeScalars.count >= argument.int64 ?? .max
        default: Self.isKnown(keyword)
        }
    }

    /// Whether a keyword is one for values of another type.
    private static func isKnown(_ keyword: String) -> Bool {
        [
            "properties", "patternProperties", "additionalProperties", "propertyNames", "required", "dependentRequired",
            "dependentSchemas", "minProperties", "maxProperties", "items", "minItems", "maxItems", "uniqueItems",
            "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "minLength",
        ].contains(keyword)
    }

    /// What a reference of the form `#/$defs/name` points to.
    func target(_ reference: String) -> JSONValue {
        reference.split(separator: "/").dropFirst().reduce(root) { target, name in
            target.array.flatMap { elements in Int(name).map { elements[$0] } } ?? target[String(name)] ?? false
        }
    }

    private static func matches(_ text: String, _ pattern: String) -> Bool {
        text.range(of: pattern, options: .regularExpression) != nil
    }

    private static func `is`(_ value: JSONValue, _ type: String) -> Bool {
        switch (type, value) {
        case ("integer", .number(let number)): number.int64 != nil
        case ("null", .null), ("boolean", .bool), ("number", .number), ("string", .string), ("array", .array),
            ("object", .object):
            true
        default: false
        }
    }
}
