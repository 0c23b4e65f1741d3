import Foundation
import GeminiSimulator
import JSON
import TestSupport
import Testing

@Suite("Faults")
struct FaultTests {
    static let prompt = "Tell me about faults"

    @Test("a cut stream ends early, in the manner that was asked for", arguments: ["end", "close", "reset"])
    func cut(how: String) async throws {
        try await withSimulator { client in
            let fault = #"{"kind":"cut","afterChunks":3,"how":"\#(how)"}"#
            let response = try client.stream(Self.prompt, under: fault)
            #expect(response.chunks.count == 3)
            #expect(try response.events().allSatisfy { $0.finishReason == nil })
            switch how {
            case "end": #expect(response.ending == .complete)
            case "close": #expect(response.ending == .closed)
            default: #expect(response.ending == .reset)
            }
            #expect(try client.requests()["totals"]?["faulted"] == 1)
        }
    }

    @Test("a whole answer can be cut too")
    func cutWhole() async throws {
        try await withSimulator { client in
            try client.setScript(#"{"rules":[{"fault":{"kind":"cut","afterChunks":1}}]}"#)
            let response = try client.generate(Client.body(Self.prompt))
            let length = try #require(response.header("content-length").flatMap { Int($0) })
            #expect(response.ending == .closed)
            #expect(!response.body.isEmpty && response.body.count < length)
        }
    }

    @Test("a stalled stream is silent until the client leaves, and that is counted")
    func stall() async throws {
        try await withSimulator { client in
            try client.setScript(#"{"rules":[{"fault":{"kind":"stall","afterChunks":2}}]}"#)
            do {
                let connection = try RawConnection(port: client.port)
                try connection.send(Client.streamText(Self.prompt))
                _ = try connection.readHead()
                _ = try connection.readChunk()
                #expect(try connection.readChunk()?.isEmpty == false)
                #expect(try client.stats()["streams"]?["open"] == 1)
            }
            try waitUntil { try client.requests()["totals"]?["cancelled"] == 1 }
            #expect(try client.stats()["streams"]?["open"] == 0)
        }
    }

    @Test("one byte per write is the same body in pieces of one byte")
    func oneBytePerWrite() async throws {
        try await withSimulator { client in
            let plain = try client.stream(Self.prompt)
            let response = try client.stream(Self.prompt, under: #"{"kind":"oneBytePerWrite"}"#)
            #expect(response.body == plain.body)
            #expect(response.chunks.allSatisfy { $0.count == 1 })
            #expect(response.ending == .complete)
        }
    }

    @Test("an error object takes the place of the rest of the stream")
    func errorInStream() async throws {
        try await withSimulator { client in
            let fault = #"{"kind":"errorInStream","afterChunks":2,"status":503}"#
            let events = try client.stream(Self.prompt, under: fault).events()
            #expect(events.count == 3)
            #expect(events[1].finishReason == nil)
            #expect(events[2]["error"]?["code"] == 503)
            #expect(events[2]["error"]?["status"] == "UNAVAILABLE")
        }
    }

    @Test("status 200 can hold an error, nothing, only usage, or a refusal")
    func oddities() async throws {
        try await withSimulator { client in
            let bare = try client.stream(Self.prompt, under: #"{"kind":"bareError","status":500,"wrapInArray":true}"#)
            #expect(bare.status == 200)
            #expect(try bare.json()[0]?["error"]?["status"] == "INTERNAL")
            let empty = try client.stream(Self.prompt, under: #"{"kind":"emptyStream"}"#)
            #expect(empty.status == 200 && empty.body.isEmpty && empty.ending == .complete)
            let usage = try client.stream(Self.prompt, under: #"{"kind":"usageOnly"}"#).events()
            #expect(usage.count == 1 && usage[0]["usageMetadata"] != nil && usage[0]["candidates"] == nil)
            let blocked = try client.stream(Self.prompt, under: #"{"kind":"blockedPrompt","reason":"SAFETY"}"#).events()
            #expect(blocked.count == 1 && blocked[0]["promptFeedback"]?["blockReason"] == "SAFETY")
        }
    }

    @Test("finish reasons can be anything, or missing")
    func finishReasons() async throws {
        try await withSimulator { client in
            let whole = try client.stream(Self.prompt).streamedText()
            let fault = #"{"kind":"finishReason","reason":"RECITATION","afterChunks":2}"#
            let cut = try client.stream(Self.prompt, under: fault)
            #expect(try cut.events().last?.finishReason == "RECITATION")
            #expect(try whole.hasPrefix(cut.streamedText()) && cut.streamedText() != whole)
            let unfinished = try client.stream(Self.prompt, under: #"{"kind":"noFinishReason"}"#)
            #expect(try unfinished.streamedText() == whole)
            #expect(try unfinished.events().allSatisfy { $0.finishReason == nil })
        }
    }

    @Test("an answer that asks to be continued goes on where it stopped, token by token")
    func continuation() async throws {
        try await withSimulator { client in
            let whole = try client.stream(Self.prompt)
            let hop = try client.stream(Self.prompt, under: #"{"kind":"continuation","afterChunks":4}"#)
            var text = try hop.streamedText()
            var last = try #require(try hop.events().last)
            var hops = 1
            while last.finishReason == "CONTINUATION" {
                let token = try #require(last["candidates"]?[0]?["continuationToken"]?.string)
                let body = Client.body(Self.prompt).dropLast() + ",\"continuationToken\":\"\(token)\"}"
                last = try client.generate(String(body)).json()
                text += last.answerText
                hops += 1
            }
            #expect(hops == 3)
            #expect(try text == whole.streamedText())
            #expect(last.finishReason == "STOP")
            let wrong = Client.body(Self.prompt).dropLast() + ",\"continuationToken\":\"AAEC\"}"
            #expect(try client.generate(String(wrong)).status == 400)
        }
    }

    @Test(
        "every odd framing is the same answer to a reader of the standard",
        arguments: [
            "lf", "cr", "comments", "noSpace", "manyDataLines", "bom", "fields", "done", "noLastBlankLine",
            #"lf","bom","comments","manyDataLines","done"#,
        ]
    )
    func framing(styles: String) async throws {
        try await withSimulator { client in
            let plain = try client.stream(Self.prompt)
            let response = try client.stream(Self.prompt, under: #"{"kind":"framing","styles":["\#(styles)"]}"#)
            #expect(response.body != plain.body)
            #expect(try response.events() == plain.events())
        }
    }

    @Test("a compressed stream is the same stream, and a small body can be a large one")
    func gzip() async throws {
        try await withSimulator { client in
            let plain = try client.stream(Self.prompt)
            let response = try client.stream(Self.prompt, under: #"{"kind":"gzip"}"#)
            #expect(response.header("content-encoding") == "gzip")
            #expect(response.chunks.count == plain.chunks.count)
            #expect(try Self.unzipped(response.body) == plain.body)
            let bomb = try client.stream(Self.prompt, under: #"{"kind":"gzip","hugeLineBytes":1000000}"#)
            #expect(bomb.body.count < 20_000)
            #expect(try Self.unzipped(bomb.body).count > 1_000_000)
        }
    }

    /// Unpacks with the system's own program, which also checks length and checksum.
    private static func unzipped(_ bytes: [UInt8]) throws -> [UInt8] {
        let directory = try TemporaryDirectory()
        let file = try directory.write(Data(bytes), to: "body.gz")
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", file]
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return [UInt8](data)
    }

    @Test("a huge line is one legal event of that size")
    func hugeLine() async throws {
        try await withSimulator { client in
            let response = try client.stream(Self.prompt, under: #"{"kind":"hugeLine","bytes":3000000}"#)
            let events = try response.events()
            #expect(events.count == 1)
            #expect(events[0].answerText.utf8.count == 3_000_000)
            #expect(events[0].finishReason == "STOP")
        }
    }

    @Test("a client that wants the connection closed gets all of a long answer before")
    func closesAfterTheAnswer() async throws {
        try await withSimulator { client in
            try client.setScript(#"{"rules":[{"fault":{"kind":"hugeLine","bytes":16000000}}]}"#)
            let connection = try RawConnection(port: client.port)
            let request = Client.streamText(Self.prompt)
            try connection.send(request.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n"))
            let response = try connection.readResponse()
            #expect(response.header("connection") == "close")
            #expect(response.ending == .complete)
            #expect(response.body.count > 16_000_000)
        }
    }

    @Test("an endless line comes as fast as it is read, and ends when the client leaves")
    func endlessLine() async throws {
        try await withSimulator { client in
            try client.setScript(#"{"rules":[{"fault":{"kind":"endlessLine"}}]}"#)
            do {
                let connection = try RawConnection(port: client.port)
                try connection.send(Client.streamText(Self.prompt))
                _ = try connection.readHead()
                var total = 0
                while total < 20_000_000 {
                    let chunk = try #require(try connection.readChunk())
                    #expect(!chunk.contains(0x0A))
                    total += chunk.count
                }
            }
            try waitUntil { try client.requests()["totals"]?["cancelled"] == 1 }
        }
    }

    @Test("a header flood comes before the answer")
    func headerFlood() async throws {
        try await withSimulator { client in
            let response = try client.stream(Self.prompt, under: #"{"kind":"headerFlood","count":50,"bytes":100}"#)
            #expect(response.headers.filter { $0.name.hasPrefix("x-flood-") && $0.value.utf8.count == 100 }.count == 50)
            #expect(try response.events().last?.finishReason == "STOP")
        }
    }

    @Test("one event can be damaged while the others stay whole")
    func damage() async throws {
        try await withSimulator { client in
            let plain = try client.stream(Self.prompt)
            let invalid = try client.stream(Self.prompt, under: #"{"kind":"invalidUTF8","atChunk":2}"#)
            #expect(invalid.chunks[0] == plain.chunks[0] && invalid.chunks[2] == plain.chunks[2])
            #expect(invalid.chunks[1].contains(0xFF) && String(validating: invalid.chunks[1], as: UTF8.self) == nil)
            let broken = try client.stream(Self.prompt, under: #"{"kind":"brokenJSON","atChunk":2}"#)
            #expect(broken.chunks[0] == plain.chunks[0] && broken.chunks[2] == plain.chunks[2])
            #expect(throws: JSONError.self) { try broken.events() }
        }
    }

    @Test("waits, texts and token counts can be the script's own")
    func ownWords() async throws {
        try await withSimulator { client in
            let waits =
                #"{"kind":"delay","beforeHeadMilliseconds":1,"beforeFirstChunkMilliseconds":1,"betweenChunksMilliseconds":1}"#
            #expect(try client.stream(Self.prompt, under: waits).chunks.count == 10)
            let text = try client.stream(Self.prompt, under: #"{"kind":"text","text":"\u001b]0;x\u0007<b>"}"#)
            #expect(try text.streamedText() == "\u{1B}]0;x\u{7}<b>")
            let usage = try client.stream(Self.prompt, under: #"{"kind":"usage","style":"negative"}"#).events()
            #expect((usage.last?["usageMetadata"]?["candidatesTokenCount"]?.int64 ?? 0) < 0)
            let missing = try client.stream(Self.prompt, under: #"{"kind":"usage"}"#).events()
            #expect(missing.allSatisfy { $0["usageMetadata"] == nil })
        }
    }
}
