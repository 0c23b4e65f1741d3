internal import Curl

/// The chunks of one answer as they arrive.
///
/// A slow reader holds up the server: the transfer pauses while chunks wait to be read. The stream ends normally only
/// if the answer came whole; everything else is thrown, a stream without finish reason as ``GenAIError/interrupted``.
///
/// An answer that one request cannot hold (`CONTINUATION`) goes on with the chunks of further requests; each request
/// has token counts of its own.
public struct ResponseStream: AsyncSequence, Sendable {
    public typealias Element = GenerateContentResponse

    let client: Client
    let call: GenerateCall

    public func makeAsyncIterator() -> Iterator {
        Iterator(client: client, call: call)
    }

    public struct Iterator: AsyncIteratorProtocol {
        private let client: Client
        private let call: GenerateCall
        private var receiver: ChunkReceiver?
        private var continuationToken: String?
        private var request: HTTPRequest?
        /// Whether chunks of the request have been handed out.
        private var hasBegun = false
        private var hasRenewedAuthorization = false
        private var startedAt: Duration?

        init(client: Client, call: GenerateCall) {
            self.client = client
            self.call = call
        }

        /// The next chunk; `nil` after a complete answer.
        ///
        /// - Returns: The chunk as the server sent it.
        /// - Throws: ``GenAIError``, or `CancellationError`.
        public mutating func next() async throws -> GenerateContentResponse? {
            do {
                if receiver == nil {
                    try await start(continuationToken: nil)
                }
                while let receiver {
                    do {
                        if let chunk = try await receiver.next() {
                            hasBegun = true
                            return chunk
                        }
                        guard let token = receiver.continuationToken else { return nil }
                        try await start(continuationToken: token)
                    } catch let error as GenAIError where renewsAuthorization(after: error) {
                        try await start(continuationToken: continuationToken)
                    }
                }
                return nil
            } catch let error as GenAIError {
                throw client.withoutKey(error)
            }
        }

        /// Whether the request is to be repeated: once, if its token was not accepted.
        private mutating func renewsAuthorization(after error: GenAIError) -> Bool {
            guard !hasBegun, !hasRenewedAuthorization, let request,
                client.backend.renewsAuthorization(after: error, of: request)
            else { return false }
            hasRenewedAuthorization = true
            return true
        }

        private mutating func start(continuationToken: String?) async throws {
            self.continuationToken = continuationToken
            hasBegun = false
            let startedAt = startedAt ?? monotonicNow()
            self.startedAt = startedAt
            var timeouts = client.options.timeouts
            timeouts.total -= monotonicNow() - startedAt
            let request = try await client.request(call, continuationToken: continuationToken, timeouts: timeouts)
            self.request = request
            receiver = try ChunkReceiver(request, client: client)
        }
    }
}

/// Receives chunks on the network thread and hands them to one reading task.
///
/// Closes the stream when its reader lets go of it.
private final class ChunkReceiver: Sendable {
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
            try await withCheckedThrowingContinuation { channel.wait($0) }
        } onCancel: {
            channel.cancel()
            close()
        }
        if let transfer = channel.takePaused() {
            loop.resume(transfer)
        }
        return chunk
    }

    private func close() {
        if let transfer = channel.transfer {
            loop.cancel(transfer)
        }
    }
}
