import JSON
import TestSupport
import Testing

@Suite("Writing JSON")
struct JSONWriterTests {
    @Test("what was read is written back without blanks and reads the same")
    func roundTrip() throws {
        var generator = JSONTextGenerator(seed: 2)
        for _ in 0..<1500 {
            let value = try JSONValue(parsing: generator.document())
            let text = value.text
            #expect(try JSONValue(parsing: text) == value)
            #expect(try JSONValue(parsing: text).text == text)
        }
    }

    @Test("one document is one line for every tool: control characters and line separators are escaped")
    func oneLine() {
        let value: JSONValue = ["a\nb": "\u{0}\u{8}\u{C}\r\t\u{1F} \u{2028}\u{2029} \"\\/ \u{7F}\u{85}é🐚"]
        #expect(value.text == #"{"a\nb":"\u0000\u0008\u000c\r\t\u001f \u2028\u2029 \"\\/ \#u{7F}\#u{85}é🐚"}"#)
    }

    @Test("text that ends inside what looks like a line separator is written whole")
    func separatorPrefix() {
        // E2 80 begins U+2028 and the dashes and quotation marks as well.
        #expect(JSONValue.string("a–b“c\u{2027}").text == "\"a–b“c\u{2027}\"")
    }

    @Test("canonical text does not depend on the order of members")
    func canonicalText() throws {
        let left = try JSONValue(parsing: #"{"b":[{"z":1,"y":2}],"a":{"d":null,"c":true},"é":1,"Z":0}"#)
        let right = try JSONValue(parsing: #"{"Z":0,"a":{"c":true,"d":null},"é":1,"b":[{"y":2,"z":1}]}"#)
        #expect(left != right)
        #expect(left.canonicalText == right.canonicalText)
        #expect(left.canonicalText == #"{"Z":0,"a":{"c":true,"d":null},"b":[{"y":2,"z":1}],"é":1}"#)
    }

    @Test(
        "numbers of Swift become numbers of JSON",
        arguments: [
            (0.0, "0"), (-0.5, "-0.5"), (40.0, "40"), (0.1, "0.1"), (1e21, "1e+21"), (-2e16, "-2e+16"), (1e-7, "1e-07"),
            (Double.infinity, "null"), (Double.nan, "null"),
            (Double.greatestFiniteMagnitude, "1.7976931348623157e+308"),
        ]
    )
    func numbers(double: Double, text: String) throws {
        #expect(JSONValue.number(JSONNumber(double)).text == text)
        #expect(throws: Never.self) { try JSONValue(parsing: text) }
    }

    @Test("members and elements get their commas, also after nested ones and after a reset")
    func structure() {
        var writer = JSONWriter()
        for _ in 0..<2 {
            writer.removeAll()
            writer.object { writer in
                writer.key("list")
                writer.array { writer in
                    writer.array { _ in }
                    writer.integer(-1)
                    writer.object { _ in }
                    writer.string("s")
                }
                writer.member("n", 2)
                writer.member("d", 0.5)
                writer.member("b", false)
                writer.member("v", ["x": nil] as JSONValue)
                writer.key("raw")
                writer.unescapedString("QUJD".utf8)
                writer.key("json")
                writer.literal("[1]")
            }
            #expect(
                writer.text
                    == #"{"list":[[],-1,{},"s"],"n":2,"d":0.5,"b":false,"v":{"x":null},"raw":"QUJD","json":[1]}"#
            )
        }
    }

    @Test("members are changed, added and taken away without moving the others")
    func objects() {
        var object: JSONObject = ["a": 1, "b": 2, "a": 3]
        #expect(object.keys == ["a", "b"])
        object["b"] = nil
        object["missing"] = nil
        object["c"] = 4
        #expect(JSONValue.object(object).text == #"{"a":3,"c":4}"#)
        #expect(JSONValue.object(object.merging(["a": nil, "d": 5])).text == #"{"a":null,"c":4,"d":5}"#)
    }
}
