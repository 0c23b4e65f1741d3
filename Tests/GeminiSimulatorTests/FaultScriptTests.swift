import GeminiSimulator
import JSON
import TestSupport
import Testing

@Suite("Fault scripts")
struct FaultScriptTests {
    private static let busy = #""fault":{"kind":"status","status":503}"#

    @Test("a rule strikes the attempts it names, item by item")
    func attempts() async throws {
        try await withSimulator { client in
            try client.setScript(#"{"rules":[{"match":"apple","attempts":[1,2],\#(Self.busy)}]}"#)
            #expect(try (1...4).map { _ in try client.stream("One apple").status } == [503, 503, 200, 200])
            #expect(try (1...3).map { _ in try client.stream("Two apples").status } == [503, 503, 200])
            #expect(try client.stream("One pear").status == 200)
        }
    }

    @Test("the first rule that applies decides, by exact text and by model too")
    func selection() async throws {
        try await withSimulator { client in
            try client.setScript(
                #"{"rules":[{"equals":"pear","fault":{"kind":"status","status":500}},"#
                    + #"{"model":"gemini-2.5-pro","match":"*",\#(Self.busy)}]}"#
            )
            #expect(try client.stream("pear").status == 500)
            #expect(try client.stream("pears").status == 200)
            #expect(try client.stream("pears", model: "gemini-2.5-pro").status == 503)
        }
    }

    @Test("only the last turn is matched")
    func lastTurn() async throws {
        try await withSimulator { client in
            try client.setScript(#"{"rules":[{"match":"apple",\#(Self.busy)}]}"#)
            let body =
                #"{"contents":[{"parts":[{"text":"apple"}]},{"role":"model","parts":[{"text":"apple"}]},"#
                + #"{"parts":[{"text":"and now?"}]}]}"#
            #expect(try client.generate(body).status == 200)
        }
    }

    @Test("every nth request is struck")
    func every() async throws {
        try await withSimulator { client in
            try client.setScript(#"{"rules":[{"every":3,\#(Self.busy)}]}"#)
            let statuses = try (1...7).map { try client.stream("Question \($0)").status }
            #expect(statuses == [200, 200, 503, 200, 200, 503, 200])
        }
    }

    @Test("a rule may be in force for a time, counted from the first request")
    func time() async throws {
        let clock = ManualClock()
        clock.advance(by: .seconds(100))
        var configuration = SimulatorConfiguration()
        configuration.time = { clock.now() }
        try await withSimulator(configuration) { client in
            try client.setScript(#"{"rules":[{"fromMilliseconds":2000,"untilMilliseconds":4000,\#(Self.busy)}]}"#)
            let statuses = try (0...4).map { second in
                defer { clock.advance(by: .seconds(1)) }
                return try client.stream("Question \(second)").status
            }
            #expect(statuses == [200, 200, 503, 503, 200])
        }
    }

    @Test("a share of the requests is struck, and it is the same ones every time")
    func probability() async throws {
        let statuses: @Sendable (Client) throws -> [Int] = { client in
            try client.setScript(#"{"rules":[{"probability":0.3,"seed":5,\#(Self.busy)}]}"#)
            return try (1...100).map { try client.stream("Question \($0)").status }
        }
        try await withSimulator { client in
            let first = try statuses(client)
            #expect((15...45).contains(first.filter { $0 == 503 }.count))
            _ = try client.request("DELETE", "/simulator/requests")
            #expect(try statuses(client) == first)
        }
    }

    @Test(
        "a mistake in a script is refused with its rule",
        arguments: [
            (#"{"rules":[{"fault":{"kind":"cutt"}}]}"#, "rule 1, fault: \"kind\" is \"cutt\""),
            (#"{"rules":[{"fault":{"kind":"cut","after":2}}]}"#, "\"after\" is not known here"),
            (#"{"rules":[{"fault":{"kind":"cut"}},{"matches":"x","fault":{"kind":"cut"}}]}"#, "rule 2: \"matches\""),
            (#"{"rules":[{"fault":{"kind":"status"}}]}"#, "\"status\" must be a number from 200 to 599"),
            (#"{"rules":[{"attempts":[0],"fault":{"kind":"cut"}}]}"#, "\"attempts\" must be a list"),
            (#"{"rules":[{"probability":2,"fault":{"kind":"cut"}}]}"#, "\"probability\" must be a number from 0 to 1"),
            (#"{"rules":[{"match":"x"}]}"#, "rule 1: \"fault\" is missing"),
            (#"{"rules":[{"fault":{"kind":"framing","styles":["crlf"]}}]}"#, "it may hold lf, cr, comments"),
            (#"{"faults":[]}"#, "the list \"rules\""), ("{", "cannot read the fault script"),
        ]
    )
    func mistakes(script: String, message: String) throws {
        let error = try #require(throws: FaultScriptError.self) { try FaultScript(parsing: Array(script.utf8)) }
        #expect(error.description.contains(message), "\(error)")
    }
}
