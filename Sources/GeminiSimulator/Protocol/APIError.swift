import JSON

/// An error as the API words it: a `google.rpc.Status` in JSON.
struct APIError: Error {
    var status: Int
    /// The name in `error.status`, for example `INVALID_ARGUMENT`.
    var name: String
    var message: String
    var details: [JSONValue] = []

    /// The value of the `error` member.
    var value: JSONValue {
        var members: JSONObject = [
            "code": .number(JSONNumber(status)), "message": .string(message), "status": .string(name),
        ]
        if !details.isEmpty {
            members["details"] = .array(details)
        }
        return .object(members)
    }

    /// The whole body of a response.
    var body: JSONValue {
        .object(["error": value])
    }

    static func detail(_ type: String, _ members: JSONObject) -> JSONValue {
        .object((["@type": .string("type.googleapis.com/google.rpc.\(type)")] as JSONObject).merging(members))
    }
}

// MARK: Requests that are wrong

extension APIError {
    /// One field of a request and what is wrong with it.
    struct Violation {
        /// The field's path in snake case, as the servers write it; empty for the document itself.
        let field: String
        let description: String
    }

    static func invalidArgument(_ message: String) -> APIError {
        APIError(status: 400, name: "INVALID_ARGUMENT", message: message)
    }

    /// A request refused for its fields, all of them in one go.
    static func badRequest(_ violations: [Violation]) -> APIError {
        var error = invalidArgument(violations.map(\.description).joined(separator: "\n"))
        let list = violations.map { violation in
            var members = JSONObject()
            if !violation.field.isEmpty {
                members["field"] = .string(violation.field)
            }
            members["description"] = .string(violation.description)
            return JSONValue.object(members)
        }
        error.details = [detail("BadRequest", ["fieldViolations": .array(list)])]
        return error
    }

    static let keyNotValid = APIError(
        status: 400,
        name: "INVALID_ARGUMENT",
        message: "API key not valid. Please pass a valid API key.",
        details: [errorInfo("API_KEY_INVALID")]
    )

    static let keyMissing = APIError(
        status: 403,
        name: "PERMISSION_DENIED",
        message: """
            Method doesn't allow unregistered callers (callers without established identity). \
            Please use API Key or other form of API consumer identity to call this API.
            """
    )

    static let tokenMissing = APIError(
        status: 401,
        name: "UNAUTHENTICATED",
        message: """
            Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or \
            other valid authentication credential.
            """,
        details: [errorInfo("CREDENTIALS_MISSING")]
    )

    static func modelNotFound(_ model: String, version: String, method: String) -> APIError {
        APIError(
            status: 404,
            name: "NOT_FOUND",
            message: """
                models/\(model) is not found for API version \(version), or is not supported for \(method). \
                Call ListModels to see the list of available models and their supported methods.
                """
        )
    }

    static let bodyTooLarge = APIError(
        status: 413,
        name: "INVALID_ARGUMENT",
        message: "Request payload size exceeds the limit: 104857600 bytes."
    )

    static func errorInfo(_ reason: String) -> JSONValue {
        detail(
            "ErrorInfo",
            [
                "reason": .string(reason), "domain": "googleapis.com",
                "metadata": ["service": "generativelanguage.googleapis.com"],
            ]
        )
    }
}

// MARK: Quotas

extension APIError {
    /// Which quota a 429 speaks of.
    enum Quota: String, Sendable, CaseIterable {
        case minute
        case day
        /// No details at all, as shared capacity answers.
        case none
        /// A limit of zero: the model is not available to this project.
        case zero
        /// The rolling spend limit, known by its message only.
        case spend
    }

    /// A request refused by a quota, with the details that tell which.
    ///
    /// - Parameters:
    ///   - quota: The kind of quota.
    ///   - model: The model asked for.
    ///   - retryDelay: Decimal seconds with an `s`; `nil` takes what is usual for the kind.
    ///   - quotaID: Replaces the usual identifier.
    ///   - quotaValue: Replaces the usual limit.
    /// - Returns: The error, with the message the servers write for that quota.
    static func exhausted(
        _ quota: Quota,
        model: String,
        retryDelay: String? = nil,
        quotaID: String? = nil,
        quotaValue: String? = nil
    ) -> APIError {
        let message: String
        switch quota {
        case .none: message = "Resource has been exhausted (e.g. check quota)."
        case .spend: message = "You have exceeded your project's spend limit for the last 10 minutes."
        case .minute, .day, .zero:
            message = "You exceeded your current quota, please check your plan and billing details."
        }
        var error = APIError(status: 429, name: "RESOURCE_EXHAUSTED", message: message)
        guard quota != .none, quota != .spend else {
            error.details = retryDelay.map { [retryInfo($0)] } ?? []
            return error
        }
        let perDay = quota == .day
        let value = quotaValue ?? (quota == .zero ? "0" : perDay ? "20" : "10")
        let delay = retryDelay ?? (perDay ? "41.2s" : "36.461s")
        let metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests"
        let period = perDay ? "PerDay" : "PerMinute"
        error.message += """

            * Quota exceeded for metric: \(metric), limit: \(value), model: \(model)
            Please retry in \(delay).
            """
        error.details = [
            detail(
                "Help",
                [
                    "links": [
                        [
                            "description": "Learn more about Gemini API quotas",
                            "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
                        ]
                    ]
                ]
            ),
            detail(
                "QuotaFailure",
                [
                    "violations": [
                        [
                            "quotaMetric": .string(metric),
                            "quotaId": .string(
                                quotaID ?? "GenerateRequests\(period)PerProjectPerModel-FreeTier"
                            ),
                            "quotaDimensions": ["location": "global", "model": .string(model)],
                            "quotaValue": .string(value),
                        ]
                    ]
                ]
            ),
            retryInfo(delay),
        ]
        return error
    }

    static func retryInfo(_ delay: String) -> JSONValue {
        detail("RetryInfo", ["retryDelay": .string(delay)])
    }
}
