/// Why the model stopped.
public struct FinishReason: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public static let unspecified = FinishReason(rawValue: "FINISH_REASON_UNSPECIFIED")
    /// The natural end, or a stop sequence.
    public static let stop = FinishReason(rawValue: "STOP")
    /// The output budget is spent, thinking included.
    public static let maxTokens = FinishReason(rawValue: "MAX_TOKENS")
    /// The cap of one request is reached and the answer is unfinished.
    public static let continuation = FinishReason(rawValue: "CONTINUATION")
    public static let other = FinishReason(rawValue: "OTHER")
}

/// What was withheld.
extension FinishReason {
    public static let safety = FinishReason(rawValue: "SAFETY")
    /// Too close to known text.
    public static let recitation = FinishReason(rawValue: "RECITATION")
    /// A language that the model does not speak; Gemini API only.
    public static let language = FinishReason(rawValue: "LANGUAGE")
    public static let blocklist = FinishReason(rawValue: "BLOCKLIST")
    public static let prohibitedContent = FinishReason(rawValue: "PROHIBITED_CONTENT")
    /// Personal data.
    public static let sensitivePersonalData = FinishReason(rawValue: "SPII")
    /// A filter of the project's own; Vertex AI only.
    public static let modelArmor = FinishReason(rawValue: "MODEL_ARMOR")
    /// Gemini API only.
    public static let escalation = FinishReason(rawValue: "ESCALATION")
    /// Gemini API only.
    public static let limitedDisabled = FinishReason(rawValue: "PUP_LIMITED_DISABLED")
}

/// What went wrong with tools.
extension FinishReason {
    public static let malformedFunctionCall = FinishReason(rawValue: "MALFORMED_FUNCTION_CALL")
    public static let malformedResponse = FinishReason(rawValue: "MALFORMED_RESPONSE")
    public static let unexpectedToolCall = FinishReason(rawValue: "UNEXPECTED_TOOL_CALL")
    public static let tooManyToolCalls = FinishReason(rawValue: "TOO_MANY_TOOL_CALLS")
    /// A function call of the history came back without its signature; Gemini API only.
    public static let missingThoughtSignature = FinishReason(rawValue: "MISSING_THOUGHT_SIGNATURE")
}

/// What went wrong with a picture.
extension FinishReason {
    public static let imageSafety = FinishReason(rawValue: "IMAGE_SAFETY")
    public static let imageProhibitedContent = FinishReason(rawValue: "IMAGE_PROHIBITED_CONTENT")
    public static let imageRecitation = FinishReason(rawValue: "IMAGE_RECITATION")
    public static let imageOther = FinishReason(rawValue: "IMAGE_OTHER")
    /// The model was to make a picture and made none.
    public static let noImage = FinishReason(rawValue: "NO_IMAGE")
}

/// Why a prompt was refused.
public struct BlockReason: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public static let unspecified = BlockReason(rawValue: "BLOCKED_REASON_UNSPECIFIED")
    public static let safety = BlockReason(rawValue: "SAFETY")
    public static let other = BlockReason(rawValue: "OTHER")
    public static let blocklist = BlockReason(rawValue: "BLOCKLIST")
    public static let prohibitedContent = BlockReason(rawValue: "PROHIBITED_CONTENT")
    public static let imageSafety = BlockReason(rawValue: "IMAGE_SAFETY")
    /// A filter of the project's own; Vertex AI only.
    public static let modelArmor = BlockReason(rawValue: "MODEL_ARMOR")
    /// Vertex AI only.
    public static let jailbreak = BlockReason(rawValue: "JAILBREAK")
}
