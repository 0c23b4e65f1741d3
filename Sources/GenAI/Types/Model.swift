public import JSON

/// What the server tells about a model.
///
/// Every member may be missing; what this library has no name for is in ``json``.
public struct Model: Sendable, Hashable {
    /// The description as on the wire.
    public let json: JSONObject

    /// Wraps a description as it came over the wire.
    public init(json: JSONObject) {
        self.json = json
    }

    /// The resource name, for example `models/gemini-3.8-flash`; calls take it as it is.
    public var name: String { json["name"]?.string ?? "" }

    /// A name for people.
    public var displayName: String? { json["displayName"]?.string }

    /// What the model is good for, in a sentence or two.
    public var description: String? { json["description"]?.string }

    /// The version within the model's line, for example `001`.
    public var version: String? { json["version"]?.string }

    /// The most tokens of input.
    public var inputTokenLimit: Int? { json["inputTokenLimit"]?.int64.map { Int(clamping: $0) } }

    /// The most tokens of output, thinking included.
    public var outputTokenLimit: Int? { json["outputTokenLimit"]?.int64.map { Int(clamping: $0) } }

    /// What the model can be asked for, for example `generateContent` and `countTokens`.
    public var supportedGenerationMethods: [String] {
        json["supportedGenerationMethods"]?.array?.compactMap(\.string) ?? []
    }

    /// Whether the model thinks before it answers.
    public var isThinking: Bool { json["thinking"]?.bool ?? false }
}
