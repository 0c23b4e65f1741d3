internal import Curl
internal import JSON

/// What admits requests for about an hour.
struct AccessToken: Sendable {
    /// All of Google Cloud; what the account may do there is decided by its roles.
    static let scope = "https://www.googleapis.com/auth/cloud-platform"

    let text: String
    /// From the moment of the answer.
    let lifetime: Duration
    /// The project whose models answer; `nil` if nobody names one.
    var project: String?
}

/// An identity that a server gives tokens to.
protocol TokenIssuer: Sendable {
    /// Who signs in, for messages.
    var name: String { get }
    /// What to do when Google does not accept it.
    var advice: String { get }

    /// Asks once for a token.
    ///
    /// - Throws: ``GenAIError``, or `CancellationError`.
    func token(over transport: TokenTransport) async throws -> AccessToken

    /// The project that the identity belongs to, if it has to be asked for.
    func project(over transport: TokenTransport) async throws -> String?

    /// What it means that all attempts have failed, the last one with an error.
    func verdict(on error: GenAIError) -> GenAIError
}

extension TokenIssuer {
    func project(over transport: TokenTransport) async throws -> String? { nil }

    func verdict(on error: GenAIError) -> GenAIError { error }
}

extension TokenIssuer {
    /// The OAuth token that an answer holds (RFC 6749, section 5).
    ///
    /// - Parameters:
    ///   - response: What the token server answered.
    ///   - secrets: What the request held and no message may show.
    ///   - clock: The one whose time the request told.
    /// - Returns: The token.
    /// - Throws: ``GenAIError/signIn(_:)`` if there is none.
    func token(
        in response: TokenResponse,
        hiding secrets: [String],
        clock: any SignInClock
    ) throws(GenAIError) -> AccessToken {
        let json = try? JSONValue(parsing: response.body)
        if response.status == 200, let text = json?["access_token"]?.string, !text.isEmpty {
            let seconds = json?["expires_in"]?.int64 ?? json?["expires_in"]?.string.flatMap { Int64($0) } ?? 3600
            return AccessToken(text: text, lifetime: .seconds(min(max(seconds, 0), 86_400)))
        }
        throw .signIn(refusal(response, json, secrets, clock))
    }

    private func refusal(
        _ response: TokenResponse,
        _ json: JSONValue?,
        _ secrets: [String],
        _ clock: any SignInClock
    ) -> SignInError {
        let code = json?["error"]?.string
        let words = [code, json?["error_description"]?.string].compactMap { $0 }.joined(separator: ": ")
        let said = words.isEmpty ? "HTTP \(response.status)" : Self.clean(words, secrets)
        let isTransient =
            [200, 408, 429].contains(response.status) || response.status >= 500
            || ["internal_failure", "server_error", "temporarily_unavailable"].contains(code)
        guard !isTransient else {
            return SignInError(.unavailable, "signing in \(name): \(response.server) gave no token (\(said))")
        }
        guard !Self.isAboutTime(words) else {
            return SignInError(
                .rejected,
                "signing in \(name): \(response.server) does not accept this machine's clock, which says "
                    + "\(httpDate(clock.unixMilliseconds() / 1000)) while the server's says "
                    + "\(response.date ?? "nothing"); set the clock right (\(said))"
            )
        }
        return SignInError(.rejected, "signing in \(name): \(response.server) refused (\(said)); \(advice)")
    }

    /// "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and
    /// exp values in the JWT claim."
    private static func isAboutTime(_ words: String) -> Bool {
        words.contains("timeframe") || words.split { !$0.isLetter }.contains("iat")
    }

    private static func clean(_ words: String, _ secrets: [String]) -> String {
        let cleaned = secrets.reduce(words) { $1.isEmpty ? $0 : $0.replacing($1, with: "[secret]") }
        let printable = cleaned.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
        return String(String.UnicodeScalarView(printable.prefix(300)))
    }
}
