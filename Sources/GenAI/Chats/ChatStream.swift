/// The answer to one message of a chat, as it arrives.
///
/// Nothing is sent before the first chunk is asked for. The turn becomes history when the loop has come to its end;
/// leaving it earlier closes the stream and records nothing. Each loop over the same stream sends the message anew, as
/// a turn of its own.
public struct ChatStream: AsyncSequence, Sendable {
    /// One chunk of the answer.
    public typealias Element = GenerateContentResponse

    let chat: Chat
    let message: Content
    let config: GenerateContentConfig

    /// Makes an iterator, which sends nothing yet.
    public func makeAsyncIterator() -> Iterator {
        Iterator(stream: self)
    }

    /// Reads the answer of one turn.
    public struct Iterator: AsyncIteratorProtocol {
        private let stream: ChatStream
        private var chunks: ResponseStream.Iterator?
        /// Until the answer has ended.
        private var turn: ChatTurn?

        init(stream: ChatStream) {
            self.stream = stream
        }

        /// The next chunk; `nil` after a complete answer, which is history then.
        ///
        /// - Returns: The chunk as the server sent it.
        /// - Throws: ``GenAIError``, or `CancellationError`; the history is as before then.
        public mutating func next() async throws -> GenerateContentResponse? {
            do {
                let chunk = try await nextChunk()
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

        private mutating func nextChunk() async throws -> GenerateContentResponse? {
            if chunks == nil {
                let turn = try ChatTurn(chat: stream.chat, message: stream.message)
                self.turn = turn
                chunks = stream.chat.client.models
                    .generateContentStream(model: stream.chat.model, contents: turn.contents, config: stream.config)
                    .makeAsyncIterator()
            }
            return try await chunks?.next()
        }
    }
}
