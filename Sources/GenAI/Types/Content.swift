internal import JSON

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

    init(json: JSONValue) {
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
