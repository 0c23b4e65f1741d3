import Curl
import GeminiSimulator
import JSON
import TestSupport
import Testing

@testable import GenAI

private let refusal =
    #"{"error":{"code":404,"message":"models/m is not found","status":"NOT_FOUND","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3s"}]}}"#

@Suite("Calls with one answer", .timeLimit(.minutes(1)))
struct CallTests {
    @Test("tokens are counted of contents alone, or of a whole request if there are settings")
    func countBodies() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(
                200,
                [],
                #"{"totalTokens":"31","cachedContentTokenCount":4,"promptTokensDetails":[{"modality":"TEXT","tokenCount":31}]}"#
            )
        } _: { server in
            let models = try Client(server).models
            var config = GenerateContentConfig()
            config.systemInstruction = "Be brief."
            config.maxOutputTokens = 5
            config["tools"] = [["googleSearch": [:]]]
            let count = try await models.countTokens(model: "m", contents: "p")
            _ = try await models.countTokens(model: "tunedModels/t", contents: [Content("p")], config: config)
            #expect(count.totalTokens == 31)
            #expect(count.cachedContentTokenCount == 4)
            #expect(count.promptTokensDetails.map(\.modality) == [.text])
            #expect(count.promptTokensDetails.map(\.tokenCount) == [31])
            let requests = server.requests
            #expect(requests.map(\.method) == ["POST", "POST"])
            #expect(requests.map(\.target) == ["/v1beta/models/m:countTokens", "/v1beta/tunedModels/t:countTokens"])
            #expect(requests[0].bodyText == #"{"contents":[{"role":"user","parts":[{"text":"p"}]}]}"#)
            #expect(
                requests[1].bodyText
                    == #"{"generateContentRequest":{"model":"tunedModels/t","contents":[{"role":"user","parts":[{"text":"p"}]}],"systemInstruction":{"parts":[{"text":"Be brief."}]},"tools":[{"googleSearch":{}}],"generationConfig":{"maxOutputTokens":5}}}"#
            )
        }
    }

    @Test("on Vertex AI only the settings that count are sent, beside the contents")
    func countOnVertex() async throws {
        let cloud = try LoopbackCloud(answer: { $1.respond(200, [], #"{"totalTokens":3}"#) })
        var config = GenerateContentConfig()
        config.systemInstruction = "Be brief."
        config.maxOutputTokens = 5
        config["tools"] = [["googleSearch": [:]]]
        config["labels"] = ["job": "1"]
        config["safetySettings"] = [["category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"]]
        config["toolConfig"] = [:]
        let count = try await cloud.client().models.countTokens(model: "m", contents: "p", config: config)
        #expect(count.totalTokens == 3)
        let request = try #require(cloud.apiRequests.first)
        #expect(
            request.target == "/v1beta1/projects/acme-42/locations/global/publishers/google/models/m:countTokens"
        )
        #expect(
            request.bodyText
                == #"{"contents":[{"role":"user","parts":[{"text":"p"}]}],"systemInstruction":{"parts":[{"text":"Be brief."}]},"tools":[{"googleSearch":{}}],"generationConfig":{"maxOutputTokens":5}}"#
        )
    }

    @Test("a list is fetched page by page, and only as far as it is read")
    func pages() async throws {
        let pages = [
            #"{"models":[{"name":"models/a"},{"name":"models/b"}],"nextPageToken":"t/1 &?"}"#,
            #"{"nextPageToken":"t2"}"#, #"{"models":[{"name":"models/c"}],"nextPageToken":""}"#,
        ]
        try await withLoopbackServer { request, connection in
            connection.respond(200, [], pages[request.number % 3])
        } _: { server in
            let list = try Client(server).models.list(pageSize: 2)
            var names: [String] = []
            for try await model in list {
                names.append(model.name)
                if names.count == 2 { #expect(server.requests.count == 1) }
            }
            #expect(names == ["models/a", "models/b", "models/c"])
            let targets = [
                "/v1beta/models?pageSize=2", "/v1beta/models?pageSize=2&pageToken=t%2F1%20%26%3F",
                "/v1beta/models?pageSize=2&pageToken=t2",
            ]
            #expect(server.requests.map(\.target) == targets)
            #expect(server.requests.allSatisfy { $0.method == "GET" && $0.body.isEmpty })
            for try await _ in list { break }
            #expect(server.requests.last?.target == targets[0])
        }
    }

    @Test("a list that goes in circles is an error")
    func circle() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], #"{"models":[{"name":"a"}],"nextPageToken":"again"}"#)
        } _: { server in
            let list = try Client(server).models.list()
            let error = await #expect(throws: GenAIError.self) { for try await _ in list {} }
            #expect(error?.label == "malformedResponse")
            #expect(server.requests.map(\.target) == ["/v1beta/models", "/v1beta/models?pageToken=again"])
        }
    }

    @Test("a model's description is read, whatever is missing or new in it")
    func model() async throws {
        try await withLoopbackServer { request, connection in
            connection.respond(
                200,
                [],
                request.number == 0
                    ? #"{"name":"models/m","displayName":"M","description":"d","version":"1","inputTokenLimit":10,"outputTokenLimit":"20","supportedGenerationMethods":["generateContent"],"thinking":true,"new":1}"#
                    : "{}"
            )
        } _: { server in
            let models = try Client(server).models
            let model = try await models.get(model: "m")
            #expect(model.name == "models/m" && model.displayName == "M" && model.description == "d")
            #expect(model.version == "1" && model.inputTokenLimit == 10 && model.outputTokenLimit == 20)
            #expect(model.supportedGenerationMethods == ["generateContent"] && model.isThinking)
            #expect(model.json["new"] == 1)
            let empty = try await models.get(model: "models/m")
            #expect(empty.name.isEmpty && empty.inputTokenLimit == nil && !empty.isThinking)
            #expect(server.requests.map(\.target) == ["/v1beta/models/m", "/v1beta/models/m"])
        }
    }

    @Test(
        "what is no answer is the error that a generation would have",
        arguments: [
            (404, refusal, "api 404"), (200, refusal, "api 404"), (200, "[\(refusal)]", "api 404"),
            (502, "<html>Bad</html>", "api 502"), (204, "", "api 204"), (200, "5", "malformedResponse"),
            (200, "<html>Log in</html>", "malformedResponse"), (200, "{\"name\":", "malformedResponse"),
            (200, "{broken", "malformedResponse"), (200, "[5]", "malformedResponse"),
        ]
    )
    func errors(status: Int, body: String, label: String) async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(status, [], body)
        } _: { server in
            let models = try Client(server).models
            let error = await #expect(throws: GenAIError.self) { try await models.get(model: "m") }
            #expect(error?.label == label, "\(String(describing: error))")
            if case .api(let error) = error, body.contains("NOT_FOUND") {
                #expect(error.httpStatus == 404)
                #expect(error.retryDelay == .seconds(3))
            }
        }
    }

    @Test("an answer that breaks off is no answer")
    func broken() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead(200, [("Content-Length", "100")])
            connection.send(#"{"name":"models/m"}"#)
            connection.close()
        } _: { server in
            let models = try Client(server).models
            let error = await #expect(throws: GenAIError.self) { try await models.get(model: "m") }
            #expect(error?.label == "connectionLost")
        }
    }

    @Test("the key is in no error, and a cancelled call closes its connection")
    func keyAndCancel() async throws {
        try await withLoopbackServer { request, connection in
            guard request.number > 0 else { return connection.respond(403, [], "key \(testKey)") }
            connection.waitForClose()
        } _: { server in
            let models = try Client(server).models
            let error = await #expect(throws: GenAIError.self) { try await models.get(model: "m") }
            #expect(error?.description == "HTTP 403: key [key]")
            let task = Task { try await models.get(model: "m") }
            try await server.requestCount.reach(2)
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await server.clientCloseCount.reach(1)
            let late = Task {
                // Cancelled before it asks.
                withUnsafeCurrentTask { $0?.cancel() }
                return try await models.get(model: "m")
            }
            await #expect(throws: CancellationError.self) { try await late.value }
            #expect(server.requests.count == 2)
        }
    }

    @Test("names that could lead to another path are refused", arguments: ["", "../m", "m?x", "m#", "a b"])
    func names(name: String) async throws {
        let client = try Client(apiKey: testKey, options: HTTPOptions(baseURL: "http://127.0.0.1:1"))
        for call in [
            { _ = try await client.models.get(model: name) },
            { _ = try await client.models.countTokens(model: name, contents: "p") },
            { _ = try await client.files.get(name: name) }, { try await client.files.delete(name: name) },
        ] as [@Sendable () async throws -> Void] {
            let error = await #expect(throws: GenAIError.self) { try await call() }
            #expect(error?.label == "invalidCall")
        }
    }

    @Test("the simulator counts what it reports for a generation, and lists its models")
    func simulator() async throws {
        try await withSimulator { client in
            var config = GenerateContentConfig()
            config.systemInstruction = "Be brief and kind."
            let count = try await client.models.countTokens(
                model: "gemini-2.5-flash",
                contents: "Hello",
                config: config
            )
            let answer = try await client.models
                .generateContent(model: "gemini-2.5-flash", contents: "Hello", config: config)
            #expect(count.totalTokens == answer.usageMetadata?.promptTokenCount)
            var names: [String] = []
            for try await model in client.models.list(pageSize: 4) {
                names.append(model.name)
                #expect(try await client.models.get(model: model.name) == model)
            }
            #expect(names.contains("models/gemini-2.5-flash"))
            #expect(Set(names).count == names.count && names.count > 4)
        }
    }
}
