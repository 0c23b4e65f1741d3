import JSON
import TestSupport
import Testing

@testable import GenAI

/// Arguments, environment, and what they come to.
private struct Precedence: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var project: String?
    var location: String?
    var credentials: GoogleCredentials?
    var environment: [String: String] = [:]
    let admission: VertexSettings.Admission
    var isAt: (project: String?, location: String) = (nil, "global")

    static let key = ["GOOGLE_API_KEY": "env-key"]
    static let place = ["GOOGLE_CLOUD_PROJECT": "env-p", "GOOGLE_CLOUD_LOCATION": "env-l"]
    static let adc = VertexSettings.Admission.credentials(.applicationDefault)

    static let all = [
        Precedence(testDescription: "nothing at all", admission: adc),
        Precedence(
            testDescription: "arguments beat the environment",
            project: "p",
            location: "us",
            environment: place,
            admission: adc,
            isAt: ("p", "us")
        ),
        Precedence(
            testDescription: "blank arguments count as none",
            project: " ",
            location: "",
            environment: place,
            admission: adc,
            isAt: ("env-p", "env-l")
        ),
        Precedence(
            testDescription: "a key in the environment is express mode",
            environment: key,
            admission: .key("env-key")
        ),
        Precedence(
            testDescription: "so is one beside a project without location",
            environment: key.merging(["GOOGLE_CLOUD_PROJECT": "env-p"]) { $1 },
            admission: .key("env-key")
        ),
        Precedence(
            testDescription: "a place in the environment beats a key there",
            environment: key.merging(place) { $1 },
            admission: adc,
            isAt: ("env-p", "env-l")
        ),
        Precedence(
            testDescription: "a project that is given beats a key in the environment",
            project: "p",
            environment: key,
            admission: adc,
            isAt: ("p", "global")
        ),
        Precedence(
            testDescription: "credentials that are given beat a key in the environment",
            credentials: .file("f"),
            environment: key,
            admission: .credentials(.file("f"))
        ),
        Precedence(
            testDescription: "a key that is given beats a place in the environment",
            credentials: .apiKey(" k "),
            environment: place,
            admission: .key("k"),
            isAt: (nil, "env-l")
        ),
        Precedence(
            testDescription: "a key and a project that are given go together",
            project: "p",
            location: "europe-west4",
            credentials: .apiKey("k"),
            admission: .key("k"),
            isAt: ("p", "europe-west4")
        ),
        Precedence(
            testDescription: "another server without a project is a gateway",
            environment: ["GOOGLE_VERTEX_BASE_URL": "https://gateway.example"],
            admission: .gateway
        ),
        Precedence(
            testDescription: "another server with a project is not",
            environment: ["GOOGLE_VERTEX_BASE_URL": "https://gateway.example", "GOOGLE_CLOUD_PROJECT": "env-p"],
            admission: adc,
            isAt: ("env-p", "global")
        ),
    ]
}

@Suite("Vertex AI", .timeLimit(.minutes(1)))
struct VertexTests {
    @Test(
        "the location decides the host",
        arguments: [
            ("global", "aiplatform.googleapis.com"), ("us", "aiplatform.us.rep.googleapis.com"),
            ("eu", "aiplatform.eu.rep.googleapis.com"),
            ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
            ("us-central1", "us-central1-aiplatform.googleapis.com"),
        ]
    )
    func host(location: String, host: String) throws {
        let settings = try VertexSettings(
            VertexOptions(project: "p", location: location),
            baseURL: nil,
            environment: Environment([:])
        )
        #expect(settings.baseURL == "https://\(host)")
        // Express mode has one host.
        let express = try VertexSettings(
            VertexOptions(location: location, credentials: .apiKey("k")),
            baseURL: nil,
            environment: Environment([:])
        )
        #expect(express.baseURL == "https://aiplatform.googleapis.com")
    }

    @Test("arguments and environment follow Google's precedence", arguments: Precedence.all)
    private func precedence(row: Precedence) throws {
        let options = VertexOptions(project: row.project, location: row.location, credentials: row.credentials)
        let settings = try VertexSettings(options, baseURL: nil, environment: Environment(row.environment))
        #expect(settings.admission == row.admission)
        #expect(settings.project == row.isAt.project)
        #expect(settings.location == row.isAt.location)
    }

