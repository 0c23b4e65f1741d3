internal import Curl
internal import JSON
internal import Synchronization

/// The chunks of one answer as they arrive.
///
/// A slow reader holds up the server: the transfer pauses while chunks wait to be read. The stream ends normally only
/// if the answer came whole; everything else is thrown, a stream without finish reason as ``GenAIError/interrupted``.
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

        init(client: Client, call: GenerateCall) {
            self.client = client
            self.call = call
        }

        /// The next chunk; `nil` after a complete answer.
        ///
        /// - Returns: The chunk as the server sent it.
        /// - Throws: ``GenAIError``, or `CancellationError`.
        public mutating func next() async throws -> GenerateContentResponse? {
            if receiver == nil {
                try start(continuationToken: nil)
            }
            while let receiver {
                do {
                    if let chunk = try await receiver.next() { return chunk }
                } catch let error as GenAIError {
                    throw client.withoutKey(error)
                }
                guard let token = receiver.continuationToken else { return nil }
                try start(continuationToken: token)
            }
            return nil
        }

        private mutating func start(continuationToken: JSONValue?) throws {
            let request = client.request(
                path: try call.path(),
                body: call.body(continuationToken: continuationToken),
                timeouts: client.options.timeouts
            )
            let receiver = ChunkReceiver(loop: client.loop, options: client.options)
            try receiver.start(request)
            self.receiver = receiver
        }
    }
}

/// Receives chunks on the network thread and hands them to one reading task.
///
/// Closes the stream when its reader lets go of it.
private final class ChunkReceiver: Sendable {
    private let loop: TransferLoop
    private let channel: Channel

    init(loop: TransferLoop, options: HTTPOptions) {
        self.loop = loop
        channel = Channel(options)
    }

    deinit {
        if let transfer = channel.transfer {
            loop.cancel(transfer)
        }
    }

    var continuationToken: JSONValue? { channel.continuationToken }

    func start(_ request: HTTPRequest) throws(GenAIError) {
        do {
            try channel.start(request, on: loop)
        } catch {
            throw GenAIError(error)
        }
    }

    func next() async throws -> GenerateContentResponse? {
        let channel = channel
        let chunk = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { channel.wait($0) }
        } onCancel: {
            channel.cancel()
        }
        if let transfer = channel.takePaused() {
            loop.resume(transfer)
        }
        return chunk
    }
}

/// The buffer between the network thread and the reader.
///
/// `@unchecked Sendable`: `decoder`, `verdict` and `failure` are touched only on the network thread.
private final class Channel: TransferReceiver, @unchecked Sendable {
    /// Chunks that wait for the reader before the sender is held up.
    private static let capacity = 64

    private struct State {
        var chunks: [GenerateContentResponse] = []
        /// Chunks before this one have been read.
        var nextChunk = 0
        var end: Result<Void, any Error>?
        var continuationToken: JSONValue?
        var reader: CheckedContinuation<GenerateContentResponse?, any Error>?
        var transfer: Transfer?
        var isPaused = false

        var waitingChunks: Int { chunks.count - nextChunk }

        /// The next chunk, or the end; `nil` if neither has come.
        mutating func take() -> Result<GenerateContentResponse?, any Error>? {
            guard nextChunk < chunks.count else { return end.map { $0.map { nil } } }
            let chunk = chunks[nextChunk]
            nextChunk += 1
            if nextChunk == chunks.count {
                chunks.removeAll(keepingCapacity: true)
                nextChunk = 0
            }
            return .success(chunk)
        }
    }

    private let state = Mutex(State())
    private var decoder: ResponseDecoder
    private var verdict = StreamVerdict()
    private var failure: GenAIError?

    init(_ options: HTTPOptions) {
        decoder = ResponseDecoder(
            maximumEventBytes: options.maximumEventBytes,
            maximumAnswerBytes: options.maximumAnswerBytes
        )
    }

    var transfer: Transfer? { state.withLock { $0.transfer } }

    var continuationToken: JSONValue? { state.withLock { $0.continuationToken } }

    /// Starts the transfer under the lock, so that its end, which may come at once, does not overtake its name.
    func start(_ request: HTTPRequest, on loop: TransferLoop) throws(CurlError) {
        try state.withLock { state throws(CurlError) in
            state.transfer = try loop.start(request, receiver: self)
        }
    }

