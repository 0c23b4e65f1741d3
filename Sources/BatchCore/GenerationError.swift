/// Why an attempt gave no usable answer: a class to decide on, facts to show.
package struct GenerationError: Error, Sendable, Equatable {
    package var failureClass: FailureClass
    /// What was tried, on what, what happened and what to do; the key and the prompt are not in it.
    package var message: String
    package var httpStatus: Int?
    /// The delay the server asked for.
    package var retryDelay: Duration?
    /// The quotas that were exceeded, the one that matters most first; empty if the server told none.
    package var quotas: [ExceededQuota]
    /// Text that arrived before the failure: for display only, never an answer.
    package var partialText: String?
    /// Counts that arrived before the failure.
    package var usage: TokenUsage
    /// Whether the server may have worked, and billed, for this attempt.
    package var isPossiblyBilled: Bool

    package init(
        _ failureClass: FailureClass,
        _ message: String,
        httpStatus: Int? = nil,
        retryDelay: Duration? = nil,
        quotas: [ExceededQuota] = [],
        partialText: String? = nil,
        usage: TokenUsage = TokenUsage(),
        isPossiblyBilled: Bool = false
    ) {
        self.failureClass = failureClass
        self.message = message
        self.httpStatus = httpStatus
        self.retryDelay = retryDelay
        self.quotas = quotas
        self.partialText = partialText
        self.usage = usage
        self.isPossiblyBilled = isPossiblyBilled
    }
}

extension GenerationError {
    /// Whether the project's plan does not include the model at all.
    var isWithoutQuota: Bool { quotas.contains { $0.limit == 0 } }
}

/// A quota as a refusal names it.
package struct ExceededQuota: Sendable, Equatable {
    /// For example `GenerateRequestsPerMinutePerProjectPerModel`.
    package var id: String
    /// The limit in force, as the server told it.
    package var limit: Int?

    package init(id: String, limit: Int? = nil) {
        self.id = id
        self.limit = limit
    }

    package var isPerDay: Bool { id.contains("PerDay") }
    /// Whether it counts tokens and not requests.
    package var isOfTokens: Bool { id.contains("Token") }
}
