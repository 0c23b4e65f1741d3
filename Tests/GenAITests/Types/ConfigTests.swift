import JSON
import TestSupport
import Testing

@testable import GenAI

/// Settings made with the library's own types, and what they are on the wire.
private struct TypedSettings: Sendable, CustomTestStringConvertible {
    let name: String
    let set: @Sendable (inout GenerateContentConfig) -> Void
    /// The request without its contents.
    let request: String

    var testDescription: String { name }

    init(_ name: String, _ request: String, _ set: @escaping @Sendable (inout GenerateContentConfig) -> Void) {
        self.name = name
        self.request = request
        self.set = set
    }
}

private let typedSettings = [
    TypedSettings(
        "choosing words",
        #"{"generationConfig":{"temperature":0,"topP":0.9,"topK":40,"candidateCount":1,"maxOutputTokens":9,"stopSequences":["E"],"presencePenalty":-0.5,"frequencyPenalty":0,"seed":0,"responseLogprobs":true,"logprobs":5}}"#
    ) {
        $0.temperature = 0
        $0.topP = 0.9
        $0.topK = 40
        $0.candidateCount = 1
        $0.maxOutputTokens = 9
        $0.stopSequences = ["E"]
        $0.presencePenalty = -0.5
        $0.frequencyPenalty = 0
        $0.seed = 0
        $0.responseLogprobs = true
        $0.logprobs = 5
    },
    TypedSettings(
        "the form of the answer",
        #"{"generationConfig":{"responseMimeType":"application/json","responseModalities":["TEXT","IMAGE","SMELL"],"mediaResolution":"MEDIA_RESOLUTION_HIGH","thinkingConfig":{"thinkingBudget":0,"includeThoughts":false},"audioTimestamp":false,"enableEnhancedCivicAnswers":true,"audioTranscriptionConfig":{"a":1},"routingConfig":{"autoMode":{}},"modelConfig":{"featureSelectionPreference":"x"}}}"#
    ) {
        $0.responseMIMEType = "application/json"
        $0.responseModalities = [.text, .image, "SMELL"]
        $0.mediaResolution = .high
        $0.thinkingConfig = ThinkingConfig(budget: 0, includeThoughts: false)
        $0.audioTimestamp = false
        $0.enableEnhancedCivicAnswers = true
        $0.audioTranscriptionConfig = ["a": 1]
        $0.routingConfig = ["auto_mode": [:]]
        $0.modelConfig = ["feature_selection_preference": "x"]
    },
    TypedSettings(
        "a JSON Schema",
        #"{"generationConfig":{"responseJsonSchema":{"properties":{"first_name":{"min_length":1}}}}}"#
    ) {
        $0.responseJSONSchema = ["properties": ["first_name": ["min_length": 1]]]
    },
    TypedSettings(
        "thinking by level",
        #"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"XHIGH","includeThoughts":true}}}"#
    ) {
        $0.thinkingConfig = ThinkingConfig(level: .extraHigh, includeThoughts: true)
    },
    TypedSettings(
        "one voice",
        #"{"generationConfig":{"speechConfig":{"voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Kore"}},"languageCode":"en-GB"}}}"#
    ) {
        $0.speechConfig = SpeechConfig(voiceName: "Kore", languageCode: "en-GB")
    },
    TypedSettings(
        "two voices",
        #"{"generationConfig":{"speechConfig":{"multiSpeakerVoiceConfig":{"speakerVoiceConfigs":[{"speaker":"Joe","voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Puck"}}},{"speaker":"Ann","voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Kore"}}}]}}}}"#
    ) {
        $0.speechConfig = SpeechConfig(speakers: [
            SpeakerVoice(speaker: "Joe", voiceName: "Puck"), SpeakerVoice(speaker: "Ann", voiceName: "Kore"),
        ])
    },
    TypedSettings(
        "pictures",
        #"{"generationConfig":{"imageConfig":{"aspectRatio":"21:9","imageSize":"4K","personGeneration":"ALLOW_ADULT","imageOutputOptions":{"mimeType":"image/jpeg","compressionQuality":80}}}}"#
    ) {
        var config = ImageConfig(aspectRatio: "21:9", imageSize: "4K")
        config.personGeneration = "ALLOW_ADULT"
        config.outputMIMEType = "image/jpeg"
        config.outputCompressionQuality = 80
        $0.imageConfig = config
    },
    TypedSettings(
        "members of the request",
        #"{"systemInstruction":{"parts":[{"text":"s"}]},"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_ONLY_HIGH"},{"category":"HARM_CATEGORY_JAILBREAK","threshold":"OFF","method":"SEVERITY"}],"cachedContent":"cachedContents/1","serviceTier":"priority","store":false,"labels":{"a_b":"1","c":"d"},"modelArmorConfig":{"promptTemplateName":"x"},"outputConfig":{"gcsDestination":{"outputUriPrefix":"gs://b"}}}"#
    ) {
        $0.systemInstruction = "s"
        $0.safetySettings = [
            SafetySetting(.harassment, .blockOnlyHigh), SafetySetting(.jailbreak, .off, method: .severity),
        ]
        $0.cachedContent = "cachedContents/1"
        $0.serviceTier = .priority
        $0.store = false
        $0.labels = ["c": "d", "a_b": "1"]
        $0.modelArmorConfig = ["prompt_template_name": "x"]
        $0.outputConfig = ["gcs_destination": ["output_uri_prefix": "gs://b"]]
    },
    TypedSettings(
        "tools, functions last",
        #"{"tools":[{"googleSearch":{"excludeDomains":["a.example"]}},{"googleSearchRetrieval":{}},{"urlContext":{}},{"codeExecution":{}},{"googleMaps":{"enableWidget":true}},{"computerUse":{"environment":"E"}},{"fileSearch":{"fileSearchStoreNames":["s"]}},{"mcpServers":[{"name":"n"}]},{"retrieval":{"vertexRagStore":{}}},{"enterpriseWebSearch":{}},{"functionDeclarations":[{"name":"f","description":"d","parameters":{"type":"OBJECT","properties":{"x":{"type":"NUMBER"}},"required":["x"]}},{"name":"g","description":"e","parametersJsonSchema":{"type":"object"},"response":{"type":"BOOLEAN"}}]}]}"#
    ) {
        var second = FunctionDeclaration(name: "g", description: "e", parametersJSONSchema: ["type": "object"])
        second.response = .boolean()
        $0.tools = [
            .functions([FunctionDeclaration(name: "f", description: "d", parameters: .object(["x": .number()]))]),
            .googleSearch(["exclude_domains": ["a.example"]]), .googleSearchRetrieval(), .urlContext(),
            .codeExecution(), .googleMaps(["enable_widget": true]), .computerUse(["environment": "E"]),
            .fileSearch(["file_search_store_names": ["s"]]), .mcpServers([["name": "n"]]), .functions([second]),
            .retrieval(["vertex_rag_store": [:]]), .enterpriseWebSearch(),
        ]
    },
    TypedSettings(
        "members that are newer than the library, beside and inside the others",
        #"{"newMember":{"some_name":1},"store":true,"generationConfig":{"seed":1,"newOption":{"a_b":1},"thinkingConfig":{"thinkingBudget":0,"newDepth":2}}}"#
    ) {
        $0.seed = 1
        $0.store = false
        $0.thinkingConfig = ThinkingConfig(budget: 0)
        $0.extraBody = [
            "newMember": ["some_name": 1], "store": true,
            "generationConfig": ["newOption": ["a_b": 1], "thinkingConfig": ["newDepth": 2]],
        ]
    },
    TypedSettings(
        "rules for tools",
        #"{"toolConfig":{"functionCallingConfig":{"mode":"NONE","allowedFunctionNames":["f"],"streamFunctionCallArguments":true},"retrievalConfig":{"latLng":{"latitude":48.5,"longitude":-4},"languageCode":"fr"},"includeServerSideToolInvocations":false}}"#
    ) {
        var config = ToolConfig(functionCalling: .never, allowedFunctionNames: ["f"])
        config.streamsFunctionCallArguments = true
        config.location = Coordinates(latitude: 48.5, longitude: -4)
        config.languageCode = "fr"
        config.includesServerSideToolInvocations = false
        $0.toolConfig = config
    },
]

