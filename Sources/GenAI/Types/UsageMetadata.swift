public import JSON

/// Token counts: running totals of the response, so the last one seen counts.
public struct UsageMetadata: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// The whole input, its cached part included.
    public var promptTokenCount: Int? { count("promptTokenCount") }
    /// Visible output of all candidates, without thoughts.
    public var candidatesTokenCount: Int? { count("candidatesTokenCount") }
    /// Thinking; billed as output.
    public var thoughtsTokenCount: Int? { count("thoughtsTokenCount") }
    /// The part of the input that came from a cache.
    public var cachedContentTokenCount: Int? { count("cachedContentTokenCount") }
    /// Tool results fed back as input.
    public var toolUsePromptTokenCount: Int? { count("toolUsePromptTokenCount") }
    public var totalTokenCount: Int? { count("totalTokenCount") }

    public var promptTokensDetails: [ModalityTokenCount] { json[views: "promptTokensDetails"] ?? [] }
    public var candidatesTokensDetails: [ModalityTokenCount] { json[views: "candidatesTokensDetails"] ?? [] }
    public var cacheTokensDetails: [ModalityTokenCount] { json[views: "cacheTokensDetails"] ?? [] }
    public var toolUsePromptTokensDetails: [ModalityTokenCount] { json[views: "toolUsePromptTokensDetails"] ?? [] }

    /// How the request was served; Vertex AI only.
    public var trafficType: TrafficType? { json[word: "trafficType"] }

    private func count(_ name: String) -> Int? {
        Self.count(json[name]?.int64)
    }

    /// Counts are 32-bit integers; what is negative or larger is not one.
    static func count(_ value: Int64?) -> Int? {
        value.flatMap { Int32(exactly: $0) }.flatMap { $0 >= 0 ? Int($0) : nil }
    }
}

/// The tokens of one kind of content.
public struct ModalityTokenCount: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    public var modality: Modality? { json[word: "modality"] }
    public var tokenCount: Int? { UsageMetadata.count(json["tokenCount"]?.int64) }
}

/// How Vertex AI served a request.
public struct TrafficType: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public static let onDemand = TrafficType(rawValue: "ON_DEMAND")
    public static let onDemandPriority = TrafficType(rawValue: "ON_DEMAND_PRIORITY")
    public static let onDemandFlex = TrafficType(rawValue: "ON_DEMAND_FLEX")
    public static let onDemandOffPeak = TrafficType(rawValue: "ON_DEMAND_OFFPEAK")
    public static let provisionedThroughput = TrafficType(rawValue: "PROVISIONED_THROUGHPUT")
}
