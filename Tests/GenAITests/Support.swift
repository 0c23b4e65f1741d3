import Foundation
import GeminiSimulator
import TestSupport

@testable import GenAI

/// What a test client sends as its key; it must show up nowhere else.
let testKey = "AIza-test-key-0123456789"

extension Client {
    /// A client of a loopback server.
    convenience init(_ server: LoopbackServer, _ configure: (inout HTTPOptions) -> Void = { _ in }) throws {
        var options = HTTPOptions(baseURL: server.url)
        configure(&options)
        try self.init(apiKey: testKey, options: options)
    }

    /// Folds one streamed answer.
    func collect(
        _ prompt: String = "Say hello",
        stream: Bool = true,
        timeouts: RequestTimeouts = RequestTimeouts()
    ) async throws -> CollectedAnswer {
        let call = GenerateCall(
            model: "m",
            contents: [Content(prompt)],
            config: GenerateContentConfig(),
            stream: stream
        )
        return try await models.collector(call, timeouts: timeouts) { _ in }.collect()
    }
}

extension LoopbackConnection {
    /// Answers with server-sent events, each in a piece of its own, and ends the body.
    func sendEvents(_ documents: [String]) {
        sendHead()
        for document in documents {
            sendChunk("data: \(document)\r\n\r\n")
        }
        sendEnd()
    }
}

/// A chunk with text and perhaps a finish reason.
func chunk(_ text: String, finish: String? = nil) -> String {
    let reason = finish.map { #","finishReason":"\#($0)""# } ?? ""
    return #"{"candidates":[{"content":{"parts":[{"text":"\#(text)"}],"role":"model"}\#(reason),"index":0}]}"#
}

/// Runs a test against a simulator of its own, which answers at once.
func withSimulator<Result>(
    script: String = #"{"rules":[]}"#,
    processingPolls: Int = 1,
    _ body: (Client) async throws -> Result
) async throws -> Result {
    var configuration = SimulatorConfiguration()
    configuration.script = try FaultScript(parsing: Array(script.utf8))
    configuration.processingPolls = processingPolls
    let simulator = try await Simulator.start(configuration)
    do {
        let client = try Client(apiKey: testKey, options: HTTPOptions(baseURL: simulator.baseURL))
        let result = try await body(client)
        try await simulator.shutdown()
        return result
    } catch {
        try? await simulator.shutdown()
        throw error
    }
}

/// Runs code on a thread of its own, as a script would.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(with: Result { try body() })
        }
    }
}
