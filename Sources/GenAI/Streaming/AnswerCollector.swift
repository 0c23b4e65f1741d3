internal import Curl
internal import JSON

/// What came of one request, or of the hops of one long answer: always what arrived, and why it is not an answer.
package struct CollectedAnswer: Sendable {
    package var answer: AnswerAccumulator
    /// `nil` if the answer is complete.
    package var error: GenAIError?
    /// From sending to the first event.
    package var firstEvent: Duration?
    /// Whether the server may have worked, and billed, for it.
    package var wasSent: Bool
    /// Whether a watch has ended it; then there is no ``error``.
    package var isEndedEarly = false
}

/// Looks at an answer while it grows, and may end it.
package protocol AnswerWatch: Sendable {
    /// Whether the rest is not wanted.
    ///
    /// Called on the network thread after every event that brought text; must return at once.
    ///
    /// - Parameter text: The part of the answer that grows: its text so far, in UTF-8.
    /// - Returns: Whether to close the stream.
    mutating func endsAnswer(after text: Span<UInt8>) -> Bool
}

/// What one event added, for those who watch an answer grow.
package struct ChunkProgress: Sendable {
    /// Bytes of visible text in the event.
    package let textBytes: Int
    /// The server's running count of output and thought tokens, if it told one.
    package let outputTokens: Int?
    package let now: Duration
}

extension Models {
    /// Asks a model and folds the stream into one answer, where its bytes arrive.
    ///
    /// The waiting task is resumed once. Unfinished answers (`CONTINUATION`) are followed with further requests.
    ///
    /// - Parameters:
    ///   - call: What to send.
    ///   - timeouts: Limits of each request, the total of all of them together.
    ///   - watch: What may end the answer early.
    ///   - onChunk: Called on the network thread for every event; must return at once.
    /// - Returns: The answer with the error that spoiled it, if one did.
    /// - Throws: `CancellationError` alone; the stream is closed then.
    package func collect(
        _ call: GenerateCall,
        timeouts: RequestTimeouts,
        watch: (any AnswerWatch)? = nil,
        onChunk: @escaping @Sendable (ChunkProgress) -> Void
    ) async throws -> CollectedAnswer {
        var hops = AnswerHops(timeouts)
        while true {
            let request: HTTPRequest
            do {
                let authorization = try await client.backend.authorization()
                request = try client.request(
                    call,
                    continuationToken: hops.continuationToken,
                    timeouts: hops.timeLeft,
                    authorization
                )
            } catch let error as GenAIError {
                hops.collected.error = client.withoutKey(error)
                return hops.collected
            }
            let collector = AnswerCollector(
                hops.collected.answer,
                options: client.options,
                watch: watch,
                onChunk: onChunk
            )
            let end = try await collector.collect(request, on: client.loop)
            guard hops.goOn(after: end, of: request, client) else { return hops.collected }
        }
    }
}

/// An answer over the requests that it takes.
///
/// Apart from the function that waits for them: what that has in its hands takes up memory for each stream.
private struct AnswerHops {
    var collected = CollectedAnswer(answer: AnswerAccumulator(), wasSent: false)
    private(set) var timeLeft: RequestTimeouts
    private(set) var continuationToken: String?
    private let timeouts: RequestTimeouts
    private let start = monotonicNow()
    private var hasRenewedAuthorization = false

    init(_ timeouts: RequestTimeouts) {
        self.timeouts = timeouts
        timeLeft = timeouts
    }

    /// Takes over what came of a request.
    ///
    /// - Returns: Whether another one has to follow.
    @inline(never)
    mutating func goOn(after end: AnswerCollector.End, of request: HTTPRequest, _ client: Client) -> Bool {
        collected.answer = end.answer
        collected.error = end.error.map(client.withoutKey)
        collected.isEndedEarly = end.isEndedEarly
        collected.wasSent = collected.wasSent || end.wasSent
        collected.firstEvent = collected.firstEvent ?? end.firstEventAt.map { $0 - start }
        timeLeft.total = timeouts.total - (monotonicNow() - start)
        if !hasRenewedAuthorization, end.firstEventAt == nil,
            client.backend.renewsAuthorization(after: end.error, of: request)
        {
            hasRenewedAuthorization = true
            return true
        }
        guard end.error == nil, !end.isEndedEarly, end.answer.completion.isContinued else { return false }
        continuationToken = end.answer.completion.continuationToken
        collected.answer.beginHop()
        return true
    }
}

