import TestSupport
import Testing

@testable import GenAI

@Suite("What token servers answer", .timeLimit(.minutes(1)))
struct TokenServerTests {
    @Test(
        "a grant that is rejected is final, and the error says what to do",
        arguments: [
            (400, #"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#, "Invalid JWT Signature."),
            (
                400, #"{"error":"invalid_grant","error_description":"Invalid grant: account not found"}"#,
                "invalid_grant"
            ),
            (401, #"{"error":"unauthorized_client"}"#, "unauthorized_client"), (403, "<html>no</html>", "HTTP 403"),
        ]
    )
    func rejected(status: Int, body: String, says: String) async throws {
        let cloud = try LoopbackCloud { _, connection in connection.respond(status, [], body) }
        let collected = try await cloud.client().collect()
        #expect(collected.error?.label == "signIn rejected")
        #expect(!collected.wasSent)
        let words = try #require(collected.error?.description)
        #expect(words.contains(says))
        #expect(words.contains("the service account \(TestAccount.email)"))
        #expect(words.contains("gcloud iam service-accounts keys create"))
        #expect(cloud.server.requests.count == 1)
    }

    @Test("a clock that is wrong is told from a key that is wrong")
    func clock() async throws {
        let words =
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
            + "Check your iat and exp values in the JWT claim."
        let cloud = try LoopbackCloud { _, connection in
            connection.respond(
                400,
                [("Date", "Wed, 15 Nov 2023 09:13:20 GMT")],
                #"{"error":"invalid_grant","error_description":"\#(words)"}"#
            )
        }
        let error = try await cloud.client().collect().error
        #expect(error?.label == "signIn rejected")
        let description = error?.description ?? ""
        #expect(description.contains("clock, which says Tue, 14 Nov 2023 22:13:20 GMT"))
        #expect(description.contains("the server's says Wed, 15 Nov 2023 09:13:20 GMT"))
        #expect(!description.contains("keys create"))
    }

    @Test(
        "troubles that pass are waited out",
        arguments: [
            (408, ""), (429, "{}"), (500, "oops"), (503, "<html></html>"), (200, "no JSON"), (200, "{}"),
            (200, #"{"access_token":""}"#), (400, #"{"error":"internal_failure"}"#), (0, ""),
        ]
    )
    func transient(status: Int, body: String) async throws {
        let cloud = try LoopbackCloud { number, connection in
            switch (number, status) {
            case (3, _): connection.giveToken("token")
            case (_, 0): connection.reset()
            default: connection.respond(status, [], body)
            }
        }
        let client = try cloud.client()
        let token = try await cloud.clock.driving { try await client.backend.authorization().secret }
        #expect(token == "token")
        #expect(cloud.tokenRequests.count == 3)
        #expect(cloud.clock.sleeps == 2)
        #expect(cloud.clock.now() >= .milliseconds(1500) && cloud.clock.now() <= .seconds(3))
    }

    @Test("troubles that stay are an error that another try may mend")
    func unavailable() async throws {
        let cloud = try LoopbackCloud { _, connection in connection.respond(503, [], "") }
        let client = try cloud.client()
        let error = await #expect(throws: GenAIError.self) {
            try await cloud.clock.driving { try await client.signIn() }
        }
        #expect(error?.label == "signIn unavailable")
        #expect(error?.description.contains("127.0.0.1:\(cloud.server.port) gave no token (HTTP 503)") == true)
        #expect(cloud.tokenRequests.count == 3)
        let other = await #expect(throws: GenAIError.self) {
            try await cloud.clock.driving { try await client.signIn() }
        }
        #expect(other == error)
        #expect(cloud.tokenRequests.count == 6)
    }

    @Test("nobody at the token server's address is trouble with the network")
    func unreachable() async throws {
        let cloud = try LoopbackCloud()
        let gone = try LoopbackServer { _, _ in }
        gone.close()
        try await gone.closed.reach(1)
        let client = try cloud.client([:], ["token_uri": "\(gone.url)/token"])
        let collected = try await cloud.clock.driving { try await client.collect() }
        #expect(collected.error?.label == "unreachable")
        #expect(collected.error?.description.contains("POST \(gone.url)/token") == true)
        #expect(cloud.clock.sleeps == 2)
        #expect(cloud.server.requests.isEmpty)
    }

    @Test("gcloud's credentials are exchanged, and expired ones renewed by signing in again")
    func authorizedUser() async throws {
        let cloud = try LoopbackCloud { number, connection in
            guard number > 1 else { return connection.giveToken("token") }
            // A hostile or broken server that repeats what it was sent.
            connection.respond(
                400,
                [],
                #"{"error":"invalid_grant","error_description":"the-refresh-token of the-client-secret is revoked"}"#
            )
        }
        let file = try CredentialsFile(
            path: try cloud.write(
                try TestAccount.userFile(["token_uri": "\(cloud.server.url)/token"])
            )
        )
        #expect(file.quotaProject == "acme-billing")
        #expect(file.project == nil)
        let user = try AuthorizedUser(file, clock: cloud.clock)
        let client = try cloud.client()
        let transport = TokenTransport(loop: client.loop, options: client.options)
        let token = try await user.token(over: transport)
        #expect(token.text == "token")
        #expect(token.lifetime == .seconds(3600))
        #expect(
            cloud.tokenRequests.first?.bodyText
                == "grant_type=refresh_token&client_id=client-id&client_secret=the-client-secret"
                + "&refresh_token=the-refresh-token"
        )
        let error = await #expect(throws: GenAIError.self) { try await user.token(over: transport) }
        #expect(error?.label == "signIn rejected")
        #expect(error?.description.contains("[secret] of [secret] is revoked") == true)
        #expect(error?.description.contains("gcloud auth application-default login") == true)
        #expect(error?.description.contains("the-") == false)
    }

    @Test(
        "a refresh token goes to Google, or to this machine, whatever its file says",
        arguments: [
            ("http://127.0.0.1:7/token", "http://127.0.0.1:7/token"),
            ("https://localhost/token", "https://localhost/token"),
            ("https://tokens.example/token", "https://oauth2.googleapis.com/token"),
            ("http://tokens.example/token", "https://oauth2.googleapis.com/token"),
            ("https://127.0.0.1.tokens.example/token", "https://oauth2.googleapis.com/token"),
            ("nowhere", "https://oauth2.googleapis.com/token"),
        ]
    )
    func refreshToken(named: String, server: String) throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write(try TestAccount.userFile(["token_uri": named]), to: "user.json")
        #expect(try AuthorizedUser(try CredentialsFile(path: path), clock: ManualClock()).tokenServer == server)
        let usual = try folder.write(try TestAccount.userFile(), to: "usual.json")
        let user = try AuthorizedUser(try CredentialsFile(path: usual), clock: ManualClock())
        #expect(user.tokenServer == "https://oauth2.googleapis.com/token")
    }

    @Test("an assertion that the server repeats is not shown")
    func assertion() async throws {
        let cloud = try LoopbackCloud()
        let echo = try LoopbackServer { request, connection in
            let assertion = request.bodyText.split(separator: "=").last.map(String.init) ?? ""
            connection.respond(400, [], #"{"error":"invalid_grant","error_description":"bad \#(assertion)"}"#)
        }
        defer { echo.close() }
        let error = try await cloud.client([:], ["token_uri": "\(echo.url)/token"]).collect().error
        #expect(error?.description.contains("(invalid_grant: bad [secret])") == true)
    }
}
