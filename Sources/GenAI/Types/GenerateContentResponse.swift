public import JSON

/// One chunk of a stream, or a whole answer; everything the server sent is in ``json``.
///
/// Every member may be missing in any chunk (protocol, section 6.1).
public struct GenerateContentResponse: Sendable, Hashable {
    /// The response as on the wire; members this library has no name for are here.
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    public var candidates: [Candidate] {
        json["candidates"]?.array?.compactMap(\.object).map(Candidate.init(json:)) ?? []
    }

    /// The candidate whose index is 0, wherever it stands in the list.
    public var firstCandidate: Candidate? {
        candidates.first { $0.index == 0 }
    }

    /// The parts of the first candidate.
    public var parts: [Part] {
        firstCandidate?.content?.parts ?? []
    }

    /// The visible text of the first candidate; `nil` if it has none.
    public var text: String? {
        let texts = parts.filter { !$0.isThought }.compactMap(\.text)
        return texts.isEmpty ? nil : texts.joined()
    }

    public var promptFeedback: PromptFeedback? {
        json["promptFeedback"]?.object.map(PromptFeedback.init(json:))
    }

    public var usageMetadata: UsageMetadata? {
        json["usageMetadata"]?.object.map(UsageMetadata.init(json:))
    }

    /// The model that really answered.
    public var modelVersion: String? { json["modelVersion"]?.string }

    /// The same on every chunk of one stream.
    public var responseID: String? { json["responseId"]?.string }
}

/// One possible answer.
public struct Candidate: Sendable, Hashable {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    public var index: Int { Int(json["index"]?.int64 ?? 0) }
    public var content: Content? { json["content"].map(Content.init(json:)) }
    public var finishReason: FinishReason? { json["finishReason"]?.string.map(FinishReason.init(rawValue:)) }
    public var finishMessage: String? { json["finishMessage"]?.string }
}

/// Why the model stopped (protocol, section 6.3).
public struct FinishReason: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The natural end, or a stop sequence.
    public static let stop = FinishReason(rawValue: "STOP")
    /// The output budget is spent, thinking included.
    public static let maxTokens = FinishReason(rawValue: "MAX_TOKENS")
    public static let safety = FinishReason(rawValue: "SAFETY")
    public static let recitation = FinishReason(rawValue: "RECITATION")
    /// The cap of one request is reached and the answer is unfinished.
    public static let continuation = FinishReason(rawValue: "CONTINUATION")
}

/// What the server says of the prompt itself.
public struct PromptFeedback: Sendable, Hashable {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// Why the prompt was refused, for example `SAFETY`; `nil` if it was not.
    public var blockReason: String? { json["blockReason"]?.string }
    public var blockReasonMessage: String? { json["blockReasonMessage"]?.string }
}

/// Token counts: running totals of the response, so the last one seen counts (protocol, section 6.4).
public struct UsageMetadata: Sendable, Hashable {
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
    public var cachedContentTokenCount: Int? { count("cachedContentTokenCount") }
    /// Tool results fed back as input.
    public var toolUsePromptTokenCount: Int? { count("toolUsePromptTokenCount") }
    public var totalTokenCount: Int? { count("totalTokenCount") }

    private func count(_ name: String) -> Int? {
        Self.count(json[name]?.int64)
    }

    /// Counts are 32-bit integers; what is negative or larger is not one.
    static func count(_ value: Int64?) -> Int? {
        value.flatMap { Int32(exactly: $0) }.flatMap { $0 >= 0 ? Int($0) : nil }
    }
}
