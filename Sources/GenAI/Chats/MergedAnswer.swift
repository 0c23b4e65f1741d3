internal import JSON

/// The chunks of one answer as one message.
struct MergedAnswer {
    private var parts = MergedParts()
    private var finishReason: FinishReason?
    private var isPromptBlocked = false

    /// Adds a chunk, or a whole answer.
    mutating func append(_ response: GenerateContentResponse) {
        isPromptBlocked = isPromptBlocked || response.promptFeedback?.blockReason != nil
        if let reason = response.firstCandidate?.finishReason, !reason.rawValue.isEmpty {
            finishReason = reason
        }
        for part in response.parts {
            parts.append(part)
        }
    }

    /// The message; without parts if nothing came.
    var content: Content { Content(role: .model, parts: parts.all) }

    /// Whether the server refused the prompt or withheld the answer, so that it is no turn to build upon.
    ///
    /// What spoils one answer tends to spoil those after it.
    var isWithheld: Bool {
        guard let finishReason else { return isPromptBlocked }
        return Self.withholding.contains(finishReason.rawValue)
    }

    /// Finish reasons that mean there is no proper answer; unknown ones are given the benefit of the doubt.
    private static let withholding: Set<String> = [
        "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "ESCALATION",
        "PUP_LIMITED_DISABLED", "MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION", "IMAGE_OTHER", "NO_IMAGE", "OTHER", "FINISH_REASON_UNSPECIFIED",
    ]
}
