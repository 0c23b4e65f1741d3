internal import Curl

/// The requests of one answer: the first, those that fetch the rest after a `CONTINUATION`, and the one that repeats
/// a request whose token was not accepted.
///
/// The limit of the total holds for all of them together.
struct AnswerRequests {
    let client: Client
    private let call: GenerateCall
    private var startedAt: Duration?
    private var continuationToken: String?
    private var request: HTTPRequest?
    private var hasRenewedAuthorization = false

    init(client: Client, call: GenerateCall) {
        self.client = client
        self.call = call
    }

    /// Starts the request that is next.
    ///
    /// - Parameter authorization: What admits it.
    /// - Returns: Where its chunks arrive.
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the call cannot be made as it is.
    mutating func start(_ authorization: Authorization) throws(GenAIError) -> ChunkReceiver {
        let startedAt = startedAt ?? monotonicNow()
        self.startedAt = startedAt
        var timeouts = client.options.timeouts
        timeouts.total -= monotonicNow() - startedAt
        let request = try client.request(
            call,
            continuationToken: continuationToken,
            timeouts: timeouts,
            authorization
        )
        self.request = request
        return try ChunkReceiver(request, client: client)
    }

    /// Has the next request go on where the last answer broke off.
    mutating func continueAnswer(_ continuationToken: String) {
        self.continuationToken = continuationToken
    }

    /// Whether the request is to be started anew: once, if it failed because its token was not accepted.
    mutating func renewsAuthorization(after error: any Error) -> Bool {
        guard !hasRenewedAuthorization, let request,
            client.backend.renewsAuthorization(after: error as? GenAIError, of: request)
        else { return false }
        hasRenewedAuthorization = true
        return true
    }
}
