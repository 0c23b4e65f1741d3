import JSON
import Testing

@testable import GenAI

/// All members that the API's documentation lists, and some it does not.
private let full = #"""
    {"candidates":[{"content":{"role":"model","parts":[
        {"text":"Let me see.","thought":true},{"text":"The circle "},{"text":"is larger."},
        {"inlineData":{"mimeType":"image/png","data":"AQI="}},{"thought":true,"inlineData":{"mimeType":"a/b","data":"AA=="}},
        {"functionCall":{"name":"f","args":{"x":1}}},{"functionCall":{"id":"2","name":"g"}},
        {"executableCode":{"language":"PYTHON","code":"print(1)"}},
        {"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1\n"}},{"brandNew":{"a":1}}]},
      "finishReason":"STOP","finishMessage":"done","index":0,"tokenCount":"12","avgLogprobs":-0.25,
      "continuationToken":"AAEC",
      "safetyRatings":[{"category":"HARM_CATEGORY_HARASSMENT","probability":"LOW","blocked":true,
        "probabilityScore":0.25,"severity":"HARM_SEVERITY_LOW","severityScore":0.125},
        {"category":"HARM_CATEGORY_BRAND_NEW","probability":"IMMENSE"}],
      "citationMetadata":{"citationSources":[{"startIndex":3,"endIndex":9,"uri":"https://a.example","license":"MIT"},
        {"endIndex":4,"title":"T","publicationDate":{"year":2026,"month":7,"day":0}}]},
      "groundingMetadata":{"webSearchQueries":["q"],"groundingChunks":[
          {"web":{"uri":"https://w.example","title":"w","domain":"w.example"}},7,{"retrievedContext":{"title":"r"}},
          {"maps":{"uri":"m","placeId":"p"}},{"image":{"uri":"i"}}],
        "groundingSupports":[{"segment":{"partIndex":1,"startIndex":4,"endIndex":10,"text":"circle"},
          "groundingChunkIndices":[0,2],"confidenceScores":[0.5,1]},{"segment":{"endIndex":3}}],
        "searchEntryPoint":{"renderedContent":"<div></div>"},"newMember":1},
      "urlContextMetadata":{"urlMetadata":[{"retrievedUrl":"https://u.example",
        "urlRetrievalStatus":"URL_RETRIEVAL_STATUS_SUCCESS"}]},
      "logprobsResult":{"chosenCandidates":[{"token":"The","tokenId":"651","logProbability":-0.5},
          {"token":"x","logProbability":"-Infinity"}],
        "topCandidates":[{"candidates":[{"token":"The","tokenId":651,"logProbability":-0.5},{"token":"A"}]},{}]},
      "anything":{"else":[1,2.50,"3"]}}],
     "promptFeedback":{"blockReason":"MODEL_ARMOR","blockReasonMessage":"why",
       "safetyRatings":[{"category":"HARM_CATEGORY_JAILBREAK","probability":"HIGH"}]},
     "usageMetadata":{"promptTokenCount":"285","candidatesTokenCount":2,"totalTokenCount":331,"thoughtsTokenCount":44,
       "cachedContentTokenCount":5,"toolUsePromptTokenCount":6,
       "promptTokensDetails":[{"modality":"TEXT","tokenCount":5},{"modality":"IMAGE","tokenCount":"280"}],
       "candidatesTokensDetails":[{"modality":"SMELL","tokenCount":2}],"cacheTokensDetails":[{"modality":"TEXT"}],
       "toolUsePromptTokensDetails":[{"modality":"DOCUMENT","tokenCount":6}],"trafficType":"ON_DEMAND_FLEX"},
     "modelVersion":"m","responseId":"r","createTime":"2026-11-20T09:30:00.123456Z",
     "modelStatus":{"modelStage":"PREVIEW","retirementTime":"2027-01-01T00:00:00Z","message":"soon"},"unknown":null}
    """#

@Suite("The members of a response")
struct ResponseMemberTests {
    private let response: GenerateContentResponse
    private let candidate: Candidate

    init() throws {
        response = GenerateContentResponse(json: try #require(JSONValue(parsing: full).object))
        candidate = try #require(response.firstCandidate)
    }

    @Test("the answer is split into what it is made of")
    func conveniences() {
        #expect(response.text == "The circle is larger.")
        #expect(response.thoughts == "Let me see.")
        #expect(response.functionCalls.map(\.name) == ["f", "g"])
        #expect(response.functionCalls.map(\.id) == [nil, "2"])
        #expect(response.functionCalls.map(\.args) == [["x": 1], [:]])
        #expect(response.inlineData == [Blob(mimeType: "image/png", data: [1, 2])])
        #expect(response.executableCode.map(\.code) == ["print(1)"])
        #expect(response.codeExecutionResults.map(\.outcome) == [.ok])
        #expect(response.parts.count == 10)
    }

    @Test("a candidate tells why it stopped and what the filters found")
    func candidateMembers() {
        #expect(candidate.finishReason == .stop)
        #expect(candidate.finishMessage == "done")
        #expect(candidate.tokenCount == 12)
        #expect(candidate.averageLogprobs == -0.25)
        #expect(candidate.continuationToken == "AAEC")
        #expect(candidate.safetyRatings.map(\.category) == [.harassment, "HARM_CATEGORY_BRAND_NEW"])
        #expect(candidate.safetyRatings.map(\.probability) == [.low, "IMMENSE"])
        #expect(candidate.safetyRatings.map(\.isBlocked) == [true, false])
        #expect(candidate.safetyRatings[0].probabilityScore == 0.25)
        #expect(candidate.safetyRatings[0].severity == "HARM_SEVERITY_LOW")
        #expect(candidate.safetyRatings[0].severityScore == 0.125)
    }

    @Test("citations are the same under the names of both backends", arguments: ["citationSources", "citations"])
    func citations(name: String) throws {
        let text = full.replacing("citationSources", with: name)
        let response = GenerateContentResponse(json: try #require(JSONValue(parsing: text).object))
        let citations = try #require(response.firstCandidate).citations
        #expect(citations.map(\.startIndex) == [3, 0])
        #expect(citations.map(\.endIndex) == [9, 4])
        #expect(citations.map(\.uri) == ["https://a.example", nil])
        #expect(citations.map(\.title) == [nil, "T"])
        #expect(citations.map(\.license) == ["MIT", nil])
        #expect(citations.map { $0.publicationDate?.year } == [nil, 2026])
        #expect(citations.map { $0.publicationDate?.month } == [nil, 7])
        #expect(citations.map { $0.publicationDate?.day } == [nil, nil])
    }

    @Test("grounding tells what was searched, found and used")
    func grounding() throws {
        let grounding = try #require(candidate.groundingMetadata)
        #expect(grounding.webSearchQueries == ["q"])
        // The odd entry keeps its place: supports count on it.
        #expect(grounding.chunks.count == 5)
        #expect(grounding.chunks[0].web?.uri == "https://w.example")
        #expect(grounding.chunks[0].web?.title == "w")
        #expect(grounding.chunks[0].web?.domain == "w.example")
        #expect(grounding.chunks[2].retrievedContext?.title == "r")
        #expect(grounding.chunks[3].maps?.json["placeId"] == "p")
        #expect(grounding.chunks[4].image?.uri == "i")
        #expect(grounding.supports.map(\.partIndex) == [1, 0])
        #expect(grounding.supports.map(\.startIndex) == [4, 0])
        #expect(grounding.supports.map(\.endIndex) == [10, 3])
        #expect(grounding.supports[0].text == "circle")
        #expect(grounding.supports[0].chunkIndices == [0, 2])
        #expect(grounding.supports[0].confidenceScores == [0.5, 1])
        #expect(grounding.searchEntryPointHTML == "<div></div>")
        #expect(candidate.urlMetadata.map(\.retrievedURL) == ["https://u.example"])
        #expect(candidate.urlMetadata.map(\.status) == ["URL_RETRIEVAL_STATUS_SUCCESS"])
    }

    @Test("probabilities of tokens, also those that JSON has no digits for")
    func logprobs() throws {
        let result = try #require(candidate.logprobsResult)
        #expect(result.chosenCandidates.map(\.token) == ["The", "x"])
        #expect(result.chosenCandidates.map(\.tokenID) == [651, nil])
        #expect(result.chosenCandidates.map(\.logProbability) == [-0.5, -.infinity])
        #expect(result.topCandidates.map { $0.map(\.token) } == [["The", "A"], []])
    }

    @Test("tokens are counted in all and by kind")
    func usage() throws {
        let usage = try #require(response.usageMetadata)
        #expect(usage.promptTokenCount == 285)
        #expect(usage.promptTokensDetails.map(\.modality) == [.text, .image])
        #expect(usage.promptTokensDetails.map(\.tokenCount) == [5, 280])
        #expect(usage.candidatesTokensDetails.map(\.modality) == ["SMELL"])
        #expect(usage.cacheTokensDetails.map(\.tokenCount) == [nil])
        #expect(usage.toolUsePromptTokensDetails.map(\.modality) == [.document])
        #expect(usage.trafficType == .onDemandFlex)
    }

    @Test("the response tells of the prompt and the model")
    func responseMembers() {
        #expect(response.promptFeedback?.blockReason == .modelArmor)
        #expect(response.promptFeedback?.safetyRatings.map(\.category) == [.jailbreak])
        #expect(response.createTime == "2026-11-20T09:30:00.123456Z")
        #expect(response.modelStatus?.modelStage == "PREVIEW")
        #expect(response.modelStatus?.retirementTime == "2027-01-01T00:00:00Z")
        #expect(response.modelStatus?.message == "soon")
    }

    @Test("everything that came is still there, known or not, and in its order")
    func roundTrip() throws {
        #expect(try JSONValue.object(response.json).text == JSONValue(parsing: full).text)
        let parts = try #require(candidate.content).parts
        var writer = JSONWriter()
        Content(role: .model, parts: parts).write(to: &writer)
        #expect(try JSONValue(parsing: writer.text) == JSONValue(parsing: full)["candidates"]?.array?.first?["content"])
    }

    @Test(
        "lists that are missing, or something else, are empty",
        arguments: [
            #"{"candidates":[{}]}"#,
            #"{"candidates":[{"safetyRatings":1,"citationMetadata":null,"groundingMetadata":[],"urlContextMetadata":"x","logprobsResult":{"chosenCandidates":{},"topCandidates":[1]},"avgLogprobs":{},"tokenCount":-0.5}],"usageMetadata":{"promptTokensDetails":7}}"#,
        ]
    )
    func missing(document: String) throws {
        let response = GenerateContentResponse(json: try #require(JSONValue(parsing: document).object))
        let candidate = try #require(response.firstCandidate)
        #expect(candidate.safetyRatings.isEmpty)
        #expect(candidate.citations.isEmpty)
        #expect(candidate.groundingMetadata == nil)
        #expect(candidate.urlMetadata.isEmpty)
        #expect(candidate.logprobsResult?.chosenCandidates.isEmpty != false)
        #expect(candidate.logprobsResult?.topCandidates.first?.isEmpty != false)
        #expect(candidate.averageLogprobs == nil)
        #expect(candidate.tokenCount == nil)
        #expect(response.usageMetadata?.promptTokensDetails.isEmpty != false)
        #expect(response.thoughts == nil)
        #expect(response.functionCalls.isEmpty)
    }

    @Test("a file tells where it comes from")
    func file() {
        let file = File(json: [
            "name": "files/a", "source": "GENERATED", "downloadUri": "https://d.example",
            "createTime": "2026-11-20T09:30:00Z", "updateTime": "2026-11-20T09:31:00Z",
        ])
        #expect(file.source == .generated)
        #expect(file.downloadURI == "https://d.example")
        #expect(file.createTime == "2026-11-20T09:30:00Z")
        #expect(file.updateTime == "2026-11-20T09:31:00Z")
        #expect(File(json: [:]).source == nil)
    }

    @Test("words of the server's have the names of its documentation")
    func words() {
        let reasons: [FinishReason] = [
            .unspecified, .stop, .maxTokens, .continuation, .other, .safety, .recitation, .language, .blocklist,
            .prohibitedContent, .sensitivePersonalData, .modelArmor, .escalation, .limitedDisabled,
            .malformedFunctionCall, .malformedResponse, .unexpectedToolCall, .tooManyToolCalls,
            .missingThoughtSignature, .imageSafety, .imageProhibitedContent, .imageRecitation, .imageOther, .noImage,
        ]
        #expect(
            reasons.map(\.description).joined(separator: " ")
                == """
                FINISH_REASON_UNSPECIFIED STOP MAX_TOKENS CONTINUATION OTHER SAFETY RECITATION LANGUAGE BLOCKLIST \
                PROHIBITED_CONTENT SPII MODEL_ARMOR ESCALATION PUP_LIMITED_DISABLED MALFORMED_FUNCTION_CALL \
                MALFORMED_RESPONSE UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS MISSING_THOUGHT_SIGNATURE IMAGE_SAFETY \
                IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION IMAGE_OTHER NO_IMAGE
                """
        )
        let blocks: [BlockReason] = [
            .unspecified, .safety, .other, .blocklist, .prohibitedContent, .imageSafety, .modelArmor, .jailbreak,
        ]
        #expect(
            blocks.map(\.description).joined(separator: " ")
                == "BLOCKED_REASON_UNSPECIFIED SAFETY OTHER BLOCKLIST PROHIBITED_CONTENT IMAGE_SAFETY MODEL_ARMOR JAILBREAK"
        )
    }

    @Test("an answer of several requests has the counts of all, by kind too")
    func continued() throws {
        let first = try usage(
            #"{"promptTokenCount":800,"promptTokensDetails":[{"modality":"TEXT","tokenCount":300},{"modality":"IMAGE","tokenCount":500}],"candidatesTokensDetails":[{"modality":"TEXT","tokenCount":7}]}"#
        )
        let second = try usage(
            #"{"promptTokenCount":66336,"promptTokensDetails":[{"modality":"IMAGE","tokenCount":500},{"modality":"TEXT","tokenCount":65836}],"trafficType":"ON_DEMAND"}"#
        )
        #expect(
            JSONValue.object(first.adding(second).json).canonicalText
                == #"{"candidatesTokensDetails":[{"modality":"TEXT","tokenCount":7}],"promptTokenCount":67136,"promptTokensDetails":[{"modality":"TEXT","tokenCount":66136},{"modality":"IMAGE","tokenCount":1000}],"trafficType":"ON_DEMAND"}"#
        )
    }

    private func usage(_ document: String) throws -> UsageMetadata {
        UsageMetadata(json: try #require(JSONValue(parsing: document).object))
    }
}
