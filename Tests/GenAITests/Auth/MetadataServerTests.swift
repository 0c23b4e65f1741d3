import TestSupport
import Testing

@testable import GenAI

@Suite("The metadata server of a machine", .timeLimit(.minutes(1)))
struct MetadataServerTests {
    private static let tokenPath =
        "/computeMetadata/v1/instance/service-accounts/default/token"
        + "?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform"

    @Test("it gives token and project, and is asked with its header")
    func token() async throws {
        try await withLoopbackServer { request, connection in
            switch request.target {
            case Self.tokenPath: connection.giveToken("token", lifetime: 1200)
            case "/computeMetadata/v1/project/project-id":
                connection.respond(200, [("Metadata-Flavor", "Google")], "acme-42\n")
            default: connection.sendEvents([chunk("Hello", finish: "STOP")])
            }
        } _: { server in
            let client = try client(server)
            #expect(try await client.collect().answer.text == "Hello")
            let requests = server.requests
            #expect(requests.count == 3)
            #expect(requests.prefix(2).map(\.method) == ["GET", "GET"])
            #expect(requests.map { $0.header("metadata-flavor") } == ["Google", "Google", nil])
            #expect(requests.last?.target.contains("/projects/acme-42/locations/europe-west4/") == true)
            #expect(requests.last?.header("authorization") == "Bearer token")
        }
    }

    @Test("a project that is named is not asked for")
    func namedProject() async throws {
        try await withLoopbackServer { request, connection in
            connection.giveToken("token")
        } _: { server in
            let client = try client(server, ["GOOGLE_CLOUD_PROJECT": "other"])
            #expect(try await client.backend.authorization().projectPath == "projects/other/locations/europe-west4/")
            #expect(server.requests.map(\.target) == [Self.tokenPath])
        }
    }

    @Test(
        "where there is none, the error says how to sign in",
        arguments: ["no header", "nobody", "forbidden"]
    )
    func missing(way: String) async throws {
        let server = try LoopbackServer { _, connection in connection.respond(200, [], "<html>a router</html>") }
        defer { server.close() }
        if way == "nobody" {
            server.close()
            try await server.closed.reach(1)
        }
        let clock = ManualClock()
        let error = await #expect(throws: GenAIError.self) {
            let client = try client(server, way == "forbidden" ? ["NO_GCE_CHECK": "True"] : [:], clock)
            try await clock.driving { try await client.signIn() }
        }
        // A machine that has just started may not have it yet.
        #expect(clock.sleeps == (way == "nobody" ? 2 : 0))
        #expect(error?.label == "signIn noCredentials")
        #expect(error?.description.contains("gcloud auth application-default login") == true)
        #expect(error?.description.contains("GOOGLE_APPLICATION_CREDENTIALS") == true)
        #expect(server.requests.count == (way == "no header" ? 1 : 0))
    }

    @Test("a machine without a service account is told from one without a metadata server")
    func withoutAccount() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(404, [("Metadata-Flavor", "Google")], "not found")
        } _: { server in
            let error = await #expect(throws: GenAIError.self) { try await client(server).signIn() }
            #expect(error?.label == "signIn noCredentials")
            #expect(error?.description.contains("no service account") == true)
        }
    }

    @Test("a metadata server that has answered before has a bad moment")
    func badMoment() async throws {
        let clock = ManualClock()
        let server = try LoopbackServer { _, connection in
            connection.giveToken("token")
            connection.close()
        }
        let client = try client(server, ["GOOGLE_CLOUD_PROJECT": "p"], clock)
        try await client.signIn()
        server.close()
        try await server.closed.reach(1)
        clock.advance(by: .seconds(3600))
        let error = await #expect(throws: GenAIError.self) {
            try await clock.driving { try await client.signIn() }
        }
        #expect(error?.label == "unreachable")
    }

    @Test("its address is a host and no more", arguments: ["a/b", "a?b", "a#b", "u@a", "a b"])
    func badHost(host: String) {
        let error = #expect(throws: GenAIError.self) {
            try MetadataServer(Environment(["GCE_METADATA_HOST": host]), clock: ManualClock())
        }
        #expect(error?.label == "invalidCall")
    }

    private func client(
        _ server: LoopbackServer,
        _ environment: [String: String] = [:],
        _ clock: ManualClock = ManualClock()
    ) throws -> Client {
        let usual = ["GCE_METADATA_HOST": "127.0.0.1:\(server.port)", "GOOGLE_CLOUD_LOCATION": "europe-west4"]
        return try Client(
            .vertex(VertexOptions(credentials: .applicationDefault)),
            options: HTTPOptions(baseURL: server.url),
            environment: Environment(usual.merging(environment) { $1 }),
            clock: clock
        )
    }
}
