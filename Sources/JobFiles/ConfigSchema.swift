internal import BatchCore

/// What may stand in `config`: the names of `GenerateContentConfig` in Google's Python SDK, with their types.
///
/// The lists of words follow the API's documentation; models differ in what they take, so only what holds for all
/// of them is checked here.
extension ConfigType {
    /// All members of `config`.
    static let members: [String: ConfigType] = [
        "audio_timestamp": .only(.vertex, .bool),
        "audio_transcription_config": .json,
        "automatic_function_calling": .refused("works only inside Google's Python SDK"),
        "cached_content": .text,
        "candidate_count": .integer(1...8),
        "enable_enhanced_civic_answers": .only(.gemini, .bool),
        "frequency_penalty": .number(-2, 2, includesMaximum: false),
        "http_options": .refused("is not the job's to say; see `timeouts` and `retry`"),
        "image_config": .object(imageConfig),
        "labels": .named(.text),
        "logprobs": .integer(0...20),
        "max_output_tokens": .integer(1...(.max)),
        "media_resolution": .word(["MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_MEDIUM", "MEDIA_RESOLUTION_HIGH"]),
        "model_armor_config": .only(.vertex, .json),
        "model_config": .only(.vertex, .json),
        "model_selection_config": .only(.vertex, .json),
        "output_config": .only(.vertex, .json),
        "presence_penalty": .number(-2, 2, includesMaximum: false),
        "response_format": .only(.vertex, .list(.json, maximum: nil)),
        "response_json_schema": .json,
        "response_logprobs": .bool,
        "response_mime_type": .text,
        "response_modalities": .list(.word(["TEXT", "IMAGE", "AUDIO"]), maximum: nil),
        "response_schema": .schema,
        "routing_config": .only(.vertex, .json),
        "safety_settings": .list(.object(safetySetting), maximum: nil),
        "seed": .integer(Int(Int32.min)...Int(Int32.max)),
        "service_tier": .word(["standard", "flex", "priority"]),
        "should_return_http_response": .refused("works only inside Google's Python SDK"),
        "speech_config": .textOr(speechConfig),
        "stop_sequences": .list(.text, maximum: 5),
        "store": .only(.gemini, .bool),
        "system_instruction": .refused("stands beside `config`, not in it"),
        "temperature": .number(0, 2, includesMaximum: true),
        "thinking_config": .object([
            "include_thoughts": .bool,
            "thinking_budget": .integer(-1...(.max)),
            "thinking_level": .word(["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"]),
        ]),
        "tool_config": .object(toolConfig),
        "tools": .list(.object(tool), maximum: nil),
        "top_k": .number(1, .infinity, includesMaximum: false),
        "top_p": .number(0, 1, includesMaximum: true),
    ]

    private static let imageConfig: [String: ConfigType] = [
        "aspect_ratio": .text,
        "image_output_options": .only(.vertex, .json),
        "image_size": .word(["1K", "2K", "4K"]),
        "output_compression_quality": .only(.vertex, .integer(0...100)),
        "output_mime_type": .only(.vertex, .text),
        "person_generation": .only(.vertex, .text),
        "prominent_people": .only(.vertex, .text),
    ]

    private static let safetySetting: [String: ConfigType] = [
        "category": .word(categories, only: vertexCategories),
        "method": .only(.vertex, .word(["SEVERITY", "PROBABILITY"])),
        "threshold": .word(thresholds),
    ]

    private static let categories =
        [
            "HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT", "CIVIC_INTEGRITY",
        ].map { "HARM_CATEGORY_\($0)" } + vertexCategories.keys.sorted()

    private static let vertexCategories = Dictionary(
        uniqueKeysWithValues: [
            "JAILBREAK", "IMAGE_HATE", "IMAGE_DANGEROUS_CONTENT", "IMAGE_HARASSMENT", "IMAGE_SEXUALLY_EXPLICIT",
        ].map { ("HARM_CATEGORY_\($0)", JobBackend.Kind.vertex) }
    )

    private static let thresholds = [
        "BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF",
    ]

    private static let speechConfig: [String: ConfigType] = [
        "language_code": .text,
        "multi_speaker_voice_config": .object([
            "speaker_voice_configs": .list(.object(["speaker": .text, "voice_config": voiceConfig]), maximum: nil)
        ]),
        "voice_config": voiceConfig,
    ]

    private static let voiceConfig = ConfigType.open(["prebuilt_voice_config": .object(["voice_name": .text])])
}

/// Tools and schemas.
extension ConfigType {
    private static let tool: [String: ConfigType] = [
        "code_execution": .json,
        "computer_use": .json,
        "enterprise_web_search": .only(.vertex, .json),
        "exa_ai_search": .only(.vertex, .json),
        "file_search": .only(.gemini, .json),
        "function_declarations": .list(.object(functionDeclaration), maximum: 512),
        "google_maps": .json,
        "google_search": .open([
            "blocking_confidence": .only(.vertex, .text),
            "exclude_domains": .only(.vertex, .list(.text, maximum: nil)),
        ]),
        "google_search_retrieval": .json,
        "mcp_servers": .only(.gemini, .list(.json, maximum: nil)),
        "parallel_ai_search": .only(.vertex, .json),
        "retrieval": .only(.vertex, .json),
        "url_context": .json,
    ]

    private static let functionDeclaration: [String: ConfigType] = [
        "behavior": .text,
        "description": .text,
        "name": .text,
        "parameters": .schema,
        "parameters_json_schema": .json,
        "response": .schema,
        "response_json_schema": .json,
    ]

    private static let toolConfig: [String: ConfigType] = [
        "function_calling_config": .object([
            "allowed_function_names": .list(.text, maximum: nil),
            "mode": .word(["AUTO", "ANY", "NONE", "VALIDATED"]),
            "stream_function_call_arguments": .only(.vertex, .bool),
        ]),
        "include_server_side_tool_invocations": .only(.gemini, .bool),
        "retrieval_config": .object([
            "language_code": .text,
            "lat_lng": .object([
                "latitude": .number(-90, 90, includesMaximum: true),
                "longitude": .number(-180, 180, includesMaximum: true),
            ]),
        ]),
    ]

    static let schemaMembers: [String: ConfigType] = [
        "$defs": .named(.schema),
        "$ref": .text,
        "additional_properties": .only(.vertex, .any),
        "any_of": .list(.schema, maximum: nil),
        "const": .text,
        "default": .any,
        "description": .text,
        "enum": .list(.text, maximum: nil),
        "example": .any,
        "format": .text,
        "items": .schema,
        "max_items": .count,
        "max_length": .count,
        "max_properties": .count,
        "maximum": .anyNumber,
        "min_items": .count,
        "min_length": .count,
        "min_properties": .count,
        "minimum": .anyNumber,
        "nullable": .bool,
        "pattern": .text,
        "properties": .named(.schema),
        "property_ordering": .list(.text, maximum: nil),
        "required": .list(.text, maximum: nil),
        "title": .text,
        "type": .word(["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"]),
    ]
}
