import JSON
import TestSupport
import Testing

@testable import GenAI

private let dailyQuota =
    #"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.\n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 20, model: gemini-3.8-flash\nPlease retry in 41.2s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"Learn more about Gemini API quotas","url":"https://ai.google.dev/gemini-api/docs/rate-limits"}]},{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaDimensions":{"location":"global","model":"gemini-3.8-flash"},"quotaValue":"20"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"41.2s"}]}}"#
private let badKey =
    #"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}}]}}"#
private let badField =
    #"{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"maxTokens\" at 'generation_config': Cannot find field.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"generation_config","description":"Invalid JSON payload received. Unknown name \"maxTokens\" at 'generation_config': Cannot find field."}]}]}}"#

/// A row of the API's table of errors.
private struct Row: Sendable, CustomTestStringConvertible {
    let httpStatus: Int
    let status: String
    let message: String
    let details: String
    let kind: APIError.Kind

    var testDescription: String { "\(httpStatus) \(status) \(message) \(details)" }

    init(_ httpStatus: Int, _ status: String, _ kind: APIError.Kind, _ message: String = "m", _ details: String = "") {
        self.httpStatus = httpStatus
        self.status = status
        self.message = message
        self.details = details
        self.kind = kind
    }

    var error: String {
        #"{"code":\#(httpStatus),"message":"\#(message)","status":"\#(status)","details":[\#(details)]}"#
    }
}

private func reason(_ word: String) -> String {
    #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"\#(word)"}"#
}

private func quota(_ id: String, _ value: String = "20") -> String {
    #"{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"\#(id)","quotaValue":"\#(value)"}]}"#
}

private let rows = [
    Row(400, "INVALID_ARGUMENT", .invalidRequest),
    Row(
        400,
        "INVALID_ARGUMENT",
        .invalidKey,
        "API key not valid. Please pass a valid API key.",
        reason("API_KEY_INVALID")
    ),
    Row(400, "FAILED_PRECONDITION", .failedPrecondition, "User location is not supported for the API use."),
    Row(401, "UNAUTHENTICATED", .unauthenticated, "m", reason("ACCESS_TOKEN_EXPIRED")),
    Row(403, "PERMISSION_DENIED", .permissionDenied, "m", reason("SERVICE_DISABLED")),
    Row(403, "PERMISSION_DENIED", .permissionDenied, "m", reason("API_KEY_SERVICE_BLOCKED")),
    Row(404, "NOT_FOUND", .notFound),
    Row(408, "", .serverFailure),
    Row(409, "ABORTED", .serverFailure),
    Row(413, "", .requestTooLarge),
    Row(429, "RESOURCE_EXHAUSTED", .quotaPerMinute, "m", quota("GenerateRequestsPerMinutePerProjectPerModel")),
    Row(429, "RESOURCE_EXHAUSTED", .quotaPerMinute, "m", quota("GenerateContentPaidTierInputTokensPerModelPerMinute")),
    Row(429, "RESOURCE_EXHAUSTED", .quotaPerDay, "m", quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier")),
    Row(429, "RESOURCE_EXHAUSTED", .notInPlan, "m", quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "0")),
    Row(
        429,
        "RESOURCE_EXHAUSTED",
        .notInPlan,
        "Quota exceeded for metric: x, limit: 0, model: m",
        #"{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDay"}]}"#
    ),
    Row(
        429,
        "RESOURCE_EXHAUSTED",
        .quotaPerDay,
        "Quota exceeded for metric: x, limit: 10, model: m",
        #"{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDay"}]}"#
    ),
    Row(429, "RESOURCE_EXHAUSTED", .capacity, "Resource has been exhausted (e.g. check quota)."),
    Row(429, "RESOURCE_EXHAUSTED", .capacity, "Spend limit of the last 10 minutes reached."),
    Row(429, "RESOURCE_EXHAUSTED", .creditExhausted, "Your prepayment credits are depleted."),
    Row(429, "RESOURCE_EXHAUSTED", .creditExhausted, "The project has reached its monthly spending cap."),
    Row(499, "CANCELLED", .serverFailure),
    Row(500, "INTERNAL", .serverFailure),
    Row(502, "", .serverFailure),
    Row(503, "UNAVAILABLE", .overloaded, "The model is overloaded. Please try again later."),
    Row(503, "RESOURCE_EXHAUSTED", .capacity),
    Row(504, "DEADLINE_EXCEEDED", .deadlineExceeded),
    Row(422, "", .invalidRequest),
    Row(302, "", .unexpected),
]

@Suite("What the server says when it refuses", .timeLimit(.minutes(1)))
struct ErrorTests {
    @Test("every row of the table is told apart, in an object, an array or a stream", arguments: rows)
    fileprivate func kinds(row: Row) throws {
        let body = #"{"error":\#(row.error)}"#
        let error = APIError(httpStatus: row.httpStatus, body: Array(body.utf8))
        #expect(error.httpStatus == row.httpStatus)
        #expect(error.status == row.status)
        #expect(error.message == row.message)
        #expect(error.kind == row.kind)
        #expect(error.isInvalidKey == (row.kind == .invalidKey))
        #expect(APIError(httpStatus: row.httpStatus, body: Array("[\(body)]".utf8)) == error)
        #expect(APIError(try JSONValue(parsing: row.error), httpStatus: nil) == error)
    }

