/// Settings as a job file has them, as they travel through the program, and as they are sent.
///
/// The module that reads job files and the client know nothing of each other; that they agree on which names are the
/// API's and which the user's is proved by testing both against these.
package struct ConfigExample: Sendable, CustomStringConvertible {
    package let name: String
    /// What stands behind `config:`, in the flow style.
    package let yaml: String
    /// The settings, in JSON.
    package let settings: String
    /// The request without its contents, in JSON.
    package let request: String

    package var description: String { name }

    init(_ name: String, yaml: String, settings: String, request: String) {
        self.name = name
        self.yaml = yaml
        self.settings = settings
        self.request = request
    }

    package static let all = numbers + forms + tools
}

extension ConfigExample {
    private static let numbers = [
        ConfigExample(
            "sampling",
            yaml: "{temperature: 0.5, top_p: 0.9, topK: 40, candidate_count: 2, max_output_tokens: 400, seed: -7}",
            settings:
                #"{"temperature":0.5,"top_p":0.9,"top_k":40,"candidate_count":2,"max_output_tokens":400,"seed":-7}"#,
            request:
                #"{"generationConfig":{"temperature":0.5,"topP":0.9,"topK":40,"candidateCount":2,"maxOutputTokens":400,"seed":-7}}"#
        ),
        ConfigExample(
            "zero, false and empty lists are something",
            yaml:
                "{temperature: 0, topP: 0, stop_sequences: [], response_logprobs: false, seed: 0, thinking_config: {thinking_budget: 0, includeThoughts: false}}",
            settings:
                #"{"temperature":0,"top_p":0,"stop_sequences":[],"response_logprobs":false,"seed":0,"thinking_config":{"thinking_budget":0,"include_thoughts":false}}"#,
            request:
                #"{"generationConfig":{"temperature":0,"topP":0,"stopSequences":[],"responseLogprobs":false,"seed":0,"thinkingConfig":{"thinkingBudget":0,"includeThoughts":false}}}"#
        ),
        ConfigExample(
            "penalties, stop sequences and probabilities",
            yaml:
                "{presence_penalty: -0.5, frequency_penalty: 1, stop_sequences: [END_IT, \"1\"], response_logprobs: true, logprobs: 3}",
            settings:
                #"{"presence_penalty":-0.5,"frequency_penalty":1,"stop_sequences":["END_IT","1"],"response_logprobs":true,"logprobs":3}"#,
            request:
                #"{"generationConfig":{"presencePenalty":-0.5,"frequencyPenalty":1,"stopSequences":["END_IT","1"],"responseLogprobs":true,"logprobs":3}}"#
        ),
        ConfigExample(
            "thinking by level",
            yaml: "{thinkingConfig: {thinking_level: xhigh, include_thoughts: true}}",
            settings: #"{"thinking_config":{"thinking_level":"XHIGH","include_thoughts":true}}"#,
            request: #"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"XHIGH","includeThoughts":true}}}"#
        ),
    ]

