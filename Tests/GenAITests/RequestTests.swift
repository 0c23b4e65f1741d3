import JSON
import TestSupport
import Testing

@testable import GenAI

/// A call and the body that the protocol shows for it.
private struct BodyExample: Sendable, CustomTestStringConvertible {
    let name: String
    let contents: [Content]
    var config: [String: JSONValue] = [:]
    let body: String

    var testDescription: String { name }
}

private let seasons: JSONValue = "One line only."

private let bodies = [
    BodyExample(
        name: "text with a system instruction and a limit (19.1)",
        contents: [Content("Name the four seasons.")],
        config: ["system_instruction": seasons, "max_output_tokens": 400],
        body:
            #"{"contents":[{"role":"user","parts":[{"text":"Name the four seasons."}]}],"systemInstruction":{"parts":[{"text":"One line only."}]},"generationConfig":{"maxOutputTokens":400}}"#
    ),
    BodyExample(
        name: "an image with a resolution of its own (19.3)",
        contents: [
            Content(parts: [
                Part(json: [
                    "fileData": [
                        "fileUri": "https://images.example.org/harbour.webp?sig=a%2Bb", "mimeType": "image/webp",
                    ],
                    "mediaResolution": ["level": "MEDIA_RESOLUTION_LOW"],
                ]),
                .text("How many boats?"),
            ])
        ],
        body:
            #"{"contents":[{"role":"user","parts":[{"fileData":{"fileUri":"https://images.example.org/harbour.webp?sig=a%2Bb","mimeType":"image/webp"},"mediaResolution":{"level":"MEDIA_RESOLUTION_LOW"}},{"text":"How many boats?"}]}]}"#
    ),
    BodyExample(
        name: "an object in Cloud Storage, thinking and labels (19.4)",
        contents: [
            Content(parts: [.uri("gs://acme-scans/2026/page 1.png", mimeType: "image/png"), .text("Transcribe.")])
        ],
        config: ["thinking_config": ["thinkingLevel": "LOW"], "labels": ["job": "scan-17"]],
        body:
            #"{"contents":[{"role":"user","parts":[{"fileData":{"fileUri":"gs://acme-scans/2026/page 1.png","mimeType":"image/png"}},{"text":"Transcribe."}]}],"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}},"labels":{"job":"scan-17"}}"#
    ),
    BodyExample(
        name: "a second turn with a signed part (19.12)",
        contents: [
            Content("Name the four seasons."),
            Content(
                role: .model,
                parts: [
                    .text("Spring, summer, autumn, winter."),
                    Part(json: ["text": "", "thoughtSignature": "EpYBCpMBAb4+9vs="]),
                ]
            ),
            Content("Which is coldest?"),
        ],
        config: ["systemInstruction": seasons],
        body:
            #"{"contents":[{"role":"user","parts":[{"text":"Name the four seasons."}]},{"role":"model","parts":[{"text":"Spring, summer, autumn, winter."},{"text":"","thoughtSignature":"EpYBCpMBAb4+9vs="}]},{"role":"user","parts":[{"text":"Which is coldest?"}]}],"systemInstruction":{"parts":[{"text":"One line only."}]}}"#
    ),
    BodyExample(
        name: "zero, false and empty lists are sent",
        contents: [Content("p")],
        config: [
            "temperature": 0, "top_p": 0.0, "response_logprobs": false, "stop_sequences": [],
            "thinking_config": ["thinking_budget": 0, "include_thoughts": false],
        ],
        body:
            #"{"contents":[{"role":"user","parts":[{"text":"p"}]}],"generationConfig":{"temperature":0,"topP":0,"responseLogprobs":false,"stopSequences":[],"thinkingConfig":{"thinkingBudget":0,"includeThoughts":false}}}"#
    ),
    BodyExample(
        name: "members of the request are not generation settings",
        contents: [Content("p")],
        config: [
            "tools": [["googleSearch": [:]]], "tool_config": ["functionCallingConfig": ["mode": "NONE"]],
            "safety_settings": [["category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"]],
            "cached_content": "cachedContents/1", "service_tier": "flex", "store": false, "seed": 7,
            "system_instruction": ["parts": [["text": "s"]]],
        ],
        body:
            #"{"contents":[{"role":"user","parts":[{"text":"p"}]}],"systemInstruction":{"parts":[{"text":"s"}]},"tools":[{"googleSearch":{}}],"toolConfig":{"functionCallingConfig":{"mode":"NONE"}},"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF"}],"cachedContent":"cachedContents/1","serviceTier":"flex","store":false,"generationConfig":{"seed":7}}"#
    ),
    BodyExample(
        name: "bytes go inline in base64",
        contents: [Content(parts: [.data([0xFB, 0xEF, 0xFF, 0x00], mimeType: "image/png")])],
        body: #"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"++//AA=="}}]}]}"#
    ),
]

@Suite("Requests", .timeLimit(.minutes(1)))
struct RequestTests {
    @Test("the body is the protocol's", arguments: bodies)
    fileprivate func body(example: BodyExample) throws {
        let config = GenerateContentConfig(json: JSONObject(example.config.map { (name: $0.key, value: $0.value) }))
        let call = GenerateCall(model: "m", contents: example.contents, config: config, stream: true)
        let written = try JSONValue(parsing: call.body(continuationToken: nil))
        #expect(try written.canonicalText == JSONValue(parsing: example.body).canonicalText)
    }

