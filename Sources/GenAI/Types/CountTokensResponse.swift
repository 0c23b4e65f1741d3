public import JSON

/// What a prompt costs, as the server counts it.
public struct CountTokensResponse: Sendable, Hashable {
    /// The answer as on the wire.
    public let json: JSONObject

    /// Wraps an answer as it came over the wire.
    public init(json: JSONObject) {
        self.json = json
    }

    /// The tokens of the whole input; what would be billed as `promptTokenCount`.
    public var totalTokens: Int { json["totalTokens"]?.int64.map { Int(clamping: $0) } ?? 0 }

    /// The same by kind of content.
    public var promptTokensDetails: [ModalityTokenCount] { json[views: "promptTokensDetails"] ?? [] }

    /// The part of them that comes from a context cache.
    public var cachedContentTokenCount: Int? { json["cachedContentTokenCount"]?.int64.map { Int(clamping: $0) } }
}
