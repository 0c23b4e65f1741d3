import JSON

/// What goes over the wire for one request: a head, a body with pauses, and an ending.
struct ResponsePlan {
    /// How a response ends after its body.
    enum Ending {
        /// As HTTP wants it.
        case proper
        /// The connection closes, in the middle if need be.
        case close
        /// The connection is reset.
        case reset
        /// Nothing more ever comes.
        case silence
    }

    var status = 200
    /// Whether there is an answer at all, or the connection just ends.
    var hasHead = true
    var headers: [(name: String, value: String)] = []
    /// The bytes the head promises; `nil` for a chunked body.
    var contentLength: Int?
    var body: any BodySource
    var beforeHead = Duration.zero
    var beforeFirstChunk = Duration.zero
    var betweenChunks = Duration.zero
    /// Whether each byte is written on its own.
    var isBytewise = false
    var ending = Ending.proper
    /// What the request counts as, unless the client leaves first.
    var outcome = Outcome.completed

    init(status: Int = 200, contentType: String, body: any BodySource) {
        self.status = status
        headers = [("Content-Type", contentType)]
        self.body = body
    }

    /// A response in one piece.
    static func whole(status: Int = 200, contentType: String = json, _ bytes: [UInt8]) -> ResponsePlan {
        var plan = ResponsePlan(status: status, contentType: contentType, body: ReadyBody([bytes]))
        plan.contentLength = bytes.count
        return plan
    }

    /// A JSON document.
    static func document(_ value: JSONValue) -> ResponsePlan {
        whole(Array(value.text.utf8))
    }

    static func error(_ error: APIError) -> ResponsePlan {
        var plan = whole(status: error.status, Array(error.body.text.utf8))
        plan.outcome = .refused
        return plan
    }

    /// No answer: the connection closes.
    static var dropped: ResponsePlan {
        var plan = ResponsePlan(contentType: json, body: ReadyBody([]))
        plan.hasHead = false
        plan.ending = .close
        plan.outcome = .faulted
        return plan
    }

    static let json = "application/json; charset=UTF-8"
    static let eventStream = "text/event-stream"
}
