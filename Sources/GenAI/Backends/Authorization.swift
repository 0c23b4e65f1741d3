internal import Curl

/// What a request carries so that the server admits it.
struct Authorization: Sendable {
    private static let scheme = "Bearer "

    /// The headers of a request with a JSON body; the same array for all requests, which makes them quick to compare.
    let headers: [HTTPRequest.Header]
    /// What paths begin with: `projects/P/locations/L/`, or nothing.
    let projectPath: String
    /// The key or the token.
    let secret: String?

    /// With an API key, or with nothing for a gateway.
    init(key: String?, projectPath: String, _ options: HTTPOptions) throws(GenAIError) {
        var headers: [(String, String)] = []
        if let key {
            headers.append(("x-goog-api-key", key))
        }
        try self.init(headers, projectPath: projectPath, secret: key, options)
    }

    /// With a token of Google's sign-in.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if nothing names a project.
    init(_ token: AccessToken, quotaProject: String?, location: String, _ options: HTTPOptions) throws(GenAIError) {
        guard let project = token.project else { throw .noProject }
        var headers = [("Authorization", Self.scheme + token.text)]
        if let quotaProject {
            headers.append(("x-goog-user-project", quotaProject))
        }
        try self.init(headers, projectPath: Self.projectPath(project, location), secret: token.text, options)
    }

    private init(
        _ headers: [(String, String)],
        projectPath: String,
        secret: String?,
        _ options: HTTPOptions
    ) throws(GenAIError) {
        let common = [("Content-Type", "application/json"), ("User-Agent", options.userAgent)]
        do throws(CurlError) {
            self.headers = try (common + headers).map { header throws(CurlError) in
                try HTTPRequest.Header(header.0, header.1)
            }
        } catch {
            throw GenAIError(error)
        }
        self.projectPath = projectPath
        self.secret = secret
    }

    static func projectPath(_ project: String, _ location: String) -> String {
        "projects/\(project)/locations/\(location)/"
    }

    /// The token that a request carried.
    static func token(in request: HTTPRequest) -> String? {
        request.headers.first { $0.name == "Authorization" }.map { String($0.value.dropFirst(scheme.count)) }
    }
}
