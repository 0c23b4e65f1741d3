internal import JSON

/// The chunks of one answer as one message.
///
/// Neighbouring plain texts are joined, and so are neighbouring thoughts. Every other part stays as it came, above all
/// those with a thought signature, which the server wants back unchanged and in their place.
struct MergedAnswer {
    private var parts: [Part] = []
    /// Text that may go on in the next part.
    private var openText = ""
    private var isOpenTextThought = false
    private var finishReason: FinishReason?
    private var isPromptBlocked = false

    /// Adds a chunk, or a whole answer.
    mutating func append(_ response: GenerateContentResponse) {
        isPromptBlocked = isPromptBlocked || response.promptFeedback?.blockReason != nil
        if let reason = response.firstCandidate?.finishReason, !reason.rawValue.isEmpty {
            finishReason = reason
        }
        for part in response.parts {
            append(part)
        }
    }

    /// The message; without parts if nothing came.
    var content: Content {
        var closed = self
        closed.closeText()
        return Content(role: .model, parts: closed.parts)
    }

    /// Whether the server refused the prompt or withheld the answer, so that it is no turn to build upon.
    ///
    /// What spoils one answer tends to spoil those after it.
    var isWithheld: Bool {
        guard let finishReason else { return isPromptBlocked }
        return Self.withholding.contains(finishReason.rawValue)
    }

    private mutating func append(_ part: Part) {
        guard part.isPlainText, let text = part.text else {
            closeText()
            if !part.isEmpty {
                parts.append(part)
            }
            return
        }
        if part.isThought != isOpenTextThought {
            closeText()
            isOpenTextThought = part.isThought
        }
        openText += text
    }

    private mutating func closeText() {
        guard !openText.isEmpty else { return }
        var part = Part.text(openText)
        if isOpenTextThought {
            part.json["thought"] = true
        }
        parts.append(part)
        openText = ""
    }

    /// Finish reasons that mean there is no proper answer; unknown ones are given the benefit of the doubt.
    private static let withholding: Set<String> = [
        "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "ESCALATION",
        "PUP_LIMITED_DISABLED", "MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION", "IMAGE_OTHER", "NO_IMAGE", "OTHER", "FINISH_REASON_UNSPECIFIED",
    ]
}

extension Part {
    /// Whether the part is text, perhaps of a thought, and nothing else.
    fileprivate var isPlainText: Bool {
        text != nil && inlineBytes == nil && json.allSatisfy { $0.name == "text" || $0.name == "thought" }
    }
}
