import GenAI
import JSON
import Testing

@Suite("Responses as values")
struct ResponseTests {
    @Test("all that the server sent can be asked for, named or not")
    func members() throws {
        let response = try parse(
            #"""
            {"candidates":[
                {"index":1,"content":{"parts":[{"text":"second"}]}},
                {"content":{"role":"model","parts":[{"text":"Hm.","thought":true},{"text":"Fi"},
                    {"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}},{"text":"sh","thoughtSignature":"AA=="}]},
                    "finishReason":"BRAND_NEW","finishMessage":"m","avgLogprobs":-0.125}],
             "promptFeedback":{"blockReason":"OTHER","blockReasonMessage":"why"},
             "usageMetadata":{"promptTokenCount":"12","candidatesTokenCount":3,"thoughtsTokenCount":4,
                "cachedContentTokenCount":5,"toolUsePromptTokenCount":6,"totalTokenCount":7.0},
             "modelVersion":"m-001","responseId":"r1","modelStatus":{"modelStage":"PREVIEW"}}
            """#
        )
        #expect(response.text == "Fish")
        #expect(response.candidates.count == 2)
        #expect(response.parts.count == 4)
        #expect(response.firstCandidate?.content?.role == .model)
        #expect(response.firstCandidate?.content?.text == "Fish")
        #expect(response.firstCandidate?.finishReason == FinishReason(rawValue: "BRAND_NEW"))
        #expect(response.firstCandidate?.finishMessage == "m")
        #expect(response.firstCandidate?.json["avgLogprobs"] == -0.125)
        #expect(response.promptFeedback?.blockReason == "OTHER")
        #expect(response.promptFeedback?.blockReasonMessage == "why")
        #expect(response.usageMetadata?.promptTokenCount == 12)
        #expect(response.usageMetadata?.candidatesTokenCount == 3)
        #expect(response.usageMetadata?.thoughtsTokenCount == 4)
        #expect(response.usageMetadata?.cachedContentTokenCount == 5)
        #expect(response.usageMetadata?.toolUsePromptTokenCount == 6)
        #expect(response.usageMetadata?.totalTokenCount == 7)
        #expect(response.modelVersion == "m-001")
        #expect(response.responseID == "r1")
        #expect(response.json["modelStatus"]?["modelStage"] == "PREVIEW")
    }

    @Test(
        "every member may be missing, or be something else",
        arguments: [
            "{}", #"{"candidates":[]}"#, #"{"candidates":[{}]}"#, #"{"candidates":[{"content":{}}]}"#,
            #"{"candidates":[{"content":{"parts":[]}}]}"#, #"{"candidates":[{"content":{"parts":[{}]}}]}"#,
            #"{"candidates":null,"usageMetadata":null,"promptFeedback":null,"modelVersion":null}"#,
            #"{"candidates":7,"usageMetadata":[],"promptFeedback":"x","modelVersion":{},"responseId":1}"#,
            #"{"candidates":[1,{"content":5,"finishReason":null,"index":"x"},{"index":3}]}"#,
        ]
    )
    func missing(document: String) throws {
        let response = try parse(document)
        #expect(response.text == nil)
        #expect(response.firstCandidate?.finishReason == nil)
        #expect(response.usageMetadata?.totalTokenCount == nil)
        #expect(response.promptFeedback?.blockReason == nil)
        #expect(response.modelVersion == nil)
    }

    // Fault matrix: F73.
    @Test(
        "counts that are none are unknown, never zero",
        arguments: ["-1", "2147483648", "1.5", "null", "\"x\"", "{}"]
    )
    func counts(value: String) throws {
        let response = try parse(#"{"usageMetadata":{"promptTokenCount":\#(value)}}"#)
        #expect(response.usageMetadata != nil)
        #expect(response.usageMetadata?.promptTokenCount == nil)
    }

    private func parse(_ document: String) throws -> GenerateContentResponse {
        GenerateContentResponse(json: try #require(JSONValue(parsing: document).object))
    }
}
