import GeminiSimulator
import JSON
import Testing

@Suite("Status faults")
struct StatusFaultTests {
    @Test(
        "a status comes with the body that the servers send along",
        arguments: [
            (400, "INVALID_ARGUMENT"), (401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"), (404, "NOT_FOUND"),
            (408, "DEADLINE_EXCEEDED"), (429, "RESOURCE_EXHAUSTED"), (500, "INTERNAL"), (503, "UNAVAILABLE"),
            (504, "DEADLINE_EXCEEDED"),
        ]
    )
    func status(code: Int, name: String) async throws {
        try await withSimulator { client in
            let response = try client.stream("x", under: #"{"kind":"status","status":\#(code)}"#)
            #expect(response.status == code)
            let error = try #require(try response.json()["error"])
            #expect(error["code"]?.int64 == Int64(code))
            #expect(error["status"]?.string == name)
            #expect(error["message"]?.string?.isEmpty == false)
        }
    }

    @Test("front ends answer 502 and 413 with a page", arguments: [502, 413])
    func page(code: Int) async throws {
        try await withSimulator { client in
            let response = try client.stream("x", under: #"{"kind":"status","status":\#(code)}"#)
            #expect(response.status == code)
            #expect(response.header("content-type") == "text/html; charset=UTF-8")
            #expect(response.text.hasPrefix("<!DOCTYPE html>"))
        }
    }

    @Test(
        "each quota has its own details",
        arguments: [
            ("minute", "PerMinute", "10", "36.461s"), ("day", "PerDay", "20", "41.2s"),
            ("zero", "PerMinute", "0", "36.461s"),
        ]
    )
    func quotas(kind: String, period: String, value: String, delay: String) async throws {
        try await withSimulator { client in
            let response = try client.stream("x", under: #"{"kind":"status","status":429,"quota":"\#(kind)"}"#)
            let details = try #require(try response.json()["error"]?["details"])
            let violation = details[1]?["violations"]?[0]
            #expect(violation?["quotaId"]?.string == "GenerateRequests\(period)PerProjectPerModel-FreeTier")
            #expect(violation?["quotaValue"]?.string == value)
            #expect(violation?["quotaDimensions"]?["model"]?.string == Client.model)
            #expect(details[2]?["retryDelay"]?.string == delay)
        }
    }

    @Test("a 429 of shared capacity has no details at all")
    func noDetails() async throws {
        try await withSimulator { client in
            let response = try client.stream("x", under: #"{"kind":"status","status":429,"quota":"none"}"#)
            let error = try #require(try response.json()["error"])
            #expect(error["details"] == nil)
            #expect(error["message"] == "Resource has been exhausted (e.g. check quota).")
        }
    }

    @Test("headers, delays, names and the wrapping array can be ordered")
    func options() async throws {
        try await withSimulator { client in
            let fault =
                #"{"kind":"status","status":503,"name":"RESOURCE_EXHAUSTED","retryDelay":"45.837906927s","#
                + #""retryAfter":"7","wrapInArray":true}"#
            let response = try client.stream("x", under: fault)
            #expect(response.header("retry-after") == "7")
            let error = try response.json()[0]?["error"]
            #expect(error?["status"] == "RESOURCE_EXHAUSTED")
            #expect(error?["details"]?[0]?["retryDelay"] == "45.837906927s")
            let redirect = try client.stream("x", under: #"{"kind":"status","status":302,"location":"http://a/"}"#)
            #expect(redirect.status == 302 && redirect.header("location") == "http://a/")
        }
    }
}
