import JSON
import TestSupport
import Testing

private let values: [(String, JSONValue)] = [
    ("null", .null), ("true", true), ("false", false), ("\"\"", ""), (" [ ] ", []), ("{ }", [:]),
    ("[1,[2,[]],{\"a\":{}}]", [1, [2, []], ["a": [:]]]), ("-12", -12),
    ("{\"a\" : 1 , \"b\":null}", ["a": 1, "b": nil]),
]

@Suite("Reading JSON")
struct JSONReaderTests {
    @Test("every kind of value is read", arguments: values)
    func readsEveryKind(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(
        "escapes stand for their characters",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
            (#""\uD83D\uDC1A""#, "🐚"), (#""\ud83d""#, "\u{FFFD}"), (#""\udc1a!""#, "\u{FFFD}!"),
            (#""\ud83d\ud83d\udc1a""#, "\u{FFFD}🐚"), (#""\ud83dx""#, "\u{FFFD}x"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
            (#""\ud83d\n""#, "\u{FFFD}\n"), (#""\u0000""#, "\u{0}"),
            ("\"\u{2028}\u{2029}\u{85}\"", "\u{2028}\u{2029}\u{85}"),
        ]
    )
    func escapes(text: String, content: String) throws {
        // Scalars are compared: strings are equal already when they look the same.
        let read = try #require(JSONValue(parsing: text).string)
        #expect(Array(read.unicodeScalars) == Array(content.unicodeScalars))
    }

    @Test("invalid UTF-8 inside a string is repaired")
    func invalidUTF8() throws {
        #expect(try JSONValue(parsing: [0x22, 0x61, 0xC3, 0x62, 0xFF, 0x22]) == "a\u{FFFD}b\u{FFFD}")
    }

    @Test(
        "what is not one JSON document is refused, with the offset of the trouble",
        arguments: [
            ("", 0), ("  ", 2), ("nul", 0), ("truex", 4), ("tru", 0), ("[1,]", 3), ("[,1]", 1), ("[1 2]", 3),
            ("{,}", 1),
            ("{\"a\":1,}", 7), ("{\"a\" 1}", 5), ("{a:1}", 1), ("{\"a\":}", 5), ("[1}", 2), ("{\"a\":1]", 6), ("01", 0),
            ("-", 0), ("+1", 0), ("1.", 2), (".5", 0), ("1e", 2), ("1e+", 3), ("--1", 0), ("\"abc", 0), ("\"a\nb\"", 2),
            (#""\x""#, 1), (#""\u12G4""#, 1), (#""\u12""#, 1), (#""\"#, 1), ("[1] 2", 4), ("]", 0), ("'a'", 0),
            ("NaN", 0),
            ("\u{FEFF}1", 0), ("[", 1), ("{\"a\"", 4), ("/* c */ 1", 0),
        ]
    )
    func refusals(text: String, offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.offset == offset, "\(text): \(String(describing: error))")
    }

    @Test(
        "numbers keep their digits, however many",
        arguments: [
            "9007199254740993", "9223372036854775808", "0.10000000000000000000001", "1e400", "-0", "1.0", "1E+2",
        ]
    )
    func digits(text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(value == .number(JSONNumber(digits: text)))
        #expect(value.text == text)
    }

    @Test("integers are read from numbers and from strings, as proto3 writes 64 bits")
    func integers() throws {
        let document = try JSONValue(
            parsing: #"["11",12,13.0,"x",1.5,1e3,9223372036854775807,9223372036854775808,true]"#
        )
        #expect(document.array?.map(\.int64) == [11, 12, 13, nil, nil, 1000, Int64.max, nil, nil])
        for (text, integer) in [("\"-5\"", -5), ("6", 6), ("2e1", 20)] {
            #expect(try JSONValue(parsing: text).int64 == Int64(integer))
        }
    }

    @Test("nesting is allowed to a depth of 100 and no further, without exhausting the stack")
    func depth() throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deepest = String(repeating: open, count: 100) + "1" + String(repeating: close, count: 100)
            #expect(throws: Never.self) { try JSONValue(parsing: deepest) }
            for count in [101, 200_000] {
                let text = String(repeating: open, count: count)
                let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
                #expect(error?.problem == "nested too deeply")
                #expect(Self.skip(Array(text.utf8)) == .failure(try #require(error)))
            }
        }
    }

    @Test("of two members with one name the later one counts, and both are kept")
    func duplicates() throws {
        let value = try JSONValue(parsing: #"{"a":1,"b":2,"a":3}"#)
        #expect(value["a"] == 3)
        #expect(value.object?.count == 3)
    }

    @Test("callers take the members they want and skip the rest")
    func walking() throws {
        let bytes = Array(#" {"skip":{"a":[1,{"b":"]}"}]}, "n\u0061me":"x\ny","list":[true,null,3]} "#.utf8)
        var reader = JSONReader(bytes.span)
        var name: String?
        var elements = 0
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "name") {
                name = try reader.readString()
            } else if reader.matches(key, "list") {
                try reader.beginArray()
                while try reader.nextElement() {
                    try reader.skipValue()
                    elements += 1
                }
            } else {
                try reader.skipValue()
            }
        }
        try reader.expectEnd()
        #expect(name == "x\ny")
        #expect(elements == 3)
    }

    @Test("skipping accepts and refuses exactly what reading does, at the same byte")
    func skippingAgrees() {
        var generator = JSONTextGenerator(seed: 1)
        var accepted = 0
        for _ in 0..<4000 {
            let bytes = generator.mutated(generator.document())
            let read = Result { () throws(JSONError) in
                var reader = JSONReader(bytes.span)
                _ = try reader.readValue()
                return reader.position
            }
            let skipped = Self.skip(bytes)
            #expect(read == skipped, "\(String(decoding: bytes, as: UTF8.self))")
            accepted += (try? read.get()) == nil ? 0 : 1
        }
        // Neither side of the comparison may be the only one that was tried.
        #expect((400...3600).contains(accepted))
    }

    private static func skip(_ bytes: [UInt8]) -> Result<Int, JSONError> {
        Result { () throws(JSONError) in
            var reader = JSONReader(bytes.span)
            try reader.skipValue()
            return reader.position
        }
    }
}
