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
    /// Whether chunks of the request have been handed out.
    private var hasBegun = false

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
            while true {
                let receiver = try currentReceiver()
                do {
                    if let chunk = try receiver.nextBlocking() {
                        hasBegun = true
                        return chunk
                    }
                } catch  where !hasBegun && requests.renewsAuthorization(after: error) {
                    self.receiver = nil
                    continue
                }
                guard let token = receiver.continuationToken else { return nil }
                requests.continueAnswer(token)
                (self.receiver, hasBegun) = (nil, false)
            }
        } catch let error as GenAIError {
            throw requests.client.withoutKey(error)
        }
    }

    private func currentReceiver() throws -> ChunkReceiver {
        if let receiver { return receiver }
        let started = try requests.start(try requests.client.backend.blockingAuthorization())
        receiver = started
        return started
    }
}
