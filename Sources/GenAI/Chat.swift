internal import Synchronization

/// Starting chats.
public struct Chats: Sendable {
    let client: Client

    /// Starts a chat; nothing is sent before its first message.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`.
    ///   - config: How all answers are to be made, unless a message brings a config of its own.
    ///   - history: What was said before, questions and answers in turn; for example ``Chat/history`` of an earlier
    ///     chat.
    /// - Returns: The chat.
    public func create(
        model: String,
        config: GenerateContentConfig = GenerateContentConfig(),
        history: [Content] = []
    ) -> Chat {
        Chat(client: client, model: model, config: config, history: history)
    }
}

extension Client {
    /// Chats, which remember what was said.
    public var chats: Chats { Chats(client: self) }
}

/// A dialogue with a model that remembers what was said.
///
/// The server remembers nothing: each message travels with all turns before it.
///
/// One turn is under way at a time. Whoever sends a message before the last answer has been read to its end, or let
/// go of, gets ``GenAIError/invalidCall(_:)``: waiting would be for ever if both were the same task.
///
/// A turn becomes history, question and answer together, when the answer has come whole. A call that throws, a
/// stream that is left before its end, a prompt that is refused, and an answer that the server withholds (`SAFETY`,
/// `RECITATION` and the like) leave nothing behind: the same message can be sent again.
///
/// ```swift
/// let chat = client.chats.create(model: "gemini-3.8-flash")
/// for try await chunk in chat.sendMessageStream("Tell me a story.") {
///     print(chunk.text ?? "", terminator: "")
/// }
/// let summary = try await chat.sendMessage("Summarize it in one sentence.")
/// ```
public final class Chat: Sendable {
    private struct State {
        var history: [Content]
        var isTurnUnderWay = false
    }

    let client: Client
    let model: String
    let config: GenerateContentConfig
    private let state: Mutex<State>

    init(client: Client, model: String, config: GenerateContentConfig, history: [Content]) {
        self.client = client
        self.model = model
        self.config = config
        state = Mutex(State(history: history))
    }

    /// All turns in their order: what was given at the start, and what was answered since.
    ///
    /// The chunks of an answer are one message: neighbouring texts are joined, every other part is as it came.
    public var history: [Content] { state.withLock { $0.history } }

    /// What the next message travels with: the history without answers that hold nothing, and without their questions.
    ///
    /// An answer holds nothing if, for example, thinking used up the whole output budget.
    public var curatedHistory: [Content] { CuratedHistory.of(history) }

    /// Sends a text and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - message: What the user says.
    ///   - config: Replaces the chat's config for this message; the two are not merged.
    /// - Returns: The answer as the server sent it.
    /// - Throws: ``GenAIError``, or `CancellationError`; the history is as before then.
    public func sendMessage(_ message: String, config: GenerateContentConfig? = nil) async throws
        -> GenerateContentResponse
    {
        try await sendMessage(Content(message), config: config)
    }

    /// Sends texts and media and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - message: What the user says, and shows.
    ///   - config: Replaces the chat's config for this message; the two are not merged.
    /// - Returns: The answer as the server sent it.
    /// - Throws: ``GenAIError``, or `CancellationError`; the history is as before then.
    public func sendMessage(_ message: [Part], config: GenerateContentConfig? = nil) async throws
        -> GenerateContentResponse
    {
        try await sendMessage(Content(parts: message), config: config)
    }

    /// Sends a message and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - message: What the user says; its role must be ``Role/user``.
    ///   - config: Replaces the chat's config for this message; the two are not merged.
    /// - Returns: The answer as the server sent it.
    /// - Throws: ``GenAIError``, or `CancellationError`; the history is as before then.
    public func sendMessage(_ message: Content, config: GenerateContentConfig? = nil) async throws
        -> GenerateContentResponse
    {
        let turn = try ChatTurn(chat: self, message: message)
        let answer = try await client.models.generateContent(
            model: model,
            contents: turn.contents,
            config: config ?? self.config
        )
        turn.note(answer)
        turn.complete()
        return answer
    }

    /// Sends a text and streams the answer.
    ///
    /// - Parameters:
    ///   - message: What the user says.
    ///   - config: Replaces the chat's config for this message; the two are not merged.
    /// - Returns: The chunks; see ``ChatStream`` for when the turn becomes history.
    public func sendMessageStream(_ message: String, config: GenerateContentConfig? = nil) -> ChatStream {
        sendMessageStream(Content(message), config: config)
    }

    /// Sends texts and media and streams the answer.
    ///
    /// - Parameters:
    ///   - message: What the user says, and shows.
    ///   - config: Replaces the chat's config for this message; the two are not merged.
    /// - Returns: The chunks; see ``ChatStream`` for when the turn becomes history.
    public func sendMessageStream(_ message: [Part], config: GenerateContentConfig? = nil) -> ChatStream {
        sendMessageStream(Content(parts: message), config: config)
    }

    /// Sends a message and streams the answer.
    ///
    /// - Parameters:
    ///   - message: What the user says; its role must be ``Role/user``.
    ///   - config: Replaces the chat's config for this message; the two are not merged.
    /// - Returns: The chunks; see ``ChatStream`` for when the turn becomes history.
    public func sendMessageStream(_ message: Content, config: GenerateContentConfig? = nil) -> ChatStream {
        ChatStream(chat: self, message: message, config: config ?? self.config)
    }

    // MARK: Turns

    /// Begins a turn.
    ///
    /// - Returns: The history so far.
    func beginTurn() throws(GenAIError) -> [Content] {
        try state.withLock { state throws(GenAIError) in
            guard !state.isTurnUnderWay else {
                throw .invalidCall(
                    "the chat is in the middle of a turn; read its answer to the end, or let go of it, before the next message"
                )
            }
            state.isTurnUnderWay = true
            return state.history
        }
    }

    /// Ends the turn that is under way.
    ///
    /// - Parameter turn: Its question and its answer; nothing if it is to be forgotten.
    func endTurn(recording turn: [Content]) {
        state.withLock { state in
            state.history += turn
            state.isTurnUnderWay = false
        }
    }
}
