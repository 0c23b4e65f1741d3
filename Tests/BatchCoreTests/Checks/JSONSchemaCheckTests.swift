import JSON
import Testing

@testable import BatchCore

@Suite("JSONSchemaCheck")
struct JSONSchemaCheckTests {
    private func problems(_ value: String, _ schema: String) throws -> [String] {
        JSONSchemaCheck(try JSONValue(parsing: schema)).problems(in: try JSONValue(parsing: value))
    }

    @Test(
        "a value follows its schema",
        arguments: [
            (#"{"type":"object"}"#, #"{"a":1}"#), (#"{"type":"OBJECT"}"#, "{}"), (#"{"type":"integer"}"#, "3"),
            (#"{"type":"integer"}"#, "3.0"), (#"{"type":"integer"}"#, "123456789012345678901234567890"),
            (#"{"type":"number"}"#, "3"), (#"{"type":["string","null"]}"#, "null"),
            (#"{"type":"STRING","nullable":true}"#, "null"), (#"{"enum":["a","b"]}"#, #""b""#),
            (#"{"enum":[1]}"#, "1.0"), (#"{"enum":[{"a":1,"b":2}]}"#, #"{"b":2,"a":1}"#), (#"{"const":"a"}"#, #""a""#),
            (#"{"required":["a"]}"#, #"{"a":null}"#), (#"{"required":["a"]}"#, "[]"),
            (#"{"properties":{"a":{"type":"string"}}}"#, #"{"b":1}"#),
            (#"{"properties":{"a":{}},"additionalProperties":false}"#, #"{"a":1}"#),
            (#"{"additionalProperties":true}"#, #"{"a":1}"#), (#"{"items":{"type":"number"}}"#, "[1,2.5]"),
            (#"{"minItems":1,"maxItems":2}"#, "[1,2]"), (#"{"minimum":1,"maximum":2}"#, "2"),
            (#"{"anyOf":[{"type":"string"},{"type":"number"}]}"#, "1"), (#"{"any_of":[{"type":"NUMBER"}]}"#, "1"),
            (#"{"type":"date"}"#, "1"), (#"{"pattern":"^a","minLength":9,"format":"date"}"#, #""b""#), ("true", "1"),
            (##"{"$ref":"#/$defs/n","$defs":{"n":{"type":"number"}}}"##, "1"), (#"{"$ref":"https://a/b"}"#, "1"),
        ]
    )
    func follows(schema: String, value: String) throws {
        #expect(try problems(value, schema) == [])
    }

    @Test(
        "a value that does not follow its schema is told where and why",
        arguments: [
            (#"{"type":"object"}"#, "[]", "the answer must be of type object, not array"),
            (#"{"type":"INTEGER"}"#, "3.5", "the answer must be of type integer, not number"),
            (#"{"type":["string","null"]}"#, "true", "the answer must be of type string or null, not boolean"),
            (#"{"type":"string"}"#, "null", "the answer must be of type string, not null"),
            (#"{"type":"string","enum":["a",7]}"#, #""c""#, #"the answer must be one of "a", 7"#),
            (#"{"const":7}"#, "8", "the answer must be 7"),
            (#"{"required":["a"]}"#, #"{"b":1}"#, "a is missing"),
            (
                #"{"properties":{"a":{"items":{"required":["b"]}}}}"#, #"{"a":[{"b":1},{}]}"#,
                "a[1].b is missing"
            ),
            (#"{"properties":{"a":{}},"additionalProperties":false}"#, #"{"b":1}"#, "b is not allowed"),
            (#"{"additional_properties":false}"#, #"{"b":1}"#, "b is not allowed"),
            (
                #"{"additionalProperties":{"type":"number"}}"#, #"{"b":"x"}"#,
                "b must be of type number, not string"
            ),
            (#"{"minItems":2}"#, "[1]", "the answer has 1 elements, and must have at least 2"),
            (#"{"max_items":1}"#, "[1,2]", "the answer has 2 elements, and may have at most 1"),
            (#"{"items":{"minimum":0.5}}"#, "[1,0]", "[1] must be at least 0.5"),
            (#"{"maximum":2}"#, "2.01", "the answer must be at most 2"),
            (
                #"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, "1",
                "the answer follows none of the 2 schemas of anyOf"
            ),
            (
                ##"{"properties":{"a":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"number"}}}"##, #"{"a":"1"}"#,
                "a must be of type number, not string"
            ),
        ]
    )
    func breaks(schema: String, value: String, message: String) throws {
        #expect(try problems(value, schema) == [message])
    }

    @Test("a schema that refers to itself is followed as deep as the value goes")
    func recursion() throws {
        let schema = ##"{"type":"object","properties":{"next":{"$ref":"#"}},"required":["n"]}"##
        #expect(try problems(#"{"n":1,"next":{"n":2,"next":{}}}"#, schema) == ["next.next.n is missing"])
    }

    @Test("a schema that goes in circles ends")
    func circles() throws {
        let schema = ##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}}}"##
        #expect(try problems("1", schema) == [])
    }
}