    @Test(
        "names that could lead to another host or path are refused",
        arguments: ["evil.example/x", "a/b", "a b", "A", "a%2fb", "a..b", "a\nb", "é", "a?b", "a@b", "a#b"]
    )
    func badNames(name: String) throws {
        for options in [VertexOptions(project: name), VertexOptions(project: "p", location: name)] {
            let error = #expect(throws: GenAIError.self) {
                try VertexSettings(options, baseURL: nil, environment: Environment([:]))
            }
            #expect(error?.label == "invalidCall")
        }
    }

    @Test("a location is no host", arguments: ["evil.example", "a:b"])
    func badLocation(location: String) {
        let options = VertexOptions(project: "example.com:p", location: location)
        let error = #expect(throws: GenAIError.self) {
            try VertexSettings(options, baseURL: nil, environment: Environment([:]))
        }
        #expect(error?.label == "invalidCall")
    }

    @Test(
        "a model's name becomes its path",
        arguments: [
            ("gemini-3.8-flash", "publishers/google/models/gemini-3.8-flash"),
            ("meta/llama-4", "publishers/meta/models/llama-4"),
            ("publishers/meta/models/llama-4", "publishers/meta/models/llama-4"),
            ("models/123", "models/123"),
            ("projects/q/locations/eu/endpoints/1", "projects/q/locations/eu/endpoints/1"),
        ]
    )
    func modelPath(model: String, path: String) throws {
        #expect(try ModelName.resource(model, on: .vertex) == path)
    }

    @Test(
        "only the words true and 1 select Vertex AI, and the newer variable wins",
        arguments: [
            ([:], nil), (["GOOGLE_GENAI_USE_VERTEXAI": "True"], .vertex), (["GOOGLE_GENAI_USE_VERTEXAI": "1"], .vertex),
            (["GOOGLE_GENAI_USE_VERTEXAI": "yes"], .geminiAPI), (["GOOGLE_GENAI_USE_VERTEXAI": ""], nil),
            (["GOOGLE_GENAI_USE_ENTERPRISE": "false", "GOOGLE_GENAI_USE_VERTEXAI": "true"], .geminiAPI),
            (["GOOGLE_GENAI_USE_ENTERPRISE": "TRUE"], .vertex), (["GOOGLE_CLOUD_PROJECT": "p"], nil),
        ] as [([String: String], BackendKind?)]
    )
    func selection(variables: [String: String], kind: BackendKind?) {
        #expect(Environment(variables).backendKind == kind)
    }

    @Test(
        "a key that is given goes to the backend that the environment selects, on Vertex AI in express mode",
        arguments: [
            ([:], "generativelanguage.googleapis.com/v1beta/"),
            (["GOOGLE_GENAI_USE_VERTEXAI": "false"], "generativelanguage.googleapis.com/v1beta/"),
            (["GOOGLE_GENAI_USE_VERTEXAI": "true"], "aiplatform.googleapis.com/v1beta1/"),
            (
                ["GOOGLE_GENAI_USE_ENTERPRISE": "1", "GOOGLE_API_KEY": "env-key"].merging(Precedence.place) { $1 },
                "aiplatform.googleapis.com/v1beta1/"
            ),
        ]
    )
    func givenKey(variables: [String: String], address: String) async throws {
        let environment = Environment(variables)
        let choice = Client.Choice(apiKey: testKey, environment)
        let client = try Client(choice, options: HTTPOptions(), environment: environment)
        let authorization = try await client.backend.authorization()
        #expect(client.backend.url("", authorization) == "https://\(address)")
        #expect(authorization.secret == testKey)
    }

    @Test("the streamed call of the documentation, word for word (19.4)")
    func streamedCall() async throws {
        let example = try #require(WorkedExample.all.first { $0.name.hasPrefix("19.4") })
        let cloud = try LoopbackCloud(
            token: { $1.giveToken("ya29.example") },
            answer: { $1.respond(200, [("Content-Type", "text/event-stream")], example.body) }
        )
        let client = try cloud.client(["GOOGLE_CLOUD_QUOTA_PROJECT": "acme-billing"])
        var config = GenerateContentConfig()
        config["thinkingConfig"] = ["thinkingLevel": "LOW"]
        config["labels"] = ["job": "scan-17"]
        let part = Part.uri("gs://acme-scans/2026/page 1.png", mimeType: "image/png")
        var text = ""
        for try await chunk in client.models.generateContentStream(
            model: "gemini-3.5-flash-lite",
            contents: [Content(parts: [part, .text("Transcribe.")])],
            config: config
        ) {
            text += chunk.text ?? ""
        }
        #expect(text == example.text)
        let request = try #require(cloud.apiRequests.first)
        #expect(
            request.target
                == "/v1beta1/projects/acme-42/locations/global/publishers/google/models/gemini-3.5-flash-lite"
                + ":streamGenerateContent?alt=sse"
        )
        #expect(request.header("authorization") == "Bearer ya29.example")
        #expect(request.header("x-goog-user-project") == "acme-billing")
        #expect(
            request.bodyText
                == #"{"contents":[{"role":"user","parts":[{"fileData":{"fileUri":"gs://acme-scans/2026/page 1.png","#
                + #""mimeType":"image/png"}},{"text":"Transcribe."}]}],"labels":{"job":"scan-17"},"#
                + #""generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}}"#
        )
    }

    @Test("a full resource name keeps its own project and place")
    func fullName() async throws {
        let cloud = try LoopbackCloud()
        _ = try await cloud.client().models.generateContent(model: "projects/q/locations/us/endpoints/7", contents: "p")
        #expect(cloud.apiRequests.first?.target == "/v1beta1/projects/q/locations/us/endpoints/7:generateContent")
    }

    @Test(
        "a key travels in its header, with a project or without",
        arguments: [
            (nil, "/v1beta1/publishers/google/models/m:generateContent"),
            ("p", "/v1beta1/projects/p/locations/us/publishers/google/models/m:generateContent"),
        ]
    )
    func key(project: String?, target: String) async throws {
        let cloud = try LoopbackCloud()
        let options = VertexOptions(project: project, location: "us", credentials: .apiKey(testKey))
        let client = try Client(vertex: options, options: HTTPOptions(baseURL: cloud.server.url))
        _ = try await client.models.generateContent(model: "m", contents: "p")
        let request = try #require(cloud.server.requests.first)
        #expect(request.target == target)
        #expect(request.header("x-goog-api-key") == testKey)
        #expect(request.header("authorization") == nil)
    }

    @Test("descriptions of models are asked for without project and location, and listed page by page")
    func models() async throws {
        let pages = [
            #"{"publisherModels":[{"name":"publishers/google/models/a"}],"nextPageToken":"t"}"#,
            #"{"publisherModels":[{"name":"publishers/google/models/b"}]}"#,
        ]
        let cloud = try LoopbackCloud(answer: { request, connection in
            let isList = request.target.contains("pageSize")
            let page = pages[request.target.contains("pageToken") ? 1 : 0]
            connection.respond(200, [], isList ? page : #"{"name":"publishers/google/models/m"}"#)
        })
        let models = try cloud.client().models
        var names: [String] = []
        for try await model in models.list(pageSize: 1) {
            names.append(model.name)
        }
        #expect(names == ["publishers/google/models/a", "publishers/google/models/b"])
        #expect(try await models.get(model: "m").name == "publishers/google/models/m")
        _ = try await models.get(model: "projects/p/locations/us/models/7")
        let targets = [
            "publishers/google/models?pageSize=1", "publishers/google/models?pageSize=1&pageToken=t",
            "publishers/google/models/m", "projects/p/locations/us/models/7",
        ]
        #expect(cloud.apiRequests.map(\.target) == targets.map { "/v1beta1/\($0)" })
        #expect(cloud.apiRequests.allSatisfy { $0.header("authorization") == "Bearer token-1" })
    }

    @Test("a gateway gets neither key nor token")
    func gateway() async throws {
        let cloud = try LoopbackCloud()
        let client = try Client(
            .vertex(VertexOptions()),
            options: HTTPOptions(apiVersion: "v1"),
            environment: Environment(["GOOGLE_VERTEX_BASE_URL": "\(cloud.server.url)/gateway/"])
        )
        _ = try await client.models.generateContent(model: "m", contents: "p")
        let request = try #require(cloud.server.requests.first)
        #expect(request.target == "/gateway/v1/publishers/google/models/m:generateContent")
        #expect(request.header("x-goog-api-key") == nil)
        #expect(request.header("authorization") == nil)
    }

    @Test(
        "the version is the option's, else the environment's, else the newest",
        arguments: [
            (nil, [:], "v1beta", "v1beta1"), (nil, ["GOOGLE_GENAI_API_VERSION": "beta"], "v1beta", "v1beta1"),
            (nil, ["GOOGLE_GENAI_API_VERSION": "v1"], "v1", "v1"),
            ("v1alpha", ["GOOGLE_GENAI_API_VERSION": "v1"], "v1alpha", "v1alpha"),
        ] as [(String?, [String: String], String, String)]
    )
    func version(option: String?, variables: [String: String], gemini: String, vertex: String) throws {
        let options = HTTPOptions(baseURL: "https://host.example", apiVersion: option)
        let environment = Environment(variables)
        #expect(
            try Client(.geminiAPI(key: testKey), options: options, environment: environment).backend.version == gemini
        )
        let keyed = VertexOptions(credentials: .apiKey(testKey))
        #expect(try Client(.vertex(keyed), options: options, environment: environment).backend.version == vertex)
    }

    @Test("base URLs come from the backend's own variable")
    func baseURLs() throws {
        let environment = Environment([
            "GOOGLE_GEMINI_BASE_URL": "https://gemini.example/", "GOOGLE_VERTEX_BASE_URL": "https://vertex.example/",
        ])
        let keyed = VertexOptions(credentials: .apiKey(testKey))
        func baseURL(_ choice: Client.Choice, _ option: String? = nil) throws -> String {
            try Client(choice, options: HTTPOptions(baseURL: option), environment: environment).backend.baseURL
        }
        #expect(try baseURL(.geminiAPI(key: testKey)) == "https://gemini.example")
        #expect(try baseURL(.vertex(keyed)) == "https://vertex.example")
        #expect(try baseURL(.vertex(keyed), "https://other.example") == "https://other.example")
    }

    @Test(
        "the service tier is a header and not in the body",
        arguments: [
            ("flex", "flex", "900"), ("priority", "priority", nil), ("FLEX", "flex", "900"), ("standard", nil, nil),
            (nil, nil, nil),
        ] as [(String?, String?, String?)]
    )
    func serviceTier(tier: String?, header: String?, timeout: String?) async throws {
        let cloud = try LoopbackCloud()
        let client = try cloud.client()
        var config = GenerateContentConfig()
        config["serviceTier"] = tier.map(JSONValue.string)
        _ = try await client.models.generateContent(model: "m", contents: "p", config: config)
        let request = try #require(cloud.apiRequests.first)
        #expect(request.header("X-Vertex-AI-LLM-Shared-Request-Type") == header)
        #expect(request.header("X-Server-Timeout") == timeout)
        #expect(!request.bodyText.contains("serviceTier"))
    }

    @Test("the Gemini API has the service tier in the body")
    func geminiServiceTier() async throws {
        let cloud = try LoopbackCloud()
        var config = GenerateContentConfig()
        config["serviceTier"] = "flex"
        _ = try await Client(cloud.server).models.generateContent(model: "m", contents: "p", config: config)
        let request = try #require(cloud.server.requests.first)
        #expect(request.bodyText.hasSuffix(#""serviceTier":"flex"}"#))
        #expect(request.header("X-Vertex-AI-LLM-Shared-Request-Type") == nil)
    }

    @Test("without a project anywhere the error says which variable names one")
    func withoutProject() async throws {
        let cloud = try LoopbackCloud()
        let error = #expect(throws: GenAIError.self) { try cloud.client([:], ["project_id": ""]) }
        #expect(error?.label == "invalidCall")
        #expect(error?.description.contains("GOOGLE_CLOUD_PROJECT") == true)
        #expect(cloud.server.requests.isEmpty)
    }
}