    @Test("an error without a code has the one of its status")
    func missingCode() throws {
        for row in rows where !row.status.isEmpty && row.httpStatus != 502 && row.status != "RESOURCE_EXHAUSTED" {
            let error = APIError(["status": .string(row.status)], httpStatus: nil)
            #expect(error.httpStatus == row.httpStatus)
        }
    }

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
        #expect(violation.dimensions == ["location": "global", "model": "gemini-3.8-flash"])
        #expect(error.kind == .quotaPerDay)
        #expect(
            error.helpLinks == [
                APIError.HelpLink(
                    description: "Learn more about Gemini API quotas",
                    url: "https://ai.google.dev/gemini-api/docs/rate-limits"
                )
            ]
        )
    }

    @Test("older front ends tell their reason beside the details, and some their message elsewhere")
    func olderForms() {
        let older = APIError(
            httpStatus: 403,
            body: Array(
                #"{"error":{"code":403,"errors":[{"message":"m","domain":"usageLimits","reason":"accessNotConfigured"},{"reason":"x"}]}}"#
                    .utf8
            )
        )
        #expect(older.reason == "accessNotConfigured")
        #expect(older.message == "m")
        let localized = APIError(
            httpStatus: 400,
            body: Array(
                #"{"error":{"details":[{"@type":"type.googleapis.com/google.rpc.LocalizedMessage","locale":"en","message":"l"}]}}"#
                    .utf8
            )
        )
        #expect(localized.message == "l")
    }

    @Test("the words of Google's pages are found behind their styles")
    func styledPage() {
        let styles = String(repeating: "*{margin:0;padding:0} html>body{color:#222} ", count: 60)
        let page = """
            <!DOCTYPE html><html lang=en><meta charset=utf-8><title>Error 502 (Server Error)!!1</title>
            <style>\(styles)</style><SCRIPT>if (a < b) { document.write("<p>") }</SCRIPT>
            <a href=//www.example.com/><span id=logo></span></a><p><b>502.</b> <ins>That’s an error.</ins><p>1 < 2
            """
        let error = APIError(httpStatus: 502, body: Array(page.utf8))
        #expect(error.message == "Error 502 (Server Error)!!1 502. That’s an error. 1 < 2")
    }

    @Test("no text of the server's is longer than a few hundred characters")
    func longTexts() {
        let long = String(repeating: "x", count: 5000)
        let body = #"""
            {"error":{"message":"\#(long)","details":[
            {"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"\#(long)","description":"\#(long)"}]},
            {"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"\#(long)","url":"\#(long)"}]}]}}
            """#
        let error = APIError(httpStatus: 400, body: Array(body.utf8))
        #expect(error.message.count == 500)
        #expect(error.fieldViolations.map(\.field.count) == [500])
        #expect(error.fieldViolations.map(\.description.count) == [500])
        #expect(error.helpLinks.map(\.url.count) == [500])
    }

    @Test("a key that the server repeats is taken out of every text")
    func noKey() {
        let body = #"""
            {"error":{"message":"Consumer 'api_key:SECRET-12345' is suspended","status":"SECRET-12345","details":[
            {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SECRET-12345"},
            {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"SECRET-12345","quotaMetric":"SECRET-12345","quotaDimensions":{"consumer":"SECRET-12345"}}]},
            {"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"SECRET-12345","description":"SECRET-12345"}]},
            {"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"SECRET-12345","url":"https://x/?key=SECRET-12345"}]}]}}
            """#
        let error = GenAIError.api(APIError(httpStatus: 403, body: Array(body.utf8)))
        #expect(String(reflecting: error).contains("SECRET"))
        let clean = error.replacing("SECRET-12345", with: "[key]")
        #expect(!String(reflecting: clean).contains("SECRET"))
        #expect(clean.description == "HTTP 403 [key]: Consumer 'api_key:[key]' is suspended")
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

    @Test(
        "a moment in Retry-After is one of the server's own clock",
        arguments: [
            ("Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 1999 23:58:00 GMT", Duration.seconds(119)),
            ("Tue, 29 Feb 2028 00:00:10 GMT", "Mon, 28 Feb 2028 23:59:50 GMT", .seconds(20)),
            ("Fri, 31 Dec 1999 23:58:00 GMT", "Fri, 31 Dec 1999 23:59:59 GMT", .zero),
            ("Fri, 31 Dec 9999 23:58:00 GMT", "Fri, 31 Dec 1999 23:59:59 GMT", .seconds(1_000_000_000)),
            ("Fri, 31 Dec 1999 23:59:59 GMT", nil, nil), ("Fri, 31 Dec 1999 23:59:59 GMT", "now", nil),
            ("Friday, 31-Dec-99 23:59:59 GMT", "Fri, 31 Dec 1999 23:58:00 GMT", nil),
            ("Fri, 31 Dec 1999 24:00:00 GMT", "Fri, 31 Dec 1999 23:58:00 GMT", nil),
            ("Fri, 31 Dez 1999 23:59:59 GMT", "Fri, 31 Dec 1999 23:58:00 GMT", nil),
            ("Fri, +1 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 1999 23:58:00 GMT", nil), ("-7", nil, nil), ("", nil, nil),
        ] as [(String, String?, Duration?)]
    )
    func retryAfterDate(header: String, date: String?, delay: Duration?) async throws {
        try await withLoopbackServer { _, connection in
            let clock = date.map { [("Date", $0)] } ?? []
            connection.respond(503, [("Retry-After", header)] + clock, "")
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
