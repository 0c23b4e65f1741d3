internal import Curl

/// The chunks of one answer as they arrive.
///
/// A slow reader holds up the server: the transfer pauses while chunks wait to be read. The stream ends normally only
/// if the answer came whole; everything else is thrown, a stream without finish reason as ``GenAIError/interrupted``.
///
/// An answer that one request cannot hold (`CONTINUATION`) goes on with the chunks of further requests; each request
/// has token counts of its own.
public struct ResponseStream: AsyncSequence, Sendable {
    /// One chunk of the answer.
    public typealias Element = GenerateContentResponse

    let client: Client
    let call: GenerateCall

    /// Makes an iterator, which sends nothing yet; each one is a request of its own.
    public func makeAsyncIterator() -> Iterator {
        Iterator(client: client, call: call)
    }

    /// Reads one answer once.
    public struct Iterator: AsyncIteratorProtocol {
        private var requests: AnswerRequests
        private var receiver: ChunkReceiver?
        /// Whether chunks of the request have been handed out.
        private var hasBegun = false

        init(client: Client, call: GenerateCall) {
            requests = AnswerRequests(client: client, call: call)
        }

        /// The next chunk; `nil` after a complete answer.
        ///
        /// - Returns: The chunk as the server sent it.
        /// - Throws: ``GenAIError``, or `CancellationError`.
        public mutating func next() async throws -> GenerateContentResponse? {
            do {
                while true {
                    let receiver = try await currentReceiver()
                    do {
                        if let chunk = try await receiver.next() {
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

        private mutating func currentReceiver() async throws -> ChunkReceiver {
            if let receiver { return receiver }
            let started = try requests.start(try await requests.client.backend.authorization())
            receiver = started
            return started
        }
    }
}

/// Receives chunks on the network thread and hands them to one reading task or thread.
///
/// Closes the stream when its reader lets go of it.
final class ChunkReceiver: Sendable {
    private let loop: TransferLoop
    private let channel: ChunkChannel

    /// Starts a request.
    init(_ request: HTTPRequest, client: Client) throws(GenAIError) {
        loop = client.loop
        channel = ChunkChannel(client.options)
        do {
            try channel.start(request, on: loop)
        } catch {
            throw GenAIError(error)
        }
    }

    deinit {
        close()
    }

    var continuationToken: String? { channel.continuationToken }

    func next() async throws -> GenerateContentResponse? {
        let chunk = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                channel.wait { continuation.resume(with: $0) }
            }
        } onCancel: {
            channel.cancel()
            close()
        }
        resumeIfRead()
        return chunk
    }

    /// The next chunk, for a thread that may stand still.
    func nextBlocking() throws -> GenerateContentResponse? {
        let handoff = Handoff<GenerateContentResponse?>()
        channel.wait { handoff.give($0) }
        let chunk = try handoff.take()
        resumeIfRead()
        return chunk
    }

    /// Lets a transfer go on that was paused for a slow reader.
    private func resumeIfRead() {
        if let transfer = channel.takePaused() {
            loop.resume(transfer)
        }
    }

    private func close() {
        if let transfer = channel.transfer {
            loop.cancel(transfer)
        }
    }
}
