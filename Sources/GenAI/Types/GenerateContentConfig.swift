public import JSON

/// How an answer is to be made.
///
/// What is not set is not sent; zero and false are.
///
/// The names are those of Google's SDK. Fields that are newer than this library go through ``subscript(_:)``. A field
/// that the client's backend does not have makes the call fail before anything is sent.
public struct GenerateContentConfig: Sendable, Hashable {
    /// All settings under their lowerCamelCase names, flat as in the SDK.
    public private(set) var json: JSONObject

    /// Members of the request that are newer than this library, under their names in the API; sent as written.
    ///
    /// They are laid over what the settings come to, objects member by member, so that
    /// `["generationConfig": ["newOption": 1]]` adds an option. Google's SDK calls it `extra_body`.
    public var extraBody: JSONObject = [:]

    /// No settings: the model's own defaults.
    public init() {
        json = [:]
    }

    /// Settings under the snake_case or lowerCamelCase names of Google's SDK, nested ones too.
    ///
    /// The API's own words, such as `low` for a thinking level, may be written in any case.
    /// Names that are the user's own stay as they are: properties of schemas, arguments of functions, labels. A
    /// setting that is `null` counts as not set. `automatic_function_calling` and `should_return_http_response`, which
    /// steer Google's SDK itself, are left out.
    public init(json settings: JSONObject) {
        json = [:]
        for setting in settings {
            self[setting.name] = setting.value
        }
    }

    /// Any setting by its snake_case or lowerCamelCase name.
    ///
    /// - Parameter name: As in Google's SDK; a part of a setting that is itself an object may be spelt either way.
    /// - Returns: The setting as it is sent, `nil` if it is not.
    public subscript(name: String) -> JSONValue? {
        get { json[ConfigMembers.name(name)] }
        set { json[ConfigMembers.name(name)] = newValue.flatMap { ConfigMembers.value($0, of: name) } }
    }
}

// MARK: Choosing words

extension GenerateContentConfig {
    /// 0 to 2; ignored by Gemini 3.6 Flash and later.
    public var temperature: Double? {
        get { json[number: "temperature"] }
        set { json[number: "temperature"] = newValue }
    }

    /// 0 to 1; ignored by Gemini 3.6 Flash and later.
    public var topP: Double? {
        get { json[number: "topP"] }
        set { json[number: "topP"] = newValue }
    }

    /// From 1; ignored by Gemini 3.6 Flash and later.
    public var topK: Int? {
        get { json[integer: "topK"] }
        set { json[integer: "topK"] = newValue }
    }

    /// 1 to 8; most models allow only 1.
    public var candidateCount: Int? {
        get { json[integer: "candidateCount"] }
        set { json[integer: "candidateCount"] = newValue }
    }

    /// The most output tokens, thinking included.
    public var maxOutputTokens: Int? {
        get { json[integer: "maxOutputTokens"] }
        set { json[integer: "maxOutputTokens"] = newValue }
    }

    /// At most five texts that end the answer; they are not part of it.
    public var stopSequences: [String]? {
        get { json[texts: "stopSequences"] }
        set { json[texts: "stopSequences"] = newValue }
    }

    /// -2 up to, not including, 2; refused by Gemini 3.6 Flash and later.
    public var presencePenalty: Double? {
        get { json[number: "presencePenalty"] }
        set { json[number: "presencePenalty"] = newValue }
    }

    /// -2 up to, not including, 2; refused by Gemini 3.6 Flash and later.
    public var frequencyPenalty: Double? {
        get { json[number: "frequencyPenalty"] }
        set { json[number: "frequencyPenalty"] = newValue }
    }

    /// The same seed makes the same answer likely, not certain.
    public var seed: Int? {
        get { json[integer: "seed"] }
        set { json[integer: "seed"] = newValue }
    }

    /// Whether the answer tells the probability of each token.
    public var responseLogprobs: Bool? {
        get { json[flag: "responseLogprobs"] }
        set { json[flag: "responseLogprobs"] = newValue }
    }

    /// Other likely tokens to tell at each place, 0 to 20; needs ``responseLogprobs``.
    public var logprobs: Int? {
        get { json[integer: "logprobs"] }
        set { json[integer: "logprobs"] = newValue }
    }
}

// MARK: The form of the answer

extension GenerateContentConfig {
    /// `text/plain`, `application/json` or `text/x.enum`.
    public var responseMIMEType: String? {
        get { json[text: "responseMimeType"] }
        set { json[text: "responseMimeType"] = newValue }
    }

    /// The shape of the answer; needs the MIME type `application/json`, or `text/x.enum` for one of some words.
    ///
    /// It is kept in the form in which it is sent: references (`$ref`) are replaced by what they refer to, `null` among
    /// the alternatives by `nullable`, and the properties of each object get an order if they have none.
    public var responseSchema: Schema? {
        get { json[view: "responseSchema"] }
        set { self["responseSchema"] = newValue.map { .object($0.json) } }
    }

    /// A standard JSON Schema of the answer, sent as written; needs the MIME type `application/json`.
    ///
    /// Instead of ``responseSchema``.
    public var responseJSONSchema: JSONValue? {
        get { json["responseJsonSchema"] }
        set { json["responseJsonSchema"] = newValue }
    }

