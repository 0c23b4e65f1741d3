internal import JSON

/// A person who has signed in with gcloud.
struct AuthorizedUser: TokenIssuer {
    static let tokenServer = "https://oauth2.googleapis.com/token"

    private let clientID: String
    private let clientSecret: String
    private let refreshToken: String
    /// Google's, or one on this machine that the file names; no other is to get the refresh token.
    let tokenServer: String
    private let clock: any SignInClock

    let name = "with gcloud's credentials"
    let advice = "sign in again: gcloud auth application-default login"

    init(_ file: CredentialsFile, clock: any SignInClock) throws(GenAIError) {
        clientID = try file.text("client_id")
        clientSecret = try file.text("client_secret")
        refreshToken = try file.text("refresh_token")
        let named = try? file.tokenServer()
        tokenServer = named.flatMap { $0.isLoopback ? $0.text : nil } ?? Self.tokenServer
        self.clock = clock
    }

    func token(over transport: TokenTransport) async throws -> AccessToken {
        let fields = [
            ("grant_type", "refresh_token"), ("client_id", clientID), ("client_secret", clientSecret),
            ("refresh_token", refreshToken),
        ]
        let response = try await transport.post(fields, to: tokenServer)
        return try token(in: response, hiding: [refreshToken, clientSecret], clock: clock)
    }
}
