import Foundation
import TestSupport
import Testing

@testable import GenAI

@Suite("Limits of an answer", .timeLimit(.minutes(1)))
struct AnswerLimitTests {
    @Test("an event above the limit ends the transfer, however it is spread")
    func largeEvent() async throws {
        try await withLoopbackServer { request, connection in
            connection.sendHead()
            connection.sendChunk("data: \(chunk("a"))\r\n\r\n")
            connection.sendChunk("data: \(chunk(String(repeating: "x", count: 70_000), finish: "STOP"))\r\n\r\n")
            connection.waitForClose()
        } _: { server in
            let collected = try await Client(server) { $0.maximumEventBytes = 64 << 10 }.collect()
            #expect(collected.error?.label == "responseTooLarge")
            #expect(collected.answer.text == "a")
            try await server.clientCloseCount.reach(1)
        }
    }

    // Fault matrix: F70.
    @Test("a legal line of several megabytes is read")
    func largeLine() async throws {
        let image = String(repeating: "iVBORw0KGgoAAAANSUhEUgAA", count: 200_000)
        try await withLoopbackServer { _, connection in
            connection.sendEvents([
                #"{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"\#(image)"}}]},"finishReason":"STOP"}]}"#
            ])
        } _: { server in
            let collected = try await Client(server).collect()
            #expect(collected.error == nil)
            #expect(collected.answer.hasContent)
            #expect(collected.answer.partsJSON == #"[{"inlineData":{"mimeType":"image/png","data":"\#(image)"}}]"#)
        }
    }

    // Fault matrix: F70.
    @Test("a line without end is cut at the limit, not taken in")
    func endlessLine() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            connection.sendChunk("data: ")
            let block = [UInt8](repeating: 0x78, count: 64 << 10)
            while connection.isClientThere {
                connection.sendChunk(block)
            }
        } _: { server in
            let client = try Client(server) { $0.maximumEventBytes = 1 << 20 }
            #expect(try await client.collect().error?.label == "responseTooLarge")
            let error = await #expect(throws: GenAIError.self) {
                for try await _ in client.models.generateContentStream(model: "m", contents: "p") {}
            }
            #expect(error?.label == "responseTooLarge")
        }
    }

    // Fault matrix: F71.
    @Test("an answer above the limit ends the transfer, also if each event is small")
    func largeAnswer() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            while connection.isClientThere {
                connection.sendChunk("data: \(chunk("drop after drop"))\r\n\r\n: comments count too\r\n\r\n")
            }
        } _: { server in
            let collected = try await Client(server) { $0.maximumAnswerBytes = 100_000 }.collect()
            #expect(collected.error?.label == "responseTooLarge")
        }
    }

    // Fault matrix: F71.
    @Test("what a small packed body unpacks to is what counts")
    func gzipBomb() async throws {
        let packer = Process()
        packer.executableURL = URL(fileURLWithPath: "/bin/sh")
        packer.arguments = ["-c", "{ printf 'data: '; head -c 50000000 /dev/zero; } | gzip -9"]
        let output = Pipe()
        packer.standardOutput = output
        try packer.run()
        let bomb = Array(output.fileHandleForReading.readDataToEndOfFile())
        packer.waitUntilExit()
        #expect((10_000..<100_000).contains(bomb.count))
        try await withLoopbackServer { _, connection in
            connection.respond(200, [("Content-Encoding", "gzip")], bomb)
        } _: { server in
            let collected = try await Client(server) { $0.maximumEventBytes = 4 << 20 }.collect()
            #expect(collected.error?.label == "responseTooLarge")
        }
    }

    @Test("an error page without end is read to where it explains itself")
    func endlessErrorPage() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead(502)
            connection.sendChunk("<html>Bad gateway")
            while connection.isClientThere {
                connection.sendChunk(String(repeating: " ", count: 1000))
            }
        } _: { server in
            let collected = try await Client(server).collect()
            #expect(collected.error == .api(APIError(httpStatus: 502, message: "Bad gateway")))
        }
    }

    // Fault matrix: F72.
    @Test("a header flood is not an answer")
    func headerFlood() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead(200, (0..<400).map { ("X-\($0)", String(repeating: "a", count: 1000)) })
            connection.waitForClose()
        } _: { server in
            let collected = try await Client(server).collect()
            #expect(collected.error?.label == "malformedResponse")
        }
    }

    @Test("each limit of time has its own name")
    func timeouts() async throws {
        try await withLoopbackServer { request, connection in
            if request.number > 0 {
                connection.sendHead()
                connection.sendChunk("data: \(chunk("a"))\r\n\r\n")
            }
            connection.waitForClose()
        } _: { server in
            let client = try Client(server)
            let short = Duration.milliseconds(50)
            let first = try await client.collect(timeouts: RequestTimeouts(firstChunk: short))
            #expect(first.error?.label == "timedOut firstChunk")
            #expect(first.wasSent)
            let idle = try await client.collect(timeouts: RequestTimeouts(idle: short))
            #expect(idle.error?.label == "timedOut idle")
            #expect(idle.answer.text == "a")
            let total = try await client.collect(timeouts: RequestTimeouts(total: short))
            #expect(total.error?.label == "timedOut total")
        }
    }

    @Test("an answer is whole although its stream is kept open after the finish reason")
    func keptOpen() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            connection.sendChunk("data: \(chunk("a", finish: "STOP"))\r\n\r\n")
            connection.waitForClose()
        } _: { server in
            let client = try Client(server) { $0.timeouts.idle = .milliseconds(50) }
            let collected = try await client.collect(timeouts: RequestTimeouts(idle: .milliseconds(50)))
            #expect(collected.error == nil)
            #expect(collected.answer.text == "a")
            var text = ""
            for try await chunk in client.models.generateContentStream(model: "m", contents: "p") {
                text += chunk.text ?? ""
            }
            #expect(text == "a")
            try await server.clientCloseCount.reach(2)
        }
    }

    @Test("nobody listening and unknown names are unreachable servers")
    func unreachable() async throws {
        let server = try LoopbackServer { _, _ in }
        server.close()
        try await server.closed.reach(1)
        let refused = try await Client(server).collect()
        #expect(refused.error?.label == "unreachable")
        #expect(!refused.wasSent)
        let options = HTTPOptions(baseURL: "https://no-such-host.invalid")
        let unknown = try await Client(apiKey: testKey, options: options).collect()
        #expect(unknown.error?.label == "unreachable")
        #expect(unknown.error?.description.contains("no-such-host.invalid") == true)
    }
}
