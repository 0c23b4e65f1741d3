import Foundation
import TestSupport

@testable import GenAI

extension ManualClock: SignInClock {}

extension Environment {
    init(_ variables: [String: String]) {
        self.init { variables[$0] }
    }
}

/// The key of a service account that exists in these tests only, made anew for each run of them.
enum TestAccount {
    static let email = "runner@acme-42.iam.gserviceaccount.com"

    /// A folder with `private.pem` and `public.pem`.
    static let folder = Result {
        let folder = try TemporaryDirectory()
        let openssl = try TestAccount.openssl()
        let privateKey = "\(folder.path)/private.pem"
        try Command.run(
            openssl,
            ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", privateKey]
        )
        try Command.run(openssl, ["pkey", "-in", privateKey, "-pubout", "-out", "\(folder.path)/public.pem"])
        return folder
    }

    static func openssl() throws -> String {
        try Command.find("openssl", advice: "run `make test`, which installs it, or `apt-get install openssl`")
    }

    static func privateKey() throws -> String {
        try String(contentsOfFile: "\(folder.get().path)/private.pem", encoding: .utf8)
    }

    /// A credentials file as the console of Google Cloud makes it.
    ///
    /// - Parameters:
    ///   - tokenServer: Where it has its tokens from.
    ///   - changes: Members instead of the usual ones; an empty text leaves one out.
    /// - Returns: Its contents.
    /// - Throws: ``Command/Failure`` if openssl is missing or fails.
    static func file(_ tokenServer: String, _ changes: [String: String] = [:]) throws -> String {
        var members = [
            "type": "service_account", "project_id": "acme-42", "private_key_id": "key-1",
            "private_key": try privateKey(), "client_email": email, "token_uri": tokenServer,
        ]
        members.merge(changes) { $1 }
        return try json(members.filter { !$0.value.isEmpty })
    }

    /// What `gcloud auth application-default login` writes.
    static func userFile(_ changes: [String: String] = [:]) throws -> String {
        let members = [
            "type": "authorized_user", "client_id": "client-id", "client_secret": "the-client-secret",
            "refresh_token": "the-refresh-token", "quota_project_id": "acme-billing",
        ]
        return try json(members.merging(changes) { $1 })
    }

    private static func json(_ members: [String: String]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self)
    }
}

/// Google Cloud on one loopback server: `/token` gives out tokens, everything else answers prompts.
final class LoopbackCloud: Sendable {
    let server: LoopbackServer
    let clock = ManualClock()
    private let folder: TemporaryDirectory

    /// - Parameters:
    ///   - token: Answers the request of a number, counted from 1, for a token.
    ///   - answer: Answers everything else.
    /// - Throws: `POSIXError` if the system gives no port.
    init(
        token: @escaping @Sendable (Int, LoopbackConnection) -> Void = { $1.giveToken("token-\($0)") },
        answer: @escaping LoopbackServer.Script = { $1.sendEvents([chunk("Hello", finish: "STOP")]) }
    ) throws {
        folder = try TemporaryDirectory()
        let asked = Tally()
        server = try LoopbackServer { request, connection in
            guard request.target == "/token" else { return answer(request, connection) }
            asked.raise()
            token(asked.value, connection)
        }
    }

    deinit {
        server.close()
    }

    var tokenRequests: [LoopbackServer.Request] { server.requests.filter { $0.target == "/token" } }
    var apiRequests: [LoopbackServer.Request] { server.requests.filter { $0.target != "/token" } }

    /// A client of Vertex AI that signs in as the service account of the tests.
    func client(_ environment: [String: String] = [:], _ changes: [String: String] = [:]) throws -> Client {
        let path = try folder.write(try TestAccount.file("\(server.url)/token", changes), to: "key.json")
        return try Client(
            .vertex(VertexOptions(credentials: .file(path))),
            options: HTTPOptions(baseURL: server.url),
            environment: Environment(environment),
            clock: clock
        )
    }

    /// Writes a credentials file that lives as long as this does.
    func write(_ text: String) throws -> String {
        try folder.write(text, to: "credentials-\(UUID().uuidString).json")
    }
}

extension LoopbackConnection {
    /// Answers as Google's token server does.
    func giveToken(_ token: String, lifetime: Int = 3600) {
        respond(
            200,
            [("Content-Type", "application/json; charset=utf-8"), ("Metadata-Flavor", "Google")],
            #"{"access_token":"\#(token)","expires_in":\#(lifetime),"token_type":"Bearer"}"#
        )
    }
}
