/// Starting chats whose answers a thread waits for.
public struct BlockingChats: Sendable {
    let client: Client

    /// Starts a chat; nothing is sent before its first message.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`.
    ///   - config: How all answers are to be made, unless a message brings a config of its own.
    ///   - history: What was said before, questions and answers in turn.
    /// - Returns: The chat.
    public func create(
        model: String,
        config: GenerateContentConfig = GenerateContentConfig(),
        history: [Content] = []
    ) -> BlockingChat {
        BlockingChat(chat: client.chats.create(model: model, config: config, history: history))
    }
}

/// A dialogue with a model, on a thread that may stand still; what ``Chat`` says of turns and history holds here too.
public final class BlockingChat: Sendable {
    private let chat: Chat

    init(chat: Chat) {
        self.chat = chat
    }

    /// All turns in their order; see ``Chat/history``.
    public var history: [Content] { chat.history }

    /// What the next message travels with; see ``Chat/curatedHistory``.
    public var curatedHistory: [Content] { chat.curatedHistory }

    /// Sends a text and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - message: What the user says.
    ///   - config: Replaces the chat's config for this message; the two are not merged.
    /// - Returns: The answer as the server sent it.
    /// - Throws: ``GenAIError``; the history is as before then.
    @available(*, noasync, message: "Use client.chats from async code.")
    public func sendMessage(_ message: String, config: GenerateContentConfig? = nil) throws -> GenerateContentResponse {
        try sendMessage(Content(message), config: config)
    }

    /// Sends texts and media and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - message: What the user says, and shows.
    ///   - config: Replaces the chat's config for this message; the two are not merged.
    /// - Returns: The answer as the server sent it.
    /// - Throws: ``GenAIError``; the history is as before then.
    @available(*, noasync, message: "Use client.chats from async code.")
    public func sendMessage(_ message: [Part], config: GenerateContentConfig? = nil) throws -> GenerateContentResponse {
        try sendMessage(Content(parts: message), config: config)
    }

    /// Sends a message and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - message: What the user says; its role must be ``Role/user``.
    ///   - config: Replaces the chat's config for this message; the two are not merged.
    /// - Returns: The answer as the server sent it.
    /// - Throws: ``GenAIError``; the history is as before then.
    @available(*, noasync, message: "Use client.chats from async code.")
    public func sendMessage(_ message: Content, config: GenerateContentConfig? = nil) throws -> GenerateContentResponse
    {
        let turn = try ChatTurn(chat: chat, message: message)
        let answer = try BlockingModels(client: chat.client).generateContent(
            model: chat.model,
            contents: turn.contents,
            config: config ?? chat.config
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
    /// - Returns: The chunks; the turn becomes history when they have been read to their end.
    @available(*, noasync, message: "Use client.chats from async code.")
    public func sendMessageStream(_ message: String, config: GenerateContentConfig? = nil) -> BlockingChatStream {
        sendMessageStream(Content(message), config: config)
    }

    /// Sends texts and media and streams the answer.
    ///
    /// - Parameters:
    ///   - message: What the user says, and shows.
    ///   - config: Replaces the chat's config for this message; the two are not merged.
    /// - Returns: The chunks; the turn becomes history when they have been read to their end.
    @available(*, noasync, message: "Use client.chats from async code.")
    public func sendMessageStream(_ message: [Part], config: GenerateContentConfig? = nil) -> BlockingChatStream {
        sendMessageStream(Content(parts: message), config: config)
    }

    /// Sends a message and streams the answer.
    ///
    /// - Parameters:
    ///   - message: What the user says; its role must be ``Role/user``.
    ///   - config: Replaces the chat's config for this message; the two are not merged.
    /// - Returns: The chunks; the turn becomes history when they have been read to their end.
    @available(*, noasync, message: "Use client.chats from async code.")
    public func sendMessageStream(_ message: Content, config: GenerateContentConfig? = nil) -> BlockingChatStream {
        BlockingChatStream(chat: chat, message: message, config: config ?? chat.config)
    }
}
