import JSON
import TestSupport
import Testing

@testable import GenAI

/// A setting that only one backend has.
private struct Exclusive: Sendable, CustomTestStringConvertible {
    let settings: String
    let path: String
    let backend: BackendKind

    var testDescription: String { path }

    init(_ backend: BackendKind, _ path: String, _ settings: String) {
        self.settings = settings
        self.path = path
        self.backend = backend
    }
}

private let exclusive = [
    Exclusive(.geminiAPI, "store", #"{"store":false}"#),
    Exclusive(.geminiAPI, "enableEnhancedCivicAnswers", #"{"enable_enhanced_civic_answers":true}"#),
    Exclusive(.geminiAPI, "tools.fileSearch", #"{"tools":[{"url_context":{}},{"file_search":{}}]}"#),
    Exclusive(.geminiAPI, "tools.mcpServers", #"{"tools":[{"mcp_servers":[]}]}"#),
    Exclusive(
        .geminiAPI,
        "toolConfig.includeServerSideToolInvocations",
        #"{"tool_config":{"include_server_side_tool_invocations":true}}"#
    ),
    Exclusive(.vertex, "modelArmorConfig", #"{"model_armor_config":{}}"#),
    Exclusive(.vertex, "outputConfig", #"{"output_config":{}}"#),
    Exclusive(.vertex, "responseFormat", #"{"response_format":[]}"#),
    Exclusive(.vertex, "audioTimestamp", #"{"audio_timestamp":false}"#),
    Exclusive(.vertex, "routingConfig", #"{"routing_config":{}}"#),
    Exclusive(.vertex, "modelConfig", #"{"model_selection_config":{}}"#),
    Exclusive(.vertex, "imageConfig.personGeneration", #"{"image_config":{"person_generation":"x"}}"#),
    Exclusive(.vertex, "imageConfig.prominentPeople", #"{"image_config":{"prominent_people":"x"}}"#),
    Exclusive(.vertex, "imageConfig.imageOutputOptions", #"{"image_config":{"output_mime_type":"x"}}"#),
    Exclusive(.vertex, "safetySettings.method", #"{"safety_settings":[{},{"method":"SEVERITY"}]}"#),
    Exclusive(.vertex, "tools.retrieval", #"{"tools":[{"retrieval":{}}]}"#),
    Exclusive(.vertex, "tools.enterpriseWebSearch", #"{"tools":[{"enterprise_web_search":{}}]}"#),
    Exclusive(.vertex, "tools.parallelAiSearch", #"{"tools":[{"parallel_ai_search":{}}]}"#),
    Exclusive(.vertex, "tools.exaAiSearch", #"{"tools":[{"exa_ai_search":{}}]}"#),
    Exclusive(.vertex, "tools.googleSearch.excludeDomains", #"{"tools":[{"google_search":{"exclude_domains":[]}}]}"#),
    Exclusive(
        .vertex,
        "tools.googleSearch.blockingConfidence",
        #"{"tools":[{"google_search":{"blocking_confidence":"x"}}]}"#
    ),
    Exclusive(
        .vertex,
        "toolConfig.functionCallingConfig.streamFunctionCallArguments",
        #"{"tool_config":{"function_calling_config":{"stream_function_call_arguments":true}}}"#
    ),
]

@Suite("What a backend lacks", .timeLimit(.minutes(1)))
struct BackendCheckTests {
    @Test("a setting of the other backend is an error that names it", arguments: exclusive)
    fileprivate func settings(setting: Exclusive) throws {
        let config = try config(setting.settings)
        try config.check(for: setting.backend)
        let other = setting.backend == .vertex ? BackendKind.geminiAPI : .vertex
        let error = #expect(throws: GenAIError.self) { try config.check(for: other) }
        let here = setting.backend == .vertex ? "Vertex AI" : "the Gemini API"
        let there = setting.backend == .vertex ? "the Gemini API" : "Vertex AI"
        let start = "the setting \"\(setting.path)\" works only on \(here), and this client calls \(there); remove it"
        #expect(error?.description.hasPrefix(start) == true, "\(String(describing: error))")
    }

    @Test("an error says what to do instead")
    func advice() throws {
        #expect(
            message(of: try config(#"{"store":true}"#), on: .vertex)
                == "the setting \"store\" works only on the Gemini API, and this client calls Vertex AI; remove it, "
                + "or use the Gemini API"
        )
        #expect(
            message(of: try config(#"{"response_format":[]}"#), on: .geminiAPI)
                == "the setting \"responseFormat\" works only on Vertex AI, and this client calls the Gemini API; "
                + "remove it: say the same with responseMimeType and responseSchema or responseJsonSchema"
        )
    }

    @Test("what is null is not there", arguments: [BackendKind.geminiAPI, .vertex])
    func null(backend: BackendKind) throws {
        let config = try config(
            #"""
            {"store":null,"tools":[{"retrieval":null,"file_search":null,"google_search":{"exclude_domains":null}}],
             "image_config":{"person_generation":null},"thinking_config":{"thinking_level":"LOW","thinking_budget":null}}
            """#
        )
        #expect(message(of: config, on: backend) == nil)
        let part = Part(json: ["text": "", "toolCall": nil, "partMetadata": nil])
        try part.check(for: backend)
    }

    @Test("settings that both backends have pass on both", arguments: [BackendKind.geminiAPI, .vertex])
    func common(backend: BackendKind) throws {
        let config = try config(
            #"""
            {"temperature":0,"service_tier":"flex","labels":{"store":"x"},"tools":[{"google_search":{"time_range_filter":{}}},
             {"function_declarations":[{"name":"f","parameters_json_schema":{"properties":{"fileSearch":{}},
             "additionalProperties":false}}]}],"response_json_schema":{"additionalProperties":false},
             "safety_settings":[{"category":"c","threshold":"t"}],"tool_config":{"function_calling_config":{"mode":"ANY"}},
             "image_config":{"aspect_ratio":"1:1"},"thinking_config":{"thinking_budget":0}}
            """#
        )
        #expect(message(of: config, on: backend) == nil)
    }

    @Test(
        "additional properties of a schema are Vertex AI's, however deep they are",
        arguments: [
            #"{"response_schema":{"additional_properties":false}}"#,
            #"{"response_schema":{"properties":{"a":{"items":{"any_of":[{"additionalProperties":{}}]}}}}}"#,
            #"{"tools":[{"function_declarations":[{"name":"f","parameters":{"additionalProperties":true}}]}]}"#,
            #"{"tools":[{"function_declarations":[{"name":"f","response":{"additionalProperties":true}}]}]}"#,
        ]
    )
    func additionalProperties(settings: String) throws {
        let config = try config(settings)
        try config.check(for: .vertex)
        #expect(message(of: config, on: .geminiAPI)?.contains("\"additionalProperties\"") == true)
    }

    @Test(
        "a reference that cannot be replaced is refused",
        arguments: [
            ##"{"response_schema":{"$ref":"#/$defs/missing"}}"##,
            ##"{"response_schema":{"$defs":{"A":{"items":{"$ref":"#/$defs/A"}}},"$ref":"#/$defs/A"}}"##,
            ##"{"tools":[{"function_declarations":[{"name":"f","parameters":{"$ref":"#/$defs/A"}}]}]}"##,
        ]
    )
    func references(settings: String) throws {
        for backend in [BackendKind.geminiAPI, .vertex] {
            #expect(message(of: try config(settings), on: backend)?.hasPrefix("a schema has a \"$ref\"") == true)
        }
    }

    @Test("a property that is only called so is none of that")
    func propertyName() throws {
        let config = try config(#"{"response_schema":{"properties":{"additionalProperties":{"type":"STRING"}}}}"#)
        try config.check(for: .geminiAPI)
    }

    @Test(
        "settings that exclude each other are refused on both",
        arguments: [
            (#"{"http_options":{"timeout":1}}"#, "\"httpOptions\" belong to the client and not to one request"),
            (#"{"cached_content":"c","system_instruction":"s"}"#, "\"cachedContent\" excludes \"systemInstruction\""),
            (#"{"cached_content":"c","tools":[]}"#, "\"cachedContent\" excludes \"tools\""),
            (#"{"cached_content":"c","tool_config":{}}"#, "\"cachedContent\" excludes \"toolConfig\""),
            (
                #"{"response_schema":{},"response_json_schema":{}}"#,
                "\"responseSchema\" and \"responseJsonSchema\" exclude each other; remove one"
            ),
            (
                #"{"thinking_config":{"thinking_level":"LOW","thinking_budget":0}}"#,
                "\"thinkingLevel\" and \"thinkingBudget\" exclude each other; remove one"
            ),
        ]
    )
    func conflicts(settings: String, start: String) throws {
        for backend in [BackendKind.geminiAPI, .vertex] {
            #expect(message(of: try config(settings), on: backend)?.hasPrefix(start) == true)
        }
    }

    @Test("what a call has a place for is not taken elsewhere", arguments: ["contents", "continuationToken"])
    func extraBody(name: String) {
        var config = GenerateContentConfig()
        config.extraBody = [name: "x"]
        #expect(message(of: config, on: .geminiAPI)?.hasPrefix("\"\(name)\" cannot be given in extraBody") == true)
    }

    @Test("Model Armor and safety settings exclude each other")
    func modelArmor() throws {
        let config = try config(#"{"model_armor_config":{},"safety_settings":[]}"#)
        #expect(
            message(of: config, on: .vertex)
                == "\"modelArmorConfig\" and \"safetySettings\" exclude each other; remove one"
        )
    }

    @Test("parts that only the Gemini API knows are refused", arguments: ["toolCall", "toolResponse", "partMetadata"])
    func parts(member: String) throws {
        let content = Content(parts: [.text("p"), Part(json: ["text": "", member: [:]])])
        let call = GenerateCall(model: "m", contents: [content], config: GenerateContentConfig(), stream: true)
        try call.check(for: .geminiAPI)
        let error = #expect(throws: GenAIError.self) { try call.check(for: .vertex) }
        #expect(error?.description.hasPrefix("the part's \"\(member)\" works only on the Gemini API") == true)
    }

    @Test(
        "an address that no server takes is refused, and not shown",
        arguments: [
            "http://h.example/a.png?sig=secret", "HTTP://h.example/secret", "data:image/png;base64,secret*",
            "data:secret", "data:,%secret", "data:,%+1secret",
        ]
    )
    func addresses(uri: String) throws {
        for backend in [BackendKind.geminiAPI, .vertex] {
            let error = #expect(throws: GenAIError.self) { try Part.uri(uri).check(for: backend) }
            #expect(error?.label == "invalidCall")
            #expect(error?.description.contains("secret") == false)
        }
    }

    @Test(
        "kinds of harm that only Vertex AI knows are refused elsewhere",
        arguments: [
            HarmCategory.jailbreak, .imageHate, .imageDangerousContent, .imageHarassment, .imageSexuallyExplicit,
        ]
    )
    func categories(category: HarmCategory) throws {
        var config = GenerateContentConfig()
        config.safetySettings = [SafetySetting(.harassment, .off), SafetySetting(category, .off)]
        #expect(message(of: config, on: .vertex) == nil)
        #expect(
            message(of: config, on: .geminiAPI)
                == "the safety setting for \"\(category)\" works only on Vertex AI, and this client calls the Gemini API; "
                + "remove it, or use Vertex AI"
        )
    }

    @Test("parts of the system instruction are held against the backend too", arguments: ["toolCall", "partMetadata"])
    func instruction(member: String) throws {
        let config = GenerateContentConfig(json: ["system_instruction": [["text": "s", member: [:]]]])
        #expect(message(of: config, on: .geminiAPI) == nil)
        #expect(
            message(of: config, on: .vertex)?.hasPrefix("the part's \"\(member)\" works only on the Gemini") == true
        )
    }

    @Test("a file of the Files API is nothing for Vertex AI")
    func files() throws {
        let part = Part.uri("https://generativelanguage.googleapis.com/v1beta/files/abc", mimeType: "image/png")
        try part.check(for: .geminiAPI)
        let error = #expect(throws: GenAIError.self) { try part.check(for: .vertex) }
        #expect(error?.description.hasPrefix("a part refers to a file of the Files API") == true)
    }

    @Test("nothing is sent of a call that asks for what is not there")
    func nothingIsSent() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], #"{"candidates":[{"finishReason":"STOP"}]}"#)
        } _: { server in
            var config = GenerateContentConfig()
            config.audioTimestamp = true
            let models = try Client(server).models
            let error = await #expect(throws: GenAIError.self) {
                try await models.generateContent(model: "m", contents: "p", config: config)
            }
            #expect(error?.label == "invalidCall")
            let call = GenerateCall(model: "m", contents: [Content("p")], config: config, stream: true)
            let collected = try await models.collector(call, timeouts: RequestTimeouts()) { _ in }.collect()
            #expect(collected.error?.label == "invalidCall")
            #expect(!collected.wasSent)
            #expect(server.requests.isEmpty)
        }
    }

    private func config(_ json: String) throws -> GenerateContentConfig {
        GenerateContentConfig(json: try #require(JSONValue(parsing: json).object))
    }

    private func message(of config: GenerateContentConfig, on backend: BackendKind) -> String? {
        do {
            try config.check(for: backend)
            return nil
        } catch {
            return error.description
        }
    }
}
