internal import CryptoExtras
internal import JSON

/// An account for programs, which signs its requests for tokens with a key of its own (RFC 7523).
struct ServiceAccount: TokenIssuer {
    /// Google expects this audience whatever address the file gives.
    private static let audience = "https://oauth2.googleapis.com/token"
    /// The longest that Google lets an assertion live.
    private static let lifetimeSeconds: Int64 = 3600

    private let email: String
    private let keyID: String?
    private let key: _RSA.Signing.PrivateKey
    private let tokenServer: BaseURL
    private let clock: any SignInClock

    let advice =
        "make a new key for the service account (gcloud iam service-accounts keys create) "
        + "and name its file in GOOGLE_APPLICATION_CREDENTIALS"
    var name: String { "the service account \(email)" }

    init(_ file: CredentialsFile, clock: any SignInClock) throws(GenAIError) {
        email = try file.text("client_email")
        keyID = file.json["private_key_id"]?.string
        tokenServer = try file.tokenServer()
        self.clock = clock
        do {
            key = try _RSA.Signing.PrivateKey(pemRepresentation: try file.text("private_key"))
        } catch let error as GenAIError {
            throw error
        } catch {
            throw file.unusable("its private_key is not an RSA key of at least 2048 bits in PEM form")
        }
    }

    func token(over transport: TokenTransport) async throws -> AccessToken {
        let assertion = try assertion()
        let fields = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)]
        let response = try await transport.post(fields, to: tokenServer.text)
        return try token(in: response, hiding: [assertion], clock: clock)
    }

    /// The signed statement that asks for a token (RFC 7519).
    func assertion() throws(GenAIError) -> String {
        let issuedAt = clock.unixMilliseconds() / 1000
        var header = JSONWriter()
        header.object { writer in
            writer.member("alg", "RS256")
            writer.member("typ", "JWT")
            if let keyID {
                writer.member("kid", keyID)
            }
        }
        var claims = JSONWriter()
        claims.object { writer in
            writer.member("iss", email)
            writer.member("scope", AccessToken.scope)
            writer.member("aud", Self.audience)
            writer.member("iat", issuedAt)
            writer.member("exp", issuedAt + Self.lifetimeSeconds)
        }
        let content = Base64.encodeURL(header.bytes) + [UInt8(ascii: ".")] + Base64.encodeURL(claims.bytes)
        do {
            let signature = try key.signature(for: content, padding: .insecurePKCS1v1_5).withUnsafeBytes { Array($0) }
            return String(decoding: content + [UInt8(ascii: ".")] + Base64.encodeURL(signature), as: UTF8.self)
        } catch {
            throw .signIn(SignInError(.unusableCredentials, "signing in \(name): its private key cannot sign"))
        }
    }
}
