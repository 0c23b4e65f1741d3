package import Curl
internal import JSON

/// What came of one request, or of the hops of one long answer: always what arrived, and why it is not an answer.
///
/// By reference, for the functions that wait for it keep room for it meanwhile.
package final class CollectedAnswer: Sendable {
    package let answer: AnswerAccumulator
    /// `nil` if the answer is complete.
    package let error: GenAIError?
    /// From sending to the first event.
    package let firstEvent: Duration?
    /// Whether the server may have worked, and billed, for it.
    package let wasSent: Bool
    /// Whether a watch has ended it; then there is no ``error``.
    package let isEndedEarly: Bool

    package init(
        answer: AnswerAccumulator,
        error: GenAIError?,
        firstEvent: Duration?,
        wasSent: Bool,
        isEndedEarly: Bool
    ) {
        self.answer = answer
        self.error = error
        self.firstEvent = firstEvent
        self.wasSent = wasSent
        self.isEndedEarly = isEndedEarly
    }
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
}

extension Models {
    /// Makes ready to ask a model, with the stream folded into one answer where its bytes arrive.
    ///
    /// - Parameters:
    ///   - call: What to send.
    ///   - timeouts: Limits of each request, the total of all of them together; they run from when the answer is asked for.
    ///   - watch: What may end the answer early.
    ///   - onChunk: Called on the network thread for every event; must return at once.
    /// - Returns: What sends it when it is asked for the answer, once.
    package func collector(
        _ call: GenerateCall,
        timeouts: RequestTimeouts,
        watch: (any AnswerWatch)? = nil,
        onChunk: @escaping @Sendable (ChunkProgress) -> Void
    ) -> AnswerCollector {
        AnswerCollector(client, call, timeouts, watch: watch, onChunk: onChunk)
    }
}

/// Receives an answer on the network thread, over the requests that it takes, and wakes the waiting task at the end of
/// each of them.
///
/// All there is of the answer is in here, and what is done between two waits is not part of the function that waits: what it
/// may have in its hands takes up memory for each stream.
///
/// `@unchecked Sendable`: while a transfer is under way all of it belongs to the network thread, between two of them to
/// the task, which waits meanwhile: the lock of the inbox hands it over at the start, that of the wait at the end.
package final class AnswerCollector: TransferReceiver, @unchecked Sendable {
    private let client: Client
    private let call: GenerateCall
    private let timeouts: RequestTimeouts
    private let watch: (any AnswerWatch)?
    private var start = Duration.zero
    private let wait = TransferWait()

    private var reception: AnswerReception
    private var firstEvent: Duration?
    private var wasSent = false
    private var continuationToken: String?
    private var hasRenewedAuthorization = false

    // Of the request in hand.
    private var request: HTTPRequest?
    private var error: GenAIError?

    fileprivate init(
        _ client: Client,
        _ call: GenerateCall,
        _ timeouts: RequestTimeouts,
        watch: (any AnswerWatch)?,
        onChunk: @escaping @Sendable (ChunkProgress) -> Void
    ) {
        self.client = client
        self.call = call
        self.timeouts = timeouts
        self.watch = watch
        reception = AnswerReception(
            decoder: Self.decoder(client.options),
            growth: AnswerGrowth(answer: AnswerAccumulator(), watch: watch, onChunk: onChunk)
        )
    }

    /// Sends the requests that the answer takes, one after the other if it is unfinished (`CONTINUATION`); called once.
    ///
    /// The waiting task is resumed once for each.
    ///
    /// - Returns: The answer with the error that spoiled it, if one did.
    /// - Throws: `CancellationError` alone; the stream is closed then.
    package func collect() async throws -> CollectedAnswer {
        start = monotonicNow()
        repeat {
            do {
                let transfer =
                    if let ready = try transferAtOnce() { ready } else { try await transferAfterSigningIn() }
                try checkCancellation(await wait.end(of: transfer, on: client.loop))
            } catch {
                try cannotGoOn(error)
            }
        } while goesOn()
        return collected
    }

    /// What came of it all.
    @inline(never)
    private var collected: CollectedAnswer {
        CollectedAnswer(
            answer: reception.growth.answer,
            error: error,
            firstEvent: firstEvent,
            wasSent: wasSent,
            isEndedEarly: reception.growth.isEndedEarly
        )
    }

    // MARK: Between two transfers

    /// Makes the request that is next, if nobody has to sign in for it.
    ///
    /// - Returns: `nil` if somebody has to.
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the call cannot be made as it is.
    @inline(never)
    private func transferAtOnce() throws -> Transfer? {
        try client.backend.authorizationAtHand().map(nextTransfer)
    }

    /// The same, however long signing in takes.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the call cannot be made as it is, or why signing in failed.
    @inline(never)
    private func transferAfterSigningIn() async throws -> Transfer {
        try nextTransfer(await client.backend.authorization())
    }

    private func nextTransfer(_ authorization: Authorization) throws(GenAIError) -> Transfer {
        var timeLeft = timeouts
        timeLeft.total -= monotonicNow() - start
        let request = try client.request(
            call,
            continuationToken: continuationToken,
            timeouts: timeLeft,
            authorization
        )
        do throws(CurlError) {
            let transfer = try client.loop.prepare(request, receiver: self)
            self.request = transfer.request
            return transfer
        } catch {
            throw GenAIError(error)
        }
    }

    /// Makes sure that the wait for a transfer was not cancelled.
    ///
    /// - Parameter hasEnded: Whether the transfer was started, and has ended.
    /// - Throws: `CancellationError`. A complete answer is kept even if the task was cancelled while its last bytes came:
    ///   it is paid for.
    @inline(never)
    private func checkCancellation(_ hasEnded: Bool) throws {
        if !hasEnded || error != nil, Task.isCancelled {
            throw CancellationError()
        }
    }

    /// Notes why the next request cannot be sent, if it was not cancelled.
    @inline(never)
    private func cannotGoOn(_ error: any Error) throws {
        guard let error = error as? GenAIError else { throw error }
        request = nil
        self.error = client.withoutKey(error)
    }

    /// Whether another request has to follow; makes ready for it.
    @inline(never)
    private func goesOn() -> Bool {
        guard let request else { return false }
        if !hasRenewedAuthorization, reception.growth.firstEventAt == nil,
            client.backend.renewsAuthorization(after: error, of: request)
        {
            hasRenewedAuthorization = true
        } else if error == nil, reception.isContinued {
            let growth = reception.growth
            continuationToken = growth.answer.completion.continuationToken
            reception.growth = AnswerGrowth(answer: growth.answer, watch: watch, onChunk: growth.onChunk)
            reception.growth.answer.beginHop()
        } else {
            return false
        }
        error = nil
        reception.decoder = Self.decoder(client.options)
        return true
    }

    private static func decoder(_ options: HTTPOptions) -> ResponseDecoder {
        ResponseDecoder(
            maximumEventBytes: options.maximumEventBytes,
            maximumAnswerBytes: options.maximumAnswerBytes
        )
    }

    // MARK: On the network thread

    package func receive(head: borrowing ArrivingHead) {
        reception.begin(with: head)
    }

    package func receive(_ bytes: UnsafeRawBufferPointer) -> ReceiveDecision {
        do {
            return try reception.receive(bytes)
        } catch {
            self.error = error
            return .abandon
        }
    }

    package func finish(_ end: TransferEnd) {
        // After an error the decoder may hold bytes that were refused.
        if error == nil {
            do {
                error = try reception.finish().map(GenAIError.api)
            } catch {
                self.error = error
            }
        }
        error = reception.growth.isEndedEarly ? nil : (error ?? reception.failure(end.error)).map(client.withoutKey)
        wasSent = wasSent || end.wasSent
        firstEvent = firstEvent ?? reception.growth.firstEventAt.map { $0 - start }
        wait.finish()
    }
}

