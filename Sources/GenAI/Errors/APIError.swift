internal import JSON

/// An error that the server told: `google.rpc.Status` with its details (protocol, section 8).
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
    public var fieldViolations: [FieldViolation] = []
    public var quotaViolations: [QuotaViolation] = []
    /// `RetryInfo`, else the header `Retry-After`.
    public var retryDelay: Duration?

    public struct FieldViolation: Sendable, Hashable {
        public let field: String
        public let description: String
    }

    /// A limit that was exceeded; `quotaID` tells whether it is counted per minute or per day.
    public struct QuotaViolation: Sendable, Hashable {
        public let quotaID: String
        public let quotaMetric: String
        /// The limit in force.
        public let quotaValue: Int?
    }

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
    private static let longestMessage = 500

    /// Reads the body of an answer that is not 200: Google's JSON, perhaps in an array, or whatever a proxy sent.
    init(httpStatus: Int, body: [UInt8], retryAfter: Duration? = nil) {
        if let document = try? JSONValue(parsing: body), let error = Self.errorObject(in: document) {
            self.init(error, httpStatus: httpStatus)
        } else {
            self.init(httpStatus: httpStatus, message: Self.plainText(of: body))
        }
        retryDelay = retryDelay ?? retryAfter
    }

    /// The `error` member of a document or of its only element.
    static func errorObject(in document: JSONValue) -> JSONValue? {
        let error = (document.array?.first ?? document)["error"]
        return error == .null ? nil : error
    }

    /// - Parameters:
    ///   - error: The `error` object itself.
    ///   - httpStatus: `nil` inside a stream, whose status was 200; then the code is the object's own.
    init(_ error: JSONValue, httpStatus: Int?) {
        let status = error["status"]?.string ?? error["code"]?.string
        // Smaller codes are those of google.rpc, which the status spells out.
        let code = error["code"]?.int64.flatMap { (100...599).contains($0) ? Int($0) : nil }
        self.init(
            httpStatus: httpStatus ?? code ?? Self.httpStatus(for: status),
            status: status,
            message: String((error["message"]?.string ?? error.string ?? "").prefix(Self.longestMessage))
        )
        for detail in error["details"]?.array ?? [] {
            add(detail)
        }
    }

    private mutating func add(_ detail: JSONValue) {
        switch detail["@type"]?.string?.split(separator: ".").last {
        case "RetryInfo":
            retryDelay = detail["retryDelay"]?.string.flatMap(Duration.init(protobuf:)) ?? retryDelay
        case "ErrorInfo":
            reason = detail["reason"]?.string ?? reason
        case "QuotaFailure":
            quotaViolations += (detail["violations"]?.array ?? []).map { violation in
                QuotaViolation(
                    quotaID: violation["quotaId"]?.string ?? "",
                    quotaMetric: violation["quotaMetric"]?.string ?? violation["subject"]?.string ?? "",
                    quotaValue: violation["quotaValue"]?.int64.map { Int(clamping: $0) }
                )
            }
        case "BadRequest":
            fieldViolations += (detail["fieldViolations"]?.array ?? []).map { violation in
                FieldViolation(
                    field: violation["field"]?.string ?? "",
                    description: violation["description"]?.string ?? ""
                )
            }
        default:
            break
        }
    }

    /// HTTP statuses of `google.rpc.Code`, for error objects that carry only the word.
    private static func httpStatus(for status: String?) -> Int {
        switch status {
        case "INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE": 400
        case "UNAUTHENTICATED": 401
        case "PERMISSION_DENIED": 403
        case "NOT_FOUND": 404
        case "ABORTED", "ALREADY_EXISTS": 409
        case "RESOURCE_EXHAUSTED": 429
        case "CANCELLED": 499
        case "UNAVAILABLE": 503
        case "DEADLINE_EXCEEDED": 504
        default: 500
        }
    }

    /// The words of a HTML page or a plain text, without markup and in one line.
    private static func plainText(of body: [UInt8]) -> String {
        var text = ""
        var isInTag = false
        for character in String(decoding: body.prefix(4096), as: UTF8.self) {
            switch character {
            case "<": isInTag = true
            case ">":
                isInTag = false
                text += " "
            default:
                if !isInTag { text.append(character) }
            }
        }
        return String(text.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(longestMessage))
    }
}

extension Duration {
    /// A duration as protobuf writes it in JSON: decimal seconds with `s`, such as `45.837906927s`.
    ///
    /// Absurd values are cut to about 30 years, so that sums with it cannot overflow.
    package init?(protobuf text: String) {
        let number = text.dropLast().split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let isDecimal = number.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        guard text.hasSuffix("s"), isDecimal, let whole = number.first else { return nil }
        let fraction = number.count > 1 ? number[1].prefix(9) : ""
        let nanoseconds = Int64(fraction + String(repeating: "0", count: 9 - fraction.count)) ?? 0
        self = .seconds(min(Int64(whole) ?? .max, 1_000_000_000)) + .nanoseconds(nanoseconds)
    }
}
