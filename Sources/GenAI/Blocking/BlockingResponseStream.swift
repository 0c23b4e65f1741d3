/// The chunks of one answer, on a thread that stands still for each of them.
///
/// The stream ends normally only if the answer came whole; everything else is thrown. Letting go of it closes the
/// connection.
///
/// ```swift
/// while let chunk = try stream.next() {
///     print(chunk.text ?? "", terminator: "")
/// }
/// ```
public final class BlockingResponseStream {
    private var requests: AnswerRequests
    private var receiver: ChunkReceiver?

    init(client: Client, call: GenerateCall) {
        requests = AnswerRequests(client: client, call: call)
    }

    /// Waits for the next chunk.
    ///
    /// - Returns: The chunk as the server sent it; `nil` after a complete answer.
    /// - Throws: ``GenAIError``.
    @available(*, noasync, message: "Use client.models from async code.")
    public func next() throws -> GenerateContentResponse? {
        do {
            if receiver == nil {
                receiver = try requests.start(continuationToken: nil)
            }
            while let receiver {
                if let chunk = try receiver.nextBlocking() {
                    return chunk
                }
                guard let token = receiver.continuationToken else { return nil }
                self.receiver = try requests.start(continuationToken: token)
            }
            return nil
        } catch let error as GenAIError {
            throw requests.client.withoutKey(error)
        }
    }
}
