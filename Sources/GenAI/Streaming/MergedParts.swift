internal import JSON

/// The parts of an answer that arrives in pieces.
///
/// Neighbouring plain texts are joined, and so are neighbouring thoughts. Every other part stays as it came, above all
/// those with a thought signature, which the server wants back unchanged and in their place.
struct MergedParts {
    private var parts: [Part] = []
    /// Text that may go on in the next part.
    private var openText = ""
    private var isOpenTextThought = false

    /// The parts so far; none of them is empty.
    var all: [Part] {
        var closed = self
        closed.closeText()
        return closed.parts
    }

    mutating func append(_ part: Part) {
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
}

extension Part {
    /// Whether the part is text, perhaps of a thought, and nothing else.
    fileprivate var isPlainText: Bool {
        text != nil && inlineBytes == nil && json.allSatisfy { $0.name == "text" || $0.name == "thought" }
    }
}
