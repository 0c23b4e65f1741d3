internal import JSON

/// Texts, parts and messages on their way to messages, as Google's SDK puts them together: neighbouring parts are one
/// message, of the model if they are function calls and of the user otherwise.
struct LooseContents {
    private var contents: [Content] = []
    /// Parts of the message that is not finished.
    private var parts: [Part] = []

    /// The messages that parts make.
    static func messages(_ parts: [Part]) -> [Content] {
        var loose = LooseContents()
        for part in parts {
            loose.append(part)
        }
        return loose.finish()
    }

    /// The messages that JSON makes.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if something is neither text, part, file, nor message.
    static func messages(_ json: JSONValue) throws(GenAIError) -> [Content] {
        var loose = LooseContents()
        for element in json.array ?? [json] {
            try loose.append(element)
        }
        return loose.finish()
    }

    private mutating func append(_ json: JSONValue) throws(GenAIError) {
        switch json {
        case .array(let elements):
            append(Content(parts: try Self.parts(elements)))
        case .object(let object) where object["parts"] != nil || object["role"] != nil:
            append(try Content(json: object))
        default:
            append(try Self.part(json))
        }
    }

    private mutating func append(_ part: Part) {
        if let first = parts.first, first.isOfModel != part.isOfModel {
            endMessage()
        }
        parts.append(part)
    }

    private mutating func append(_ content: Content) {
        endMessage()
        contents.append(content)
    }

    private mutating func endMessage() {
        guard let first = parts.first else { return }
        contents.append(Content(role: first.isOfModel ? .model : .user, parts: parts))
        parts = []
    }

    private mutating func finish() -> [Content] {
        endMessage()
        return contents
    }

    // MARK: Parts

    static func parts(_ elements: [JSONValue]) throws(GenAIError) -> [Part] {
        var parts: [Part] = []
        for element in elements {
            parts.append(try part(element))
        }
        return parts
    }

    private static func part(_ json: JSONValue) throws(GenAIError) -> Part {
        switch json {
        case .string(let text):
            return .text(text)
        case .object(let object):
            guard let members = WireNames.part.applied(to: json).object, !members.isEmpty else { break }
            // A file of the Files API; parts have no member of that name.
            if let uri = members[text: "uri"] {
                return .uri(uri, mimeType: object[text: "mimeType"] ?? object[text: "mime_type"])
            }
            return Part(json: members)
        default:
            break
        }
        throw .invalidCall(
            "the contents hold something that is neither a text, a part, a file nor a message; give texts, objects such as "
                + #"{"text": …}, {"fileData": …} or {"role": …, "parts": […]}, and lists of them"#
        )
    }
}

extension Part {
    /// Whether only the model says such a thing.
    fileprivate var isOfModel: Bool { functionCall != nil }
}
