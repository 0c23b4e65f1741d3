/// Why the model stopped.
public struct FinishReason: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The server's word for none.
    public static let unspecified = FinishReason(rawValue: "FINISH_REASON_UNSPECIFIED")
    /// The natural end, or a stop sequence.
    public static let stop = FinishReason(rawValue: "STOP")
    /// The output budget is spent, thinking included.
    public static let maxTokens = FinishReason(rawValue: "MAX_TOKENS")
    /// The cap of one request is reached and the answer is unfinished.
    public static let continuation = FinishReason(rawValue: "CONTINUATION")
    /// For a reason that the server does not tell.
    public static let other = FinishReason(rawValue: "OTHER")
}

/// What was withheld.
extension FinishReason {
    /// A safety filter took the answer for unsafe; see the ratings.
    public static let safety = FinishReason(rawValue: "SAFETY")
    /// Too close to known text.
    public static let recitation = FinishReason(rawValue: "RECITATION")
    /// A language that the model does not speak; Gemini API only.
    public static let language = FinishReason(rawValue: "LANGUAGE")
    /// The answer has a word of the block list.
    public static let blocklist = FinishReason(rawValue: "BLOCKLIST")
    /// The answer is of a kind that is never given.
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
    /// The model wrote a function call that nobody can read.
    public static let malformedFunctionCall = FinishReason(rawValue: "MALFORMED_FUNCTION_CALL")
    /// The model wrote something that nobody can read.
    public static let malformedResponse = FinishReason(rawValue: "MALFORMED_RESPONSE")
    /// The model called a tool that it was not given.
    public static let unexpectedToolCall = FinishReason(rawValue: "UNEXPECTED_TOOL_CALL")
    /// The model called tools again and again.
    public static let tooManyToolCalls = FinishReason(rawValue: "TOO_MANY_TOOL_CALLS")
    /// A function call of the history came back without its signature; Gemini API only.
    public static let missingThoughtSignature = FinishReason(rawValue: "MISSING_THOUGHT_SIGNATURE")
}

/// What went wrong with a picture.
extension FinishReason {
    /// The picture was taken for unsafe.
    public static let imageSafety = FinishReason(rawValue: "IMAGE_SAFETY")
    /// The picture was of a kind that is never made.
    public static let imageProhibitedContent = FinishReason(rawValue: "IMAGE_PROHIBITED_CONTENT")
    /// The picture was too close to one that exists.
    public static let imageRecitation = FinishReason(rawValue: "IMAGE_RECITATION")
    /// No picture came, for a reason that the server does not tell.
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

    /// The server's word for none.
    public static let unspecified = BlockReason(rawValue: "BLOCKED_REASON_UNSPECIFIED")
    /// A safety filter took it for unsafe; see the ratings.
    public static let safety = BlockReason(rawValue: "SAFETY")
    /// For a reason that the server does not tell.
    public static let other = BlockReason(rawValue: "OTHER")
    /// It has a word of the block list.
    public static let blocklist = BlockReason(rawValue: "BLOCKLIST")
    /// It is of a kind that is never answered.
    public static let prohibitedContent = BlockReason(rawValue: "PROHIBITED_CONTENT")
    /// A picture was taken for unsafe.
    public static let imageSafety = BlockReason(rawValue: "IMAGE_SAFETY")
    /// A filter of the project's own; Vertex AI only.
    public static let modelArmor = BlockReason(rawValue: "MODEL_ARMOR")
    /// Vertex AI only.
    public static let jailbreak = BlockReason(rawValue: "JAILBREAK")
}
