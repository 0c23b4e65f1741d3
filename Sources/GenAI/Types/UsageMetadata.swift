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
    /// Input, output, thinking and tool results together.
    public var totalTokenCount: Int? { count("totalTokenCount") }

    /// The input tokens by kind of data.
    public var promptTokensDetails: [ModalityTokenCount] { json[views: "promptTokensDetails"] ?? [] }
    /// The output tokens by kind of data.
    public var candidatesTokensDetails: [ModalityTokenCount] { json[views: "candidatesTokensDetails"] ?? [] }
    /// The cached tokens by kind of data.
    public var cacheTokensDetails: [ModalityTokenCount] { json[views: "cacheTokensDetails"] ?? [] }
    /// The tokens of tool results by kind of data.
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

    /// The kind of data.
    public var modality: Modality? { json[word: "modality"] }
    /// Its tokens.
    public var tokenCount: Int? { UsageMetadata.count(json["tokenCount"]?.int64) }
}

/// How Vertex AI served a request.
public struct TrafficType: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Paid by use.
    public static let onDemand = TrafficType(rawValue: "ON_DEMAND")
    /// Paid by use, dearer and sooner.
    public static let onDemandPriority = TrafficType(rawValue: "ON_DEMAND_PRIORITY")
    /// Paid by use, cheaper and later.
    public static let onDemandFlex = TrafficType(rawValue: "ON_DEMAND_FLEX")
    /// Paid by use, outside the busy hours.
    public static let onDemandOffPeak = TrafficType(rawValue: "ON_DEMAND_OFFPEAK")
    /// Out of capacity that was bought ahead.
    public static let provisionedThroughput = TrafficType(rawValue: "PROVISIONED_THROUGHPUT")
}
