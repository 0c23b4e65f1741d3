internal import Curl
internal import JSON

/// Bytes of one HTTP response to events: SSE, a bare JSON document, or the body of an error.
///
/// It knows the completeness of transport and framing; what an event means is its owner's.
struct ResponseDecoder {
    private static let longestErrorBody = 64 << 10
    private static let shownBytes = 300

    private let maximumAnswerBytes: Int
    private var parser: EventStreamParser
    /// Whether the server accepted the request: only 200 is success.
    private(set) var isSuccess = false
    /// What the head of a response says that explains an error.
    private var refusal: (status: Int, retryAfter: Duration?)?
    private var errorBody: [UInt8] = []
    private var byteCount = 0
    /// Whether the body ended inside a document.
    private(set) var endsInsideDocument = false

    init(maximumEventBytes: Int, maximumAnswerBytes: Int) {
        self.maximumAnswerBytes = maximumAnswerBytes
        parser = EventStreamParser(maximumEventBytes: maximumEventBytes)
    }

    mutating func receive(head: borrowing ArrivingHead) {
        isSuccess = head.status == 200
        refusal = isSuccess ? nil : (head.status, head.retryAfter)
    }

    /// Takes the next bytes.
    ///
    /// - Parameters:
    ///   - bytes: Of the body, decompressed.
    ///   - onEvent: Called with each JSON document; what it throws is passed on as malformed.
    /// - Returns: Whether more is wanted; of a page that explains an error, the beginning is enough.
    /// - Throws: The error that ends the answer.
    mutating func receive(
        _ bytes: UnsafeRawBufferPointer,
        _ onEvent: (Span<UInt8>) throws(JSONError) -> Void
    ) throws(GenAIError) -> Bool {
        guard isSuccess else {
            errorBody.append(contentsOf: bytes.prefix(Self.longestErrorBody - errorBody.count))
            return errorBody.count < Self.longestErrorBody
        }
        byteCount += bytes.count
        guard byteCount <= maximumAnswerBytes else {
            throw .responseTooLarge("the answer is larger than \(maximumAnswerBytes >> 20) MiB")
        }
        try parser.feed(bytes) { document, _ throws(GenAIError) in
            try Self.decode(document, onEvent)
        }
        return true
    }

    /// Takes the end of the body.
    ///
    /// - Returns: The error the server answered with, if its status was not 200.
    mutating func finish(_ onEvent: (Span<UInt8>) throws(JSONError) -> Void) throws(GenAIError) -> APIError? {
        guard isSuccess else {
            return refusal.map {
                APIError(httpStatus: $0.status, body: errorBody, retryAfter: $0.retryAfter)
            }
        }
        var hasDocument = false
        try parser.finish { document, output throws(GenAIError) in
            // Half a document at the end of the body is a truncation: nothing of it counts.
            guard output == .event || Self.isWhole(document) else {
                endsInsideDocument = true
                return
            }
            hasDocument = true
            try Self.decode(document, onEvent)
        }
        if !hasDocument, let beginning = parser.foreignBeginning {
            throw .malformedResponse("it began with «\(String(decoding: beginning, as: UTF8.self))»")
        }
        return nil
    }

    private static func isWhole(_ document: Span<UInt8>) -> Bool {
        var reader = JSONReader(document)
        do {
            try reader.skipValue()
            try reader.expectEnd()
            return true
        } catch {
            return false
        }
    }

    private static func decode(
        _ document: Span<UInt8>,
        _ onEvent: (Span<UInt8>) throws(JSONError) -> Void
    ) throws(GenAIError) {
        do {
            try onEvent(document)
        } catch {
            let beginning = document.extracting(first: shownBytes).withUnsafeBufferPointer {
                String(decoding: $0, as: UTF8.self)
            }
            throw .malformedResponse("\(error) of «\(beginning)»")
        }
    }
}

extension ArrivingHead {
    private static let longestDelay: Int64 = 1_000_000_000

    /// What `Retry-After` says: seconds, or a moment by the server's own clock, which `Date` tells.
    fileprivate var retryAfter: Duration? {
        guard let text = header("retry-after") else { return nil }
        if let seconds = Int64(text) {
            return seconds >= 0 ? .seconds(min(seconds, Self.longestDelay)) : nil
        }
        guard let moment = unixSeconds(httpDate: text), let now = header("date").flatMap(unixSeconds) else {
            return nil
        }
        return .seconds(min(max(moment - now, 0), Self.longestDelay))
    }
}
