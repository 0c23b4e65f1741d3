/// An error that the server told: `google.rpc.Status` with its details.
///
/// The same whether it came with an HTTP status, inside a stream or wrapped in an array. It never holds the key or
/// the prompt.
public struct APIError: Error, Sendable, Hashable {
    /// The status of the HTTP response, or the code inside the stream's error object.
    public var httpStatus: Int
    /// For example `RESOURCE_EXHAUSTED`; `nil` if the body was not Google's.
    public var status: String?
    /// The server's own words, at most a few hundred characters.
    public var message: String
    /// `ErrorInfo.reason`, for example `API_KEY_INVALID`: a bad key is an HTTP 400.
    public var reason: String?
    /// The fields of the request that the server did not like.
    public var fieldViolations: [FieldViolation] = []
    /// The limits that were exceeded; empty for capacity that all share.
    public var quotaViolations: [QuotaViolation] = []
    /// `RetryInfo`, else the header `Retry-After`.
    ///
    /// Not to be believed beside a quota per day (see `kind`).
    public var retryDelay: Duration?
    /// Pages that the server points to.
    public var helpLinks: [HelpLink] = []

    /// A field of the request that the server did not like.
    public struct FieldViolation: Sendable, Hashable {
        /// For example `generation_config`.
        public let field: String
        /// What is wrong with it.
        public let description: String
    }

    /// A limit that was exceeded; `quotaID` tells whether it is counted per minute or per day.
    public struct QuotaViolation: Sendable, Hashable {
        /// For example `GenerateRequestsPerMinutePerProjectPerModel-FreeTier`.
        public let quotaID: String
        /// For example `generativelanguage.googleapis.com/generate_content_free_tier_requests`.
        public let quotaMetric: String
        /// The limit in force.
        public let quotaValue: Int?
        /// What the limit is for: `model`, `location`.
        public let dimensions: [String: String]
    }

    /// A page that the server points to.
    public struct HelpLink: Sendable, Hashable {
        /// What the page is about.
        public let description: String
        /// The page's address, as the server gave it.
        public let url: String
    }

    /// An error with what every one has; the details are set afterwards.
    public init(httpStatus: Int, status: String? = nil, message: String) {
        self.httpStatus = httpStatus
        self.status = status
        self.message = message
    }
}

extension APIError: CustomStringConvertible {
    public var description: String {
        "HTTP \(httpStatus)" + (status.map { " \($0)" } ?? "") + (message.isEmpty ? "" : ": \(message)")
    }
}

extension APIError {
    /// The same error with every text of the server's changed.
    func mapTexts(_ change: (String) -> String) -> APIError {
        var error = self
        error.status = status.map(change)
        error.message = change(message)
        error.reason = reason.map(change)
        error.fieldViolations = fieldViolations.map {
            FieldViolation(field: change($0.field), description: change($0.description))
        }
        error.quotaViolations = quotaViolations.map {
            QuotaViolation(
                quotaID: change($0.quotaID),
                quotaMetric: change($0.quotaMetric),
                quotaValue: $0.quotaValue,
                dimensions: $0.dimensions.mapValues(change)
            )
        }
        error.helpLinks = helpLinks.map { HelpLink(description: change($0.description), url: change($0.url)) }
        return error
    }
}
