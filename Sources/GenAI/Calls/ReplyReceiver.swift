internal import Curl
internal import JSON
internal import Synchronization

/// The answer to a call: one JSON object, and the headers for those who need them.
struct Reply: Sendable {
    var head: HTTPResponseHead
    /// Empty if there was no body.
    var json: JSONObject
}

/// Takes in one answer on the network thread and wakes the waiting task at its end.
///
/// `@unchecked Sendable`: everything but `wait` is touched only on the network thread.
final class ReplyReceiver: TransferReceiver, @unchecked Sendable {
    private typealias Waiter = CheckedContinuation<Reply, any Error>

    private enum Wait {
        case idle
        case waiting(Waiter, Transfer)
        case cancelled
    }

    private var decoder: ResponseDecoder
    private var head = HTTPResponseHead(status: 0)
    private var document: JSONValue?
    /// Whether the body is more than blanks.
    private var hasBody = false
    private var failure: GenAIError?
    private let wait = Mutex(Wait.idle)

    init(_ options: HTTPOptions) {
        decoder = ResponseDecoder(
            maximumEventBytes: options.maximumEventBytes,
            maximumAnswerBytes: options.maximumAnswerBytes
        )
    }

    /// Sends a request; to be called once.
    func receive(_ request: HTTPRequest, on loop: TransferLoop) async throws -> Reply {
        do {
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { start(request, on: loop, $0) }
            } onCancel: {
                let transfer = wait.withLock { wait -> Transfer? in
                    defer { if case .idle = wait { wait = .cancelled } }
                    if case .waiting(_, let transfer) = wait { return transfer }
                    return nil
                }
                if let transfer {
                    loop.cancel(transfer)
                }
            }
        } catch  where Task.isCancelled {
            throw CancellationError()
        }
    }

    private func start(_ request: HTTPRequest, on loop: TransferLoop, _ waiter: Waiter) {
        // Under the lock, so that `finish`, which may come at once on the other thread, finds the waiter.
        let failure = wait.withLock { wait -> (any Error)? in
            if case .cancelled = wait { return CancellationError() }
            do throws(CurlError) {
                wait = .waiting(waiter, try loop.start(request, receiver: self))
                return nil
            } catch {
                return GenAIError(error)
            }
        }
        if let failure {
            waiter.resume(throwing: failure)
        }
    }

    // MARK: On the network thread

    func receive(head: HTTPResponseHead) {
        self.head = head
        decoder.receive(head: head)
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> ReceiveDecision {
        hasBody = hasBody || bytes.contains { $0 > 0x20 }
        do {
            return try decoder.receive(bytes, read) ? .proceed : .abandon
        } catch {
            failure = error
            return .abandon
        }
    }

    func finish(_ end: TransferEnd) {
        let result = result(end)
        let waiter = wait.withLock { wait -> Waiter? in
            guard case .waiting(let waiter, _) = wait else { return nil }
            wait = .idle
            return waiter
        }
        waiter?.resume(with: result)
    }

    private func result(_ end: TransferEnd) -> Result<Reply, any Error> {
        if let failure { return .failure(failure) }
        do {
            if let error = try decoder.finish(read) {
                return .failure(GenAIError.api(error))
            }
        } catch {
            return .failure(error)
        }
        if let error = end.error { return .failure(GenAIError(error)) }
        guard let document else {
            return hasBody ? Self.noObject : .success(Reply(head: head, json: [:]))
        }
        guard let object = (document.array?.first ?? document).object else { return Self.noObject }
        // Next to other members `error` tells of the thing asked for, such as a file that could not be processed.
        if object.count == 1, let error = APIError.errorObject(in: document) {
            return .failure(GenAIError.api(APIError(error, httpStatus: nil)))
        }
        return .success(Reply(head: head, json: object))
    }

    private static let noObject = Result<Reply, any Error>.failure(
        GenAIError.malformedResponse("the answer is not one JSON object")
    )

    private func read(_ document: Span<UInt8>) throws(JSONError) {
        var reader = JSONReader(document)
        self.document = try reader.readValue()
        try reader.expectEnd()
    }
}
