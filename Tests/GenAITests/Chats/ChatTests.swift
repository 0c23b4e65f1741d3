import JSON
import TestSupport
import Testing

@testable import GenAI

@Suite("Chats", .timeLimit(.minutes(1)))
struct ChatTests {
    @Test("texts, parts and contents can be sent, each with a config of its own")
    func messages() async throws {
        try await withLoopbackServer { request, connection in
            connection.respond(200, [], chunk("\(request.number)", finish: "STOP"))
        } _: { server in
            var config = GenerateContentConfig()
            config.temperature = 0.5
            config.seed = 7
            let chat = try Client(server).chats.create(
                model: "m",
                config: config,
                history: [Content("earlier"), Content(role: .model, parts: [.text("yes")])]
            )
            #expect(server.requests.isEmpty)
            var other = GenerateContentConfig()
            other.topK = 3
            _ = try await chat.sendMessage("a")
            _ = try await chat.sendMessage([.uri("gs://b/c.png", mimeType: "image/png"), .text("b")], config: other)
            _ = try await chat.sendMessage(Content(role: nil, parts: [.text("c")]))
            let bodies = try server.requests.map { try JSONValue(parsing: $0.body) }
            #expect(bodies.map { $0["contents"]?.array?.count } == [3, 5, 7])
            let configs = bodies.map { $0["generationConfig"] }
            #expect(configs == [["temperature": 0.5, "seed": 7], ["topK": 3], ["temperature": 0.5, "seed": 7]])
            #expect(server.requests.allSatisfy { $0.target == "/v1beta/models/m:generateContent" })
            #expect(
                chat.history.map { $0.role ?? .user } == [.user, .model, .user, .model, .user, .model, .user, .model]
            )
            #expect(chat.history.suffix(2).map(\.text) == ["c", "2"])
        }
    }

    @Test(
        "an answer that breaks off, or an error, leaves nothing behind, and the message can be sent again",
        arguments: [true, false]
    )
    func failures(stream: Bool) async throws {
        let refusal = #"{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}"#
        try await withLoopbackServer { request, connection in
            switch request.number {
            case 0: connection.respond(503, [], refusal)
            case 1: connection.sendEvents([chunk("half")])
            case 2: connection.sendEvents([chunk("half"), refusal])
            case 3:
                connection.sendHead()
                connection.sendChunk("data: \(chunk("half"))\r\n\r\n")
                connection.reset()
            default: connection.sendEvents([chunk("whole", finish: "STOP")])
            }
        } _: { server in
            let chat = try Client(server).chats.create(model: "m")
            for _ in 0..<4 {
                await #expect(throws: GenAIError.self) { try await send("p", to: chat, stream: stream) }
                #expect(chat.history.isEmpty)
            }
            try await send("p", to: chat, stream: stream)
            #expect(chat.history.map(\.text) == ["p", "whole"])
            let sent = try server.requests.map { try JSONValue(parsing: $0.body)["contents"]?.array?.count }
            #expect(sent == [1, 1, 1, 1, 1])
        }
    }

    @Test("reading half a stream and leaving records nothing, and closes the connection")
    func leaving() async throws {
        try await withLoopbackServer { request, connection in
            guard request.number == 0 else { return connection.sendEvents([chunk("whole", finish: "STOP")]) }
            connection.sendHead()
            connection.sendChunk("data: \(chunk("half"))\r\n\r\n")
            connection.waitForClose()
        } _: { server in
            let chat = try Client(server).chats.create(model: "m")
            for try await chunk in chat.sendMessageStream("p") {
                #expect(chunk.text == "half")
                break
            }
            #expect(chat.history.isEmpty)
            try await server.clientCloseCount.reach(1)
            for try await _ in chat.sendMessageStream("p") {}
            #expect(chat.history.map(\.text) == ["p", "whole"])
        }
    }

    @Test("a second message during a turn is refused, and the turn goes on")
    func busy() async throws {
        let mayEnd = Tally()
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            connection.sendChunk("data: \(chunk("a"))\r\n\r\n")
            mayEnd.block(until: 1)
            connection.sendChunk("data: \(chunk("b", finish: "STOP"))\r\n\r\n")
            connection.sendEnd()
        } _: { server in
            let chat = try Client(server).chats.create(model: "m")
            var iterator = chat.sendMessageStream("first").makeAsyncIterator()
            #expect(try await iterator.next()?.text == "a")
            for stream in [true, false] {
                let error = await #expect(throws: GenAIError.self) {
                    try await send("second", to: chat, stream: stream)
                }
                #expect(error?.label == "invalidCall")
                #expect(error?.description.contains("in the middle of a turn") == true)
            }
            mayEnd.raise()
            #expect(try await iterator.next()?.text == "b")
            #expect(try await iterator.next() == nil)
            #expect(try await iterator.next() == nil)
            #expect(chat.history.map(\.text) == ["first", "ab"])
            #expect(server.requests.count == 1)
        }
    }

    @Test("a cancelled turn ends, records nothing and lets the next one begin", arguments: [true, false])
    func cancelled(stream: Bool) async throws {
        try await withLoopbackServer { request, connection in
            guard request.number == 0 else { return connection.sendEvents([chunk("whole", finish: "STOP")]) }
            connection.sendHead()
            connection.waitForClose()
        } _: { server in
            let chat = try Client(server).chats.create(model: "m")
            let task = Task { try await send("p", to: chat, stream: stream) }
            try await server.requestCount.reach(1)
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(chat.history.isEmpty)
            try await send("p", to: chat, stream: stream)
            #expect(chat.history.count == 2)
        }
    }

    @Test("messages and histories that no server takes are refused before anything is sent")
    func refusals() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], chunk("a", finish: "STOP"))
        } _: { server in
            let client = try Client(server)
            let chat = client.chats.create(model: "m")
            let stranger = Content(role: Role(rawValue: "assistant"), parts: [.text("a")])
            for message in [Content(parts: []), Content(role: .model, parts: [.text("a")]), stranger] {
                let error = await #expect(throws: GenAIError.self) { try await chat.sendMessage(message) }
                #expect(error?.label == "invalidCall")
            }
            let strange = client.chats.create(model: "m", history: [Content("q"), stranger])
            let error = await #expect(throws: GenAIError.self) { try await strange.sendMessage("p") }
            #expect(error?.description.contains("assistant") == true)
            #expect(server.requests.isEmpty)
            #expect(try await chat.sendMessage("p").text == "a")
        }
    }

    private func send(_ message: String, to chat: Chat, stream: Bool) async throws {
        if stream {
            for try await _ in chat.sendMessageStream(message) {}
        } else {
            _ = try await chat.sendMessage(message)
        }
    }
}