/// Receives one response on the network thread and wakes the waiting task at its end.
///
/// `@unchecked Sendable`: the answer is touched only on the network thread until `finish`, which hands it over.
private final class AnswerCollector: TransferReceiver, @unchecked Sendable {
    struct End: Sendable {
        var answer: AnswerAccumulator
        var error: GenAIError?
        var wasSent: Bool
        var firstEventAt: Duration?
        var isEndedEarly = false
    }

    private var decoder: ResponseDecoder
    private var growth: AnswerGrowth
    private var error: GenAIError?
    private let wait = TransferWait<End>()

    init(
        _ answer: AnswerAccumulator,
        options: HTTPOptions,
        watch: (any AnswerWatch)?,
        onChunk: @escaping @Sendable (ChunkProgress) -> Void
    ) {
        growth = AnswerGrowth(answer: answer, watch: watch, onChunk: onChunk)
        decoder = ResponseDecoder(
            maximumEventBytes: options.maximumEventBytes,
            maximumAnswerBytes: options.maximumAnswerBytes
        )
    }

    func collect(_ request: HTTPRequest, on loop: TransferLoop) async throws -> End {
        let end: End
        do {
            end = try await wait.end(of: request, receiver: self, on: loop)
        } catch let error as GenAIError {
            end = End(answer: growth.answer, error: error, wasSent: false, firstEventAt: nil)
        }
        // A complete answer is kept even if the task was cancelled while its last bytes came: it is paid for.
        if Task.isCancelled, end.error != nil {
            throw CancellationError()
        }
        return end
    }

    // MARK: On the network thread

    func receive(head: HTTPResponseHead) {
        growth.answer.serviceTier = head.header("x-gemini-service-tier")?.lowercased() ?? growth.answer.serviceTier
        decoder.receive(head: head)
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> ReceiveDecision {
        do {
            guard try decoder.receive(bytes, scan), !growth.isEndedEarly else { return .abandon }
        } catch {
            self.error = error
            return .abandon
        }
        return growth.answer.completion.isFinished ? .linger(Completion.lingerAfterFinish) : .proceed
    }

    func finish(_ end: TransferEnd) {
        // After an error the decoder may hold bytes that were refused.
        if error == nil {
            do {
                error = try decoder.finish(scan).map(GenAIError.api)
            } catch {
                self.error = error
            }
        }
        let failure =
            error
            ?? growth.answer.completion.failure(
                end.error,
                endsInsideDocument: decoder.endsInsideDocument
            )
        let result = End(
            answer: growth.answer,
            error: growth.isEndedEarly ? nil : failure,
            wasSent: end.wasSent,
            firstEventAt: growth.firstEventAt,
            isEndedEarly: growth.isEndedEarly
        )
        wait.finish(.success(result))
    }

    private func scan(_ document: Span<UInt8>) throws(JSONError) {
        try growth.add(document)
    }
}

/// The answer of one response so far, and those who look on.
private struct AnswerGrowth {
    var answer: AnswerAccumulator
    var watch: (any AnswerWatch)?
    let onChunk: @Sendable (ChunkProgress) -> Void
    private var scanner = ChunkScanner()
    private(set) var firstEventAt: Duration?
    /// Whether the watch has seen enough.
    private(set) var isEndedEarly = false

    init(
        answer: AnswerAccumulator,
        watch: (any AnswerWatch)?,
        onChunk: @escaping @Sendable (ChunkProgress) -> Void
    ) {
        self.answer = answer
        self.watch = watch
        self.onChunk = onChunk
    }

    /// Adds one event.
    mutating func add(_ document: Span<UInt8>) throws(JSONError) {
        let before = answer.textBytes
        try scanner.scan(document, into: &answer)
        let now = monotonicNow()
        firstEventAt = firstEventAt ?? now
        let usage = answer.usage
        let tokens =
            usage.outputTokens == nil && usage.thoughtTokens == nil
            ? nil : (usage.outputTokens ?? 0) + (usage.thoughtTokens ?? 0)
        onChunk(ChunkProgress(textBytes: answer.textBytes - before, outputTokens: tokens, now: now))
        isEndedEarly = isEndedEarly || answer.withLastText { watch?.endsAnswer(after: $0) } == true
    }
}
