import BatchCore
import JSON
import TestSupport
import Testing

/// What an answer tells that its price depends on.
@Suite("Facts for the price of an answer", .timeLimit(.minutes(1)))
struct PricingFactsTests {
    private static func event(
        usage: String,
        finishReason: String = "STOP",
        candidate: String = ""
    ) -> String {
        """
        data: {"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"\(finishReason)"\(candidate)}],\
        "usageMetadata":{\(usage)},"modelVersion":"m-001"}\r\n\r\n
        """
    }

    private static func details(_ name: String, _ counts: KeyValuePairs<String, Int>) -> String {
        let list = counts.map { #"{"modality":"\#($0.key)","tokenCount":\#($0.value)}"# }.joined(separator: ",")
        return #""\#(name)":[\#(list)]"#
    }

    private func answer(_ events: String..., headers: [(String, String)] = []) async throws -> Answer {
        try await withLoopbackServer { request, connection in
            connection.respond(200, headers, events[request.number])
        } _: { server in
            try await generate(item(), against: server).answer
        }
    }

    @Test("tokens of kinds with a price of their own are counted")
    func modalities() async throws {
        let usage = [
            #""promptTokenCount":1000,"candidatesTokenCount":1400,"cachedContentTokenCount":300"#,
            Self.details("promptTokensDetails", ["TEXT": 600, "AUDIO": 320, "IMAGE": 80]),
            Self.details("cacheTokensDetails", ["TEXT": 200, "AUDIO": 100]),
            Self.details("candidatesTokensDetails", ["IMAGE": 1290, "AUDIO": 30, "IMAGE": 1]),
        ]
        let answer = try await answer(Self.event(usage: usage.joined(separator: ",")))
        let expected = ModalityTokens(audioInput: 320, cachedAudio: 100, imageOutput: 1291, audioOutput: 30)
        #expect(answer.usage.modalities == expected)
        #expect(answer.usage.promptTokens == 1000)
    }

    @Test(
        "other kinds, and what cannot be read, count for nothing",
        arguments: [
            #""promptTokensDetails":[{"modality":"IMAGE","tokenCount":258},{"modality":"VIDEO","tokenCount":9}]"#,
            #""promptTokensDetails":"AUDIO""#, #""promptTokensDetails":[{"modality":"AUDIO","tokenCount":-1}]"#,
            #""candidatesTokensDetails":[{"modality":"TEXT","tokenCount":5}]"#,
            #""toolUsePromptTokensDetails":[{"modality":"AUDIO","tokenCount":5}]"#,
        ]
    )
    func noModalities(details: String) async throws {
        let answer = try await answer(Self.event(usage: #""promptTokenCount":300,"# + details))
        #expect(answer.usage == TokenUsage(promptTokens: 300))
    }

    @Test("the kinds of all requests of a long answer add up, each counted once")
    func hops() async throws {
        let first = #""promptTokenCount":50,"# + Self.details("promptTokensDetails", ["AUDIO": 40])
        let answer = try await answer(
            Self.event(usage: first, finishReason: "CONTINUATION", candidate: #","continuationToken":"dG9rZW4=""#),
            Self.event(usage: #""promptTokenCount":60"#)
        )
        #expect(answer.usage == TokenUsage(promptTokens: 110, modalities: ModalityTokens(audioInput: 40)))
    }

    @Test(
        "the tier that served is told by a header, or by the kind of traffic",
        arguments: [
            ("Flex", nil, .flex), ("standard", "ON_DEMAND_PRIORITY", .standard), (nil, "ON_DEMAND", .standard),
            (nil, "ON_DEMAND_PRIORITY", .priority), (nil, "ON_DEMAND_FLEX", .flex),
            (nil, "PROVISIONED_THROUGHPUT", .provisioned),
            (nil, "ON_DEMAND_OFFPEAK", ServiceTier(rawValue: "on_demand_offpeak")),
            (nil, "TRAFFIC_TYPE_UNSPECIFIED", nil), (nil, nil, nil),
        ] as [(String?, String?, ServiceTier?)]
    )
    func tier(header: String?, traffic: String?, expected: ServiceTier?) async throws {
        let usage = #""promptTokenCount":1"# + (traffic.map { #","trafficType":"\#($0)""# } ?? "")
        let headers = header.map { [("X-Gemini-Service-Tier", $0)] } ?? []
        #expect(try await answer(Self.event(usage: usage), headers: headers).serviceTier == expected)
    }

    @Test("a failed answer tells who worked on it, and in which tier")
    func failed() async throws {
        let body = Self.event(usage: #""promptTokenCount":9"#, finishReason: "SAFETY")
        let error = try await failure { _, connection in
            connection.respond(200, [("x-gemini-service-tier", "priority")], body)
        }
        #expect(error?.failureClass == .safety)
        #expect(error?.modelVersion == "m-001")
        #expect(error?.serviceTier == .priority)
        #expect(error?.usage == TokenUsage(promptTokens: 9))
    }

    private struct Refusal: CustomTestStringConvertible, Sendable {
        let tier: String
        let status: Int
        let word: String
        var details = ""
        let failureClass: FailureClass
        let isShed: Bool

        var testDescription: String { "\(tier) \(status) \(word) \(details.isEmpty ? "" : "with a quota")" }
    }

    private static let quota =
        #"{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"RequestsPerMinute"}]}"#

    @Test(
        "a refusal of a flex request that names no quota is a lack of capacity",
        arguments: [
            Refusal(tier: "flex", status: 503, word: "UNAVAILABLE", failureClass: .overloaded, isShed: true),
            Refusal(tier: "flex", status: 503, word: "RESOURCE_EXHAUSTED", failureClass: .overloaded, isShed: true),
            Refusal(tier: "flex", status: 429, word: "RESOURCE_EXHAUSTED", failureClass: .overloaded, isShed: true),
            Refusal(
                tier: "flex",
                status: 429,
                word: "RESOURCE_EXHAUSTED",
                details: quota,
                failureClass: .rateMinute,
                isShed: false
            ),
            Refusal(tier: "flex", status: 500, word: "INTERNAL", failureClass: .server, isShed: false),
            Refusal(tier: "standard", status: 503, word: "UNAVAILABLE", failureClass: .overloaded, isShed: false),
            Refusal(
                tier: "priority",
                status: 429,
                word: "RESOURCE_EXHAUSTED",
                failureClass: .rateUnknown,
                isShed: false
            ),
        ]
    )
    private func shedding(refusal: Refusal) async throws {
        var item = item()
        item.config["service_tier"] = .string(refusal.tier)
        let body =
            #"{"error":{"code":\#(refusal.status),"message":"no","status":"\#(refusal.word)","details":[\#(refusal.details)]}}"#
        let error = try await failure(of: item) { _, connection in
            connection.respond(refusal.status, [], body)
        }
        #expect(error?.failureClass == refusal.failureClass)
        #expect(error?.isShed == refusal.isShed)
        #expect(error?.message.contains("capacity to spare") == refusal.isShed)
    }
}
