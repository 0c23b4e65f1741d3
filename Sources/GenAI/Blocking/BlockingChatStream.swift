/// The answer to one message of a chat, on a thread that stands still for each chunk.
///
/// Nothing is sent before the first chunk is asked for. The turn becomes history when ``next()`` has returned `nil`;
/// letting go of the stream earlier closes the connection and records nothing.
public final class BlockingChatStream {
    private let chat: Chat
    private let message: Content
    private let config: GenerateContentConfig
    private var chunks: BlockingResponseStream?
    /// Until the answer has ended.
    private var turn: ChatTurn?

    init(chat: Chat, message: Content, config: GenerateContentConfig) {
        self.chat = chat
        self.message = message
        self.config = config
    }

    /// Waits for the next chunk.
    ///
    /// - Returns: The chunk as the server sent it; `nil` after a complete answer, which is history then.
    /// - Throws: ``GenAIError``; the history is as before then.
    @available(*, noasync, message: "Use client.chats from async code.")
    public func next() throws -> GenerateContentResponse? {
        do {
            let chunk = try nextChunk()
            if let chunk {
                turn?.note(chunk)
            } else {
                turn?.complete()
                turn = nil
            }
            return chunk
        } catch {
            turn = nil
            throw error
        }
    }

    private func nextChunk() throws -> GenerateContentResponse? {
        if chunks == nil {
            let turn = try ChatTurn(chat: chat, message: message)
            self.turn = turn
            chunks = BlockingModels(client: chat.client)
                .generateContentStream(model: chat.model, contents: turn.contents, config: config)
        }
        return try chunks?.next()
    }
}
