extension APIError {
    /// What an error means to a caller, where the status alone does not tell.
    public enum Kind: Sendable, Hashable {
        /// The request is wrong and will stay so.
        case invalidRequest
        /// The key is not valid: an HTTP 400, told apart by its reason.
        case invalidKey
        /// The account or a file is not ready: billing, region, a file that is still being processed.
        case failedPrecondition
        /// The token is missing or expired; a new one may help, once.
        case unauthenticated
        /// The key may not do this.
        case permissionDenied
        /// No such model, file or version; models are retired, files live 48 hours.
        case notFound
        /// The body is above the limit of Google's front end.
        case requestTooLarge
        /// A quota per minute: wait for ``APIError/retryDelay``.
        case quotaPerMinute
        /// A quota per day: nothing helps before midnight Pacific time.
        case quotaPerDay
        /// The project's plan has none of this: a quota whose limit is 0.
        case notInPlan
        /// The prepaid credit or the monthly cap is used up.
        case creditExhausted
        /// Too much at once and no quota named: capacity that all share, or a limit on spending.
        case capacity
        /// The server is overloaded.
        case overloaded
        /// A failure of the server's; another attempt may succeed.
        case serverFailure
        /// The server's deadline ran out; a longer one may help.
        case deadlineExceeded
        /// Another place, which is not followed, or a status that Google does not use.
        case unexpected
    }

    /// What the error means.
    public var kind: Kind {
        switch httpStatus {
        case 400 where isInvalidKey: .invalidKey
        case 400 where status == "FAILED_PRECONDITION": .failedPrecondition
        case 401: .unauthenticated
        case 403: .permissionDenied
        case 404: .notFound
        case 413: .requestTooLarge
        case 429: quotaKind
        // Some front ends tell a quota with the status of an overload.
        case 503 where status == "RESOURCE_EXHAUSTED": quotaKind
        case 503: .overloaded
        case 504: .deadlineExceeded
        case 408, 409, 499, 500...599: .serverFailure
        case 400...499: .invalidRequest
        default: .unexpected
        }
    }

    /// Whether the key is not valid, which the server tells with an HTTP 400.
    public var isInvalidKey: Bool {
        httpStatus == 400 && reason?.hasPrefix("API_KEY") == true
    }

    private var quotaKind: Kind {
        if quotaViolations.contains(where: isZero) {
            return .notInPlan
        }
        if quotaViolations.contains(where: { $0.quotaID.contains("PerDay") }) {
            return .quotaPerDay
        }
        guard quotaViolations.isEmpty else { return .quotaPerMinute }
        return saysCreditIsExhausted ? .creditExhausted : .capacity
    }

    /// Google's JSON leaves out numbers that are 0, but the message tells the limit.
    private func isZero(_ violation: QuotaViolation) -> Bool {
        violation.quotaValue == 0 || violation.quotaValue == nil && message.contains("limit: 0,")
    }

    /// There is no detail for it, only the message; that of ordinary quotas names "billing" too.
    private var saysCreditIsExhausted: Bool {
        let message = message.lowercased()
        return ["prepaid", "prepayment", "credits", "spending cap", "spend cap", "monthly"].contains {
            message.contains($0)
        }
    }
}
