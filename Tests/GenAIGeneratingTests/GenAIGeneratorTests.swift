import BatchCore
import Foundation
import GenAIGenerating
import JSON
import TestSupport
import Testing

private let answer =
    #"data: {"candidates":[{"content":{"parts":[{"text":"Winter."}],"role":"model"},"finishReason":"STOP","safetyRatings":[{"probability":"LOW"}],"index":0}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":2,"totalTokenCount":9,"trafficType":"ON_DEMAND"},"modelVersion":"m-001","responseId":"r1"}"#
    + "\r\n\r\n"

@Suite("Items to requests and answers", .timeLimit(.minutes(1)))
struct GenAIGeneratorTests {
    @Test("a prompt is sent as the item says, and its answer comes back with all that is recorded")
    func plain() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], answer)
        } _: { server in
            let meter = StreamMeter()
            let request = ItemRequest(
                model: "gemini-3.8-flash",
                systemInstruction: "One line only.",
                config: ["temperature": 0, "max_output_tokens": 400],
                turns: [ItemRequest.Turn(text: "Which season is coldest?")]
            )
            let result = try await generate(request, meter: meter, against: server)
            #expect(
                result.answer
                    == Answer(
                        text: "Winter.",
                        finishReason: "STOP",
                        usage: TokenUsage(promptTokens: 7, outputTokens: 2, totalTokens: 9),
                        modelVersion: "m-001",
                        responseID: "r1",
                        candidates: 1,
                        metadata:
                            #"{"safetyRatings":[{"probability":"LOW"}],"usageMetadata":{"trafficType":"ON_DEMAND"}}"#,
                        serviceTier: .standard
                    )
            )
            #expect(result.firstChunk != nil)
            #expect(meter.chunkCount == 1)
            #expect(meter.outputTokens == 2)
            let sent = try #require(server.requests.first)
            #expect(sent.target == "/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse")
            let expected =
                #"{"contents":[{"parts":[{"text":"Which season is coldest?"}],"role":"user"}],"generationConfig":{"maxOutputTokens":400,"temperature":0},"systemInstruction":{"parts":[{"text":"One line only."}]}}"#
            #expect(try JSONValue(parsing: sent.body).canonicalText == expected)
        }
    }

    @Test("without streaming the whole answer is asked for at once")
    func unary() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], answer.dropFirst("data: ".count).description)
        } _: { server in
            let result = try await generate(item(), stream: false, against: server)
            #expect(result.answer.text == "Winter.")
            #expect(server.requests.map(\.target) == ["/v1beta/models/m:generateContent"])
        }
    }

    @Test("a chat's next turn carries the dialogue before it, the model's parts as they came")
    func chat() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], answer)
        } _: { server in
            let turns = ["Name the four seasons.", "Which is coldest?", "Never sent."].map {
                ItemRequest.Turn(text: $0)
            }
            let parts =
                #"[{"text":"Spring, summer, autumn, winter."},{"text":"","thoughtSignature":"EpYBCpMBAb4+9vs="}]"#
            let request = ItemRequest(model: "m", systemInstruction: "One line only.", turns: turns)
            _ = try await generate(request, answered: [parts], against: server)
            let expected =
                #"{"contents":[{"role":"user","parts":[{"text":"Name the four seasons."}]},{"role":"model","parts":[{"text":"Spring, summer, autumn, winter."},{"text":"","thoughtSignature":"EpYBCpMBAb4+9vs="}]},{"role":"user","parts":[{"text":"Which is coldest?"}]}],"systemInstruction":{"parts":[{"text":"One line only."}]}}"#
            let sent = try #require(server.requests.first)
            #expect(try JSONValue(parsing: sent.body).canonicalText == JSONValue(parsing: expected).canonicalText)
        }
    }

    @Test("a turn that was answered with nothing leaves no message without parts")
    func emptyTurn() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], answer)
        } _: { server in
            let turns = [ItemRequest.Turn(text: "a"), ItemRequest.Turn(text: "b")]
            _ = try await generate(ItemRequest(model: "m", turns: turns), answered: ["[]"], against: server)
            let expected =
                #"{"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"user","parts":[{"text":"b"}]}]}"#
            #expect(server.requests.map(\.bodyText) == [expected])
        }
    }

    @Test("a repair carries the prompt, the answer that was refused and what was wrong with it")
    func repair() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], answer)
        } _: { server in
            let repair = RepairRequest(answer: "Sure!", problems: "the answer is not JSON")
            _ = try await generate(item("a"), repair: repair, against: server)
            _ = try await generate(item("a"), repair: RepairRequest(answer: "", problems: "p"), against: server)
            let sent = try server.requests.map { try #require(JSONValue(parsing: $0.body)["contents"]?.array) }
            #expect(sent[0].map { $0["role"]?.string } == ["user", "model", "user"])
            let texts = sent[0].map { $0["parts"]?.array?.first?["text"]?.string }
            #expect(texts == ["a", "Sure!", repair.message])
            // The server refuses messages without text.
            #expect(sent[1].map { $0["role"]?.string } == ["user", "user"])
        }
    }

    @Test("an answer that repeats itself is cut while it streams, and what came is kept")
    func runaway() async throws {
        try await withLoopbackServer { _, connection in
            Self.repeatItself(on: connection)
        } _: { server in
            let error = await #expect(throws: GenerationError.self) { try await generate(item(), against: server) }
            #expect(error?.failureClass == .runaway)
            #expect(error?.isPossiblyBilled == true)
            #expect(error?.usage.promptTokens == 7)
            let text = try #require(error?.partialText)
            #expect(text.hasPrefix("and so it goes, and so it goes, "))
            #expect(text.utf8.count < 60_000)
        }
    }

    @Test("an answer that repeats itself is taken whole by a job that says so")
    func runawayAccepted() async throws {
        try await withLoopbackServer { _, connection in
            Self.repeatItself(on: connection)
        } _: { server in
            let result = try await generate(item(), cutsRunaways: false, against: server)
            #expect(result.answer.text.utf8.count == 1000 * 64)
        }
    }

    /// A thousand events of the same 64 bytes.
    private static func repeatItself(on connection: LoopbackConnection) {
        let event =
            #"data: {"candidates":[{"content":{"parts":[{"text":"TEXT"}],"role":"model"}}],"usageMetadata":{"promptTokenCount":7}}"#
            .replacing("TEXT", with: String(repeating: "and so it goes, ", count: 4)) + "\r\n\r\n"
        let end = #"data: {"candidates":[{"finishReason":"STOP"}]}"# + "\r\n\r\n"
        connection.respond(200, [], String(repeating: event, count: 1000) + end)
    }

    @Test("a damaged record of an earlier turn is told, and nothing is sent")
    func damagedTurn() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], answer)
        } _: { server in
            let turns = [ItemRequest.Turn(text: "a"), ItemRequest.Turn(text: "b")]
            for record in ["", "{}", "[{"] {
                let error = await #expect(throws: GenerationError.self) {
                    try await generate(ItemRequest(model: "m", turns: turns), answered: [record], against: server)
                }
                #expect(error?.failureClass == .malformed)
                #expect(error?.isPossiblyBilled == false)
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test("media stand before the text: addresses as they are, files in base64")
    func media() async throws {
        let folder = try TemporaryDirectory()
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let path = try folder.write(Data(bytes), to: "image.png")
        let sha256 = "0a5d49e5dd9cc7aa647824dc6f29fbbbffe477e210f5668eed4420c51c381521"
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], answer)
        } _: { server in
            let turn = ItemRequest.Turn(
                text: "Compare.",
                media: [
                    MediaReference(.uri("gs://bucket/a b.jpg"), mimeType: "image/jpeg"),
                    MediaReference(.file(path: path, sha256: sha256), mimeType: "image/png"),
                ]
            )
            _ = try await generate(ItemRequest(model: "m", turns: [turn]), against: server)
            let body = try JSONValue(parsing: try #require(server.requests.first).body)
            let parts = try #require(body["contents"]?.array?.first?["parts"]?.array)
            #expect(parts.count == 3)
            #expect(
                parts[0].canonicalText == #"{"fileData":{"fileUri":"gs://bucket/a b.jpg","mimeType":"image/jpeg"}}"#
            )
            #expect(parts[1]["inlineData"]?["mimeType"] == "image/png")
            let data = try #require(parts[1]["inlineData"]?["data"]?.string.flatMap { Data(base64Encoded: $0) })
            #expect(Array(data) == bytes)
            #expect(parts[2] == ["text": "Compare."])
        }
    }

    @Test("media without text go alone")
    func mediaAlone() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], answer)
        } _: { server in
            let turn = ItemRequest.Turn(text: "", media: [MediaReference(.uri("gs://b/a.png"), mimeType: "image/png")])
            _ = try await generate(ItemRequest(model: "m", turns: [turn]), against: server)
            let expected =
                #"{"contents":[{"role":"user","parts":[{"fileData":{"fileUri":"gs://b/a.png","mimeType":"image/png"}}]}]}"#
            #expect(server.requests.map(\.bodyText) == [expected])
        }
    }

    @Test("a file that changed, vanished or cannot be read fails its item before anything is sent")
    func changedMedia() async throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("now", to: "note.txt")
        // Of the text "then".
        let sha256 = "21af6f1260f927f5b9b3ff5ca4a5d19493a1a47a5977240d8dca31bc47a63527"
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], answer)
        } _: { server in
            let expectations = [
                (path, "has changed"), (folder.path + "/gone", "No such file"), (folder.path, "directory"),
            ]
            for (path, words) in expectations {
                let media = [MediaReference(.file(path: path, sha256: sha256), mimeType: "text/plain")]
                let request = ItemRequest(model: "m", turns: [ItemRequest.Turn(text: "Read.", media: media)])
                let error = await #expect(throws: GenerationError.self) { try await generate(request, against: server) }
                #expect(error?.failureClass == .media)
                #expect(error?.isPossiblyBilled == false)
                #expect(error?.message.contains(path) == true)
                #expect(error?.message.contains(words) == true)
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test(
        "an answer that is more than text keeps its parts",
        arguments: [
            #"{"functionCall":{"name":"f","args":{}}}"#, #"{"text":"hm","thought":true}"#,
            #"{"text":"","thoughtSignature":"AA=="}"#,
        ]
    )
    func structuredParts(part: String) async throws {
        try await withLoopbackServer { _, connection in
            let document = #"{"candidates":[{"content":{"parts":[{"text":"a"},\#(part)]},"finishReason":"STOP"}]}"#
            connection.respond(200, [], "data: \(document)\r\n\r\n")
        } _: { server in
            let answer = try await generate(item(), against: server).answer
            #expect(answer.text == "a")
            #expect(answer.structuredParts == #"[{"text":"a"},\#(part)]"#)
        }
    }

    @Test("an answer cut by its budget is one, also without text")
    func truncated() async throws {
        try await withLoopbackServer { _, connection in
            let document =
                #"{"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS"}],"usageMetadata":{"thoughtsTokenCount":47}}"#
            connection.respond(200, [], "data: \(document)\r\n\r\n")
        } _: { server in
            let answer = try await generate(item(), against: server).answer
            #expect(answer.isTruncated)
            #expect(answer.text.isEmpty)
            #expect(answer.parts == "[]")
            #expect(answer.usage == TokenUsage(thoughtTokens: 47))
        }
    }

    @Test("a cancelled attempt closes its stream")
    func cancel() async throws {
        try await withLoopbackServer { _, connection in
            connection.waitForClose()
        } _: { server in
            let task = Task { try await generate(item(), against: server) }
            try await server.requestCount.reach(1)
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await server.clientCloseCount.reach(1)
        }
    }
}
