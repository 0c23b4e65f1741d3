import TestSupport
import Testing

@testable import GenAI

private let dailyQuota =
    #"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.\n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 20, model: gemini-3.8-flash\nPlease retry in 41.2s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"Learn more about Gemini API quotas","url":"https://ai.google.dev/gemini-api/docs/rate-limits"}]},{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaDimensions":{"location":"global","model":"gemini-3.8-flash"},"quotaValue":"20"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"41.2s"}]}}"#
private let badKey =
    #"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}}]}}"#
private let badField =
    #"{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"maxTokens\" at 'generation_config': Cannot find field.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"generation_config","description":"Invalid JSON payload received. Unknown name \"maxTokens\" at 'generation_config': Cannot find field."}]}]}}"#

@Suite("What the server says when it refuses", .timeLimit(.minutes(1)))
struct ErrorTests {
    @Test("a quota error tells the quota, its limit and the delay")
    func quota() throws {
        let error = APIError(httpStatus: 429, body: Array(dailyQuota.utf8))
        #expect(error.status == "RESOURCE_EXHAUSTED")
        #expect(error.message.hasPrefix("You exceeded your current quota"))
        #expect(error.retryDelay == .milliseconds(41_200))
        let violation = try #require(error.quotaViolations.first)
        #expect(error.quotaViolations.count == 1)
        #expect(violation.quotaID == "GenerateRequestsPerDayPerProjectPerModel-FreeTier")
        #expect(violation.quotaMetric == "generativelanguage.googleapis.com/generate_content_free_tier_requests")
        #expect(violation.quotaValue == 20)
    }

    @Test("a bad key and a bad field are told apart by the details")
    func details() {
        let key = APIError(httpStatus: 400, body: Array(badKey.utf8))
        #expect(key.reason == "API_KEY_INVALID")
        #expect(key.fieldViolations.isEmpty)
        let field = APIError(httpStatus: 400, body: Array(badField.utf8))
        #expect(field.reason == nil)
        #expect(field.fieldViolations.map(\.field) == ["generation_config"])
        #expect(field.description.hasPrefix("HTTP 400 INVALID_ARGUMENT: Invalid JSON payload received."))
    }

    @Test("an error in an array is the same error")
    func array() {
        #expect(
            APIError(httpStatus: 400, body: Array("[\n\(badKey)\n]".utf8))
                == APIError(httpStatus: 400, body: Array(badKey.utf8))
        )
    }

    @Test(
        "what is no error of Google's leaves its words",
        arguments: [
            ("", ""), ("  \n ", ""), ("upstream connect error", "upstream connect error"),
            ("<!DOCTYPE html>\n<html><head><title>502 Bad\n Gateway</title></head></html>", "502 Bad Gateway"),
            ("{\"error\":\"invalid key\"}", "invalid key"), ("{\"error\":null}", "{\"error\":null}"),
            ("{\"message\":\"no\"}", "{\"message\":\"no\"}"), ("[]", "[]"),
            ("{\"error\":{\"mess", "{\"error\":{\"mess"),
            (String(repeating: "a b ", count: 5000), String(repeating: "a b ", count: 125)),
        ]
    )
    func otherBodies(body: String, message: String) {
        let error = APIError(httpStatus: 502, body: Array(body.utf8))
        #expect(error.httpStatus == 502)
        #expect(error.message == message)
        #expect(error.status == nil)
    }

    @Test("odd details and unknown ones are skipped")
    func oddDetails() {
        let body = #"""
            {"error":{"code":"429","message":7,"status":null,"details":[1,null,{},{"@type":"x"},{"@type":5},
            {"@type":"type.googleapis.com/google.rpc.RetryInfo"},
            {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{},{"quotaId":"q","quotaValue":"-1"},{"subject":"s","quotaValue":"99999999999999999999"}]},
            {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"soon"},
            {"@type":"type.googleapis.com/google.rpc.Brandnew","x":1}]}}
            """#
        let error = APIError(httpStatus: 429, body: Array(body.utf8))
        #expect(error.status == "429")
        #expect(error.message.isEmpty)
        #expect(error.retryDelay == nil)
        #expect(error.quotaViolations.map(\.quotaID) == ["", "q", ""])
        #expect(error.quotaViolations.map(\.quotaValue) == [nil, -1, nil])
        #expect(error.quotaViolations.map(\.quotaMetric) == ["", "", "s"])
    }

    @Test(
        "the header Retry-After counts where the details say nothing",
        arguments: [
            ("7", "", Duration.seconds(7)), ("7", dailyQuota, .milliseconds(41_200)),
            ("99999999999999", "", .seconds(1_000_000_000)),
        ]
    )
    func retryAfter(header: String, body: String, delay: Duration) async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(429, [("Retry-After", header)], body)
        } _: { server in
            let collected = try await Client(server).collect()
            guard case .api(let error)? = collected.error else {
                Issue.record("\(String(describing: collected.error))")
                return
            }
            #expect(error.retryDelay == delay)
        }
    }

    @Test("only 200 is success, and redirects are not followed", arguments: [201, 204, 302, 404, 500])
    func statuses(status: Int) async throws {
        try await withLoopbackServer { _, connection in
            let body = status == 204 ? "" : "data: \(chunk("a", finish: "STOP"))\r\n\r\n"
            connection.respond(status, [("Location", "/elsewhere")], body)
        } _: { server in
            let collected = try await Client(server).collect()
            #expect(collected.error?.label == "api \(status)")
            #expect(collected.answer.text.isEmpty)
            #expect(collected.wasSent)
            #expect(server.requests.count == 1)
        }
    }

    @Test(
        "durations are decimal seconds",
        arguments: [
            ("36s", Duration.seconds(36)), ("0s", .zero), ("0.5s", .milliseconds(500)),
            ("1.000000001s", .nanoseconds(1_000_000_001)),
            ("45.837906927s", .nanoseconds(45_837_906_927)), ("36903s", .seconds(36903)),
            ("99999999999999999999.9s", .milliseconds(1_000_000_000_900)),
            ("315576000000s", .seconds(1_000_000_000)),
        ]
    )
    func durations(text: String, duration: Duration) {
        #expect(Duration(protobuf: text) == duration)
    }

    @Test(
        "what is no duration is none",
        arguments: [
            "", "s", "36", "-1s", "nans", "infs", "1m", "1 s", " 1s", "0x10s", "1e3s", "36S", ".5s", "5.s", "1.2.3s",
            "+1s", "١s",
        ]
    )
    func noDurations(text: String) {
        #expect(Duration(protobuf: text) == nil)
    }
}