    private static let forms = [
        ConfigExample(
            "a schema, whose properties are the user's",
            yaml:
                "{response_mime_type: application/json, response_schema: {type: object, property_ordering: [min_items, someThing], required: [min_items], properties: {min_items: {type: array, minItems: 1, items: {type: string, min_length: 2, enum: [a_b, 1]}}, someThing: {any_of: [{type: INTEGER, minimum: -3}, {type: \"null\"}], nullable: true, default: {keep_me: 1}, example: no}}}}",
            settings:
                #"{"response_mime_type":"application/json","response_schema":{"type":"OBJECT","property_ordering":["min_items","someThing"],"required":["min_items"],"properties":{"min_items":{"type":"ARRAY","min_items":1,"items":{"type":"STRING","min_length":2,"enum":["a_b","1"]}},"someThing":{"any_of":[{"type":"INTEGER","minimum":-3},{"type":"NULL"}],"nullable":true,"default":{"keep_me":1},"example":"no"}}}}"#,
            request:
                #"{"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","propertyOrdering":["min_items","someThing"],"required":["min_items"],"properties":{"min_items":{"type":"ARRAY","minItems":1,"items":{"type":"STRING","minLength":2,"enum":["a_b","1"]}},"someThing":{"type":"INTEGER","minimum":-3,"nullable":true,"default":{"keep_me":1},"example":"no"}}}}}"#
        ),
        ConfigExample(
            "a schema with references, made one that the API takes",
            yaml:
                "{response_mime_type: application/json, response_schema: {$defs: {a_b: {type: string, const: x}}, type: object, properties: {z: {$ref: \"#/$defs/a_b\"}, a: {type: integer}}}}",
            settings:
                ##"{"response_mime_type":"application/json","response_schema":{"$defs":{"a_b":{"type":"STRING","const":"x"}},"type":"OBJECT","properties":{"z":{"$ref":"#/$defs/a_b"},"a":{"type":"INTEGER"}}}}"##,
            request:
                #"{"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","properties":{"z":{"type":"STRING","enum":["x"]},"a":{"type":"INTEGER"}},"propertyOrdering":["z","a"]}}}"#
        ),
        ConfigExample(
            "a JSON Schema, sent as it stands",
            yaml:
                "{response_mime_type: application/json, response_json_schema: {type: object, $defs: {a_b: {type: integer}}, properties: {first_name: {$ref: \"#/$defs/a_b\"}, max_items: {enum: [no, 1, true, null]}}, min_properties: 1}}",
            settings:
                ##"{"response_mime_type":"application/json","response_json_schema":{"type":"object","$defs":{"a_b":{"type":"integer"}},"properties":{"first_name":{"$ref":"#/$defs/a_b"},"max_items":{"enum":["no",1,true,null]}},"min_properties":1}}"##,
            request:
                ##"{"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","$defs":{"a_b":{"type":"integer"}},"properties":{"first_name":{"$ref":"#/$defs/a_b"},"max_items":{"enum":["no",1,true,null]}},"min_properties":1}}}"##
        ),
        ConfigExample(
            "media, pictures and speech",
            yaml:
                "{media_resolution: media_resolution_low, response_modalities: [text, IMAGE], image_config: {aspect_ratio: \"16:9\", imageSize: 2k}, audio_transcription_config: {some_option: 1}, speech_config: {language_code: en-GB, voice_config: {prebuilt_voice_config: {voice_name: Kore}}}}",
            settings:
                #"{"media_resolution":"MEDIA_RESOLUTION_LOW","response_modalities":["TEXT","IMAGE"],"image_config":{"aspect_ratio":"16:9","image_size":"2K"},"audio_transcription_config":{"some_option":1},"speech_config":{"language_code":"en-GB","voice_config":{"prebuilt_voice_config":{"voice_name":"Kore"}}}}"#,
            request:
                #"{"generationConfig":{"mediaResolution":"MEDIA_RESOLUTION_LOW","responseModalities":["TEXT","IMAGE"],"imageConfig":{"aspectRatio":"16:9","imageSize":"2K"},"audioTranscriptionConfig":{"someOption":1},"speechConfig":{"languageCode":"en-GB","voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Kore"}}}}}"#
        ),
        ConfigExample(
            "a voice by its name",
            yaml: "{speech_config: Kore}",
            settings: #"{"speech_config":"Kore"}"#,
            request:
                #"{"generationConfig":{"speechConfig":{"voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Kore"}}}}}"#
        ),
        ConfigExample(
            "two speakers",
            yaml:
                "{speech_config: {multi_speaker_voice_config: {speaker_voice_configs: [{speaker: Joe_1, voice_config: {prebuilt_voice_config: {voice_name: Puck}}}, {speaker: Ann, voiceConfig: {replicated_voice_config: {mime_type: audio/wav}}}]}}}",
            settings:
                #"{"speech_config":{"multi_speaker_voice_config":{"speaker_voice_configs":[{"speaker":"Joe_1","voice_config":{"prebuilt_voice_config":{"voice_name":"Puck"}}},{"speaker":"Ann","voice_config":{"replicated_voice_config":{"mime_type":"audio/wav"}}}]}}}"#,
            request:
                #"{"generationConfig":{"speechConfig":{"multiSpeakerVoiceConfig":{"speakerVoiceConfigs":[{"speaker":"Joe_1","voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Puck"}}},{"speaker":"Ann","voiceConfig":{"replicatedVoiceConfig":{"mimeType":"audio/wav"}}}]}}}}"#
        ),
        ConfigExample(
            "members of the request itself",
            yaml:
                "{safety_settings: [{category: harm_category_harassment, threshold: off}], service_tier: FLEX, store: false, enable_enhanced_civic_answers: true, labels: {team_name: 7, costCentre: a_b}, cached_content: cachedContents/a_b}",
            settings:
                #"{"safety_settings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF"}],"service_tier":"flex","store":false,"enable_enhanced_civic_answers":true,"labels":{"team_name":"7","costCentre":"a_b"},"cached_content":"cachedContents/a_b"}"#,
            request:
                #"{"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF"}],"serviceTier":"flex","store":false,"labels":{"team_name":"7","costCentre":"a_b"},"cachedContent":"cachedContents/a_b","generationConfig":{"enableEnhancedCivicAnswers":true}}"#
        ),
    ]

