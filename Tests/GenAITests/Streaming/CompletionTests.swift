import JSON
import TestSupport
import Testing

@testable import GenAI

/// One response to a streaming request, and what has to become of it.
private struct CompletionCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Equatable {
        case whole(String, reason: String?)
        case failed(String, partial: String)
    }

    let name: String
    let body: String
    /// Whether the connection closes without the mark that ends the body.
    var isCut = false
    let outcome: Outcome

    var testDescription: String { name }

    init(_ name: String, _ body: String, isCut: Bool = false, _ outcome: Outcome) {
        self.name = name
        self.body = body
        self.isCut = isCut
        self.outcome = outcome
    }
}

private func event(_ document: String) -> String { "data: \(document)\r\n\r\n" }

private let unavailable = #"{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}"#
private let usageOnly = #"{"usageMetadata":{"promptTokenCount":3}}"#

private let cases = [
    CompletionCase(
        "a finish reason and a clean end",
        event(chunk("a")) + event(chunk("b", finish: "STOP")),
        .whole("ab", reason: "STOP")
    ),
    CompletionCase(
        "every finish reason is one",
        event(chunk("a", finish: "NEW_REASON")),
        .whole("a", reason: "NEW_REASON")
    ),
    CompletionCase(
        "a finish reason without content",
        event(chunk("a")) + event(#"{"candidates":[{"finishReason":"MAX_TOKENS"}]}"#),
        .whole("a", reason: "MAX_TOKENS")
    ),
    CompletionCase(
        "no text at all",
        event(#"{"candidates":[{"content":{"role":"model"},"finishReason":"STOP"}]}"#),
        .whole("", reason: "STOP")
    ),
    CompletionCase(
        "text after the first finish reason",
        event(chunk("", finish: "STOP")) + event(chunk("late")),
        .whole("late", reason: "STOP")
    ),
    CompletionCase(
        "a finish reason with every chunk",
        event(chunk("a", finish: "STOP")) + event(chunk("b", finish: "MAX_TOKENS")),
        .whole("ab", reason: "MAX_TOKENS")
    ),
    CompletionCase(
        "usage after the finish reason",
        event(chunk("a", finish: "STOP")) + event(usageOnly),
        .whole("a", reason: "STOP")
    ),
    CompletionCase(
        "the connection breaks after the finish reason",
        event(chunk("a", finish: "STOP")),
        isCut: true,
        .whole("a", reason: "STOP")
    ),
    CompletionCase(
        "half a document after the finish reason",
        event(chunk("a", finish: "STOP")) + "data: {\"usageMeta",
        .whole("a", reason: "STOP")
    ),
    CompletionCase(
        "the last empty line is missing",
        event(chunk("a")) + "data: \(chunk("b", finish: "STOP"))",
        .whole("ab", reason: "STOP")
    ),
    CompletionCase("the mark [DONE]", event(chunk("a", finish: "STOP")) + event("[DONE]"), .whole("a", reason: "STOP")),
    CompletionCase("a refused prompt", event(#"{"promptFeedback":{"blockReason":"SAFETY"}}"#), .whole("", reason: nil)),
    CompletionCase(
        "an error that is null",
        event(#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}],"error":null}"#),
        .whole("a", reason: "STOP")
    ),
    CompletionCase(
        "an array instead of events",
        "[\(chunk("a"))\r\n,\r\n\(chunk("b", finish: "STOP"))]\r\n",
        .whole("ab", reason: "STOP")
    ),

    CompletionCase(
        "an array cut after the finish reason",
        "[\(chunk("a"))\r\n,\r\n\(chunk("b", finish: "STOP"))\r\n",
        .whole("ab", reason: "STOP")
    ),

    CompletionCase(
        "an array cut between two responses",
        "[\(chunk("a"))\r\n,\r\n\(chunk("b"))",
        isCut: true,
        .failed("connectionLost", partial: "ab")
    ),
    CompletionCase(
        "an array cut inside a response",
        "[\(chunk("a"))\r\n,\r\n\(chunk("b", finish: "STOP").dropLast())",
        .failed("interrupted", partial: "a")
    ),
    CompletionCase(
        "an error in an array without its end",
        "[\(chunk("a"))\r\n,\r\n\(unavailable)",
        .failed("api 503", partial: "a")
    ),
    CompletionCase("an array cut at once", "[\r\n", .failed("interrupted", partial: "")),
    CompletionCase("an empty array", "[]", .failed("emptyAnswer", partial: "")),
    CompletionCase(
        "an array cut after the finish reason",
        "[\(chunk("a"))\r\n,\r\n\(chunk("b", finish: "STOP"))\r\n",
        .whole("ab", reason: "STOP")
    ),

    CompletionCase(
        "an array cut between two responses",
        "[\(chunk("a"))\r\n,\r\n\(chunk("b"))",
        isCut: true,
        .failed("connectionLost", partial: "ab")
    ),
    CompletionCase(
        "an array cut inside a response",
        "[\(chunk("a"))\r\n,\r\n\(chunk("b", finish: "STOP").dropLast())",
        .failed("interrupted", partial: "a")
    ),
    CompletionCase(
        "an error in an array without its end",
        "[\(chunk("a"))\r\n,\r\n\(unavailable)",
        .failed("api 503", partial: "a")
    ),
    CompletionCase("an array cut at once", "[\r\n", .failed("interrupted", partial: "")),
    CompletionCase("an empty array", "[]", .failed("emptyAnswer", partial: "")),
    CompletionCase("a clean end without finish reason", event(chunk("a")), .failed("interrupted", partial: "a")),
    CompletionCase("an empty finish reason", event(chunk("a", finish: "")), .failed("interrupted", partial: "a")),
    CompletionCase(
        "half a document at the end",
        event(chunk("a")) + "data: \(chunk("b", finish: "STOP").dropLast())",
        .failed("interrupted", partial: "a")
    ),
    CompletionCase(
        "CONTINUATION without a token",
        event(chunk("a", finish: "CONTINUATION")),
        .failed("interrupted", partial: "a")
    ),
    CompletionCase(
        "the connection breaks before the finish reason",
        event(chunk("a")),
        isCut: true,
        .failed("connectionLost", partial: "a")
    ),
    CompletionCase("an empty body", "", .failed("emptyAnswer", partial: "")),
    CompletionCase("usage alone", event(usageOnly), .failed("emptyAnswer", partial: "")),
    CompletionCase("comments alone", ": ping\r\n\r\n: ping\r\n\r\n", .failed("emptyAnswer", partial: "")),
    CompletionCase("other fields alone", "event: end\r\nretry\r\n\r\n<p>", .failed("emptyAnswer", partial: "")),
    CompletionCase("blanks alone", " \r\n\t\r\n", .failed("emptyAnswer", partial: "")),
    CompletionCase("a field cut in its name", "dat", isCut: true, .failed("connectionLost", partial: "")),
    CompletionCase(
        "a page of HTML",
        "\r\n<html>\r\n<p>log in</p>\r\n</html>",
        .failed("malformedResponse", partial: "")
    ),
    CompletionCase(
        "a page of HTML with a script",
        "<html>\r\n<script>\r\n{\r\nlet a = 1\r\n}\r\n</html>",
        .failed("malformedResponse", partial: "")
    ),
    CompletionCase("words alone", "no healthy upstream", .failed("malformedResponse", partial: "")),
    CompletionCase(
        "events behind words",
        "no stream yet\n" + event(chunk("a", finish: "STOP")),
        .whole("a", reason: "STOP")
    ),
    CompletionCase("an error in the middle", event(chunk("a")) + event(unavailable), .failed("api 503", partial: "a")),
    CompletionCase(
        "an error after the finish reason",
        event(chunk("a", finish: "STOP")) + event(unavailable),
        .failed("api 503", partial: "a")
    ),
    CompletionCase(
        "an error beside an answer",
        event(#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}],"error":{"code":500}}"#),
        .failed("api 500", partial: "a")
    ),
    CompletionCase("a bare error", event(chunk("a")) + unavailable, .failed("api 503", partial: "a")),
    CompletionCase(
        "a bare error of several lines",
        "{\n  \"error\": {\n    \"code\": 429,\n    \"status\": \"RESOURCE_EXHAUSTED\"\n  }\n}\n",
        .failed("api 429", partial: "")
    ),
    CompletionCase("an error in an array", "[\(unavailable)]", .failed("api 503", partial: "")),
    CompletionCase(
        "an error without code",
        event(#"{"error":{"status":"PERMISSION_DENIED"}}"#),
        .failed("api 403", partial: "")
    ),
    CompletionCase(
        "an error with the code of an RPC",
        event(#"{"error":{"code":14,"status":"UNAVAILABLE"}}"#),
        .failed("api 503", partial: "")
    ),
    CompletionCase(
        "an error with a word as code",
        event(#"{"error":{"code":"invalid_request","message":"m"}}"#),
        .failed("api 500", partial: "")
    ),
    CompletionCase("an error that is text", event(#"{"error":"boom"}"#), .failed("api 500", partial: "")),
    CompletionCase(
        "broken JSON",
        event(chunk("a")) + event("{\"candidates\":[}") + event(chunk("b", finish: "STOP")),
        .failed("malformedResponse", partial: "a")
    ),
    CompletionCase("JSON that is no response", event("42"), .failed("malformedResponse", partial: "")),
    CompletionCase("an array of something else", "[1]", .failed("malformedResponse", partial: "")),
    CompletionCase(
        "nesting without end",
        event(String(repeating: "[", count: 5000)),
        .failed("malformedResponse", partial: "")
    ),
]

@Suite("Whether an answer is whole", .timeLimit(.minutes(1)))
struct CompletionTests {
    @Test("a folded answer and a stream of chunks follow the one rule", arguments: cases)
    fileprivate func rule(example: CompletionCase) async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            if !example.body.isEmpty {
                connection.sendChunk(example.body)
            }
            if example.isCut {
                connection.close()
            } else {
                connection.sendEnd()
            }
        } _: { server in
            let client = try Client(server)
            let collected = try await client.collect()
            #expect(outcome(collected.answer.text, collected.answer.finishReason, collected.error) == example.outcome)

            var text = ""
            var reason: String?
            var failure: GenAIError?
            do {
                for try await chunk in client.models.generateContentStream(model: "m", contents: "Say hello") {
                    text += chunk.text ?? ""
                    let word = chunk.firstCandidate?.finishReason?.rawValue
                    reason = word ?? reason
                }
            } catch let error as GenAIError {
                failure = error
            }
            #expect(outcome(text, reason, failure) == example.outcome)
        }
    }

    @Test("what is no answer is shown as it begins")
    func page() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], "<html>\n<p>log in</p>")
        } _: { server in
            let error = try await Client(server).collect().error
            #expect(error?.description == "the server did not answer in its protocol: it began with «<html>»")
        }
    }

    @Test(
        "after an error or a refusal the rest is not waited for as long as within an answer",
        arguments: [
            (chunk("a"), false), (usageOnly, false), (#"{"error":null,"promptFeedback":{}}"#, false),
            (unavailable, true), (#"{"promptFeedback":{"blockReason":"SAFETY"}}"#, true),
            (chunk("a", finish: "STOP"), true),
        ]
    )
    fileprivate func finished(document: String, isFinished: Bool) throws {
        var completion = Completion()
        completion.note(GenerateContentResponse(json: try #require(JSONValue(parsing: document).object)))
        #expect(completion.isFinished == isFinished)
        var answer = AnswerAccumulator()
        var scanner = ChunkScanner()
        try scanner.scan(Array(document.utf8).span, into: &answer)
        #expect(answer.completion.isFinished == isFinished)
    }

    private func outcome(_ text: String, _ reason: String?, _ error: GenAIError?) -> CompletionCase.Outcome {
        error.map { .failed($0.label, partial: text) } ?? .whole(text, reason: reason)
    }
}

extension GenAIError {
    /// The case in one word, for comparing.
    var label: String {
        switch self {
        case .api(let error): "api \(error.httpStatus)"
        case .unreachable: "unreachable"
        case .tls: "tls"
        case .connectionLost: "connectionLost"
        case .timedOut(let limit, _): "timedOut \(limit)"
        case .interrupted: "interrupted"
        case .emptyAnswer: "emptyAnswer"
        case .malformedResponse: "malformedResponse"
        case .responseTooLarge: "responseTooLarge"
        case .invalidCall: "invalidCall"
        case .signIn(let error): "signIn \(error.code)"
        }
    }
}
