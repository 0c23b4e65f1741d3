import GenAI
import JSON
import Testing

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

@Suite("Schemas")
struct SchemaTests {
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
