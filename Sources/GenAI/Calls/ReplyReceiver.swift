internal import Curl
internal import JSON

/// The answer to a call: one JSON object, and the headers for those who need them.
struct Reply: Sendable {
    var head: HTTPResponseHead
    /// Empty if there was no body.
    var json: JSONObject
}

/// Takes in one answer on the network thread and wakes the waiting task at its end.
///
/// `@unchecked Sendable`: everything but `wait` is touched only on the network thread until `finish`; the task reads `result`
/// after its wait, whose lock hands it over; one that is cancelled lasts until `finish` as well, unless nothing was started.
final class ReplyReceiver: TransferReceiver, @unchecked Sendable {
    private var decoder: ResponseDecoder
    private var head = HTTPResponseHead(status: 0)
    private var document: JSONValue?
    /// Whether the body is more than blanks.
    private var hasBody = false
    private var failure: GenAIError?
    private var result: Result<Reply, any Error> = noObject
    private let wait = TransferWait()

    init(_ options: HTTPOptions) {
        decoder = ResponseDecoder(
            maximumEventBytes: options.maximumEventBytes,
            maximumAnswerBytes: options.maximumAnswerBytes
        )
    }

    /// Sends a request; to be called once.
    func receive(_ request: HTTPRequest, on loop: TransferLoop) async throws -> Reply {
        do {
            try await wait.end(of: request, receiver: self, on: loop)
            return try result.get()
        } catch {
            throw Task.isCancelled ? CancellationError() : error
        }
    }

    // MARK: On the network thread

    func receive(head: borrowing ArrivingHead) {
        self.head = head.copy()
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
        result = reply(end)
        wait.finish()
    }

    private func reply(_ end: TransferEnd) -> Result<Reply, any Error> {
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
        let value = try reader.readValue()
        try reader.expectEnd()
        // Of an array, whose elements come one by one, the first counts.
        self.document = self.document ?? value
    }
}
