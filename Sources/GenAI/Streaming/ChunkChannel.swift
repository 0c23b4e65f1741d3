internal import Curl
internal import JSON
internal import Synchronization

/// The buffer between the network thread, which decodes chunks, and the task that reads them.
///
/// `@unchecked Sendable`: `decoder`, `completion`, `serviceTier` and `failure` are made before the transfer starts, handed over by
/// the lock of the loop's inbox, and touched only on the network thread from then on; what its reader shares with it is in
/// `state`, under a lock.
final class ChunkChannel: TransferReceiver, @unchecked Sendable {
    /// Takes the next chunk, or the end, on any thread.
    typealias Reader = @Sendable (Result<GenerateContentResponse?, any Error>) -> Void

    /// Chunks that wait for the reader before the sender is held up.
    private static let capacity = 64

    private struct State {
        var chunks: [GenerateContentResponse] = []
        /// Chunks before this one have been read.
        var nextChunk = 0
        var end: Result<Void, any Error>?
        var continuationToken: String?
        var reader: Reader?
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

    /// What a waiting reader gets; carried out when the lock is free.
    private struct Delivery {
        let reader: Reader
        let result: Result<GenerateContentResponse?, any Error>

        func perform() {
            reader(result)
        }
    }

    private let state = Mutex(State())
    private var decoder: ResponseDecoder
    private var completion = Completion()
    private var serviceTier: ServiceTier?
    private var failure: GenAIError?

    init(_ options: HTTPOptions) {
        decoder = ResponseDecoder(
            maximumEventBytes: options.maximumEventBytes,
            maximumAnswerBytes: options.maximumAnswerBytes
        )
    }

    /// The transfer while it runs.
    var transfer: Transfer? { state.withLock { $0.transfer } }

    /// What the next request has to carry if the answer goes on after the end of this response.
    var continuationToken: String? { state.withLock { $0.continuationToken } }

    /// Starts the transfer under the lock, so that its end, which may come at once, does not overtake its name.
    func start(_ request: HTTPRequest, on loop: TransferLoop) throws(CurlError) {
        try state.withLock { state throws(CurlError) in
            state.transfer = try loop.start(request, receiver: self)
        }
    }

    /// Hands the next chunk to a reader, at once or when it comes.
    func wait(_ reader: @escaping Reader) {
        let ready = state.withLock { state in
            let ready = state.take()
            if ready == nil {
                state.reader = reader
            }
            return ready
        }
        if let ready {
            reader(ready)
        }
    }

    /// Ends the reading with `CancellationError`, also for chunks that have come and were not read.
    func cancel() {
        let reader = state.withLock { state in
            state.chunks.removeAll()
            state.nextChunk = 0
            state.end = .failure(CancellationError())
            defer { state.reader = nil }
            return state.reader
        }
        reader?(.failure(CancellationError()))
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

    func receive(head: borrowing ArrivingHead) {
        decoder.receive(head: head)
        serviceTier = head.header("x-gemini-service-tier").map { ServiceTier(rawValue: $0.lowercased()) }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> ReceiveDecision {
        let isFull = state.withLock { state in
            state.isPaused = state.end == nil && state.waitingChunks >= Self.capacity
            return state.isPaused
        }
        guard !isFull else { return .pause }
        var chunks: [GenerateContentResponse] = []
        var isMoreWanted = false
        do {
            isMoreWanted = try decoder.receive(bytes) { document throws(JSONError) in
                chunks += try responses(in: document)
            }
        } catch {
            failure = error
        }
        deliver(chunks, end: nil)
        guard isMoreWanted else { return .abandon }
        return completion.isFinished ? .linger(Completion.lingerAfterFinish) : .proceed
    }

    func finish(_ end: TransferEnd) {
        var chunks: [GenerateContentResponse] = []
        // After a failure the decoder may hold bytes that were refused.
        if failure == nil {
            do {
                let apiError = try decoder.finish { document throws(JSONError) in
                    chunks += try responses(in: document)
                }
                failure = apiError.map(GenAIError.api)
            } catch {
                failure = error
            }
        }
        deliver(chunks, end: end)
    }

    /// The responses of one document: one, or an array of them as some front ends wrap it.
    private func responses(in document: Span<UInt8>) throws(JSONError) -> [GenerateContentResponse] {
        var reader = JSONReader(document)
        let value = try reader.readValue()
        try reader.expectEnd()
        return try (value.array ?? [value]).map { element throws(JSONError) in
            guard let response = element.object else { throw JSONError("expected an object", at: 0) }
            var chunk = GenerateContentResponse(json: response)
            chunk.serviceTier = serviceTier
            return chunk
        }
    }

    private func deliver(_ chunks: [GenerateContentResponse], end: TransferEnd?) {
        for chunk in chunks {
            completion.note(chunk)
        }
        let result = end.map { end -> Result<Void, any Error> in
            (failure ?? completion.failure(end.error, endsInsideDocument: decoder.endsInsideDocument)).map {
                .failure($0)
            } ?? .success(())
        }
        let token = completion.isContinued ? completion.continuationToken : nil
        let delivery = state.withLock { state -> Delivery? in
            if state.end == nil {
                state.chunks += chunks
                state.end = result
            }
            state.continuationToken = token
            if result != nil {
                state.transfer = nil
            }
            guard let reader = state.reader, let result = state.take() else { return nil }
            state.reader = nil
            return Delivery(reader: reader, result: result)
        }
        delivery?.perform()
    }
}