/// Settings that Google's SDK takes in several forms, and what they are on the wire.
private let forms: [(String, String)] = [
    (#"{"system_instruction":"s"}"#, #"{"systemInstruction":{"parts":[{"text":"s"}]}}"#),
    (#"{"system_instruction":["s","t"]}"#, #"{"systemInstruction":{"parts":[{"text":"s"},{"text":"t"}]}}"#),
    (#"{"system_instruction":{"text":"s"}}"#, #"{"systemInstruction":{"parts":[{"text":"s"}]}}"#),
    (
        #"{"system_instruction":{"role":"user","parts":[{"text":"s"}]}}"#,
        #"{"systemInstruction":{"role":"user","parts":[{"text":"s"}]}}"#
    ),
    (
        #"{"system_instruction":{"parts":[{"file_data":{"file_uri":"gs://a_b","mime_type":"text/plain"}},{"function_call":{"name":"f","args":{"a_b":1}}}]}}"#,
        #"{"systemInstruction":{"parts":[{"fileData":{"fileUri":"gs://a_b","mimeType":"text/plain"}},{"functionCall":{"name":"f","args":{"a_b":1}}}]}}"#
    ),
    (#"{"model_selection_config":{"feature_x":1}}"#, #"{"generationConfig":{"modelConfig":{"featureX":1}}}"#),
    (
        #"{"image_config":{"image_size":"1K","output_mime_type":"image/png","output_compression_quality":0}}"#,
        #"{"generationConfig":{"imageConfig":{"imageSize":"1K","imageOutputOptions":{"mimeType":"image/png","compressionQuality":0}}}}"#
    ),
    (
        #"{"response_format":[{"text":{"mime_type":"application/json","schema":{"properties":{"a_b":{}}}}}]}"#,
        #"{"generationConfig":{"responseFormat":[{"text":{"mimeType":"application/json","schema":{"properties":{"a_b":{}}}}}]}}"#
    ),
    (
        #"{"speech_config":"Kore"}"#,
        #"{"generationConfig":{"speechConfig":{"voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Kore"}}}}}"#
    ),
    (
        #"{"thinking_config":{"thinking_level":"low"},"media_resolution":"media_resolution_low","response_modalities":["text","Image"],"service_tier":"FLEX"}"#,
        #"{"serviceTier":"flex","generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"},"mediaResolution":"MEDIA_RESOLUTION_LOW","responseModalities":["TEXT","IMAGE"]}}"#
    ),
    (
        #"{"safety_settings":[{"category":"harm_category_harassment","threshold":"off","method":"severity"}]}"#,
        #"{"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF","method":"SEVERITY"}]}"#
    ),
    (
        #"{"tool_config":{"function_calling_config":{"mode":"any","allowed_function_names":["mode"]}},"tools":[{"function_declarations":[{"name":"f","behavior":"non_blocking"}]}]}"#,
        #"{"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["mode"]}},"tools":[{"functionDeclarations":[{"name":"f","behavior":"NON_BLOCKING"}]}]}"#
    ),
    (#"{"labels":{"mode":"low"}}"#, #"{"labels":{"mode":"low"}}"#),
    (
        #"{"continuation_token":"AAEC","seed":1}"#,
        #"{"continuationToken":"AAEC","generationConfig":{"seed":1}}"#
    ),
    (
        #"{"automatic_function_calling":{"disable":true},"shouldReturnHttpResponse":true,"seed":1}"#,
        #"{"generationConfig":{"seed":1}}"#
    ),
    (#"{"temperature":null,"thinking_config":null,"tools":null}"#, "{}"),
    (
        #"{"thinking_config":{"thinking_level":null,"thinking_budget":0},"tools":[{"google_search":null,"url_context":{}}]}"#,
        #"{"tools":[{"urlContext":{}}],"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}"#
    ),
    (
        #"{"labels":{"a":null},"response_json_schema":{"default":null}}"#,
        #"{"labels":{"a":null},"generationConfig":{"responseJsonSchema":{"default":null}}}"#
    ),
    (#"{"brand_new_setting":{"some_name":1}}"#, #"{"generationConfig":{"brandNewSetting":{"some_name":1}}}"#),
    (
        #"{"tools":[{"brand_new_tool":{"some_name":1}},"odd"],"seed":"7"}"#,
        #"{"tools":[{"brandNewTool":{"some_name":1}},"odd"],"generationConfig":{"seed":"7"}}"#
    ),
    (#"{"tools":[{"function_declarations":[]}]}"#, #"{"tools":[{"functionDeclarations":[]}]}"#),
    (
        #"{"tools":[{"url_context":{},"function_declarations":[{"name":"f"}]}]}"#,
        #"{"tools":[{"urlContext":{}},{"functionDeclarations":[{"name":"f"}]}]}"#
    ),
]

@Suite("Settings")
struct ConfigTests {
    @Test("what a job file says is sent under the API's names", arguments: ConfigExample.all)
    func examples(example: ConfigExample) throws {
        try expectRequest(example.request, from: config(example.settings))
    }

    @Test("every setting has a name and a place", arguments: typedSettings)
    private func typed(settings: TypedSettings) throws {
        var config = GenerateContentConfig()
        settings.set(&config)
        try expectRequest(settings.request, from: config)
    }

    @Test("the forms that Google's SDK takes are understood", arguments: forms)
    func sdkForms(settings: String, request: String) throws {
        try expectRequest(request, from: config(settings))
    }

    @Test("what was set can be read, whatever its spelling was")
    func reading() throws {
        let config = try config(
            #"""
            {"top_k":40.0,"logprobs":"3","stop_sequences":["a"],"system_instruction":["s","t"],
             "response_schema":{"type":"ARRAY","items":{"type":"STRING","enum":["x"]}},
             "response_modalities":["AUDIO"],"media_resolution":"MEDIA_RESOLUTION_LOW",
             "thinking_config":{"thinking_level":"NEWEST","thinking_budget":-1,"include_thoughts":true},
             "speech_config":{"voice_config":{"prebuilt_voice_config":{"voice_name":"Kore"}},"language_code":"fr"},
             "image_config":{"aspect_ratio":"1:1","output_mime_type":"image/png","output_compression_quality":3},
             "safety_settings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF","method":"SEVERITY"}],
             "tools":[{"function_declarations":[{"name":"f","description":"d","parameters":{"type":"OBJECT"}}]}],
             "tool_config":{"function_calling_config":{"mode":"ANY","allowed_function_names":["f"]},
                "retrieval_config":{"lat_lng":{"latitude":1,"longitude":2}}},
             "labels":{"a_b":"c","n":1},"service_tier":"flex","store":true,"cached_content":"c"}
            """#
        )
        #expect(config.topK == 40)
        #expect(config.logprobs == 3)
        #expect(config.systemInstruction == "st")
        #expect(config.responseSchema?.items?.words == ["x"])
        #expect(config.responseModalities == [.audio])
        #expect(config.mediaResolution == .low)
        #expect(config.thinkingConfig?.thinkingLevel == "NEWEST")
        #expect(config.thinkingConfig?.thinkingBudget == -1)
        #expect(config.thinkingConfig?.includeThoughts == true)
        #expect(config.speechConfig?.voiceName == "Kore")
        #expect(config.speechConfig?.languageCode == "fr")
        #expect(config.speechConfig?.speakers == nil)
        #expect(config.imageConfig?.outputMIMEType == "image/png")
        #expect(config.imageConfig?.outputCompressionQuality == 3)
        #expect(config.safetySettings == [SafetySetting(.harassment, .off, method: .severity)])
        #expect(config.tools?.first?.functionDeclarations.first?.parameters?.type == .object)
        #expect(config.toolConfig?.functionCallingMode == .any)
        #expect(config.toolConfig?.allowedFunctionNames == ["f"])
        #expect(config.toolConfig?.location == Coordinates(latitude: 1, longitude: 2))
        #expect(config.labels == ["a_b": "c"])
        #expect(config.serviceTier == .flex)
        #expect(config["service_tier"] == "flex")
        #expect(config["serviceTier"] == "flex")
    }

    @Test("what is set to nothing is not sent, and leaves no empty objects")
    func unsetting() throws {
        var config = try config(
            #"{"temperature":1,"tools":[],"labels":{},"speech_config":{"voice_config":{"prebuilt_voice_config":{"voice_name":"K"}}}}"#
        )
        config.temperature = nil
        config.tools = nil
        config.labels = nil
        config.speechConfig?.voiceName = nil
        try expectRequest(#"{"generationConfig":{"speechConfig":{}}}"#, from: config)
        config.speechConfig = nil
        try expectRequest("{}", from: config)
    }

    @Test(
        "names are spelt in lowerCamelCase only if they are snake_case",
        arguments: [
            ("top_p", "topP"), ("a_1_b", "a1B"), ("a__b", "aB"), ("a_", "a"), ("topP", "topP"), ("_a_b", "_a_b"),
            ("A_B", "A_B"), ("$a_b", "$a_b"), ("", ""), ("_", "_"), ("ä_b", "ä_b"),
        ]
    )
    func camelCase(name: String, expected: String) {
        #expect(WireNames.camelCase(name) == expected)
    }

    private func config(_ json: String) throws -> GenerateContentConfig {
        GenerateContentConfig(json: try #require(JSONValue(parsing: json).object))
    }

    /// Compares the body of a call, without its contents.
    private func expectRequest(
        _ expected: String,
        from config: GenerateContentConfig,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let call = GenerateCall(model: "m", contents: [Content("p")], config: config, stream: true)
        var body = try #require(JSONValue(parsing: call.body(continuationToken: nil)).object)
        body["contents"] = nil
        #expect(
            try JSONValue.object(body).canonicalText == JSONValue(parsing: expected).canonicalText,
            sourceLocation: sourceLocation
        )
    }
}
