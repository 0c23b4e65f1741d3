public import JSON

/// One chunk of a stream, or a whole answer; everything the server sent is in ``json``.
///
/// Every member may be missing in any chunk.
public struct GenerateContentResponse: JSONBacked {
    /// The response as on the wire; members this library has no name for are here.
    public let json: JSONObject

    /// What the request cost, as the headers of the response tell; `nil` if they do not.
    ///
    /// A `priority` request above its limit is served as `standard`.
    public internal(set) var serviceTier: ServiceTier?

    public init(json: JSONObject) {
        self.json = json
    }

    /// The possible answers, in the order of the list; see ``Candidate/index``.
    public var candidates: [Candidate] { json[views: "candidates"] ?? [] }

    /// The candidate whose index is 0, wherever it stands in the list.
    public var firstCandidate: Candidate? {
        candidates.first { $0.index == 0 }
    }

    /// What the server says of the prompt; only in the first chunk of a stream.
    public var promptFeedback: PromptFeedback? { json[view: "promptFeedback"] }

    /// The token counts so far; running totals, so the last ones of a stream count.
    public var usageMetadata: UsageMetadata? { json[view: "usageMetadata"] }

    /// The model that really answered.
    public var modelVersion: String? { json[text: "modelVersion"] }

    /// The same on every chunk of one stream.
    public var responseID: String? { json[text: "responseId"] }

    /// When the request arrived, in the form of RFC 3339; Vertex AI only.
    public var createTime: String? { json[text: "createTime"] }

    /// How long the model will be there; Gemini API only.
    public var modelStatus: ModelStatus? { json[view: "modelStatus"] }
}

/// What the parts of the first candidate hold.
extension GenerateContentResponse {
    /// The parts of the first candidate.
    public var parts: [Part] {
        firstCandidate?.content?.parts ?? []
    }

    /// The visible text; `nil` if there is none.
    public var text: String? {
        Self.joined(parts.filter { !$0.isThought })
    }

    /// The summary of the model's thoughts; `nil` if none was asked for.
    public var thoughts: String? {
        Self.joined(parts.filter(\.isThought))
    }

    /// The functions that the model asks for, in order.
    public var functionCalls: [FunctionCall] { parts.compactMap(\.functionCall) }

    /// Pictures and sounds in the answer, without those of its thoughts; decoded each time this is read.
    public var inlineData: [Blob] {
        parts.filter { !$0.isThought }.compactMap(\.inlineData)
    }

    /// The programs that the model wrote for the server to run.
    public var executableCode: [ExecutableCode] { parts.compactMap(\.executableCode) }

    /// What those programs printed.
    public var codeExecutionResults: [CodeExecutionResult] { parts.compactMap(\.codeExecutionResult) }

    private static func joined(_ parts: [Part]) -> String? {
        let texts = parts.compactMap(\.text)
        return texts.isEmpty ? nil : texts.joined()
    }
}

/// What the server says of the prompt itself.
public struct PromptFeedback: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// Why the prompt was refused; `nil` if it was not.
    public var blockReason: BlockReason? { json[word: "blockReason"] }
    /// The reason in words; Vertex AI only.
    public var blockReasonMessage: String? { json[text: "blockReasonMessage"] }
    /// How the filters judged the prompt.
    public var safetyRatings: [SafetyRating] { json[views: "safetyRatings"] ?? [] }
}

/// How long a model will be there.
public struct ModelStatus: JSONBacked {
    public let json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// For example `PREVIEW`.
    public var modelStage: String? { json[text: "modelStage"] }
    /// In the form of RFC 3339.
    public var retirementTime: String? { json[text: "retirementTime"] }
    /// What the server says about the model, in words.
    public var message: String? { json[text: "message"] }
}
