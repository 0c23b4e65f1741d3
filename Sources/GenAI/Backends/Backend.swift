internal import Curl

/// Where the requests of one client go, and what admits them.
struct Backend: Sendable {
    /// How requests are authorised.
    private enum Admission: Sendable {
        /// The same for all requests: with a key, or for a gateway that adds what is needed.
        case fixed(Authorization)
        case signIn(TokenSource)
    }

    let kind: BackendKind
    /// Without a slash at the end.
    let baseURL: String
    /// For example `v1beta`.
    let version: String
    private let admission: Admission

    /// What admits one request.
    ///
    /// Does not suspend while a key, or a token that is not about to expire, is at hand.
    ///
    /// - Throws: ``GenAIError`` if signing in fails, or `CancellationError`.
    func authorization() async throws -> Authorization {
        switch admission {
        case .fixed(let authorization): authorization
        case .signIn(let source): try await source.authorization()
        }
    }

    /// The same if there is one; `nil` if it takes signing in.
    func authorizationAtHand() -> Authorization? {
        switch admission {
        case .fixed(let authorization): authorization
        case .signIn(let source): source.authorizationAtHand()
        }
    }

    /// The same for a thread that may stand still.
    func blockingAuthorization() throws -> Authorization {
        switch admission {
        case .fixed(let authorization): authorization
        case .signIn(let source): try source.blockingAuthorization()
        }
    }

    /// The address of a resource.
    ///
    /// - Parameters:
    ///   - path: Below the version; on Vertex AI below project and location too, unless it names a project itself, or
    ///     is to be read and belongs to a publisher: its models are described to all projects alike.
    ///   - authorization: That goes with the request.
    ///   - method: The method of HTTP.
    /// - Returns: The address.
    func url(_ path: String, _ authorization: Authorization, method: String = "POST") -> String {
        let isComplete = path.hasPrefix("projects/") || method == "GET" && path.hasPrefix("publishers/")
        let place = isComplete ? "" : authorization.projectPath
        // Made for every request: in one piece of memory.
        var url = ""
        url.reserveCapacity(baseURL.utf8.count + version.utf8.count + place.utf8.count + path.utf8.count + 2)
        url += baseURL
        url += "/"
        url += version
        url += "/"
        url += place
        url += path
        return url
    }

    /// Whether to repeat a request whose authorization the server did not accept: there will be a fresh token.
    func renewsAuthorization(after error: GenAIError?, of request: HTTPRequest) -> Bool {
        guard case .signIn(let source) = admission, case .api(let error)? = error, error.httpStatus == 401 else {
            return false
        }
        source.discard(Authorization.token(in: request))
        return true
    }

    /// Keys and tokens that must not be shown.
    var secrets: [String] {
        switch admission {
        case .fixed(let authorization): [authorization.secret].compactMap { $0 }
        case .signIn(let source): source.tokens
        }
    }
}

extension Backend {
    /// The Gemini API with a key.
    static func geminiAPI(
        key: String?,
        _ options: HTTPOptions,
        _ environment: Environment
    ) throws(GenAIError) -> Backend {
        let key = try APIKey(key) { environment[$0] }
        let baseURL = try BaseURL(
            options.baseURL ?? environment.baseURL(of: .geminiAPI) ?? "https://generativelanguage.googleapis.com"
        )
        let version = options.apiVersion ?? environment.apiVersion(beta: "v1beta") ?? "v1beta"
        return Backend(
            kind: .geminiAPI,
            baseURL: baseURL.text,
            version: version,
            admission: .fixed(try Authorization(key: key.text, projectPath: "", options))
        )
    }

    /// Vertex AI with a key, a sign-in, or behind a gateway.
    static func vertex(
        _ vertex: VertexOptions,
        _ options: HTTPOptions,
        _ environment: Environment,
        _ loop: TransferLoop,
        _ clock: some SignInClock
    ) throws(GenAIError) -> Backend {
        let settings = try VertexSettings(vertex, baseURL: options.baseURL, environment: environment)
        let baseURL = try BaseURL(settings.baseURL)
        let version = options.apiVersion ?? environment.apiVersion(beta: "v1beta1") ?? "v1beta1"
        let location = settings.location
        let admission: Admission
        switch settings.admission {
        case .key(let key):
            let path = settings.project.map { Authorization.projectPath($0, location) } ?? ""
            admission = .fixed(try Authorization(key: key, projectPath: path, options))
        case .gateway:
            admission = .fixed(try Authorization(key: nil, projectPath: "", options))
        case .credentials(let credentials):
            let transport = TokenTransport(loop: loop, options: options)
            let account = try GoogleAccount(credentials, project: settings.project, environment, transport, clock)
            admission = .signIn(
                TokenSource(clock: clock, obtain: account.signIn) { token throws(GenAIError) in
                    try Authorization(token, quotaProject: account.quotaProject, location: location, options)
                }
            )
        }
        return Backend(kind: .vertex, baseURL: baseURL.text, version: version, admission: admission)
    }
}
