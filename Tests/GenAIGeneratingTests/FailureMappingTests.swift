import BatchCore
import GenAI
import GenAIGenerating
import TestSupport
import Testing

/// An answer that is none, and what the scheduler has to be told.
private struct Refusal: Sendable, CustomTestStringConvertible {
    let name: String
    var status = 200
    var headers: [(String, String)] = []
    let body: String
    let failureClass: FailureClass

    var testDescription: String { name }

    /// A response with a status and Google's error body.
    init(
        _ status: Int,
        _ word: String,
        _ failureClass: FailureClass,
        _ message: String = "",
        details: String = ""
    ) {
        name = "\(status) \(word) \(message) \(details.prefix(120))"
        self.status = status
        body = #"{"error":{"code":\#(status),"message":"\#(message)","status":"\#(word)","details":[\#(details)]}}"#
        self.failureClass = failureClass
    }

    /// A response with a status and any body.
    init(_ name: String, status: Int = 200, _ body: String, _ failureClass: FailureClass) {
        self.name = name
        self.status = status
        self.body = body
        self.failureClass = failureClass
    }

    /// A stream whose only candidate has a finish reason.
    init(finish reason: String, text: String = "", _ failureClass: FailureClass) {
        name = "\(reason) with the text '\(text)'"
        let part = text.isEmpty ? "" : #"{"text":"\#(text)"}"#
        body = "data: {\"candidates\":[{\"content\":{\"parts\":[\(part)]},\"finishReason\":\"\(reason)\"}]}\r\n\r\n"
        self.failureClass = failureClass
    }
}

private func quota(_ id: String, _ value: String) -> String {
    #"{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"\#(id)","quotaValue":"\#(value)"}]}"#
}

private func delay(_ text: String) -> String {
    #"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"\#(text)"}"#
}

private func reason(_ word: String) -> String {
    #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"\#(word)"}"#
}

private let perMinute = "GenerateRequestsPerMinutePerProjectPerModel"
private let perDay = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"

