import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@testable import GenAI

private let firstHop =
    #"{"candidates":[{"content":{"parts":[{"text":"It follows"}],"role":"model"},"finishReason":"CONTINUATION","index":0,"continuationToken":"AAECAwQF/+8="}],"usageMetadata":{"promptTokenCount":800,"candidatesTokenCount":41000,"totalTokenCount":66336,"thoughtsTokenCount":24536},"modelVersion":"gemini-4-argon","responseId":"a1"}"#
private let secondHop =
    #"{"candidates":[{"content":{"parts":[{"text":" and thus the lemma holds. ∎"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":66336,"candidatesTokenCount":900,"totalTokenCount":67236},"modelVersion":"gemini-4-argon","responseId":"b1"}"#

@Suite("Folding an answer", .timeLimit(.minutes(1)))
struct CollectTests {
    @Test("the protocol's streams give what it says", arguments: WorkedExample.all)
    func workedExamples(example: WorkedExample) async throws {
        try await withLoopbackServer { _, connection in
            connection.sendEvents(example.documents)
        } _: { server in
            let collected = try await Client(server).collect()
            #expect(collected.error?.label == example.failure)
            #expect(collected.wasSent)
            #expect(collected.firstEvent != nil)
            let answer = collected.answer
            #expect(answer.text == example.text)
            #expect(answer.partsJSON == example.parts)
            #expect(answer.finishReason == example.finishReason)
            #expect(answer.blockReason == example.blockReason)
            let usage = answer.totalUsage
            #expect([usage.promptTokens, usage.outputTokens, usage.thoughtTokens, usage.totalTokens] == example.usage)
            #expect(answer.modelVersion == example.modelVersion)
            #expect(answer.responseID == example.responseID)
            #expect(answer.metadataJSON == example.metadata)
        }
    }

    @Test("whoever watches is told of each event as it comes, with the server's count of tokens")
    func progress() async throws {
        let progress = Mutex<[ChunkProgress]>([])
        try await withLoopbackServer { _, connection in
            connection.sendEvents(WorkedExample.all[0].documents)
        } _: { server in
            let call = GenerateCall(model: "m", contents: [Content("p")], config: GenerateContentConfig(), stream: true)
            _ = try await Client(server).models.collector(call, timeouts: RequestTimeouts()) { chunk in
                progress.withLock { $0.append(chunk) }
            }.collect()
            #expect(progress.withLock { $0.map(\.textBytes) } == [14, 17, 0])
            #expect(progress.withLock { $0.map(\.outputTokens) } == [58, 64, 66])
        }
    }

    // Fault matrix: F73.
    @Test("a usage object without counts does not erase earlier ones, and blanks do not matter")
    func vertexExample() async throws {
        let documents = [
            #"{"candidates": [{"content": {"role": "model","parts": [{"text": "Invoice 4711"}]}}],"usageMetadata": {"promptTokenCount": 1123,"trafficType": "ON_DEMAND"}}"#,
            #"{"candidates": [{"content": {"role": "model","parts": [{"text": ", total 90.00"}]},"finishReason": "STOP"}],"usageMetadata": {"trafficType": "ON_DEMAND"}}"#,
        ]
        try await withLoopbackServer { _, connection in
            connection.sendEvents(documents)
        } _: { server in
            let collected = try await Client(server).collect()
            #expect(collected.answer.text == "Invoice 4711, total 90.00")
            #expect(collected.answer.totalUsage.promptTokens == 1123)
            #expect(collected.answer.totalUsage.outputTokens == nil)
        }
    }

    @Test("thoughts are kept apart from the answer")
    func thoughts() async throws {
        let documents = [
            #"{"candidates":[{"content":{"parts":[{"text":"Comparing","thought":true}],"role":"model"},"index":0}]}"#,
            #"{"candidates":[{"content":{"parts":[{"text":" areas…","thought":true},{"text":"The"}],"role":"model"},"index":0}]}"#,
            #"{"candidates":[{"content":{"parts":[{"text":" circle."}],"role":"model"},"finishReason":"STOP","index":0}]}"#,
        ]
        try await withLoopbackServer { _, connection in
            connection.sendEvents(documents)
        } _: { server in
            let answer = try await Client(server).collect().answer
            #expect(answer.text == "The circle.")
            #expect(answer.partsJSON == #"[{"text":"Comparing areas…","thought":true},{"text":"The circle."}]"#)
        }
    }