    /// What the answer may consist of; image models want text and image.
    public var responseModalities: [Modality]? {
        get { json[words: "responseModalities"] }
        set { json[words: "responseModalities"] = newValue }
    }

    /// How finely the media of the request are read, unless a part says otherwise.
    public var mediaResolution: MediaResolution? {
        get { json[word: "mediaResolution"] }
        set { json[word: "mediaResolution"] = newValue }
    }

    /// How much the model thinks, and whether it shows it.
    public var thinkingConfig: ThinkingConfig? {
        get { json[view: "thinkingConfig"] }
        set { json[view: "thinkingConfig"] = newValue }
    }

    /// Who speaks, for models that answer in audio.
    public var speechConfig: SpeechConfig? {
        get { json[view: "speechConfig"] }
        set { json[view: "speechConfig"] = newValue }
    }

    /// The form of pictures, for models that make them.
    public var imageConfig: ImageConfig? {
        get { json[view: "imageConfig"] }
        set { json[view: "imageConfig"] = newValue }
    }

    /// Whether the model is told the times in audio; Vertex AI only.
    public var audioTimestamp: Bool? {
        get { json[flag: "audioTimestamp"] }
        set { json[flag: "audioTimestamp"] = newValue }
    }

    /// How audio in the request is written down; options by their names in the API.
    public var audioTranscriptionConfig: JSONObject? {
        get { json[object: "audioTranscriptionConfig"] }
        set { self["audioTranscriptionConfig"] = newValue.map(JSONValue.object) }
    }

    /// Which model is to answer; Vertex AI only, options by their names in the API.
    public var routingConfig: JSONObject? {
        get { json[object: "routingConfig"] }
        set { self["routingConfig"] = newValue.map(JSONValue.object) }
    }

    /// What to prefer when the model is chosen; Vertex AI only, options by their names in the API.
    ///
    /// Google's SDK calls it `model_selection_config`.
    public var modelConfig: JSONObject? {
        get { json[object: "modelConfig"] }
        set { self["modelConfig"] = newValue.map(JSONValue.object) }
    }

    /// Whether questions on elections and the like get fuller answers; Gemini API only.
    public var enableEnhancedCivicAnswers: Bool? {
        get { json[flag: "enableEnhancedCivicAnswers"] }
        set { json[flag: "enableEnhancedCivicAnswers"] = newValue }
    }
}

// MARK: The request

extension GenerateContentConfig {
    /// What the model is told before everything else; text alone.
    public var systemInstruction: String? {
        get {
            guard let instruction = json["systemInstruction"] else { return nil }
            return instruction.string ?? Content(wire: instruction).text
        }
        set { json[text: "systemInstruction"] = newValue }
    }

    /// What the filters let through, at most one setting for each category.
    public var safetySettings: [SafetySetting]? {
        get { json[views: "safetySettings"] }
        set { json[views: "safetySettings"] = newValue }
    }

    /// What the model may call or look up; function declarations are sent in one entry, the last.
    public var tools: [Tool]? {
        get { json[views: "tools"] }
        set { self["tools"] = newValue.map { .array($0.map { .object($0.json) }) } }
    }

    /// When and how tools are called.
    public var toolConfig: ToolConfig? {
        get { json[view: "toolConfig"] }
        set { json[view: "toolConfig"] = newValue }
    }

    /// The name of a cache to read first, with or without `cachedContents/`; the instruction and the tools are the cache's then.
    public var cachedContent: String? {
        get { json[text: "cachedContent"] }
        set { json[text: "cachedContent"] = newValue }
    }

    /// Where to go on with an answer that is unfinished; see ``Candidate/continuationToken``.
    ///
    /// Calls go on by themselves; it is wanted only for an answer of an earlier call.
    public var continuationToken: String? {
        get { json[text: "continuationToken"] }
        set { json[text: "continuationToken"] = newValue }
    }

    /// What the request costs and how it waits.
    public var serviceTier: ServiceTier? {
        get { json[word: "serviceTier"] }
        set { json[word: "serviceTier"] = newValue }
    }

    /// Whether the server may log the request; Gemini API only.
    public var store: Bool? {
        get { json[flag: "store"] }
        set { json[flag: "store"] = newValue }
    }

    /// A filter of the project's own, instead of ``safetySettings``; Vertex AI only, options by their names in the API.
    public var modelArmorConfig: JSONObject? {
        get { json[object: "modelArmorConfig"] }
        set { self["modelArmorConfig"] = newValue.map(JSONValue.object) }
    }

    /// Where the answer is stored besides; Vertex AI only, options by their names in the API.
    public var outputConfig: JSONObject? {
        get { json[object: "outputConfig"] }
        set { self["outputConfig"] = newValue.map(JSONValue.object) }
    }

    /// Names for the bill, at most 64: keys and values of at most 63 lower-case characters.
    public var labels: [String: String]? {
        get {
            json[object: "labels"].map { labels in
                Dictionary(
                    labels.compactMap { label in label.value.string.map { (label.name, $0) } },
                    uniquingKeysWith: { $1 }
                )
            }
        }
        set {
            json[object: "labels"] = newValue.map { labels in
                JSONObject(labels.sorted { $0.key < $1.key }.map { (name: $0.key, value: .string($0.value)) })
            }
        }
    }
}