    /// Hands the next chunk to a reader, at once or when it comes.
    func wait(_ reader: CheckedContinuation<GenerateContentResponse?, any Error>) {
        let ready = state.withLock { state in
            let ready = state.take()
            if ready == nil {
                state.reader = reader
            }
            return ready
        }
        if let ready {
            reader.resume(with: ready)
        }
    }

    func cancel() {
        let reader = state.withLock { state in
            state.end = state.end ?? .failure(CancellationError())
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(throwing: CancellationError())
    }

    /// The transfer, if it was paused and its reader has caught up.
    func takePaused() -> Transfer? {
        state.withLock { state in
            guard state.isPaused, state.waitingChunks < Self.capacity / 2 else { return nil }
            state.isPaused = false
            return state.transfer
        }
    }

    // MARK: On the network thread

    func receive(head: HTTPResponseHead) {
        decoder.receive(head: head)
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> ReceiveDecision {
        let isFull = state.withLock { state in
            state.isPaused = state.waitingChunks >= Self.capacity
            return state.isPaused
        }
        guard !isFull else { return .pause }
        var chunks: [GenerateContentResponse] = []
        do {
            try decoder.receive(bytes) { document throws(JSONError) in chunks += try Self.responses(in: document) }
        } catch {
            failure = error
            return .abandon
        }
        for chunk in chunks {
            verdict.note(chunk)
        }
        deliver(chunks, end: nil)
        return .proceed
    }

    func finish(_ end: TransferEnd) {
        var chunks: [GenerateContentResponse] = []
        do {
            let apiError = try decoder.finish { document throws(JSONError) in chunks += try Self.responses(in: document)
            }
            failure = failure ?? apiError.map(GenAIError.api)
        } catch {
            failure = failure ?? error
        }
        for chunk in chunks {
            verdict.note(chunk)
        }
        verdict.endsInsideDocument = decoder.endsInsideDocument
        let error = failure ?? verdict.error(transferError: end.error)
        deliver(chunks, end: error.map { .failure($0) } ?? .success(()))
    }

    private static func responses(in document: Span<UInt8>) throws(JSONError) -> [GenerateContentResponse] {
        var reader = JSONReader(document)
        let value = try reader.readValue()
        try reader.expectEnd()
        return (value.array ?? [value]).compactMap(\.object).map(GenerateContentResponse.init(json:))
    }

    private func deliver(_ chunks: [GenerateContentResponse], end: Result<Void, any Error>?) {
        let token = verdict.continuationToken
        let delivery = state.withLock { state -> Delivery? in
            state.chunks += chunks
            state.end = state.end ?? end
            state.continuationToken = token
            if end != nil {
                state.transfer = nil
            }
            guard let reader = state.reader, let result = state.take() else { return nil }
            state.reader = nil
            return Delivery(reader: reader, result: result)
        }
        delivery?.perform()
    }

    /// What a waiting reader gets; carried out when the lock is free.
    private struct Delivery {
        let reader: CheckedContinuation<GenerateContentResponse?, any Error>
        let result: Result<GenerateContentResponse?, any Error>

        func perform() {
            reader.resume(with: result)
        }
    }
}

/// Whether a stream of chunks came to a proper end.
struct StreamVerdict {
    private var chunkCount = 0
    private var finishReason: FinishReason?
    private var isPromptBlocked = false
    private var streamError: JSONValue?
    private(set) var continuationToken: JSONValue?
    var endsInsideDocument = false

    mutating func note(_ chunk: GenerateContentResponse) {
        chunkCount += 1
        streamError = chunk.json["error"] ?? streamError
        isPromptBlocked = isPromptBlocked || chunk.promptFeedback?.blockReason != nil
        guard let candidate = chunk.firstCandidate else { return }
        finishReason = candidate.finishReason ?? finishReason
        continuationToken = finishReason == .continuation ? candidate.json["continuationToken"] : nil
    }

    /// `nil` if the answer is complete.
    func error(transferError: CurlError?) -> GenAIError? {
        if let streamError { return .api(APIError(streamError, httpStatus: nil)) }
        if finishReason != nil || isPromptBlocked { return nil }
        if let transferError { return GenAIError(transferError) }
        return chunkCount == 0 && !endsInsideDocument ? .emptyAnswer : .interrupted
    }
}
