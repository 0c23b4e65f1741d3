import Glibc
import TestSupport
import Testing

@testable import GenAI

@Suite("Making a client")
struct ClientTests {
    @Test(
        "plain http goes to this machine only",
        arguments: [
            ("https://generativelanguage.googleapis.com", "https://generativelanguage.googleapis.com"),
            (" https://host.example:8443/base/ \n", "https://host.example:8443/base"),
            ("HTTPS://Host/", "HTTPS://Host"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"), ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://localhost:1/x", "http://localhost:1/x"), ("http://LOCALHOST", "http://LOCALHOST"),
            ("http://[::1]:8080", "http://[::1]:8080"), ("https://[2001:db8::1]/", "https://[2001:db8::1]"),
        ]
    )
    func baseURL(address: String, text: String) throws {
        let url = try BaseURL(address)
        #expect(url.text == text)
    }

    @Test(
        "addresses that would show the key, or are none, are refused",
        arguments: [
            "http://generativelanguage.googleapis.com", "http://10.0.0.1", "http://127.0.0.1.evil.example",
            "http://127.0.0",
            "http://127.0.0.256", "http://127.+1.0.1", "http://localhost.evil.example", "http://[::2]", "http://[::1",
            "http://localhost@evil.example", "https://user:pass@host.example", "https://host.example?key=\(testKey)",
            "https://host.example/#x", "https://", "https:///path", "http://", "ftp://host.example",
            "file:///etc/passwd",
            "host.example", "", "https://ho st.example", "https://host.example/\r\nX-Evil: 1",
            "http://127.0.0.1\\.evil.example",
        ]
    )
    func badBaseURL(address: String) {
        let error = #expect(throws: GenAIError.self) { try BaseURL(address) }
        #expect(error?.label == "invalidCall")
        #expect(error?.description.contains(testKey) == false)
        #expect(error?.description.contains("pass@") == false)
    }

    @Test("the key is the argument, else GOOGLE_API_KEY, else GEMINI_API_KEY; empty ones count as unset")
    func key() throws {
        let both = ["GOOGLE_API_KEY": " google ", "GEMINI_API_KEY": "gemini"]
        let table: [(argument: String?, environment: [String: String], key: String)] = [
            ("argument", both, "argument"), (" argument\n", [:], "argument"), (nil, both, "google"),
            ("", both, "google"),
            ("  ", both, "google"), (nil, ["GEMINI_API_KEY": "gemini"], "gemini"),
            (nil, ["GOOGLE_API_KEY": "", "GEMINI_API_KEY": "gemini"], "gemini"),
            (nil, ["GOOGLE_API_KEY": " \t", "GEMINI_API_KEY": "gemini"], "gemini"),
        ]
        for row in table {
            let key = try APIKey(row.argument) { row.environment[$0] }
            #expect(key.text == row.key)
        }
        for (argument, environment) in [(nil, [:]), ("", ["GOOGLE_API_KEY": "", "GEMINI_API_KEY": ""])]
            as [(String?, [String: String])]
        {
            let error = #expect(throws: GenAIError.self) { try APIKey(argument) { environment[$0] } }
            #expect(error?.description.contains("GEMINI_API_KEY") == true)
        }
        let ephemeral = #expect(throws: GenAIError.self) { try APIKey("auth_tokens/abc") { _ in nil } }
        #expect(ephemeral?.description.contains("abc") == false)
    }

    @Test("key and base URL come from the environment")
    func environment() async {
        await #expect(processExitsWith: .success) {
            setenv("GOOGLE_API_KEY", "from-the-environment", 1)
            try await withLoopbackServer { _, connection in
                connection.respond(
                    200,
                    [],
                    #"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}"#
                )
            } _: { server in
                setenv("GOOGLE_GEMINI_BASE_URL", server.url, 1)
                let answer = try await Client().models.generateContent(model: "m", contents: "p")
                try #require(answer.text == "a")
                try #require(server.requests.first?.header("x-goog-api-key") == "from-the-environment")
            }
        }
    }

    @Test("a key with a line break is refused and not shown")
    func brokenKey() {
        let error = #expect(throws: GenAIError.self) {
            try Client(apiKey: "AIza\r\nX-Evil: 1", options: HTTPOptions(baseURL: "https://host.example"))
        }
        #expect(error?.label == "invalidCall")
        #expect(error?.description.contains("AIza") == false)
    }

    @Test(
        "whatever a server repeats, the key is in no error",
        .timeLimit(.minutes(1)),
        arguments: [
            (
                403,
                #"{"error":{"code":403,"message":"Consumer 'api_key:KEY' has been suspended: KEY.","status":"PERMISSION_DENIED"}}"#
            ),
            (
                400,
                #"{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"KEY","description":"bad KEY"}]}]}}"#
            ),
            (502, "<html>x-goog-api-key: KEY</html>"),
            (200, "data: {\"error\":{\"code\":403,\"message\":\"KEY\"}}\n\n"),
            (200, "data: {broken KEY\n\n"),
        ]
    )
    func redaction(status: Int, body: String) async throws {
        try await withLoopbackServer { request, connection in
            let key = request.header("x-goog-api-key") ?? ""
            connection.respond(
                status,
                [],
                body.split(separator: "KEY", omittingEmptySubsequences: false).joined(separator: key)
            )
        } _: { server in
            let client = try Client(server)
            let collected = try await client.collect()
            let error = try #require(collected.error)
            var everything = "\(error)"
            dump(error, to: &everything)
            #expect(!everything.contains(testKey))
            #expect(everything.contains("[key]"))
            let thrown = await #expect(throws: GenAIError.self) {
                for try await _ in client.models.generateContentStream(model: "m", contents: "p") {}
            }
            #expect(thrown == error)
        }
    }
}
