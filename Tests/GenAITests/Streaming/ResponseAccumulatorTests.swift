import JSON
import TestSupport
import Testing

@testable import GenAI

@Suite("One response out of chunks", .timeLimit(.minutes(1)))
struct ResponseAccumulatorTests {
    @Test("texts are joined, counts are kept that later chunks leave out, and of the rest the last stays")
    func stream() throws {
        let response = try fold([
            #"{"promptFeedback":{"safetyRatings":[]},"candidates":[{"content":{"role":"model","parts":[{"text":"Hm","thought":true}]},"index":0}],"usageMetadata":{"promptTokenCount":7,"thoughtsTokenCount":2,"trafficType":"ON_DEMAND"},"responseId":"r"}"#,
            #"{"candidates":[{"content":{"parts":[{"text":"b"}]},"index":1,"finishReason":"STOP"},{"content":{"parts":[{"text":"One"}]},"safetyRatings":[]}],"usageMetadata":{"promptTokenCount":-1,"candidatesTokenCount":3}}"#,
            #"{"candidates":[{"content":{"parts":[{"text":" two"},{"functionCall":{"name":"f"}}]},"finishReason":"STOP"}],"modelVersion":"m"}"#,
            #"{"candidates":[{"finishReason":""}],"usageMetadata":{"candidatesTokenCount":4,"totalTokenCount":13},"modelVersion":null}"#,
        ])
        let expected = #"""
            {"candidates":[
              {"index":0,"content":{"role":"model","parts":[{"text":"Hm","thought":true},{"text":"One two"},{"functionCall":{"name":"f"}}]},"safetyRatings":[],"finishReason":"STOP"},
              {"index":1,"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"}],
             "promptFeedback":{"safetyRatings":[]},"responseId":"r","modelVersion":"m",
             "usageMetadata":{"promptTokenCount":7,"thoughtsTokenCount":2,"trafficType":"ON_DEMAND","candidatesTokenCount":4,"totalTokenCount":13}}
            """#
        #expect(JSONValue.object(response.json).canonicalText == (try JSONValue(parsing: expected).canonicalText))
    }

    @Test(
        "a response that is the only one stays as it came, also if it says little",
        arguments: [
            #"{"candidates":[{"content":{"parts":[{"text":""},{"text":"a"},{"text":"b"}]},"index":null}],"error":null}"#,
            "{}",
        ]
    )
    func only(document: String) throws {
        #expect(JSONValue.object(try fold([document]).json) == (try JSONValue(parsing: document)))
    }

    @Test("without chunks there are no members")
    func empty() {
        #expect(ResponseAccumulator().response.json.isEmpty)
    }

    @Test(
        "counts of several requests are added, those of one request are not, whether the chunks name it or not",
        arguments: ["", #","responseId":"ID""#]
    )
    func continuation(id: String) throws {
        let first = id.replacing("ID", with: "a")
        let second = id.replacing("ID", with: "b")
        let response = try fold([
            #"{"candidates":[{"content":{"parts":[{"text":"one"}]}}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1}\#(first)}"#,
            #"{"candidates":[{"finishReason":"CONTINUATION","continuationToken":"t"}]\#(first)}"#,
            #"{"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2}\#(first)}"#,
            #"{"candidates":[{"content":{"parts":[{"text":" two"}]}}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":1}\#(second)}"#,
            #"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":3}\#(second)}"#,
        ])
        #expect(response.text == "one two")
        #expect(response.firstCandidate?.finishReason == .stop)
        #expect(response.firstCandidate?.continuationToken == nil)
        #expect(response.usageMetadata?.promptTokenCount == 12)
        #expect(response.usageMetadata?.candidatesTokenCount == 5)
    }

    @Test("a whole answer that comes in several responses loses nothing and counts nothing twice")
    func whole() async throws {
        let body = """
            [{"candidates":[{"content":{"role":"model","parts":[{"text":"One"}]}}],"usageMetadata":{"promptTokenCount":5}},
            {"candidates":[{"content":{"parts":[{"text":" two"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5}},
            {"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2}}]
            """
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], body)
        } _: { server in
            let client = try Client(server)
            let answer = try await client.models.generateContent(model: "m", contents: "p")
            #expect(answer.text == "One two")
            #expect(answer.firstCandidate?.finishReason == .stop)
            #expect(answer.usageMetadata?.promptTokenCount == 5)
            #expect(answer.usageMetadata?.candidatesTokenCount == 2)
        }
    }

    private func fold(_ documents: [String]) throws -> GenerateContentResponse {
        var accumulator = ResponseAccumulator()
        for document in documents {
            accumulator.append(GenerateContentResponse(json: try #require(JSONValue(parsing: document).object)))
        }
        return accumulator.response
    }
}