    @Test("the first candidate is the one with index 0, wherever it stands; the others are counted")
    func candidates() async throws {
        let documents = [
            #"{"candidates":[{"content":{"parts":[{"text":"B"}]},"index":1},{"content":{"parts":[{"text":"A"}]},"index":0}]}"#,
            #"{"candidates":[{"content":{"parts":[{"text":"C"}]},"index":2,"finishReason":"SAFETY"}]}"#,
            #"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["q"]},"tokenCount":4}]}"#,
        ]
        try await withLoopbackServer { _, connection in
            connection.sendEvents(documents)
        } _: { server in
            let answer = try await Client(server).collect().answer
            #expect(answer.text == "Aa")
            #expect(answer.finishReason == "STOP")
            #expect(answer.candidateCount == 3)
            #expect(answer.metadataJSON == #"{"groundingMetadata":{"webSearchQueries":["q"]}}"#)
        }
    }

    @Test("an unfinished answer is continued by further requests, their usage added")
    func continuation() async throws {
        try await withLoopbackServer { request, connection in
            connection.sendEvents([request.number == 0 ? firstHop : secondHop])
        } _: { server in
            let collected = try await Client(server).collect("Prove it")
            #expect(collected.error == nil)
            #expect(collected.answer.text == "It follows and thus the lemma holds. ∎")
            #expect(collected.answer.finishReason == "STOP")
            #expect(collected.answer.totalUsage.promptTokens == 67136)
            #expect(collected.answer.totalUsage.outputTokens == 41900)
            #expect(collected.answer.totalUsage.thoughtTokens == 24536)
            let bodies = server.requests.map(\.bodyText)
            let contents = #""contents":[{"role":"user","parts":[{"text":"Prove it"}]}]"#
            #expect(bodies == ["{\(contents)}", "{\(contents),\"continuationToken\":\"AAECAwQF/+8=\"}"])
        }
    }

    @Test("hops without end run into the total limit of the answer")
    func endlessContinuation() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendEvents([firstHop])
        } _: { server in
            let client = try Client(server) { $0.timeouts.total = .milliseconds(200) }
            let timeouts = RequestTimeouts(total: .milliseconds(200))
            #expect(try await client.collect(timeouts: timeouts).error?.label == "timedOut total")
            let error = await #expect(throws: GenAIError.self) {
                for try await _ in client.models.generateContentStream(model: "m", contents: "p") {}
            }
            #expect(error?.label == "timedOut total")
        }
    }

    @Test("whole answers come in one piece, on one line or on several")
    func unary() async throws {
        let document =
            "{\n  \"candidates\": [\n    {\n      \"content\": {\"parts\": [{\"text\": \"Seven.\"}]},\r\n\r\n      \"finishReason\": \"STOP\"\n    }\n  ]\n}\n"
        try await withLoopbackServer { _, connection in
            connection.respond(200, [("Content-Type", "application/json")], document)
        } _: { server in
            let client = try Client(server)
            let collected = try await client.collect(stream: false)
            #expect(collected.error == nil)
            #expect(collected.answer.text == "Seven.")
            #expect(try await client.models.generateContent(model: "m", contents: "How many?").text == "Seven.")
            #expect(server.requests.map(\.target) == Array(repeating: "/v1beta/models/m:generateContent", count: 2))
        }
    }

    @Test("a cancelled task closes the connection")
    func cancel() async throws {
        let arrived = Tally()
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            connection.sendChunk("data: \(chunk("a"))\r\n\r\n")
            connection.waitForClose()
        } _: { server in
            let client = try Client(server)
            let call = GenerateCall(model: "m", contents: [Content("p")], config: GenerateContentConfig(), stream: true)
            let task = Task {
                try await client.models.collector(call, timeouts: RequestTimeouts()) { _ in arrived.raise() }.collect()
            }
            try await arrived.reach(1)
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await server.clientCloseCount.reach(1)
        }
    }

    @Test("a task that is cancelled already sends nothing")
    func cancelledBefore() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendEvents([chunk("a", finish: "STOP")])
        } _: { server in
            let client = try Client(server)
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                _ = try await client.collect()
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(server.requests.isEmpty)
        }
    }
}