/// One response while it comes, and the answer that grows from it.
///
/// One value, and not two members of the collector: of those every access is checked to be alone, and each event means two.
private struct AnswerReception {
    var decoder: ResponseDecoder
    var growth: AnswerGrowth

    mutating func begin(with head: borrowing ArrivingHead) {
        growth.answer.serviceTier = head.header("x-gemini-service-tier")?.lowercased() ?? growth.answer.serviceTier
        decoder.receive(head: head)
    }

    mutating func receive(_ bytes: UnsafeRawBufferPointer) throws(GenAIError) -> ReceiveDecision {
        let isWanted = try decoder.receive(bytes) { document throws(JSONError) in try growth.add(document) }
        guard isWanted, !growth.isEndedEarly else { return .abandon }
        return growth.answer.completion.isFinished ? .linger(Completion.lingerAfterFinish) : .proceed
    }

    /// Takes the end of the body.
    ///
    /// - Returns: The error that the server answered with, if it did.
    mutating func finish() throws(GenAIError) -> APIError? {
        try decoder.finish { document throws(JSONError) in try growth.add(document) }
    }

    /// Whether the answer goes on in another response.
    var isContinued: Bool { !growth.isEndedEarly && growth.answer.completion.isContinued }

    /// What spoils the answer that has come, if anything does.
    ///
    /// - Parameter error: What ended the transfer.
    /// - Returns: The error; `nil` if the answer is whole.
    func failure(_ error: CurlError?) -> GenAIError? {
        growth.answer.completion.failure(error, endsInsideDocument: decoder.endsInsideDocument)
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
        if firstEventAt == nil {
            firstEventAt = monotonicNow()
        }
        let usage = answer.usage
        let tokens =
            usage.outputTokens == nil && usage.thoughtTokens == nil
            ? nil : (usage.outputTokens ?? 0) + (usage.thoughtTokens ?? 0)
        onChunk(ChunkProgress(textBytes: answer.textBytes - before, outputTokens: tokens))
        isEndedEarly = isEndedEarly || answer.withLastText { watch?.endsAnswer(after: $0) } == true
    }
}
