internal import Curl

/// The requests of one answer: the first, and those that fetch the rest after a `CONTINUATION`.
///
/// The limit of the total holds for all of them together.
struct AnswerRequests {
    let client: Client
    let call: GenerateCall
    private var startedAt: Duration?

    init(client: Client, call: GenerateCall) {
        self.client = client
        self.call = call
    }

    /// Starts the next request.
    ///
    /// - Parameter continuationToken: What the last response gave; `nil` for the first request.
    /// - Returns: Where its chunks arrive.
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the call cannot be made as it is.
    mutating func start(continuationToken: String?) throws(GenAIError) -> ChunkReceiver {
        let startedAt = startedAt ?? monotonicNow()
        self.startedAt = startedAt
        var timeouts = client.options.timeouts
        timeouts.total -= monotonicNow() - startedAt
        let request = client.request(
            path: try call.path(),
            body: call.body(continuationToken: continuationToken),
            timeouts: timeouts
        )
        return try ChunkReceiver(request, client: client)
    }
}
