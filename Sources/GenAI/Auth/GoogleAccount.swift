#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Who signs in, and in which project; files are read when it is made, servers asked when it signs in.
struct GoogleAccount: Sendable {
    private static let attempts = 3

    /// The project that pays, sent with every request.
    let quotaProject: String?
    private let issuer: any TokenIssuer
    /// `nil` if it has to be asked for.
    let project: String?
    private let transport: TokenTransport
    private let clock: any SignInClock

    /// Finds the credentials (protocol, section 17).
    ///
    /// - Parameters:
    ///   - credentials: Which ones.
    ///   - project: The one to work in; `nil` lets the credentials name it.
    ///   - environment: Where default credentials are looked for.
    ///   - transport: To the servers that give out tokens.
    ///   - clock: Times of tokens, and pauses between attempts.
    /// - Throws: ``GenAIError/signIn(_:)`` if there are none, or they cannot be used; ``GenAIError/invalidCall(_:)`` if
    ///   nothing names a project.
    init(
        _ credentials: GoogleCredentials,
        project: String?,
        _ environment: Environment,
        _ transport: TokenTransport,
        _ clock: some SignInClock
    ) throws(GenAIError) {
        let file = try Self.path(of: credentials, environment).map { path throws(GenAIError) in
            try CredentialsFile(path: path)
        }
        issuer = if let file { try file.issuer(clock: clock) } else { try MetadataServer(environment, clock: clock) }
        self.project = project ?? file?.project
        if let named = self.project {
            try VertexSettings.check(named, "project", also: ".:")
        } else if file != nil {
            throw .noProject
        }
        quotaProject = environment["GOOGLE_CLOUD_QUOTA_PROJECT"] ?? file?.quotaProject
        self.transport = transport
        self.clock = clock
    }

    /// Gets a token; troubles that pass are waited out for a few seconds.
    ///
    /// - Throws: ``GenAIError``, or `CancellationError`.
    func signIn() async throws -> AccessToken {
        var attempt = 1
        while true {
            do {
                var token = try await issuer.token(over: transport)
                if let project {
                    token.project = project
                } else {
                    token.project = try await issuer.project(over: transport)
                }
                return token
            } catch let error as GenAIError {
                guard error.isSignInTrouble, attempt < Self.attempts else { throw issuer.verdict(on: error) }
                let longest = 1000 << (attempt - 1)
                try await clock.sleep(until: clock.now() + .milliseconds(Int.random(in: longest / 2...longest)))
                attempt += 1
            }
        }
    }

    /// The credentials file; one that is named must be there, gcloud's own may be missing.
    private static func path(of credentials: GoogleCredentials, _ environment: Environment) -> String? {
        if case .file(let path) = credentials { return path }
        if let path = environment["GOOGLE_APPLICATION_CREDENTIALS"] { return path }
        let folder = environment["CLOUDSDK_CONFIG"] ?? environment["HOME"].map { "\($0)/.config/gcloud" }
        let path = folder.map { "\($0)/application_default_credentials.json" }
        return path.flatMap { access($0, F_OK) == 0 ? $0 : nil }
    }
}

extension GenAIError {
    static let noProject = GenAIError.invalidCall(
        "no project of Google Cloud is named, not by the credentials either; set GOOGLE_CLOUD_PROJECT"
    )

    /// Whether asking for a token again may help.
    fileprivate var isSignInTrouble: Bool {
        switch self {
        case .unreachable, .connectionLost, .timedOut: true
        case .signIn(let error): error.isTransient
        default: false
        }
    }
}
