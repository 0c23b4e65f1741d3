internal import Curl
internal import Synchronization

/// The server inside Google Cloud that gives a machine the tokens of its service account.
final class MetadataServer: TokenIssuer {
    private static let header = ("Metadata-Flavor", "Google")
    /// It is on the machine's own network; elsewhere nobody answers, and that is to show soon.
    private static let limits = TransferLimits(
        connect: .seconds(3),
        firstByte: .seconds(10),
        idle: .seconds(10),
        total: .seconds(10)
    )

    private let base: String
    private let clock: any SignInClock
    private let hasAnswered = Mutex(false)

    let name = "as this machine's service account"
    let advice = "give the machine a service account that may use Vertex AI"

    /// - Throws: ``GenAIError/signIn(_:)`` if the environment says that there is none.
    init(_ environment: Environment, clock: any SignInClock) throws(GenAIError) {
        guard environment["NO_GCE_CHECK"]?.lowercased() != "true" else { throw Self.noCredentials(nil) }
        let host = environment["GCE_METADATA_HOST"] ?? "metadata.google.internal"
        guard host.utf8.allSatisfy({ !"/?#@ ".utf8.contains($0) }) else {
            throw .invalidCall("GCE_METADATA_HOST must be a host, perhaps with a port")
        }
        base = "http://\(host)/computeMetadata/v1"
        self.clock = clock
    }

    func token(over transport: TokenTransport) async throws -> AccessToken {
        let path = "instance/service-accounts/default/token?scopes=\(formEncoded(AccessToken.scope))"
        let response = try await get(path, transport)
        guard response.status != 404 else {
            throw GenAIError.signIn(SignInError(.noCredentials, "this machine has no service account; \(advice)"))
        }
        return try token(in: response, hiding: [], clock: clock)
    }

    func project(over transport: TokenTransport) async throws -> String? {
        let response = try await get("project/project-id", transport)
        let project = String(decoding: response.body, as: UTF8.self).trimmingWhitespace
        guard response.status == 200 else { return nil }
        try VertexSettings.check(project, "project", also: ".:")
        return project
    }

    private func get(_ path: String, _ transport: TokenTransport) async throws -> TokenResponse {
        let response = try await transport.get("\(base)/\(path)", header: Self.header, limits: Self.limits)
        // Anybody may listen at that address outside of Google Cloud.
        guard response.head.header("metadata-flavor") == "Google" else { throw Self.noCredentials(nil) }
        hasAnswered.withLock { $0 = true }
        return response
    }

    /// A server that was there before has a bad moment; one that never was is not there.
    func verdict(on error: GenAIError) -> GenAIError {
        guard !hasAnswered.withLock({ $0 }) else { return error }
        switch error {
        case .unreachable(let words), .connectionLost(let words), .timedOut(_, let words):
            return Self.noCredentials(words)
        default:
            return error
        }
    }

    private static func noCredentials(_ words: String?) -> GenAIError {
        .signIn(
            SignInError(
                .noCredentials,
                "no credentials of Google Cloud were found: run `gcloud auth application-default login`, or name the key "
                    + "of a service account in GOOGLE_APPLICATION_CREDENTIALS"
                    + (words.map { " (no metadata server either: \($0))" } ?? "")
            )
        )
    }
}
