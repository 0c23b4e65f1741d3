internal import JSON

/// A schema of one value, to be put together with others.
struct SchemaPart: Sendable {
    var object: JSONObject
    var value: JSONValue { .object(object) }

    init(_ object: JSONObject) {
        self.object = object
    }

    /// Text as job files take it: also a number or a word that YAML has a type for.
    static let text = SchemaPart(["type": ["string", "number", "boolean"]])
    static let bool = SchemaPart(["type": "boolean"])
    /// Text that is more than blanks.
    static let prompt = text(pattern: "\\S")
    static let day = SchemaPart(["type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"])
    /// More than nothing; that it is at most a week, and its units in order, is for the decoder to say.
    static let time = SchemaPart([
        "type": "string", "pattern": "^([0-9.]+h)?([0-9.]+m)?([0-9.]+s)?([0-9.]+ms)?$",
        "allOf": [["pattern": "[1-9]"]], "examples": ["500ms", "10s", "1m30s", "2h"],
    ])

    static func text(pattern: String) -> SchemaPart {
        text.with(SchemaPart(["pattern": .string(pattern)]))
    }

    static func text(minLength: Int) -> SchemaPart {
        text.with(SchemaPart(["minLength": .number(JSONNumber(minLength))]))
    }

    static func integer(_ range: ClosedRange<Int>) -> SchemaPart {
        var object: JSONObject = ["type": "integer", "minimum": .number(JSONNumber(range.lowerBound))]
        if range.upperBound != .max {
            object["maximum"] = .number(JSONNumber(range.upperBound))
        }
        return SchemaPart(object)
    }

    static func words(_ words: [String]) -> SchemaPart {
        SchemaPart(["enum": .array(words.map { .string($0) })])
    }

    static func words<Value: RawRepresentable & CaseIterable>(of type: Value.Type) -> SchemaPart
    where Value.RawValue == String {
        words(type.allCases.map(\.rawValue))
    }

    static func list(_ element: SchemaPart, atLeast minimum: Int?) -> SchemaPart {
        var object: JSONObject = ["type": "array", "items": element.value]
        if let minimum {
            object["minItems"] = .number(JSONNumber(minimum))
        }
        return SchemaPart(object)
    }

    /// The keys of a decoder's table, and no others, with what is known of their values.
    static func mapping(_ keys: [String], _ members: [String: SchemaPart]) -> SchemaPart {
        SchemaPart([
            "type": "object",
            "properties": .object(JSONObject(keys.map { (name: $0, value: members[$0]?.value ?? [:]) })),
            "additionalProperties": false,
        ])
    }

    static func any(of parts: SchemaPart...) -> SchemaPart {
        SchemaPart(["anyOf": .array(parts.map(\.value))])
    }

    /// One of the document's `$defs`.
    static func reference(_ name: String) -> SchemaPart {
        SchemaPart(["$ref": .string("#/$defs/\(name)")])
    }

    /// The same with a sentence for people, which editors show.
    func saying(_ description: String) -> SchemaPart {
        SchemaPart(JSONObject([(name: "description", value: .string(description))]).merging(object))
    }

    /// What both demand.
    func with(_ other: SchemaPart) -> SchemaPart {
        SchemaPart(object.merging(other.object))
    }
}