/// Protocol, sections 8.2, 8.3 and 6.3.
private let refusals = [
    Refusal(400, "INVALID_ARGUMENT", .invalidRequest, "Unknown name"),
    Refusal(400, "INVALID_ARGUMENT", .auth, "API key not valid.", details: reason("API_KEY_INVALID")),
    Refusal(400, "FAILED_PRECONDITION", .auth, "User location is not supported for the API use."),
    Refusal(400, "FAILED_PRECONDITION", .media, "The File abc is not in an ACTIVE state and usage is not allowed."),
    Refusal(401, "UNAUTHENTICATED", .auth),
    Refusal(403, "PERMISSION_DENIED", .auth, "Consumer has been suspended", details: reason("CONSUMER_SUSPENDED")),
    Refusal(403, "PERMISSION_DENIED", .auth, "Your profile is not allowed to do this."),
    Refusal(403, "PERMISSION_DENIED", .media, "You do not have permission to access the File abc or it may not exist."),
    Refusal(404, "NOT_FOUND", .notFound, "models/gemini-1 is not found for API version v1beta."),
    Refusal(404, "NOT_FOUND", .media, "files/k3j2h1 is gone"),
    Refusal(408, "", .server),
    Refusal(409, "ABORTED", .server),
    Refusal(413, "", .invalidRequest),
    Refusal(429, "RESOURCE_EXHAUSTED", .rateMinute, details: quota(perMinute, "15") + "," + delay("36.461s")),
    Refusal(
        429,
        "RESOURCE_EXHAUSTED",
        .rateMinute,
        details: quota("GenerateContentInputTokensPerModelPerMinute", "32000")
    ),
    Refusal(429, "RESOURCE_EXHAUSTED", .rateDay, details: quota(perDay, "20") + "," + delay("41.2s")),
    Refusal(429, "RESOURCE_EXHAUSTED", .rateDay, details: quota(perMinute, "5") + "," + quota(perDay, "20")),
    Refusal(429, "RESOURCE_EXHAUSTED", .auth, details: quota(perMinute, "0")),
    Refusal(
        429,
        "RESOURCE_EXHAUSTED",
        .auth,
        "Quota exceeded for metric: x, limit: 0, model: m",
        details: #"{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"\#(perDay)"}]}"#
    ),
    Refusal(429, "RESOURCE_EXHAUSTED", .rateDay, details: delay("36903s")),
    Refusal(429, "RESOURCE_EXHAUSTED", .rateUnknown, details: delay("900s")),
    Refusal(429, "RESOURCE_EXHAUSTED", .rateUnknown, "Resource has been exhausted (e.g. check quota)."),
    Refusal(429, "RESOURCE_EXHAUSTED", .auth, "Your prepayment credits are depleted."),
    Refusal(429, "RESOURCE_EXHAUSTED", .rateUnknown, "You exceeded your quota, please check your billing details."),
    Refusal("429 of a proxy", status: 429, "<html>slow down</html>", .rateUnknown),
    Refusal(499, "CANCELLED", .server),
    Refusal(500, "INTERNAL", .server),
    Refusal("502 of a proxy", status: 502, "<html>Bad Gateway</html>", .server),
    Refusal(503, "UNAVAILABLE", .overloaded, "The model is overloaded. Please try again later."),
    Refusal(503, "RESOURCE_EXHAUSTED", .rateUnknown),
    Refusal(504, "DEADLINE_EXCEEDED", .server),
    Refusal("a redirect", status: 302, "", .invalidRequest),
    Refusal(
        "an error in the stream",
        "data: {\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\"}}\r\n\r\n",
        .overloaded
    ),
    Refusal("a bare error after 200", "[{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\"}}]", .rateUnknown),

    Refusal(finish: "STOP", .empty),
    Refusal(finish: "SAFETY", text: "so far", .safety),
    Refusal(finish: "BLOCKLIST", .safety),
    Refusal(finish: "PROHIBITED_CONTENT", .safety),
    Refusal(finish: "SPII", .safety),
    Refusal(finish: "LANGUAGE", .safety),
    Refusal(finish: "IMAGE_SAFETY", .safety),
    Refusal(finish: "IMAGE_PROHIBITED_CONTENT", .safety),
    Refusal(finish: "MODEL_ARMOR", .safety),
    Refusal(finish: "ESCALATION", .safety),
    Refusal(finish: "PUP_LIMITED_DISABLED", .safety),
    Refusal(finish: "RECITATION", text: "To be or not", .recitation),
    Refusal(finish: "IMAGE_RECITATION", .recitation),
    Refusal(finish: "OTHER", text: "x", .malformed),
    Refusal(finish: "FINISH_REASON_UNSPECIFIED", text: "x", .malformed),
    Refusal(finish: "MALFORMED_FUNCTION_CALL", .malformed),
    Refusal(finish: "MALFORMED_RESPONSE", text: "x", .malformed),
    Refusal(finish: "NO_IMAGE", .malformed),
    Refusal(finish: "IMAGE_OTHER", .malformed),
    Refusal(finish: "UNEXPECTED_TOOL_CALL", .invalidRequest),
    Refusal(finish: "TOO_MANY_TOOL_CALLS", .invalidRequest),
    Refusal(finish: "MISSING_THOUGHT_SIGNATURE", .invalidRequest),
    Refusal(finish: "BRAND_NEW", .malformed),
    Refusal(finish: "CONTINUATION", text: "half", .cutStream),
    Refusal("a refused prompt", "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\r\n\r\n", .blockedPrompt),
    Refusal(
        "a stream without finish reason",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\r\n\r\n",
        .cutStream
    ),
    Refusal("an empty body", "", .empty),
    Refusal(
        "thoughts alone",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hm\",\"thought\":true}]},\"finishReason\":\"STOP\"}]}\r\n\r\n",
        .empty
    ),
    Refusal(
        "a thought that is an image",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AA==\"},\"thought\":true}]},\"finishReason\":\"STOP\"}]}\r\n\r\n",
        .empty
    ),
    Refusal("broken JSON", "data: {\"candidates\":\r\n\r\n", .malformed),
    Refusal("an event beyond the limit", "data: \(String(repeating: "x", count: 2 << 20))\r\n\r\n", .tooLarge),
]

@Suite("Failure classes", .timeLimit(.minutes(1)))
struct FailureMappingTests {
    // Fault matrix: F64, F65.
    @Test("every refusal has its class", arguments: refusals)
    fileprivate func classes(refusal: Refusal) async throws {
        let error = try await failure { _, connection in
            connection.respond(refusal.status, refusal.headers, refusal.body)
        }
        #expect(error?.failureClass == refusal.failureClass)
        #expect(error?.message.isEmpty == false)
        if refusal.status != 200 {
            #expect(error?.httpStatus == refusal.status)
        }
    }

