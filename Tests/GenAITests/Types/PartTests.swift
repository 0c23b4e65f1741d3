import JSON
import TestSupport
import Testing

@testable import GenAI

/// A part made with the library's own types, and what it is on the wire.
private let parts: [(Part, String)] = [
    (.text(""), #"{"text":""}"#),
    (.uri("gs://b/a.png", mimeType: "image/png"), #"{"fileData":{"fileUri":"gs://b/a.png","mimeType":"image/png"}}"#),
    (
        .uri("https://h.example/a/b.JPG?sig=x.png#y.gif"),
        #"{"fileData":{"fileUri":"https://h.example/a/b.JPG?sig=x.png#y.gif","mimeType":"image/jpeg"}}"#
    ),
    (
        .uri("https://h.example/a.png", mimeType: "image/webp"),
        #"{"fileData":{"fileUri":"https://h.example/a.png","mimeType":"image/webp"}}"#
    ),
    (.uri("gs://b/what?.mp4"), #"{"fileData":{"fileUri":"gs://b/what?.mp4","mimeType":"video/mp4"}}"#),
    (.uri("https://host.mp4"), #"{"fileData":{"fileUri":"https://host.mp4"}}"#),
    (.uri("https://h.example/a.png/b?c=d.png"), #"{"fileData":{"fileUri":"https://h.example/a.png/b?c=d.png"}}"#),
    (.uri("data:image/png;base64,++8="), #"{"inlineData":{"mimeType":"image/png","data":"++8="}}"#),
    (.uri("DATA:image/png;x=y;BASE64,%2B%2b8"), #"{"inlineData":{"mimeType":"image/png","data":"++8="}}"#),
    (.uri("data:,a%20b,c"), #"{"inlineData":{"mimeType":"text/plain","data":"YSBiLGM="}}"#),
    (.uri("data:a/b,x", mimeType: "c/d"), #"{"inlineData":{"mimeType":"c/d","data":"eA=="}}"#),
    (.uri("https://youtu.be/x"), #"{"fileData":{"fileUri":"https://youtu.be/x"}}"#),
    (.data([0xFB, 0xEF], mimeType: "image/png"), #"{"inlineData":{"mimeType":"image/png","data":"++8="}}"#),
    (
        .functionCall(FunctionCall(name: "f", args: ["a_b": 1], id: "1")),
        #"{"functionCall":{"id":"1","name":"f","args":{"a_b":1}}}"#
    ),
    (.functionCall(FunctionCall(name: "f")), #"{"functionCall":{"name":"f"}}"#),
    (.functionCall(FunctionCall(name: "f", args: [:])), #"{"functionCall":{"name":"f","args":{}}}"#),
    (
        .functionResponse(FunctionResponse(name: "f", response: ["any_name": [1]], id: "1")),
        #"{"functionResponse":{"id":"1","name":"f","response":{"any_name":[1]}}}"#
    ),
    (
        .functionResponse(FunctionResponse(to: FunctionCall(name: "f"), error: "no such port")),
        #"{"functionResponse":{"name":"f","response":{"error":"no such port"}}}"#
    ),
    (
        .executableCode(ExecutableCode(code: "print(1)", id: "7")),
        #"{"executableCode":{"language":"PYTHON","code":"print(1)","id":"7"}}"#
    ),
    (
        .codeExecutionResult(CodeExecutionResult(outcome: .ok, output: "1\n")),
        #"{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1\n"}}"#
    ),
]

@Suite("Parts")
struct PartTests {
    @Test("a part is sent in the API's form", arguments: parts)
    func built(part: Part, json: String) throws {
        #expect(try written(part) == json)
    }

    @Test("a medium says how finely it is read, and which piece of a video is meant")
    func modifiers() throws {
        var part = Part.uri("https://youtu.be/x")
        part.mediaResolution = .ultraHigh
        part.videoMetadata = VideoMetadata(
            startOffset: .seconds(10),
            endOffset: .milliseconds(20_250),
            framesPerSecond: 0.5
        )
        part.partMetadata = ["my_note": 1]
        part.thoughtSignature = "AA=="
        #expect(
            try written(part)
                == #"{"fileData":{"fileUri":"https://youtu.be/x"},"mediaResolution":{"level":"MEDIA_RESOLUTION_ULTRA_HIGH"},"videoMetadata":{"startOffset":"10s","endOffset":"20.25s","fps":0.5},"partMetadata":{"my_note":1},"thoughtSignature":"AA=="}"#
        )
        #expect(part.mediaResolution == .ultraHigh)
        #expect(part.videoMetadata?.startOffset == .seconds(10))
        #expect(part.videoMetadata?.endOffset == .milliseconds(20_250))
        #expect(part.videoMetadata?.framesPerSecond == 0.5)
        part.mediaResolution = nil
        #expect(part.json["mediaResolution"] == nil)
        var inline = Part.data([1], mimeType: "image/png")
        inline.mediaResolution = .low
        #expect(
            try written(inline)
                == #"{"inlineData":{"mimeType":"image/png","data":"AQ=="},"mediaResolution":{"level":"MEDIA_RESOLUTION_LOW"}}"#
        )
    }

    @Test("a function's response may hold media, and say what is to become of it")
    func functionResponse() throws {
        var response = FunctionResponse(name: "f", response: ["output": 1])
        #expect(response.parts == nil)
        response.parts = [.data([0xFB, 0xEF], mimeType: "image/png"), .uri("gs://b/a.png")]
        response.scheduling = .whenIdle
        response.willContinue = false
        #expect(
            try written(.functionResponse(response))
                == #"{"functionResponse":{"name":"f","response":{"output":1},"parts":[{"inlineData":{"mimeType":"image/png","data":"++8="}},{"fileData":{"fileUri":"gs://b/a.png","mimeType":"image/png"}}],"scheduling":"WHEN_IDLE","willContinue":false}}"#
        )
        #expect(response.parts?.first?.inlineData?.data == [0xFB, 0xEF])
        #expect(response.scheduling == .whenIdle)
        #expect(response.willContinue == false)
    }

    @Test("the pieces of a call's arguments can be read")
    func partialArguments() throws {
        let part = try part(
            #"""
            {"functionCall":{"name":"f","willContinue":true,"partialArgs":[
              {"jsonPath":"$.a","stringValue":"x","willContinue":true},{"jsonPath":"$.b","numberValue":0},
              {"jsonPath":"$.c","boolValue":false},{"jsonPath":"$.d","nullValue":"NULL_VALUE"},{}]}}
            """#
        )
        let pieces = try #require(part.functionCall).partialArgs
        #expect(pieces.map(\.jsonPath) == ["$.a", "$.b", "$.c", "$.d", nil])
        #expect(pieces.map(\.value) == ["x", 0, false, .null, nil])
        #expect(pieces.map(\.willContinue) == [true, false, false, false, false])
    }

    @Test("every member of a part can be read")
    func reading() throws {
        let part = try part(
            #"""
            {"functionCall":{"id":"fc-1","name":"tide_table","args":{"port":"Brest","n":12345678901234567890}},
             "functionResponse":{"id":"r","name":"f","response":{"output":1}},
             "executableCode":{"language":"PYTHON","code":"c","id":"e"},
             "codeExecutionResult":{"outcome":"OUTCOME_DEADLINE_EXCEEDED","output":"o","id":"e"},
             "toolCall":{"id":"t","toolType":"GOOGLE_SEARCH","args":{"q":1}},
             "toolResponse":{"id":"t","toolType":"GOOGLE_SEARCH","response":{"r":2}},
             "fileData":{"fileUri":"u","mimeType":"m"},"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="},
             "thoughtSignature":"CrQBAXLI2nw=","thought":true,"text":"t"}
            """#
        )
        #expect(part.functionCall?.id == "fc-1")
        #expect(part.functionCall?.name == "tide_table")
        #expect(part.functionCall?.args["n"] == .number(JSONNumber(digits: "12345678901234567890")))
        #expect(part.functionCall?.willContinue == false)
        #expect(part.functionResponse?.id == "r")
        #expect(part.functionResponse?.name == "f")
        #expect(part.functionResponse?.response == ["output": 1])
        #expect(part.executableCode == ExecutableCode(code: "c", id: "e"))
        #expect(part.executableCode?.language == "PYTHON")
        #expect(part.codeExecutionResult?.outcome == .deadlineExceeded)
        #expect(part.codeExecutionResult?.output == "o")
        #expect(part.codeExecutionResult?.id == "e")
        #expect(part.toolCall?.id == "t")
        #expect(part.toolCall?.toolType == "GOOGLE_SEARCH")
        #expect(part.toolCall?.args == ["q": 1])
        #expect(part.toolResponse?.id == "t")
        #expect(part.toolResponse?.response == ["r": 2])
        #expect(part.fileData?.uri == "u")
        #expect(part.fileData?.mimeType == "m")
        #expect(part.inlineData == Blob(mimeType: "image/png", data: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        #expect(part.thoughtSignature == "CrQBAXLI2nw=")
        #expect(part.isThought)
        #expect(part.text == "t")
    }

    @Test(
        "members that are missing, or something else, read as nothing",
        arguments: [
            "{}",
            #"{"functionCall":1,"functionResponse":null,"inlineData":[],"fileData":"x","text":5,"thought":"yes","videoMetadata":{"startOffset":"soon"}}"#,
        ]
    )
    func missing(json: String) throws {
        let part = try part(json)
        #expect(part.functionCall == nil)
        #expect(part.functionResponse == nil)
        #expect(part.inlineData == nil)
        #expect(part.fileData == nil)
        #expect(part.text == nil)
        #expect(!part.isThought)
        #expect(part.videoMetadata?.startOffset == nil)
        #expect(try JSONValue(parsing: written(part)) == JSONValue(parsing: json))
    }

    @Test("bytes to be sent can be read back without encoding them")
    func inline() {
        #expect(Part.data([1, 2], mimeType: "image/png").inlineData == Blob(mimeType: "image/png", data: [1, 2]))
    }

    @Test("the answer to a function call is the protocol's (19.11)")
    func functionAnswer() throws {
        let asked = try part(
            #"{"functionCall":{"id":"fc-1","name":"tide_table","args":{"port":"Brest","date":"2026-11-23"}},"thoughtSignature":"CrQBAXLI2nw="}"#
        )
        let response = FunctionResponse(
            to: try #require(asked.functionCall),
            output: ["high": ["04:12", "16:38"]]
        )
        let contents = [
            Content("High water in Brest tomorrow?"), Content(role: .model, parts: [asked]),
            Content(parts: [.functionResponse(response)]),
        ]
        let call = GenerateCall(model: "m", contents: contents, config: GenerateContentConfig(), stream: true)
        #expect(
            String(decoding: call.body(continuationToken: nil), as: UTF8.self)
                == #"{"contents":[{"role":"user","parts":[{"text":"High water in Brest tomorrow?"}]},{"role":"model","parts":[{"functionCall":{"id":"fc-1","name":"tide_table","args":{"port":"Brest","date":"2026-11-23"}},"thoughtSignature":"CrQBAXLI2nw="}]},{"role":"user","parts":[{"functionResponse":{"id":"fc-1","name":"tide_table","response":{"output":{"high":["04:12","16:38"]}}}}]}]}"#
        )
    }

    @Test("a continued request is the same with one member more (19.13)")
    func continuation() throws {
        var config = GenerateContentConfig()
        config.maxOutputTokens = 200_000
        let call = GenerateCall(model: "m", contents: [Content("p")], config: config, stream: true)
        #expect(
            String(decoding: call.body(continuationToken: "AAECAwQF/+8="), as: UTF8.self)
                == #"{"contents":[{"role":"user","parts":[{"text":"p"}]}],"continuationToken":"AAECAwQF/+8=","generationConfig":{"maxOutputTokens":200000}}"#
        )
    }

    @Test(
        "durations are written as protobuf writes them",
        arguments: [
            (Duration.zero, "0s"), (.seconds(3600), "3600s"), (.milliseconds(1500), "1.5s"),
            (.nanoseconds(1), "0.000000001s"), (.milliseconds(50), "0.05s"),
        ]
    )
    func durations(duration: Duration, text: String) {
        #expect(duration.protobufText == text)
        #expect(Duration(protobuf: text) == duration)
    }

    private func part(_ json: String) throws -> Part {
        Part(json: try #require(JSONValue(parsing: json).object))
    }

    private func written(_ part: Part) throws -> String {
        var writer = JSONWriter()
        part.write(to: &writer)
        return writer.text
    }
}

@Suite("Base64")
struct Base64Tests {
    @Test("any bytes come back, with padding or without, in both alphabets")
    func roundTrip() {
        var random = SeededGenerator(seed: 7)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = String(decoding: Base64.encode(bytes), as: UTF8.self)
            #expect(Base64.decode(text) == bytes)
            #expect(Base64.decode(text.replacing("=", with: "")) == bytes)
            #expect(Base64.decode(text.replacing("+", with: "-").replacing("/", with: "_")) == bytes)
        }
    }

    @Test(
        "what is no base64 is none",
        arguments: [
            "A", "AAAAA", "A=", "=", "==", "AA=", "AAA==", "A===", "AAAA=", "AA==AA==", "A\nAA", "AA A", "A*AA", "ÄA",
            "AAAA\0",
        ]
    )
    func malformed(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test("half a megabyte is decoded in one piece")
    func large() {
        let bytes = [UInt8](repeating: 0xA5, count: 500_001)
        #expect(Base64.decode(String(decoding: Base64.encode(bytes), as: UTF8.self)) == bytes)
    }
}
