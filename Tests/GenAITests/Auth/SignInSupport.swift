import Foundation
import TestSupport

@testable import GenAI

extension ManualClock: SignInClock {}

extension Environment {
    init(_ variables: [String: String]) {
        self.init { variables[$0] }
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
