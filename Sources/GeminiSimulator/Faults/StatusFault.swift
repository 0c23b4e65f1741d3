import JSON

/// An HTTP status with its body.
struct StatusFault: Sendable {
    /// What the body is.
    enum Body: String, Sendable, CaseIterable {
        case json
        /// The page of a proxy.
        case html
        case text
        case none
    }

    var status: Int
    var body: Body?
    /// The name in `error.status`, if not the usual one of the status.
    var name: String?
    var message: String?
    /// The reason in an `ErrorInfo` detail.
    var reason: String?
    var quota = APIError.Quota.minute
    var quotaID: String?
    var quotaValue: String?
    /// The delay in a `RetryInfo` detail, for example `45.837906927s`.
    var retryDelay: String?
    /// The value of a `Retry-After` header.
    var retryAfter: String?
    /// The value of a `Location` header.
    var location: String?
    /// Whether the body is a list of one error document.
    var isWrappedInArray = false

    /// The body of this fault, for a request for one model.
    func bytes(model: String) -> [UInt8] {
        switch kind {
        case .none:
            return []
        case .text:
            return Array((message ?? "upstream connect error or disconnect/reset before headers").utf8)
        case .html:
            let title = "Error \(status) (\(name ?? "Server Error"))!!1"
            let text = message ?? "The server encountered a temporary error and could not complete your request."
            return Array(
                "<!DOCTYPE html>\n<html lang=en>\n<title>\(title)</title>\n<p><b>\(status).</b> \(text)\n</html>\n".utf8
            )
        case .json:
            let document = error(model: model).body
            return Array((isWrappedInArray ? .array([document]) : document).text.utf8)
        }
    }

    var contentType: String {
        switch kind {
        case .html: "text/html; charset=UTF-8"
        case .text, .none: "text/plain; charset=UTF-8"
        case .json: "application/json; charset=UTF-8"
        }
    }

    /// Proxies and front ends answer these with a page; everything else comes from the API itself.
    private var kind: Body {
        body ?? (status == 502 || status == 413 || status < 400 ? .html : .json)
    }

    /// The error object of this fault.
    func error(model: String) -> APIError {
        var error = usualError(model: model)
        if let name { error.name = name }
        if let message { error.message = message }
        if let reason { error.details.append(APIError.errorInfo(reason)) }
        if status != 429, let retryDelay { error.details.append(APIError.retryInfo(retryDelay)) }
        return error
    }

    private func usualError(model: String) -> APIError {
        switch status {
        case 400 where reason == "API_KEY_INVALID":
            var error = APIError.keyNotValid
            error.details = []
            return error
        case 401: return .tokenMissing
        case 404: return .modelNotFound(model, version: "v1beta", method: "generateContent")
        case 413: return .bodyTooLarge
        case 429:
            return .exhausted(quota, model: model, retryDelay: retryDelay, quotaID: quotaID, quotaValue: quotaValue)
        default:
            let (name, message) = Self.usual[status] ?? ("UNKNOWN", "Status \(status), as the fault script orders.")
            return APIError(status: status, name: name, message: message)
        }
    }

    private static let usual: [Int: (name: String, message: String)] = [
        400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
        403: ("PERMISSION_DENIED", "The caller does not have permission"),
        408: ("DEADLINE_EXCEEDED", "The request timed out."),
        409: ("ABORTED", "The operation was aborted."),
        499: ("CANCELLED", "The operation was cancelled."),
        500: ("INTERNAL", "An internal error has occurred. Please retry or report the problem."),
        502: ("UNAVAILABLE", "The service is currently unavailable."),
        503: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
        504: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
    ]
}
