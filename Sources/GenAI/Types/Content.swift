public import JSON

/// One message of a dialogue: who speaks, and the parts of what is said.
public struct Content: Sendable, Hashable {
    /// `user` or `model`; `nil` where the server ignores it, as in a system instruction.
    public var role: Role?
    public var parts: [Part]

    public init(role: Role? = .user, parts: [Part]) {
        self.role = role
        self.parts = parts
    }

    /// A message of the user that is text alone.
    public init(_ text: String) {
        self.init(role: .user, parts: [.text(text)])
    }

    /// The text of all parts that are not thoughts, joined.
    public var text: String {
        parts.compactMap { $0.isThought ? nil : $0.text }.joined()
    }

    init(json: JSONValue) {
        role = json["role"]?.string.map(Role.init(rawValue:))
        parts = json["parts"]?.array?.compactMap(\.object).map(Part.init(json:)) ?? []
    }
}

/// Who speaks.
///
/// Other roles than these two are refused by the server.
public struct Role: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public static let user = Role(rawValue: "user")
    public static let model = Role(rawValue: "model")
}

/// A piece of a message: text, media, a function call and so on, with all members the server knows.
///
/// A part that came from the server goes back unchanged, whatever it holds: thought signatures have to.
public struct Part: Sendable, Hashable {
    /// The members as on the wire, in lowerCamelCase.
    ///
    /// Inline bytes are not among them.
    public var json: JSONObject
    /// Bytes to send inline; they are encoded only while the request is written.
    public private(set) var inlineBytes: [UInt8]?
    private var inlineMIMEType: String?

    /// A part from members of the wire format, for what this library has no name for.
    public init(json: JSONObject) {
        self.json = json
    }

    public static func text(_ text: String) -> Part {
        Part(json: ["text": .string(text)])
    }

    /// Media that the server fetches itself.
    ///
    /// - Parameters:
    ///   - uri: `gs://…`, a public `https://…`, or the `uri` of an uploaded file.
    ///   - mimeType: For example `image/jpeg`; required for `gs://`.
    /// - Returns: A part with `fileData`.
    public static func uri(_ uri: String, mimeType: String? = nil) -> Part {
        var file: JSONObject = ["fileUri": .string(uri)]
        file["mimeType"] = mimeType.map(JSONValue.string)
        return Part(json: ["fileData": .object(file)])
    }

    /// Media sent with the request, in base64; at most 100 MB for the whole request.
    public static func data(_ bytes: [UInt8], mimeType: String) -> Part {
        var part = Part(json: [:])
        part.inlineBytes = bytes
        part.inlineMIMEType = mimeType
        return part
    }

    /// The text, if this is a text part.
    public var text: String? { json["text"]?.string }

    /// Whether the text is a summary of the model's thinking and not part of the answer.
    public var isThought: Bool { json["thought"]?.bool ?? false }

    func write(to writer: inout JSONWriter) {
        guard let inlineBytes, let inlineMIMEType else {
            writer.write(.object(json))
            return
        }
        writer.object { writer in
            writer.key("inlineData")
            writer.object { writer in
                writer.member("mimeType", inlineMIMEType)
                writer.key("data")
                writer.unescapedString(Base64.encode(inlineBytes))
            }
            for member in json {
                writer.member(member.name, member.value)
            }
        }
    }
}

extension Content {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            if let role {
                writer.member("role", role.rawValue)
            }
            writer.key("parts")
            writer.array { writer in
                for part in parts {
                    part.write(to: &writer)
                }
            }
        }
    }
}
