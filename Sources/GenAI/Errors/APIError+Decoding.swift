internal import JSON

extension APIError {
    private static let longestText = 500

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
            message: Self.shortened(error["message"]?.string ?? error.string)
        )
        for detail in error["details"]?.array ?? [] {
            add(detail)
        }
        // Older front ends tell their reason here, and nothing in the details.
        for older in error["errors"]?.array ?? [] {
            reason = reason ?? older["reason"]?.string
            if message.isEmpty {
                message = Self.shortened(older["message"]?.string)
            }
        }
    }

    private mutating func add(_ detail: JSONValue) {
        switch detail["@type"]?.string?.split(separator: ".").last {
        case "RetryInfo":
            retryDelay = detail["retryDelay"]?.string.flatMap(Duration.init(protobuf:)) ?? retryDelay
        case "ErrorInfo":
            reason = detail["reason"]?.string ?? reason
        case "QuotaFailure":
            quotaViolations += (detail["violations"]?.array ?? []).map(QuotaViolation.init)
        case "BadRequest":
            fieldViolations += (detail["fieldViolations"]?.array ?? []).map { violation in
                FieldViolation(
                    field: Self.shortened(violation["field"]?.string),
                    description: Self.shortened(violation["description"]?.string)
                )
            }
        case "Help":
            helpLinks += (detail["links"]?.array ?? []).map { link in
                HelpLink(
                    description: Self.shortened(link["description"]?.string),
                    url: Self.shortened(link["url"]?.string)
                )
            }
        case "LocalizedMessage" where message.isEmpty:
            message = Self.shortened(detail["message"]?.string)
        default:
            break
        }
    }

    private static func shortened(_ text: String?) -> String {
        String((text ?? "").prefix(longestText))
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
}

extension APIError.QuotaViolation {
    fileprivate init(_ violation: JSONValue) {
        let dimensions = (violation["quotaDimensions"]?.object ?? [:]).compactMap { dimension in
            dimension.value.string.map { (dimension.name, $0) }
        }
        self.init(
            quotaID: violation["quotaId"]?.string ?? "",
            quotaMetric: violation["quotaMetric"]?.string ?? violation["subject"]?.string ?? "",
            quotaValue: violation["quotaValue"]?.int64.map { Int(clamping: $0) },
            dimensions: Dictionary(dimensions, uniquingKeysWith: { $1 })
        )
    }
}

extension APIError {
    /// Bytes of a page that are looked at: the styles of Google's own pages come before their words.
    private static let longestPage = 16 << 10

    /// The words of a HTML page or a plain text, without markup and in one line.
    private static func plainText(of body: [UInt8]) -> String {
        var rest = String(decoding: body.prefix(longestPage), as: UTF8.self)[...]
        var text = ""
        while let tagStart = rest.firstIndex(of: "<") {
            text += rest[..<tagStart]
            let tag = rest[tagStart...]
            guard let next = tag.dropFirst().first, next.isLetter || "/!?".contains(next) else {
                text += "<"
                rest = tag.dropFirst()
                continue
            }
            text += " "
            let name = tag.dropFirst().prefix { $0.isLetter }
            // What stands between these is not for reading.
            let isHidden = ["style", "script"].contains(name.lowercased())
            rest = Self.behind(isHidden ? "</\(name)>" : ">", in: tag)
        }
        text += rest
        return shortened(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
    }

    /// What follows a mark; nothing if it does not occur.
    private static func behind(_ mark: String, in text: Substring) -> Substring {
        text.firstRange(of: mark).map { text[$0.upperBound...] } ?? ""
    }
}
