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
    /// The model that worked on it, if it told.
    package var modelVersion: String?
    /// How the request was served, as far as the server told.
    package var serviceTier: ServiceTier?
    /// Whether a request that pays for spare capacity was turned away because there is none: nobody's limit, and it may
    /// take a while.
    package var isShed: Bool

    package init(
        _ failureClass: FailureClass,
        _ message: String,
        httpStatus: Int? = nil,
        retryDelay: Duration? = nil,
        quotas: [ExceededQuota] = [],
        partialText: String? = nil,
        usage: TokenUsage = TokenUsage(),
        isPossiblyBilled: Bool = false,
        modelVersion: String? = nil,
        serviceTier: ServiceTier? = nil,
        isShed: Bool = false
    ) {
        self.failureClass = failureClass
        self.message = message
        self.httpStatus = httpStatus
        self.retryDelay = retryDelay
        self.quotas = quotas
        self.partialText = partialText
        self.usage = usage
        self.isPossiblyBilled = isPossiblyBilled
        self.modelVersion = modelVersion
        self.serviceTier = serviceTier
        self.isShed = isShed
    }
}

extension GenerationError {
    /// Whether the project's plan does not include the model at all.
    var isWithoutQuota: Bool { quotas.contains { $0.limit == 0 } }

    /// Whether it is about a quota of the day, and not only about a long delay.
    var namesDay: Bool { quotas.contains(where: \.isPerDay) }

    /// The smallest limit of requests per day that the server told.
    var requestsPerDay: Int? {
        quotas.lazy.filter { $0.isPerDay && !$0.isOfTokens }.compactMap(\.limit).min()
    }
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
    package var isPerMinute: Bool { id.contains("PerMinute") }
    /// Whether it counts tokens and not requests.
    package var isOfTokens: Bool { id.contains("Token") }

    /// What may not be exceeded, as `300 requests/min`; `nil` if the name tells no time.
    var words: String? {
        let period = isPerDay ? "day" : isPerMinute ? "min" : nil
        let what = isOfTokens ? "input tokens" : "requests"
        return period.map { (limit.map { "\($0) " } ?? "") + "\(what)/\($0)" }
    }
}

extension GenerationError {
    /// The limit that was exceeded, as `300 requests/min`; `nil` if the server did not name it.
    var exceededLimit: String? { quotas.lazy.compactMap(\.words).first }
}

extension GenerationError {
    /// Whether the service or the way to it is at fault.
    ///
    /// A shed request is not: the service is there, has nothing to spare, and serves others as before.
    package var isServiceTrouble: Bool { failureClass.isServiceTrouble && !isShed }
}
