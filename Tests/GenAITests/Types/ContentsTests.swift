import JSON
import TestSupport
import Testing

@testable import GenAI

/// What Google's SDK takes as contents, and the messages that it makes of it.
private let looseContents: [(String, String)] = [
    (#""a""#, #"[{"role":"user","parts":[{"text":"a"}]}]"#),
    (#"["a","b"]"#, #"[{"role":"user","parts":[{"text":"a"},{"text":"b"}]}]"#),
    (
        #"["a",{"file_data":{"file_uri":"gs://b/c_d","mime_type":"image/png"},"thought":null},{"inline_data":{"mime_type":"a/b","data":"AA=="}}]"#,
        #"[{"role":"user","parts":[{"text":"a"},{"fileData":{"fileUri":"gs://b/c_d","mimeType":"image/png"}},{"inlineData":{"mimeType":"a/b","data":"AA=="}}]}]"#
    ),
    (
        #"[{"name":"files/x","uri":"https://f.example/x","mime_type":"video/mp4"},"what?"]"#,
        #"[{"role":"user","parts":[{"fileData":{"fileUri":"https://f.example/x","mimeType":"video/mp4"}},{"text":"what?"}]}]"#
    ),
    (
        #"["a",["b","c"],"d"]"#,
        #"[{"role":"user","parts":[{"text":"a"}]},{"role":"user","parts":[{"text":"b"},{"text":"c"}]},{"role":"user","parts":[{"text":"d"}]}]"#
    ),
    (
        #"["a",{"function_call":{"name":"f","args":{"a_b":1}}},{"functionCall":{"name":"g"}},{"function_response":{"name":"f","response":{"a_b":null}}},"b"]"#,
        #"[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a_b":1}}},{"functionCall":{"name":"g"}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"a_b":null}}},{"text":"b"}]}]"#
    ),
    (
        #"["a",{"role":"model","parts":["b",{"text":"c","thought_signature":"AA=="}]},{"parts":[{"text":"d"}]},"e"]"#,
        #"[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"},{"text":"c","thoughtSignature":"AA=="}]},{"role":"user","parts":[{"text":"d"}]},{"role":"user","parts":[{"text":"e"}]}]"#
    ),
    (
        #"{"media_resolution":{"level":"media_resolution_low"},"file_data":{"file_uri":"u"}}"#,
        #"[{"role":"user","parts":[{"mediaResolution":{"level":"MEDIA_RESOLUTION_LOW"},"fileData":{"fileUri":"u"}}]}]"#
    ),
    ("[]", "[]"),
]

@Suite("Contents", .timeLimit(.minutes(1)))
struct ContentsTests {
    @Test("loose contents become the messages that Google's SDK makes of them", arguments: looseContents)
    func loose(json: String, messages: String) throws {
        let contents = try Content.messages(json: JSONValue(parsing: json))
        #expect(try JSONValue.array(contents.map(written)).canonicalText == JSONValue(parsing: messages).canonicalText)
    }

    @Test(
        "what is no content is refused",
        arguments: [
            "1", "null", "[true]", "[{}]", #"[["a",1]]"#, #"{"parts":"a"}"#, #"{"role":"user","parts":[["a"]]}"#,
        ]
    )
    func refused(json: String) throws {
        let json = try JSONValue(parsing: json)
        let error = #expect(throws: GenAIError.self) { try Content.messages(json: json) }
        #expect(error?.label == "invalidCall")
    }

    @Test("parts are sent as messages by every call that takes contents")
    func parts() async throws {
        try await withLoopbackServer { request, connection in
            let isCount = request.target.contains("countTokens")
            connection.respond(200, [], isCount ? "{}" : #"{"candidates":[{"finishReason":"STOP"}]}"#)
        } _: { server in
            let client = try Client(server)
            let parts: [Part] = [.text("p"), .functionCall(FunctionCall(name: "f")), .text("q")]
            _ = try await client.models.generateContent(model: "m", contents: parts)
            for try await _ in client.models.generateContentStream(model: "m", contents: parts) {}
            _ = try await client.models.countTokens(model: "m", contents: parts)
            try await onThread {
                _ = try client.blocking.models.generateContent(model: "m", contents: parts)
                let stream = client.blocking.models.generateContentStream(model: "m", contents: parts)
                while try stream.next() != nil {}
            }
            let body =
                #"{"contents":[{"role":"user","parts":[{"text":"p"}]},{"role":"model","parts":[{"functionCall":{"name":"f"}}]},{"role":"user","parts":[{"text":"q"}]}]}"#
            #expect(server.requests.map(\.bodyText) == Array(repeating: body, count: 5))
        }
    }

    private func written(_ content: Content) throws -> JSONValue {
        var writer = JSONWriter()
        content.write(to: &writer)
        return try JSONValue(parsing: writer.bytes)
    }
}
