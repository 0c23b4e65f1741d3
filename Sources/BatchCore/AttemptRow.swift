/// One request with what came of it, as figures over a whole job need it: no texts.
package struct AttemptRow: Sendable, Equatable {
    package enum Status: String, Sendable {
        case answered, failed, interrupted
        /// The program died while it was in flight.
        case lost
    }

    /// Of the item that it was sent for.
    package var key: String
    package var model: String
    package var status: Status
    /// `nil` for a lost one.
    package var timings: AttemptTimings?
    package var usage: TokenUsage
    /// `nil` is unknown, not 0.
    package var cost: MicroDollars?
    package var failureClass: String?
    /// The quota that refused it, and the wait that the server asked for.
    package var quotaID: String?
    package var quotaLimit: Int?
    package var retryDelay: Duration?

    package init(
        key: String,
        model: String,
        status: Status,
        timings: AttemptTimings? = nil,
        usage: TokenUsage = TokenUsage(),
        cost: MicroDollars? = nil,
        failureClass: String? = nil,
        quotaID: String? = nil,
        quotaLimit: Int? = nil,
        retryDelay: Duration? = nil
    ) {
        self.key = key
        self.model = model
        self.status = status
        self.timings = timings
        self.usage = usage
        self.cost = cost
        self.failureClass = failureClass
        self.quotaID = quotaID
        self.quotaLimit = quotaLimit
        self.retryDelay = retryDelay
    }
}
