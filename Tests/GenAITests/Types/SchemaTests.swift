import JSON
import Testing

@testable import GenAI

private let schemas: [(Schema, String)] = [
    (.string(), #"{"type":"STRING"}"#),
    (
        .string(format: "date-time", pattern: "^2", minLength: 0, maxLength: 9),
        #"{"type":"STRING","format":"date-time","pattern":"^2","minLength":0,"maxLength":9}"#
    ),
    (.choice(["sweet", "sour"]), #"{"type":"STRING","format":"enum","enum":["sweet","sour"]}"#),
    (
        .number(format: "float", minimum: -0.5, maximum: 1),
        #"{"type":"NUMBER","format":"float","minimum":-0.5,"maximum":1}"#
    ),
    (
        .integer(format: "int64", minimum: 0, maximum: 9),
        #"{"type":"INTEGER","format":"int64","minimum":0,"maximum":9}"#
    ),
    (.boolean().described(as: "whether"), #"{"type":"BOOLEAN","description":"whether"}"#),
    (
        .array(of: .string().nullable(), minItems: 0, maxItems: 3),
        #"{"type":"ARRAY","items":{"type":"STRING","nullable":true},"minItems":0,"maxItems":3}"#
    ),
    (.object(["a": .string()]), #"{"type":"OBJECT","properties":{"a":{"type":"STRING"}},"required":["a"]}"#),
    (
        .object(["z_a": .string(), "a": .integer()], optional: ["a"]),
        #"{"type":"OBJECT","properties":{"z_a":{"type":"STRING"},"a":{"type":"INTEGER"}},"required":["z_a"],"propertyOrdering":["z_a","a"]}"#
    ),
    (.object(["a": .string()], optional: ["a"]), #"{"type":"OBJECT","properties":{"a":{"type":"STRING"}}}"#),
    (.anyOf([.string(), .integer()]), #"{"anyOf":[{"type":"STRING"},{"type":"INTEGER"}]}"#),
]

/// Schemas as other programs make them, and what the API takes.
private let foreignSchemas: [(String, String)] = [
    (
        #"{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"integer"}}}"#,
        #"{"type":"OBJECT","properties":{"z":{"type":"STRING"},"a":{"type":"INTEGER"}},"propertyOrdering":["z","a"]}"#
    ),
    (
        #"{"type":"OBJECT","properties":{"b":{},"a":{}},"property_ordering":["a","b"]}"#,
        #"{"type":"OBJECT","properties":{"b":{},"a":{}},"propertyOrdering":["a","b"]}"#
    ),
    (
        #"{"type":"ARRAY","items":{"type":"OBJECT","properties":{"b":{},"a":{}}}}"#,
        #"{"type":"ARRAY","items":{"type":"OBJECT","properties":{"b":{},"a":{}},"propertyOrdering":["b","a"]}}"#
    ),
    (
        #"{"type":"object","properties":{"type":{"type":"string"}}}"#,
        #"{"type":"OBJECT","properties":{"type":{"type":"STRING"}}}"#
    ),
    (#"{"type":"null"}"#, #"{"nullable":true}"#),
    (#"{"type":["string","null"]}"#, #"{"type":"STRING","nullable":true}"#),
    (
        #"{"title":"t","anyOf":[{"type":"string","title":"inner","minLength":1},{"type":"null"}]}"#,
        #"{"type":"STRING","title":"t","minLength":1,"nullable":true}"#
    ),
    (
        #"{"any_of":[{"type":"string"},{"type":"null"},{"type":"integer"}]}"#,
        #"{"anyOf":[{"type":"STRING"},{"type":"INTEGER"}],"nullable":true}"#
    ),
    (#"{"anyOf":[{"type":"null"}]}"#, #"{"nullable":true}"#),
    (#"{"const":"x"}"#, #"{"enum":["x"],"type":"STRING"}"#),
    (#"{"type":"integer","const":1}"#, #"{"type":"INTEGER","const":1}"#),
    (
        ##"{"$defs":{"A":{"type":"object","properties":{"p_q":{"$ref":"#/$defs/B"}}},"B":{"type":"string","description":"b"}},"$ref":"#/$defs/A","description":"here"}"##,
        #"{"type":"OBJECT","properties":{"p_q":{"type":"STRING","description":"b"}},"description":"here"}"#
    ),
    (
        ##"{"$defs":{"A":{"type":"string"}},"type":"array","items":{"anyOf":[{"$ref":"#/$defs/A"},{"type":"null"}]}}"##,
        #"{"type":"ARRAY","items":{"type":"STRING","nullable":true}}"#
    ),
    (##"{"$ref":"#/$defs/missing"}"##, ##"{"$ref":"#/$defs/missing"}"##),
]

@Suite("Schemas")
struct SchemaTests {
    @Test("a schema that others made becomes one that the API takes", arguments: foreignSchemas)
    func foreign(schema: String, expected: String) throws {
        let schema = try JSONValue(parsing: schema)
        let config = GenerateContentConfig(json: ["response_schema": schema])
        #expect(try config["responseSchema"]?.canonicalText == JSONValue(parsing: expected).canonicalText)
        var typed = GenerateContentConfig()
        typed.responseSchema = Schema(json: try #require(schema.object))
        #expect(typed == config)
    }

    @Test("the arguments of a function keep their form, but for the words of the types")
    func parameters() throws {
        let config = GenerateContentConfig(
            json: try #require(
                JSONValue(
                    parsing:
                        #"{"tools":[{"function_declarations":[{"name":"f","parameters":{"type":"object","properties":{"b":{"anyOf":[{"type":"null"}]},"a":{}}}}]}]}"#
                ).object
            )
        )
        #expect(
            config.tools?.first?.functionDeclarations.first?.parameters?.json == [
                "type": "OBJECT", "properties": ["b": ["anyOf": [["type": "NULL"]]], "a": [:]],
            ]
        )
    }

    @Test("definitions that multiply one another do not fill the memory")
    func manyReferences() {
        var definitions: JSONObject = ["A0": ["type": "STRING"]]
        for level in 1...40 {
            let inner: JSONValue = ["$ref": .string("#/$defs/A\(level - 1)")]
            definitions["A\(level)"] = ["type": "OBJECT", "properties": ["x": inner, "y": inner]]
        }
        var config = GenerateContentConfig()
        config.responseSchema = Schema(json: ["$defs": .object(definitions), "$ref": "#/$defs/A40"])
        #expect(throws: GenAIError.self) { try config.check(for: .geminiAPI) }
    }

    @Test("a schema is the API's, its properties in their order", arguments: schemas)
    func built(schema: Schema, json: String) {
        #expect(JSONValue.object(schema.json).text == json)
    }

    @Test("what a schema says can be read and changed")
    func reading() {
        var schema = Schema(json: ["type": "object", "properties": [:], "x-new": 1])
        #expect(schema.type == "object")
        schema.type = .object
        schema.title = "t"
        schema.required = ["a"]
        schema.propertyOrdering = ["a", "b"]
        schema.isNullable = false
        schema.words = nil
        schema.items = .string()
        #expect(
            schema.json == [
                "type": "OBJECT", "properties": [:], "x-new": 1, "title": "t", "required": ["a"],
                "propertyOrdering": ["a", "b"], "nullable": false, "items": ["type": "STRING"],
            ]
        )
    }
}
