import Dispatch
import Foundation
import TestSupport
import Testing

@testable import GenAI

@Suite("Blocking calls", .timeLimit(.minutes(1)))
struct BlockingTests {
    @Test("chunks arrive one by one on a plain thread, and a chat remembers")
    func thread() async throws {
        let read = Tally()
        try await withLoopbackServer { request, connection in
            guard request.target.contains("stream") else {
                return connection.respond(200, [], chunk("whole", finish: "STOP"))
            }
            connection.sendHead()
            for number in 0..<3 {
                // A chunk is sent when the one before has been read.
                read.block(until: request.number * 3 + number)
                connection.sendChunk("data: \(chunk("\(number)", finish: number == 2 ? "STOP" : nil))\r\n\r\n")
            }
            connection.sendEnd()
        } _: { server in
            let client = try Client(server).blocking
            let history = try await onThread {
                let stream = client.models.generateContentStream(model: "m", contents: "p")
                var text = ""
                while let chunk = try stream.next() {
                    text += chunk.text ?? ""
                    read.raise()
                }
                #expect(text == "012")
                #expect(try stream.next() == nil)
                let chat = client.chats.create(model: "m")
                let answer = chat.sendMessageStream("q")
                while try answer.next() != nil { read.raise() }
                #expect(try chat.sendMessage([.text("r"), .text("s")]).text == "whole")
                #expect(try client.models.generateContent(model: "m", contents: "p").text == "whole")
                #expect(chat.curatedHistory == chat.history)
                return chat.history.map(\.text)
            }
            #expect(history == ["q", "012", "rs", "whole"])
        }
    }

    @Test("errors are thrown, without the key")
    func errors() async throws {
        try await withLoopbackServer { request, connection in
            guard request.number > 0 else { return connection.sendEvents([chunk("half")]) }
            connection.respond(
                403,
                [],
                #"{"error":{"code":403,"message":"key \#(testKey)","status":"PERMISSION_DENIED"}}"#
            )
        } _: { server in
            let client = try Client(server).blocking
            try await onThread { () throws in
                let chat = client.chats.create(model: "m")
                let half = chat.sendMessageStream("p")
                #expect(try half.next()?.text == "half")
                #expect(throws: GenAIError.interrupted) { try half.next() }
                #expect(throws: GenAIError.interrupted) { try half.next() }
                let error = #expect(throws: GenAIError.self) { try chat.sendMessage("p") }
                #expect(error?.description == "HTTP 403 PERMISSION_DENIED: key [key]")
                #expect(chat.history.isEmpty)
                #expect(throws: GenAIError.self) {
                    try client.models.generateContentStream(model: "../m", contents: "p").next()
                }
            }
        }
    }

    @Test("letting go of a stream closes its connection and frees the chat")
    func lettingGo() async throws {
        try await withLoopbackServer { request, connection in
            guard request.number == 0 else { return connection.respond(200, [], chunk("a", finish: "STOP")) }
            connection.sendHead()
            connection.sendChunk("data: \(chunk("a"))\r\n\r\n")
            connection.waitForClose()
        } _: { server in
            let chat = try Client(server).blocking.chats.create(model: "m")
            try await onThread { () throws in
                var stream: BlockingChatStream? = chat.sendMessageStream("p")
                #expect(try stream?.next()?.text == "a")
                #expect(throws: GenAIError.self) { try chat.sendMessage("q") }
                stream = nil
                #expect(chat.history.isEmpty)
                #expect(try chat.sendMessage("p").text == "a")
            }
            try await server.clientCloseCount.reach(1)
        }
    }

    @Test("threads that stand still hold nobody else up, however many there are")
    func many() async throws {
        // More than the threads of Swift's concurrency, all of which would be stuck if these calls took theirs.
        let count = 4 * ProcessInfo.processInfo.activeProcessorCount + 4
        let arrived = Tally()
        try await withLoopbackServer { _, connection in
            arrived.raise()
            arrived.block(until: count)
            connection.respond(200, [], chunk("a", finish: "STOP"))
        } _: { server in
            let client = try Client(server).blocking
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<count {
                    group.addTask {
                        try await onThread { () throws in
                            #expect(try client.models.generateContent(model: "m", contents: "p").text == "a")
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("the main actor and a dispatch queue may stand still too")
    func queues() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], chunk("a", finish: "STOP"))
        } _: { server in
            let client = try Client(server).blocking
            let call = { @Sendable () throws in
                #expect(try client.models.generateContent(model: "m", contents: "p").text == "a")
            }
            try await MainActor.run { try call() }
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async { continuation.resume(with: Result { try call() }) }
            }
            #expect(server.requests.count == 2)
        }
    }
}
