public import JSON

/// The shape of an answer or of a function's arguments, in the API's subset of OpenAPI 3.0.
///
/// ```swift
/// config.responseMIMEType = "application/json"
/// config.responseSchema = .array(
///     of: .object(["name": .string(), "minutes": .integer(minimum: 1), "taste": .choice(["sweet", "sour"])])
/// )
/// ```
///
/// A standard JSON Schema goes into ``GenerateContentConfig/responseJSONSchema`` or
/// ``FunctionDeclaration/parametersJSONSchema`` instead.
public struct Schema: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    private init(_ type: SchemaType) {
        json = ["type": .string(type.rawValue)]
    }
}

extension Schema {
    /// Text.
    ///
    /// - Parameters:
    ///   - format: For example `date-time`.
    ///   - pattern: A regular expression that the text has to match.
    ///   - minLength: The fewest characters.
    ///   - maxLength: The most characters.
    /// - Returns: A schema of type `STRING`.
    public static func string(
        format: String? = nil,
        pattern: String? = nil,
        minLength: Int? = nil,
        maxLength: Int? = nil
    ) -> Schema {
        var schema = Schema(.string)
        schema.json[text: "format"] = format
        schema.json[text: "pattern"] = pattern
        schema.json[integer: "minLength"] = minLength
        schema.json[integer: "maxLength"] = maxLength
        return schema
    }

    /// One of some words.
    public static func choice(_ words: [String]) -> Schema {
        var schema = Schema(.string)
        schema.json[text: "format"] = "enum"
        schema.json[texts: "enum"] = words
        return schema
    }

    /// A number with or without a fraction.
    ///
    /// - Parameters:
    ///   - format: `float` or `double`.
    ///   - minimum: The lowest.
    ///   - maximum: The highest.
    /// - Returns: A schema of type `NUMBER`.
    public static func number(format: String? = nil, minimum: Double? = nil, maximum: Double? = nil) -> Schema {
        var schema = Schema(.number)
        schema.json[text: "format"] = format
        schema.json[number: "minimum"] = minimum
        schema.json[number: "maximum"] = maximum
        return schema
    }

    /// A whole number.
    ///
    /// - Parameters:
    ///   - format: `int32` or `int64`.
    ///   - minimum: The lowest.
    ///   - maximum: The highest.
    /// - Returns: A schema of type `INTEGER`.
    public static func integer(format: String? = nil, minimum: Int? = nil, maximum: Int? = nil) -> Schema {
        var schema = Schema(.integer)
        schema.json[text: "format"] = format
        schema.json[integer: "minimum"] = minimum
        schema.json[integer: "maximum"] = maximum
        return schema
    }

    /// `true` or `false`.
    public static func boolean() -> Schema {
        Schema(.boolean)
    }

    /// A list.
    ///
    /// - Parameters:
    ///   - items: What each entry is.
    ///   - minItems: The fewest entries.
    ///   - maxItems: The most entries.
    /// - Returns: A schema of type `ARRAY`.
    public static func array(of items: Schema, minItems: Int? = nil, maxItems: Int? = nil) -> Schema {
        var schema = Schema(.array)
        schema.json[view: "items"] = items
        schema.json[integer: "minItems"] = minItems
        schema.json[integer: "maxItems"] = maxItems
        return schema
    }

    /// An object, whose properties the model is told to write in the order given.
    ///
    /// - Parameters:
    ///   - properties: What there is, by name.
    ///   - optional: Names of properties that may be left out; the others are required.
    /// - Returns: A schema of type `OBJECT`.
    public static func object(_ properties: KeyValuePairs<String, Schema>, optional: Set<String> = []) -> Schema {
        var schema = Schema(.object)
        schema.json[object: "properties"] = JSONObject(
            properties.map { (name: $0.key, value: .object($0.value.json)) }
        )
        let names = properties.map(\.key)
        let required = names.filter { !optional.contains($0) }
        if !required.isEmpty {
            schema.json[texts: "required"] = required
        }
        if names.count > 1 {
            schema.json[texts: "propertyOrdering"] = names
        }
        return schema
    }

    /// What fits at least one of some schemas.
    public static func anyOf(_ schemas: [Schema]) -> Schema {
        var schema = Schema(json: [:])
        schema.json[views: "anyOf"] = schemas
        return schema
    }

    /// The same schema with words that tell the model what is meant.
    public func described(as description: String) -> Schema {
        var schema = self
        schema.description = description
        return schema
    }

    /// The same schema, or `null`.
    public func nullable() -> Schema {
        var schema = self
        schema.isNullable = true
        return schema
    }
}

extension Schema {
    /// What kind of value it is.
    public var type: SchemaType? {
        get { json[word: "type"] }
        set { json[word: "type"] = newValue }
    }

    /// A name for people.
    public var title: String? {
        get { json[text: "title"] }
        set { json[text: "title"] = newValue }
    }

    /// What is meant, in words for the model.
    public var description: String? {
        get { json[text: "description"] }
        set { json[text: "description"] = newValue }
    }

    /// Whether `null` will do as well.
    public var isNullable: Bool? {
        get { json[flag: "nullable"] }
        set { json[flag: "nullable"] = newValue }
    }

    /// The words of a choice.
    public var words: [String]? {
        get { json[texts: "enum"] }
        set { json[texts: "enum"] = newValue }
    }

    /// What each entry of a list is.
    public var items: Schema? {
        get { json[view: "items"] }
        set { json[view: "items"] = newValue }
    }

    /// The names of the properties that an object must have.
    public var required: [String]? {
        get { json[texts: "required"] }
        set { json[texts: "required"] = newValue }
    }

    /// The order in which an object's properties are to be written.
    public var propertyOrdering: [String]? {
        get { json[texts: "propertyOrdering"] }
        set { json[texts: "propertyOrdering"] = newValue }
    }
}

/// What a value is.
public struct SchemaType: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// A text.
    public static let string = SchemaType(rawValue: "STRING")
    /// Any number.
    public static let number = SchemaType(rawValue: "NUMBER")
    /// A whole number.
    public static let integer = SchemaType(rawValue: "INTEGER")
    /// `true` or `false`.
    public static let boolean = SchemaType(rawValue: "BOOLEAN")
    /// A list; its elements follow `items`.
    public static let array = SchemaType(rawValue: "ARRAY")
    /// An object; its members follow `properties`.
    public static let object = SchemaType(rawValue: "OBJECT")
    /// `null` alone.
    public static let null = SchemaType(rawValue: "NULL")
}
