import JSON
import Synchronization
import TestSupport
import Testing

@testable import GenAI

@Suite("Streaming chunks", .timeLimit(.minutes(1)))
struct ResponseStreamTests {
    @Test("a response tells the service tier of its headers", arguments: [true, false])
    func serviceTier(isStream: Bool) async throws {
        try await withLoopbackServer { request, connection in
            let headers = request.number == 0 ? [("X-Gemini-Service-Tier", "STANDARD")] : []
            connection.respond(200, headers, chunk("a", finish: "STOP"))
        } _: { server in
            let models = try Client(server).models
            var tiers: [ServiceTier?] = []
            for _ in 0..<2 {
                if isStream {
                    for try await response in models.generateContentStream(model: "m", contents: "p") {
                        tiers.append(response.serviceTier)
                    }
                } else {
                    tiers.append(try await models.generateContent(model: "m", contents: "p").serviceTier)
                }
            }
            #expect(tiers == [.standard, nil])
        }
    }

    @Test("the service tier of some chunks is that of the whole")
    func foldedServiceTier() {
        var chunk = GenerateContentResponse(json: ["candidates": [["content": ["parts": [["text": "a"]]]]]])
        chunk.serviceTier = .standard
        var answer = ResponseAccumulator()
        answer.append(chunk)
        answer.append(GenerateContentResponse(json: ["candidates": [["finishReason": "STOP"]]]))
        #expect(answer.response.serviceTier == .standard)
    }

