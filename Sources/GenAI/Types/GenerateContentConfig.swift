public import JSON

/// How an answer is to be made.
///
/// What is not set is not sent; zero and false are.
///
/// The names are those of Google's SDK. Fields that are newer than this library go through ``subscript(_:)``.
public struct GenerateContentConfig: Sendable, Hashable {
    /// All settings under their lowerCamelCase names, flat as in the SDK.
    public private(set) var json: JSONObject

    public init() {
        json = [:]
    }

    /// Settings under the snake_case or lowerCamelCase names of Google's SDK.
    public init(json settings: JSONObject) {
        json = JSONObject(settings.map { (name: Self.camelCase($0.name), value: $0.value) })
    }

    /// Any setting by its lowerCamelCase name.
    public subscript(name: String) -> JSONValue? {
        get { json[name] }
        set { json[name] = newValue }
    }

    /// 0 to 2; ignored by Gemini 3.6 Flash and later.
    public var temperature: Double? {
        get { json["temperature"]?.double }
        set { json["temperature"] = newValue.map { .number(JSONNumber($0)) } }
    }

    /// 0 to 1.
    public var topP: Double? {
        get { json["topP"]?.double }
        set { json["topP"] = newValue.map { .number(JSONNumber($0)) } }
    }

    public var topK: Int? {
        get { json["topK"]?.int64.map(Int.init) }
        set { json["topK"] = newValue.map { .number(JSONNumber($0)) } }
    }

    /// The most output tokens, thinking included.
    public var maxOutputTokens: Int? {
        get { json["maxOutputTokens"]?.int64.map(Int.init) }
        set { json["maxOutputTokens"] = newValue.map { .number(JSONNumber($0)) } }
    }

    /// At most five texts that end the answer; they are not part of it.
    public var stopSequences: [String]? {
        get { json["stopSequences"]?.array?.compactMap(\.string) }
        set { json["stopSequences"] = newValue.map { .array($0.map(JSONValue.string)) } }
    }

    public var seed: Int? {
        get { json["seed"]?.int64.map(Int.init) }
        set { json["seed"] = newValue.map { .number(JSONNumber($0)) } }
    }

    /// `text/plain`, `application/json` or `text/x.enum`.
    public var responseMIMEType: String? {
        get { json["responseMimeType"]?.string }
        set { json["responseMimeType"] = newValue.map(JSONValue.string) }
    }

    /// A standard JSON Schema of the answer; needs the MIME type `application/json`.
    public var responseJSONSchema: JSONValue? {
        get { json["responseJsonSchema"] }
        set { json["responseJsonSchema"] = newValue }
    }

    /// Members of the request itself; everything else belongs into its `generationConfig` (protocol, section 5.1).
    private static let requestMembers: Set<String> = [
        "tools", "toolConfig", "safetySettings", "cachedContent", "serviceTier", "labels", "store", "modelArmorConfig",
    ]

    /// Writes the settings as members of a request.
    func write(to writer: inout JSONWriter) {
        if let instruction = json["systemInstruction"] {
            writer.key("systemInstruction")
            if let text = instruction.string {
                Content(role: nil, parts: [.text(text)]).write(to: &writer)
            } else {
                writer.write(instruction)
            }
        }
        for member in json where Self.requestMembers.contains(member.name) {
            writer.member(member.name, member.value)
        }
        let generation = json.filter { !Self.requestMembers.contains($0.name) && $0.name != "systemInstruction" }
        guard !generation.isEmpty else { return }
        writer.key("generationConfig")
        writer.object { writer in
            for member in generation {
                writer.member(member.name, member.value)
            }
        }
    }

    static func camelCase(_ name: String) -> String {
        guard name.utf8.contains(UInt8(ascii: "_")) else { return name }
        let words = name.split(separator: "_")
        return words.dropFirst().reduce(into: words.first.map(String.init) ?? "") { result, word in
            result += word.prefix(1).uppercased() + word.dropFirst()
        }
    }
}

extension GenerateContentConfig {
    /// What the model is told before everything else; text alone.
    public var systemInstruction: String? {
        get { json["systemInstruction"]?.string }
        set { json["systemInstruction"] = newValue.map(JSONValue.string) }
    }
}
