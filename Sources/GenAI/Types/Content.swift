public import JSON

/// One message of a dialogue: who speaks, and the parts of what is said.
public struct Content: Sendable, Hashable {
    /// `user` or `model`; `nil` where the server ignores it, as in a system instruction.
    public var role: Role?
    /// What is said, in order.
    public var parts: [Part]

    /// A message of some parts.
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

    /// A message from JSON, under the snake_case or lowerCamelCase names of Google's SDK.
    ///
    /// - Parameter json: `{"role": …, "parts": […]}`. A part may be a text, and without a role the user speaks; names
    ///   that are the user's own, such as arguments of functions, stay as they are.
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the parts are no list of texts and objects.
    public init(json: JSONObject) throws(GenAIError) {
        guard let parts = (json["parts"] ?? []).array else {
            throw .invalidCall("the parts of a message are no list; write {\"parts\": […]}")
        }
        self.init(role: json[word: "role"] ?? .user, parts: try LooseContents.parts(parts))
    }

    /// The messages that JSON means, as Google's SDK reads what is given to it as `contents`.
    ///
    /// Neighbouring texts, files and parts become one message of the user, neighbouring function calls one of the model;
    /// an inner list is a message of the user of its own, and messages stay as they are.
    ///
    /// ```swift
    /// let contents = try Content.messages(json: [
    ///     "What is this?", ["file_data": ["file_uri": "gs://bucket/page.png", "mime_type": "image/png"]],
    /// ])
    /// ```
    ///
    /// - Parameter json: A text, a part, a message, or a list of them; names in snake_case or lowerCamelCase.
    /// - Returns: The messages, in order.
    /// - Throws: ``GenAIError/invalidCall(_:)`` if there is something else in it.
    public static func messages(json: JSONValue) throws(GenAIError) -> [Content] {
        try LooseContents.messages(json)
    }

    /// A message as it came over the wire, kept as it is.
    init(wire json: JSONValue) {
        role = json["role"]?.string.map(Role.init(rawValue:))
        parts = json["parts"]?.array?.compactMap(\.object).map(Part.init(json:)) ?? []
    }

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

/// Who speaks.
///
/// Other roles than these two are refused by the server.
public struct Role: OpenEnum {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The user, and the results of the functions it runs.
    public static let user = Role(rawValue: "user")
    /// The model.
    public static let model = Role(rawValue: "model")
}