    // Fault matrix: F60.
    @Test("a quota error carries what the gate needs")
    func quotaFacts() async throws {
        let error = try #require(
            try await failure { _, connection in
                let details = quota(perMinute, "15") + "," + quota(perDay, "1500") + "," + delay("45.837906927s")
                connection.respond(
                    429,
                    [],
                    #"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[\#(details)]}}"#
                )
            }
        )
        #expect(error.httpStatus == 429)
        #expect(error.retryDelay == .nanoseconds(45_837_906_927))
        #expect(
            error.quotas == [ExceededQuota(id: perDay, limit: 1500), ExceededQuota(id: perMinute, limit: 15)]
        )
        #expect(!error.isPossiblyBilled)
        #expect(error.usage == TokenUsage())
    }

    @Test("what arrived before a failure is kept to be shown, with its usage, and may have been billed")
    func partial() async throws {
        let chunk =
            #"{"candidates":[{"content":{"parts":[{"text":"Chapter one. It was"}]}}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":5}}"#
        let endings: [(String, FailureClass)] = [
            ("", .cutStream), ("data: {\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\"}}\r\n\r\n", .overloaded),
            ("data: {\r\n\r\n", .malformed),
        ]
        for (ending, failureClass) in endings {
            let error = try await failure { _, connection in
                connection.respond(200, [], "data: \(chunk)\r\n\r\n\(ending)")
            }
            #expect(error?.failureClass == failureClass)
            #expect(error?.partialText == "Chapter one. It was")
            #expect(error?.usage == TokenUsage(promptTokens: 7, outputTokens: 5))
            #expect(error?.isPossiblyBilled == true)
        }
    }

    @Test("an error beside the answer in one event comes after billed work")
    func errorBesideAnswer() async throws {
        let error = try await failure { _, connection in
            connection.respond(
                200,
                [],
                "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}],\"error\":{\"code\":500}}\r\n\r\n"
            )
        }
        #expect(error?.failureClass == .server)
        #expect(error?.isPossiblyBilled == true)
    }

    @Test("time limits and broken connections have their classes")
    func transport() async throws {
        let short = Duration.milliseconds(50)
        let stall: LoopbackServer.Script = { _, connection in
            connection.waitForClose()
        }
        let stallLater: LoopbackServer.Script = { _, connection in
            connection.sendHead()
            connection.sendChunk(": ping\r\n\r\n")
            connection.waitForClose()
        }
        let cut: LoopbackServer.Script = { _, connection in
            connection.close()
        }
        let rows: [(LoopbackServer.Script, Timeouts, FailureClass)] = [
            (stall, Timeouts(firstChunk: short), .timeoutFirstChunk), (stallLater, Timeouts(idle: short), .timeoutIdle),
            (stallLater, Timeouts(item: short), .timeoutItem), (cut, Timeouts(), .network),
        ]
        for (script, timeouts, failureClass) in rows {
            let error = try await failure(timeouts: timeouts, script)
            #expect(error?.failureClass == failureClass)
            // The whole time may be over before anything was sent.
            #expect(error?.isPossiblyBilled == true || failureClass == .timeoutItem)
        }
    }

    @Test(
        "credentials that are refused end the run, a token server in trouble does not; nothing was billed",
        arguments: [(400, FailureClass.auth), (503, .network)]
    )
    func signIn(status: Int, failureClass: FailureClass) async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(status, [], #"{"error":"invalid_grant"}"#)
        } _: { server in
            let folder = try TemporaryDirectory()
            let path = try folder.write(try TestAccount.file("\(server.url)/token"), to: "key.json")
            let client = try Client(
                vertex: VertexOptions(credentials: .file(path)),
                options: HTTPOptions(baseURL: server.url)
            )
            let request = GenerationRequest(item: item(), answeredTurns: [], stream: true, timeouts: Timeouts())
            let error = await #expect(throws: GenerationError.self) {
                try await GenAIGenerator(client).generate(request, meter: StreamMeter())
            }
            #expect(error?.failureClass == failureClass)
            #expect(error?.isPossiblyBilled == false)
            #expect(error?.message.contains("signing in the service account") == true)
        }
    }

    @Test("a server that cannot be reached is a matter of the network, and nothing was billed")
    func unreachable() async throws {
        let server = try LoopbackServer { _, _ in }
        server.close()
        try await server.closed.reach(1)
        let error = await #expect(throws: GenerationError.self) { try await generate(item(), against: server) }
        #expect(error?.failureClass == .network)
        #expect(error?.isPossiblyBilled == false)
        #expect(error?.message.contains("127.0.0.1:\(server.port)") == true)
    }
}
