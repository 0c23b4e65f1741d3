import GeminiSimulator
import JSON
import Testing

@Suite("Refusals")
struct RefusalTests {
    struct Wrong: Sendable, CustomTestStringConvertible {
        let body: String
        /// What the message must hold.
        let message: String
        /// The field that is named; empty for the document itself.
        let field: String
        var testDescription: String { message }
    }

    static let wrongBodies = [
        Wrong(
            body: #"{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"maxTokens":5}}"#,
            message:
                #"Invalid JSON payload received. Unknown name "maxTokens" at 'generation_config': Cannot find field."#,
            field: "generation_config"
        ),
        Wrong(
            body: #"{"contents":[{"parts":[{"text":"x"}]}],"prompt":"y"}"#,
            message: #"Unknown name "prompt": Cannot find field."#,
            field: ""
        ),
        Wrong(
            body: #"{"contents":[{"role":"assistant","parts":[{"text":"x"}]}]}"#,
            message: "Please use a valid role: user, model.",
            field: "contents[0].role"
        ),
        Wrong(body: #"{"contents":[]}"#, message: "contents is not specified", field: "contents"),
        Wrong(
            body: #"{"contents":[{"role":"user","parts":[]}]}"#,
            message: "must not be empty",
            field: "contents[0].parts"
        ),
        Wrong(
            body: #"{"contents":[{"parts":[{}]}]}"#,
            message: "must have one initialized field",
            field: "contents[0].parts[0].data"
        ),
        Wrong(
            body: #"{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"?"}}]}]}"#,
            message: "Base64 decoding failed",
            field: "contents[0].parts[0].inline_data.data"
        ),
        Wrong(
            body: #"{"contents":[{"parts":[{"fileData":{"fileUri":"http://a/b.png","mimeType":"image/png"}}]}]}"#,
            message: "Invalid or unsupported file uri: http://a/b.png",
            field: "contents[0].parts[0].file_data.file_uri"
        ),
        Wrong(body: #"{"contents":"#, message: "Invalid JSON payload received.", field: ""),
    ]

    @Test("a wrong request is a 400 that names the field", arguments: wrongBodies)
    func wrongRequest(wrong: Wrong) async throws {
        try await withSimulator { client in
            let response = try client.generate(wrong.body)
            #expect(response.status == 400)
            let error = try #require(try response.json()["error"])
            #expect(error["status"] == "INVALID_ARGUMENT")
            #expect(error["message"]?.string?.contains(wrong.message) == true)
            let violation = error["details"]?[0]?["fieldViolations"]?[0]
            #expect(error["details"]?[0]?["@type"] == "type.googleapis.com/google.rpc.BadRequest")
            #expect(violation?["field"]?.string ?? "" == wrong.field)
        }
    }

    @Test("both spellings of a field are read")
    func snakeCase() async throws {
        try await withSimulator { client in
            let body =
                #"{"contents":[{"parts":[{"text":"x"}]}],"system_instruction":{"parts":[{"text":"brief"}]},"#
                + #""generation_config":{"max_output_tokens":3}}"#
            let answer = try client.generate(body).json()
            #expect(answer.finishReason == "MAX_TOKENS")
        }
    }

    @Test("newer models refuse a request that ends with a model turn, older ones answer it")
    func prefill() async throws {
        try await withSimulator { client in
            let body =
                #"{"contents":[{"role":"user","parts":[{"text":"x"}]},{"role":"model","parts":[{"text":"y"}]}]}"#
            for model in ["gemini-3.5-flash-lite", "gemini-3.8-flash", "gemini-4-neon", "gemini-flash-latest"] {
                let response = try client.generate(body, model: model)
                #expect(response.status == 400)
                #expect(response.text.contains("Requests ending with a model turn are not supported."))
            }
            for model in ["gemini-2.5-flash", "gemini-3.5-flash", "gemini-3.1-pro-preview"] {
                #expect(try client.generate(body, model: model).status == 200)
            }
        }
    }

    @Test("a missing key is 403, a wrong one 400 with its reason, and one in the address does not count")
    func keys() async throws {
        try await withSimulator { client in
            let path = "/v1beta/models/\(Client.model):generateContent"
            #expect(try client.request("POST", path, body: Client.body("x"), headers: []).status == 403)
            #expect(try client.request("POST", path + "?key=abc", body: Client.body("x"), headers: []).status == 403)
            let wrong = try client.request(
                "POST",
                path,
                body: Client.body("x"),
                headers: ["x-goog-api-key: invalid-key"]
            )
            #expect(wrong.status == 400)
            #expect(try wrong.json()["error"]?["details"]?[0]?["reason"] == "API_KEY_INVALID")
        }
    }

    @Test("an unknown model is 404 in the servers' words, an unknown path a page")
    func notFound() async throws {
        try await withSimulator { client in
            let response = try client.generate(Client.body("x"), model: "gemini-unknown")
            #expect(response.status == 404)
            #expect(response.text.contains("models/gemini-unknown is not found for API version v1beta"))
            let page = try client.request("GET", "/nowhere")
            #expect(page.status == 404)
            #expect(page.header("content-type") == "text/html; charset=UTF-8")
        }
    }

    @Test("a client that asks before it sends its body is told to go on")
    func expectContinue() async throws {
        try await withSimulator { client in
            let body = Client.body("x")
            let connection = try RawConnection(port: client.port)
            let text = Client.text(
                "POST",
                "/v1beta/models/\(Client.model):generateContent",
                body: body,
                headers: ["x-goog-api-key: k", "Expect: 100-continue"]
            )
            try connection.send(String(text.dropLast(body.count)))
            #expect(try connection.readHead().status == 100)
            try connection.send(body)
            #expect(try connection.readResponse().status == 200)
        }
    }

    @Test("several requests use one connection, and none is kept when the client asks for its end")
    func keepAlive() async throws {
        try await withSimulator { client in
            let connection = try RawConnection(port: client.port)
            for number in 1...3 {
                try connection.send(Client.streamText("Question \(number)"))
                #expect(try connection.readResponse().ending == .complete)
            }
            let path = "/v1beta/models/\(Client.model):streamGenerateContent?alt=sse"
            let headers = ["x-goog-api-key: k", "Connection: close"]
            try connection.send(Client.text("POST", path, body: Client.body("x"), headers: headers))
            #expect(try connection.readResponse().ending == .complete)
            #expect(try connection.readChunk() == nil)
            #expect(try client.stats()["streams"]?["total"] == 4)
        }
    }
}