    @Test("settings by name are sent as set, and unset ones not at all")
    func settings() throws {
        var config = GenerateContentConfig()
        let call = GenerateCall(model: "m", contents: [Content("p")], config: config, stream: true)
        #expect(try JSONValue(parsing: call.body(continuationToken: nil)).object?.keys == ["contents"])
        config.temperature = 0.25
        config.topP = 1
        config.topK = 40
        config.maxOutputTokens = 9
        config.stopSequences = ["END"]
        config.seed = 0
        config.responseMIMEType = "application/json"
        config.responseJSONSchema = ["type": "object"]
        config.systemInstruction = "s"
        config["mediaResolution"] = "MEDIA_RESOLUTION_LOW"
        #expect(config.temperature == 0.25)
        #expect(config.topK == 40)
        #expect(config.stopSequences == ["END"])
        let again = GenerateContentConfig(json: [
            "temperature": 0.25, "top_p": 1, "top_k": 40, "max_output_tokens": 9, "stop_sequences": ["END"], "seed": 0,
            "response_mime_type": "application/json", "response_json_schema": ["type": "object"],
            "system_instruction": "s", "media_resolution": "MEDIA_RESOLUTION_LOW",
        ])
        #expect(again == config)
        config.seed = nil
        #expect(config["seed"] == nil)
    }

    @Test(
        "a model's name becomes its path",
        arguments: [
            ("gemini-3.8-flash", "models/gemini-3.8-flash"), ("models/gemini-3.8-flash", "models/gemini-3.8-flash"),
            ("tunedModels/my-model-1", "tunedModels/my-model-1"),
            ("publishers/google/models/gemini-4-neon@001", "publishers/google/models/gemini-4-neon@001"),
            ("projects/p/locations/l/models/m", "projects/p/locations/l/models/m"),
        ]
    )
    func modelPath(model: String, path: String) throws {
        var call = GenerateCall(model: model, contents: [Content("p")], config: GenerateContentConfig(), stream: true)
        let streamed = try call.path()
        #expect(streamed == "\(path):streamGenerateContent?alt=sse")
        call.stream = false
        let whole = try call.path()
        #expect(whole == "\(path):generateContent")
    }

    @Test("the token of an answer under way goes before the config's")
    func continuationToken() throws {
        var config = GenerateContentConfig()
        config.continuationToken = "old"
        let call = GenerateCall(model: "m", contents: [Content("p")], config: config, stream: true)
        for (token, sent) in [(nil, "old"), ("new", "new")] {
            let body = try #require(JSONValue(parsing: call.body(continuationToken: token)).object)
            #expect(body.keys == ["contents", "continuationToken"])
            #expect(body["continuationToken"]?.string == sent)
        }
    }

    @Test(
        "the name of a cache is completed",
        arguments: [
            ("123", "", "cachedContents/123"), ("cachedContents/123", "", "cachedContents/123"),
            ("123", "projects/p/locations/l/", "projects/p/locations/l/cachedContents/123"),
            ("cachedContents/123", "projects/p/locations/l/", "projects/p/locations/l/cachedContents/123"),
            (
                "projects/q/locations/m/cachedContents/1", "projects/p/locations/l/",
                "projects/q/locations/m/cachedContents/1"
            ),
            ("", "projects/p/locations/l/", ""),
        ]
    )
    func cachedContent(name: String, projectPath: String, resource: String) throws {
        var config = GenerateContentConfig()
        config.cachedContent = name
        let call = GenerateCall(model: "m", contents: [Content("p")], config: config, stream: true)
        let body = try JSONValue(parsing: call.body(continuationToken: nil, below: projectPath))
        #expect(body["cachedContent"]?.string == resource)
    }

    @Test(
        "names that could lead elsewhere are refused",
        arguments: ["", "..", "a/../b", "m?key=1", "m&x", "m#x", "m n", "m%2e", "m\n", "é"]
    )
    func badModel(model: String) {
        let call = GenerateCall(model: model, contents: [Content("p")], config: GenerateContentConfig(), stream: true)
        let error = #expect(throws: GenAIError.self) { try call.path() }
        #expect(error?.label == "invalidCall")
    }

    @Test("the key travels in its header alone, below the base URL's own path")
    func wire() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], #"{"candidates":[{"finishReason":"STOP"}]}"#)
        } _: { server in
            let options = HTTPOptions(baseURL: server.url + "/proxy/gemini/", apiVersion: "v1", userAgent: "test/1")
            let client = try Client(apiKey: "  \(testKey)\n", options: options)
            _ = try await client.models.generateContent(model: "m", contents: "p")
            let request = try #require(server.requests.first)
            #expect(request.method == "POST")
            #expect(request.target == "/proxy/gemini/v1/models/m:generateContent")
            #expect(request.header("x-goog-api-key") == testKey)
            #expect(request.header("content-type") == "application/json")
            #expect(request.header("user-agent") == "test/1")
            #expect(request.header("authorization") == nil)
            #expect(!request.bodyText.contains(testKey))
        }
    }

    @Test(
        "base64 follows RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func base64(text: String, encoded: String) {
        #expect(String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self) == encoded)
    }
}