    private static let tools = [
        ConfigExample(
            "tools that the server runs",
            yaml:
                "{tools: [{google_search: {time_range_filter: {start_time: t}}}, {urlContext: {}}, {code_execution: {}}, {google_maps: {enable_widget: true}}, {file_search: {file_search_store_names: [a_b]}}, {computer_use: {environment: ENVIRONMENT_BROWSER}}, {google_search_retrieval: {dynamic_retrieval_config: {dynamic_threshold: 0.3}}}, {mcp_servers: [{name: n, streamable_http_transport: {url: u, headers: {x_my_key: v}}}]}]}",
            settings:
                #"{"tools":[{"google_search":{"time_range_filter":{"start_time":"t"}}},{"url_context":{}},{"code_execution":{}},{"google_maps":{"enable_widget":true}},{"file_search":{"file_search_store_names":["a_b"]}},{"computer_use":{"environment":"ENVIRONMENT_BROWSER"}},{"google_search_retrieval":{"dynamic_retrieval_config":{"dynamic_threshold":0.3}}},{"mcp_servers":[{"name":"n","streamable_http_transport":{"url":"u","headers":{"x_my_key":"v"}}}]}]}"#,
            request:
                #"{"tools":[{"googleSearch":{"timeRangeFilter":{"startTime":"t"}}},{"urlContext":{}},{"codeExecution":{}},{"googleMaps":{"enableWidget":true}},{"fileSearch":{"fileSearchStoreNames":["a_b"]}},{"computerUse":{"environment":"ENVIRONMENT_BROWSER"}},{"googleSearchRetrieval":{"dynamicRetrievalConfig":{"dynamicThreshold":0.3}}},{"mcpServers":[{"name":"n","streamableHttpTransport":{"url":"u","headers":{"x_my_key":"v"}}}]}]}"#
        ),
        ConfigExample(
            "functions, collected behind the other tools, and their rules",
            yaml:
                "{tools: [{function_declarations: [{name: tide_table, description: d, parameters_json_schema: {type: object, properties: {port_name: {type: string}}}}]}, {google_search: {}}, {functionDeclarations: [{name: other, parameters: {type: object, properties: {max_items: {type: integer, maximum: 9}}}, response: {type: string, max_length: 5}, response_json_schema: {min_length: 1}}]}], tool_config: {function_calling_config: {mode: any, allowed_function_names: [tide_table]}, retrieval_config: {lat_lng: {latitude: 48.4, longitude: -4.5}, language_code: fr}, include_server_side_tool_invocations: true}}",
            settings:
                #"{"tools":[{"function_declarations":[{"name":"tide_table","description":"d","parameters_json_schema":{"type":"object","properties":{"port_name":{"type":"string"}}}}]},{"google_search":{}},{"function_declarations":[{"name":"other","parameters":{"type":"OBJECT","properties":{"max_items":{"type":"INTEGER","maximum":9}}},"response":{"type":"STRING","max_length":5},"response_json_schema":{"min_length":1}}]}],"tool_config":{"function_calling_config":{"mode":"ANY","allowed_function_names":["tide_table"]},"retrieval_config":{"lat_lng":{"latitude":48.4,"longitude":-4.5},"language_code":"fr"},"include_server_side_tool_invocations":true}}"#,
            request:
                #"{"tools":[{"googleSearch":{}},{"functionDeclarations":[{"name":"tide_table","description":"d","parametersJsonSchema":{"type":"object","properties":{"port_name":{"type":"string"}}}},{"name":"other","parameters":{"type":"OBJECT","properties":{"max_items":{"type":"INTEGER","maximum":9}}},"response":{"type":"STRING","maxLength":5},"responseJsonSchema":{"min_length":1}}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["tide_table"]},"retrievalConfig":{"latLng":{"latitude":48.4,"longitude":-4.5},"languageCode":"fr"},"includeServerSideToolInvocations":true}}"#
        ),
    ]
}
