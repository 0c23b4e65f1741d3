import Foundation
import GeminiSimulator
import JSON
import TestSupport
import Testing

@Suite("Records and quotas")
struct RecordTests {
    @Test("requests are counted item by item, and totals over all")
    func counts() async throws {
        try await withSimulator { client in
            try client.setScript(
                #"{"rules":[{"match":"apple","attempts":[1],"fault":{"kind":"status","status":503}}]}"#
            )
            for prompt in ["apple", "apple", "pear", "apple"] {
                _ = try client.stream(prompt)
            }
            _ = try client.stream("pear", model: "gemini-unknown")
            let all = try client.requests()
            #expect(all["totals"]?["requests"] == 5)
            #expect(all["totals"]?["statuses"] == ["200": 3, "404": 1, "503": 1])
            #expect(all["items"]?.array?.count == 3)
            let apple = try #require(try client.requests(match: "app%6Ce")["items"]?.array)
            #expect(apple.count == 1)
            #expect(apple[0]["requests"] == 3 && apple[0]["completed"] == 2 && apple[0]["faulted"] == 1)
            #expect(apple[0]["statuses"] == ["200": 2, "503": 1])
            _ = try client.request("DELETE", "/simulator/requests")
            #expect(try client.requests()["totals"]?["requests"] == 0)
            #expect(try client.requests()["items"] == [])
        }
    }

    @Test("the same words with other options, or after another history, are another item")
    func identity() async throws {
        try await withSimulator { client in
            _ = try client.stream("pear")
            _ = try client.stream("pear", config: ["temperature": 1])
            _ = try client.stream("pear", model: "gemini-2.5-pro")
            #expect(try client.requests()["items"]?.array?.compactMap { $0["requests"] } == [1, 1, 1])
        }
    }

    @Test("a client that leaves in the middle is counted as cancelled")
    func cancelled() async throws {
        var configuration = SimulatorConfiguration()
        configuration.chunkInterval = .seconds(3600)
        try await withSimulator(configuration) { client in
            do {
                let connection = try RawConnection(port: client.port)
                try connection.send(Client.streamText("pear"))
                _ = try connection.readHead()
                _ = try connection.readChunk()
            }
            try waitUntil { try client.requests()["totals"]?["cancelled"] == 1 }
            #expect(try client.stats()["streams"] == ["open": 0, "peak": 1, "total": 1])
        }
    }

    @Test("a quota admits so many requests per model, and tells the limit and the wait")
    func quota() async throws {
        var configuration = SimulatorConfiguration()
        configuration.quota = RequestQuota(limit: 3)
        try await withSimulator(configuration) { client in
            let statuses = try (1...4).map { try client.stream("Question \($0)").status }
            #expect(statuses == [200, 200, 200, 429])
            #expect(try client.stream("Question 1", model: "gemini-2.5-pro").status == 200)
            let details = try #require(try client.stream("Question 5").json()["error"]?["details"])
            let violation = details[1]?["violations"]?[0]
            #expect(violation?["quotaId"] == "GenerateRequestsPerMinutePerProjectPerModel-FreeTier")
            #expect(violation?["quotaValue"] == "3")
            let delay = try #require(details[2]?["retryDelay"]?.string)
            let seconds = try #require(Double(delay.dropLast()))
            #expect(delay.hasSuffix("s") && seconds > 0 && seconds <= 60)
            #expect(try client.requests(match: "Question+5")["items"]?[0]?["attempts"] == 0)
        }
    }

    @Test("a limit may change and its window be short; the statistics tell what was allowed so far")
    func changingQuota() async throws {
        let clock = ManualClock()
        var configuration = SimulatorConfiguration()
        configuration.time = { clock.now() }
        configuration.quota = RequestQuota(
            stages: [.init(start: .zero, limit: 2), .init(start: .seconds(9), limit: 1)],
            window: .seconds(6)
        )
        try await withSimulator(configuration) { client in
            let statuses = try [0, 1, 1, 6, 1, 5].map { seconds in
                clock.advance(by: .seconds(seconds))
                return try client.stream("Question \(clock.now())").status
            }
            #expect(statuses == [200, 200, 429, 200, 429, 200])
            #expect(try client.stats()["quota"] == ["limit": 1, "allowed": 3])
            #expect(try client.requests()["totals"]?["statuses"] == ["200": 4, "429": 2])
        }
    }

    @Test("the journal holds each request and its end")
    func journal() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/journal.jsonl"
        var configuration = SimulatorConfiguration()
        configuration.journal = path
        try await withSimulator(configuration) { client in
            _ = try client.stream("pear")
            _ = try client.generate("{")
        }
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let entries = try lines.map { try JSONValue(parsing: String($0)) }
        #expect(entries.map { $0["event"]?.string } == ["received", "ended", "received", "ended"])
        #expect(entries[0]["text"] == "pear" && entries[0]["attempt"] == 1)
        #expect(entries[0]["item"] == entries[1]["item"])
        #expect(entries[1]["outcome"] == "completed" && entries[1]["chunks"] == 10)
        #expect(entries[3]["outcome"] == "refused" && entries[3]["status"] == 400)
        #expect(entries.allSatisfy { $0["timeMilliseconds"]?.int64 != nil })
    }

    @Test("a journal that cannot be opened is said at the start")
    func journalFailure() async throws {
        var configuration = SimulatorConfiguration()
        configuration.journal = "/nonexistent/journal.jsonl"
        let error = await #expect(throws: SimulatorError.self) { try await Simulator.start(configuration) }
        #expect(error?.description.contains("/nonexistent/journal.jsonl") == true)
    }

    @Test("a port that is taken is said at the start")
    func portTaken() async throws {
        let first = try await Simulator.start()
        var configuration = SimulatorConfiguration()
        configuration.port = first.port
        let error = await #expect(throws: SimulatorError.self) { try await Simulator.start(configuration) }
        #expect(error?.description.contains("127.0.0.1:\(first.port)") == true)
        try await first.shutdown()
    }

    @Test("a listing of many items is one whole document")
    func longListing() async throws {
        try await withSimulator { client in
            let connection = try RawConnection(port: client.port)
            for number in 0..<1000 {
                try connection.send(Client.streamText("Question number \(number)"))
                _ = try connection.readResponse()
            }
            let items = try #require(try client.requests()["items"]?.array)
            #expect(Set(items.compactMap { $0["text"]?.string }).count == 1000)
        }
    }

    @Test("two thousand slow streams at once all come to their end")
    func manyStreams() async throws {
        var configuration = SimulatorConfiguration()
        configuration.firstChunkLatency = .milliseconds(500)
        configuration.chunkInterval = .milliseconds(20)
        configuration.chunks = 5
        try await withSimulator(configuration) { client in
            let connections = try (0..<2000).map { number in
                let connection = try RawConnection(port: client.port)
                try connection.send(Client.streamText("Question \(number)"))
                return connection
            }
            for connection in connections {
                let response = try connection.readResponse()
                #expect(response.ending == .complete && response.chunks.count == 5)
            }
            #expect(try client.requests()["totals"]?["completed"] == 2000)
            #expect(try client.stats()["streams"]?["open"] == 0)
        }
    }
}