    @Test("chunks arrive one by one, in order, with everything the server sent")
    func chunks() async throws {
        let read = Tally()
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            for number in 0..<3 {
                // A chunk is sent when the one before has been read: nothing waits for the end.
                read.block(until: number)
                connection.sendChunk("data: \(chunk("\(number)", finish: number == 2 ? "STOP" : nil))\r\n\r\n")
            }
            connection.sendEnd()
        } _: { server in
            var texts: [String?] = []
            let stream = try Client(server).models.generateContentStream(model: "m", contents: "p")
            for try await chunk in stream {
                texts.append(chunk.text)
                read.raise()
            }
            #expect(texts == ["0", "1", "2"])
        }
    }

    @Test("nothing is sent before the first chunk is asked for, and each loop is a request of its own")
    func lazy() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendEvents([chunk("a", finish: "STOP")])
        } _: { server in
            let stream = try Client(server).models.generateContentStream(model: "m", contents: "p")
            #expect(server.requests.isEmpty)
            for _ in 0..<2 {
                for try await _ in stream {}
            }
            #expect(server.requests.count == 2)
        }
    }

    @Test("leaving the loop closes the connection")
    func earlyBreak() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            connection.sendChunk("data: \(chunk("a"))\r\n\r\n")
            connection.waitForClose()
        } _: { server in
            for try await chunk in try Client(server).models.generateContentStream(model: "m", contents: "p") {
                #expect(chunk.text == "a")
                break
            }
            try await server.clientCloseCount.reach(1)
        }
    }

    @Test("cancelling the task that waits for a chunk closes the connection, even if the iterator is kept")
    func cancel() async throws {
        let read = Tally()
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            connection.sendChunk("data: \(chunk("a"))\r\n\r\n")
            connection.waitForClose()
        } _: { server in
            let client = try Client(server)
            let closed = server.clientCloseCount
            let task = Task {
                var iterator = client.models.generateContentStream(model: "m", contents: "p").makeAsyncIterator()
                _ = try await iterator.next()
                read.raise()
                await #expect(throws: CancellationError.self) { try await iterator.next() }
                // Not a child of the cancelled task, which could not wait any more.
                try await Task { try await closed.reach(1) }.value
                await #expect(throws: CancellationError.self) { try await iterator.next() }
            }
            try await read.reach(1)
            task.cancel()
            try await task.value
        }
    }

    @Test("a slow reader holds up the server and then gets every chunk")
    func backPressure() async throws {
        let text = String(repeating: "x", count: 60_000)
        let events = (0..<200).map {
            Array("data: \(chunk("\($0) \(text)", finish: $0 == 199 ? "STOP" : nil))\r\n\r\n".utf8)
        }
        let blocked = Tally()
        try await withLoopbackServer { _, connection in
            connection.sendHead(200, [("Content-Length", "\(events.reduce(0) { $0 + $1.count })")])
            for event in events {
                let sent = connection.sendWithoutWaiting(event)
                if sent < event.count {
                    blocked.raise()
                    connection.send(Array(event[sent...]))
                }
            }
        } _: { server in
            let stream = try Client(server).models.generateContentStream(model: "m", contents: "p")
            var iterator = stream.makeAsyncIterator()
            var numbers: [Int?] = []
            while let chunk = try await iterator.next() {
                numbers.append((chunk.text?.split(separator: " ").first).flatMap { Int($0) })
                if numbers.count == 1 {
                    // 12 MB do not fit into the buffers of the sockets: the server can only stand still.
                    try await blocked.reach(1)
                }
            }
            #expect(numbers == Array(0..<200))
        }
    }

    @Test("a whole answer that is an error is thrown, not returned")
    func unaryError() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], #"{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}"#)
        } _: { server in
            let client = try Client(server)
            let error = await #expect(throws: GenAIError.self) {
                try await client.models.generateContent(model: "m", contents: "p")
            }
            #expect(error == .api(APIError(httpStatus: 503, status: "UNAVAILABLE", message: "overloaded")))
        }
    }

    @Test("an unfinished whole answer is continued and joined")
    func unaryContinuation() async throws {
        let documents = [
            #"{"candidates":[{"content":{"parts":[{"text":"one "}],"role":"model"},"finishReason":"CONTINUATION","continuationToken":"t1"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":10}}"#,
            #"{"candidates":[{"content":{"parts":[{"text":"two "}],"role":"model"},"finishReason":"CONTINUATION","continuationToken":"t2"}],"usageMetadata":{"promptTokenCount":15,"candidatesTokenCount":20,"thoughtsTokenCount":1}}"#,
            #"{"candidates":[{"content":{"parts":[{"text":"three"}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":35,"totalTokenCount":40},"responseId":"r3"}"#,
        ]
        try await withLoopbackServer { request, connection in
            connection.respond(200, [], documents[request.number])
        } _: { server in
            let answer = try await Client(server).models.generateContent(model: "m", contents: "p")
            #expect(answer.text == "one two three")
            #expect(answer.firstCandidate?.finishReason == .stop)
            #expect(answer.responseID == "r3")
            #expect(answer.usageMetadata?.promptTokenCount == 55)
            #expect(answer.usageMetadata?.candidatesTokenCount == 30)
            #expect(answer.usageMetadata?.thoughtsTokenCount == 1)
            #expect(answer.usageMetadata?.totalTokenCount == 40)
            let tokens = try server.requests.map { try JSONValue(parsing: $0.body)["continuationToken"]?.string }
            #expect(tokens == [nil, "t1", "t2"])
        }
    }

    @Test("calls that cannot be made are refused before anything is sent")
    func invalidCalls() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], "{}")
        } _: { server in
            let client = try Client(server)
            let error = await #expect(throws: GenAIError.self) {
                for try await _ in client.models.generateContentStream(model: "m", contents: [Content]()) {}
            }
            #expect(error?.label == "invalidCall")
            let call = GenerateCall(
                model: "../m",
                contents: [Content("p")],
                config: GenerateContentConfig(),
                stream: true
            )
            let collected = try await client.models.collector(call, timeouts: RequestTimeouts()) { _ in }.collect()
            #expect(collected.error?.label == "invalidCall")
            #expect(!collected.wasSent)
            #expect(server.requests.isEmpty)
        }
    }
}
