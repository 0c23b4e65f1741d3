import GenAI
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct CollectTests {
    @Test("a streamed answer is folded into its text")
    func foldsStream() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendEvents([chunk("Hel"), chunk("lo", finish: "STOP")])
        } _: { server in
            let collected = try await Client(server).collect()
            #expect(collected.error == nil)
            #expect(collected.answer.text == "Hello")
            #expect(collected.answer.finishReason == "STOP")
            #expect(server.requests.map(\.target) == ["/v1beta/models/m:streamGenerateContent?alt=sse"])
        }
    }
}
