import GeminiSimulator
import JSON
import Testing

@Suite("Answers by schema")
struct SchemaAnswerTests {
    private func answer(_ schema: JSONValue, name: String = "responseSchema") async throws -> JSONValue {
        let config: JSONValue = .object([
            "responseMimeType": "application/json", name: schema,
        ])
        return try await withAnswer(config) { try JSONValue(parsing: $0) }
    }

    private func withAnswer<Value: Sendable>(
        _ config: JSONValue,
        _ read: @escaping @Sendable (String) throws -> Value
    ) async throws -> Value {
        let simulator = try await Simulator.start()
        let client = Client(port: simulator.port)
        let text = try client.stream("Describe one boat", config: config).streamedText()
        try await simulator.shutdown()
        return try read(text)
    }

    @Test("Google's dialect: every type, in the order asked for")
    func googleDialect() async throws {
        let value = try await answer([
            "type": "OBJECT",
            "properties": [
                "name": ["type": "STRING"], "kind": ["type": "STRING", "enum": ["sail", "motor"]],
                "masts": ["type": "INTEGER", "minimum": 1, "maximum": 3], "length": ["type": "NUMBER"],
                "afloat": ["type": "BOOLEAN"],
                "crew": ["type": "ARRAY", "minItems": 4, "items": ["type": "STRING"]],
            ],
            "propertyOrdering": ["kind", "name"],
        ])
        let members = try #require(value.object)
        #expect(members.keys.prefix(2) == ["kind", "name"])
        #expect(members.count == 6)
        #expect(["sail", "motor"].contains(value["kind"]?.string))
        #expect((1...3).contains(try #require(value["masts"]?.int64)))
        #expect(value["length"]?.double != nil)
        #expect(value["afloat"]?.bool != nil)
        #expect(value["crew"]?.array?.count == 4)
    }

    @Test("JSON Schema's dialect: references, choices and recursion that ends")
    func jsonSchema() async throws {
        let value = try await answer(
            [
                "$defs": [
                    "node": [
                        "type": "object",
                        "properties": [
                            "label": ["type": ["string", "null"], "maxLength": 3],
                            "children": ["type": "array", "items": ["$ref": "#/$defs/node"]],
                        ],
                        "required": ["label"],
                    ]
                ],
                "$ref": "#/$defs/node",
            ],
            name: "responseJsonSchema"
        )
        #expect((value["label"]?.string?.count ?? 9) <= 3)
        #expect(value["children"]?[1]?["label"]?.string != nil)
    }

    @Test("without a schema JSON is still JSON, and an enum is one of its values")
    func withoutSchema() async throws {
        let text = try await withAnswer(["responseMimeType": "application/json"]) { try JSONValue(parsing: $0) }
        #expect(text.object != nil)
        let choice = try await withAnswer(
            ["responseMimeType": "text/x.enum", "responseSchema": ["type": "STRING", "enum": ["a", "b"]]]
        ) { $0 }
        #expect(["a", "b"].contains(choice))
    }
}
