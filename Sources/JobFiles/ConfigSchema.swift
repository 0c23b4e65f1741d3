/// What may stand in `config`: the names of `GenerateContentConfig` in Google's Python SDK, with their types.
///
/// The lists of words follow the API's documentation; models differ in what they take, so only what holds for all
/// of them is checked here.
indirect enum ConfigType: Sendable {
    /// From the first number up to the second, included or not.
    case number(Double, Double, includesMaximum: Bool)
    case integer(ClosedRange<Int>)
    case bool
    case text
    /// One of some words; written in any case, sent as listed.
    case word([String])
    case list(ConfigType, maximum: Int?)
    case object([String: ConfigType])
    /// Texts by name.
    case texts
    /// An object that is sent as it is.
    case json
    /// Known, and refused with a reason.
    case refused(String)

    static let vertexOnly = ConfigType.refused("works only on Vertex AI, which this version does not support yet")

    /// All members of `config`.
    static let members: [String: ConfigType] = [
        "audio_timestamp": vertexOnly,
        "audio_transcription_config": .json,
        "automatic_function_calling": .refused("works only inside Google's Python SDK"),
        "cached_content": .text,
        "candidate_count": .integer(1...8),
        "enable_enhanced_civic_answers": .bool,
        "frequency_penalty": .number(-2, 2, includesMaximum: false),
        "http_options": .refused("is not the job's to say; see `timeouts` and `retry`"),
        "image_config": .object(["aspect_ratio": .text, "image_size": .word(["1K", "2K", "4K"])]),
        "labels": .texts,
        "logprobs": .integer(0...20),
        "max_output_tokens": .integer(1...(.max)),
        "media_resolution": .word(["MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_MEDIUM", "MEDIA_RESOLUTION_HIGH"]),
        "model_armor_config": vertexOnly,
        "model_config": vertexOnly,
        "model_selection_config": vertexOnly,
        "output_config": vertexOnly,
        "presence_penalty": .number(-2, 2, includesMaximum: false),
        "response_format": vertexOnly,
        "response_json_schema": .json,
        "response_logprobs": .bool,
        "response_mime_type": .text,
        "response_modalities": .list(.word(["TEXT", "IMAGE", "AUDIO"]), maximum: nil),
        "response_schema": .json,
        "routing_config": vertexOnly,
        "safety_settings": .list(
            .object(["category": .word(categories), "threshold": .word(thresholds)]),
            maximum: nil
        ),
        "seed": .integer(Int(Int32.min)...Int(Int32.max)),
        "service_tier": .word(["standard", "flex", "priority"]),
        "should_return_http_response": .refused("works only inside Google's Python SDK"),
        "speech_config": .json,
        "stop_sequences": .list(.text, maximum: 5),
        "store": .bool,
        "system_instruction": .refused("stands beside `config`, not in it"),
        "temperature": .number(0, 2, includesMaximum: true),
        "thinking_config": .object([
            "include_thoughts": .bool,
            "thinking_budget": .integer(-1...(.max)),
            "thinking_level": .word(["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"]),
        ]),
        "tool_config": .json,
        "tools": .list(.json, maximum: nil),
        "top_k": .number(1, .infinity, includesMaximum: false),
        "top_p": .number(0, 1, includesMaximum: true),
    ]

    private static let categories = [
        "HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT", "CIVIC_INTEGRITY", "JAILBREAK",
        "IMAGE_HATE",
        "IMAGE_DANGEROUS_CONTENT", "IMAGE_HARASSMENT", "IMAGE_SEXUALLY_EXPLICIT",
    ].map { "HARM_CATEGORY_\($0)" }

    private static let thresholds = [
        "BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF",
    ]

    /// `maxOutputTokens` as `max_output_tokens`.
    static func snakeCase(_ name: String) -> String {
        var result = ""
        for character in name {
            if character.isUppercase, !result.isEmpty {
                result += "_"
            }
            result += character.lowercased()
        }
        return result
    }
}
