internal import JSON

/// A turn of a chat while it is under way.
///
/// Letting go of it ends the turn; unless it was completed, nothing is recorded.
final class ChatTurn {
    /// What is sent: the history and the message.
    let contents: [Content]
    private let chat: Chat
    private let message: Content
    private var answer = MergedAnswer()
    private var isOver = false

    /// Begins a turn.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if another one is under way, or if the message or the history has
    ///   messages that cannot be sent.
    init(chat: Chat, message: Content) throws(GenAIError) {
        guard message.role ?? .user == .user else {
            throw .invalidCall(
                "the message's role is \"\(message.role?.rawValue ?? "")\"; only the user sends messages"
            )
        }
        guard !message.parts.isEmpty else { throw .invalidCall("the message has no parts") }
        if let stranger = chat.history.first(where: { !CuratedHistory.roles.contains($0.role ?? .user) }) {
            throw .invalidCall(
                "the chat's history has a message of role \"\(stranger.role?.rawValue ?? "")\"; only user and model speak"
            )
        }
        let history = try chat.beginTurn()
        self.chat = chat
        self.message = Content(role: .user, parts: message.parts)
        contents = CuratedHistory.of(history) + [self.message]
    }

    deinit {
        if !isOver {
            chat.endTurn(recording: [])
        }
    }

    func note(_ chunk: GenerateContentResponse) {
        answer.append(chunk)
    }

    /// Records the turn, if its answer is one.
    func complete() {
        isOver = true
        chat.endTurn(recording: answer.isWithheld ? [] : [message, answer.content])
    }
}

/// What of a history the model is told.
enum CuratedHistory {
    static let roles: Set<Role> = [.user, .model]

    /// Leaves out each run of the model's messages that has one without content, and the question before it.
    static func of(_ history: [Content]) -> [Content] {
        var curated: [Content] = []
        var rest = history[...]
        while let first = rest.first {
            guard first.role == .model else {
                curated.append(first)
                rest.removeFirst()
                continue
            }
            let run = rest.prefix { $0.role == .model }
            rest = rest.dropFirst(run.count)
            if run.allSatisfy(hasContent) {
                curated += run
            } else if let question = curated.last, question.role != .model {
                curated.removeLast()
            }
        }
        return curated
    }

    private static func hasContent(_ content: Content) -> Bool {
        !content.parts.isEmpty && content.parts.allSatisfy { !$0.isEmpty }
    }
}

extension Part {
    /// Whether the part holds nothing at all, `{}`.
    var isEmpty: Bool { json.isEmpty && inlineBytes == nil }
}
