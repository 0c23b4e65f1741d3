import TestSupport
import Testing

@testable import GenAI

@Suite("Keeping a token", .timeLimit(.minutes(1)))
struct TokenSourceTests {
    @Test("a token is replaced before it ends, and nobody waits for that")
    func refreshesAhead() async throws {
        let released = Tally()
        let cloud = try LoopbackCloud { number, connection in
            if number == 2 { released.block(until: 1) }
            connection.giveToken("token-\(number)")
        }
        let client = try cloud.client()
        #expect(try await client.backend.authorization().secret == "token-1")
        cloud.clock.advance(by: .seconds(3600 - 226))
        #expect(try await client.backend.authorization().secret == "token-1")
        #expect(cloud.tokenRequests.count == 1)
        // Three and three quarter minutes before the end.
        cloud.clock.advance(by: .seconds(1))
        #expect(try await client.backend.authorization().secret == "token-1")
        try await cloud.server.requestCount.reach(2)
        #expect(try await client.backend.authorization().secret == "token-1")
        released.raise()
        // The first one is over; only a token of the second request can be had.
        cloud.clock.advance(by: .seconds(225))
        #expect(try await client.backend.authorization().secret == "token-2")
        #expect(cloud.tokenRequests.count == 2)
    }

    @Test("a token is at hand from signing in until it ends, and nobody signs in to have one at hand")
    func tokenAtHand() async throws {
        let cloud = try LoopbackCloud { number, connection in
            connection.giveToken("token-\(number)")
        }
        let backend = try cloud.client().backend
        #expect(backend.authorizationAtHand() == nil)
        #expect(cloud.tokenRequests.isEmpty)
        _ = try await backend.authorization()
        #expect(backend.authorizationAtHand()?.secret == "token-1")
        cloud.clock.advance(by: .seconds(3600))
        #expect(backend.authorizationAtHand() == nil)
        #expect(cloud.tokenRequests.count == 1)
    }

    @Test("many who wait for a token share one request, also when the first one has ended")
    func sharesRequests() async throws {
        let released = Tally()
        let cloud = try LoopbackCloud { number, connection in
            released.block(until: number)
            connection.giveToken("token-\(number)", lifetime: 600)
        }
        let client = try cloud.client()
        for round in 1...2 {
            let tokens = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<50 {
                    group.addTask { try await client.backend.authorization().secret }
                }
                try await cloud.server.requestCount.reach(round)
                released.raise()
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(tokens == Array(repeating: "token-\(round)", count: 50))
            #expect(cloud.tokenRequests.count == round)
            cloud.clock.advance(by: .seconds(600))
        }
    }

    @Test("who stops waiting does not take the token from the others")
    func cancellation() async throws {
        let released = Tally()
        let cloud = try LoopbackCloud { _, connection in
            released.block(until: 1)
            connection.giveToken("token")
        }
        let client = try cloud.client()
        let impatient = Task { try await client.backend.authorization().secret }
        try await cloud.server.requestCount.reach(1)
        let patient = Task { try await client.backend.authorization().secret }
        impatient.cancel()
        await #expect(throws: CancellationError.self) { try await impatient.value }
        released.raise()
        #expect(try await patient.value == "token")
        #expect(cloud.tokenRequests.count == 1)
    }

    @Test("a token that could not be replaced is used to its end")
    func keepsGoodToken() async throws {
        let cloud = try LoopbackCloud { number, connection in
            if number == 1 {
                connection.giveToken("token-1")
            } else {
                connection.respond(400, [], #"{"error":"invalid_grant","error_description":"Bad Request"}"#)
            }
        }
        let client = try cloud.client()
        try await client.signIn()
        cloud.clock.advance(by: .seconds(3589))
        #expect(try await client.backend.authorization().secret == "token-1")
        try await cloud.server.requestCount.reach(2)
        #expect(try await client.backend.authorization().secret == "token-1")
        cloud.clock.advance(by: .seconds(1))
        let error = await #expect(throws: GenAIError.self) { try await client.signIn() }
        #expect(error?.label == "signIn rejected")
    }

    @Test("a token that the API does not accept is replaced once, and the request repeated", arguments: [true, false])
    func renewsOnce(stream: Bool) async throws {
        let cloud = try LoopbackCloud(answer: { request, connection in
            if request.header("authorization") == "Bearer token-1" {
                connection.respond(401, [], unauthenticated)
            } else {
                connection.sendEvents([chunk("Hello", finish: "STOP")])
            }
        })
        let client = try cloud.client()
        #expect(try await client.collect(stream: stream).answer.text == "Hello")
        #expect(cloud.tokenRequests.count == 2)
        #expect(cloud.apiRequests.map { $0.header("authorization") } == ["Bearer token-1", "Bearer token-2"])
        let chunks = try await client.models.generateContentStream(model: "m", contents: "p")
            .reduce(into: "") { $0 += $1.text ?? "" }
        #expect(chunks == "Hello")
        #expect(cloud.apiRequests.count == 3)
    }

    @Test("a second refusal is the answer")
    func refusedTwice() async throws {
        let cloud = try LoopbackCloud(answer: { _, connection in connection.respond(401, [], unauthenticated) })
        let client = try cloud.client()
        let collected = try await client.collect()
        #expect(collected.error?.label == "api 401")
        #expect(cloud.apiRequests.count == 2)
        #expect(cloud.tokenRequests.count == 2)
        let error = await #expect(throws: GenAIError.self) {
            for try await _ in client.models.generateContentStream(model: "m", contents: "p") {}
        }
        #expect(error?.label == "api 401")
        #expect(cloud.apiRequests.count == 4)
        #expect(cloud.tokenRequests.count == 3)
    }

    @Test("with a key a refusal is final")
    func refusedKey() async throws {
        let cloud = try LoopbackCloud(answer: { _, connection in connection.respond(401, [], unauthenticated) })
        let client = try Client(cloud.server)
        #expect(try await client.collect().error?.label == "api 401")
        #expect(cloud.server.requests.count == 1)
    }

    @Test("an answer that has begun is not repeated")
    func refusedLate() async throws {
        let cloud = try LoopbackCloud(answer: { _, connection in
            connection.sendEvents([chunk("Hel"), unauthenticated])
        })
        let client = try cloud.client()
        #expect(try await client.collect().error?.label == "api 401")
        var text = ""
        let error = await #expect(throws: GenAIError.self) {
            for try await chunk in client.models.generateContentStream(model: "m", contents: "p") {
                text += chunk.text ?? ""
            }
        }
        #expect(error?.label == "api 401")
        #expect(text == "Hel")
        #expect(cloud.apiRequests.count == 2)
    }

    @Test("neither token is in an error, not even the one that has been replaced")
    func redaction() async throws {
        let cloud = try LoopbackCloud { number, connection in
            connection.giveToken("ya29.secret-token-\(number)")
        } answer: { request, connection in
            connection.respond(401, [], "\(request.header("authorization") ?? "") ya29.secret-token-1")
        }
        let error = try #require(try await cloud.client().collect().error)
        #expect(error.description.contains("Bearer [key] [key]"))
        #expect(!error.description.contains("ya29"))
    }
}

private let unauthenticated =
    #"{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}"#
