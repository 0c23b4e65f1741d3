import Foundation
import JSON
import Testing

/// What `plan` and `run` tell of tokens, cost and time before anything is sent.
@Suite("Forecasts", .serialized, .timeLimit(.minutes(2)))
struct ForecastTests {
    /// 24 items of 400 bytes, at prices of their own.
    private static let job = """
        model: m
        limits: {requests_per_minute: 12000}
        inputs: [{csv: rows.csv}]
        id: "{{id}}"
        prompt: "{{text}}"
        prices:
          models:
            m: {input: 1, output: 10}
        """

    private func workspace(_ simulator: SimulatorProgram? = nil) throws -> Workspace {
        let work = try Workspace(simulator, job: Self.job)
        let rows = (10..<34).map { "k\($0),\(String(repeating: "item\($0)--", count: 50))" }
        try work.write("id,text\n" + rows.joined(separator: "\n") + "\n", to: "rows.csv")
        return work
    }

    private func plan(_ work: Workspace, _ arguments: String...) async throws -> JSONValue {
        let plan = await work.outcome(of: try work.start(["plan", "job.yaml", "--json"] + arguments))
        #expect(plan.status == 0, "\(plan.errors)")
        return try JSONValue(parsing: plan.output.trimmingCharacters(in: .newlines))
    }

    @Test("plan estimates without any network, and says what from")
    func estimates() async throws {
        let work = try workspace()
        let plan = try await plan(work)
        #expect(plan["requests"] == 24)
        #expect(plan["input_tokens"] == 2400)
        #expect(plan["output_tokens"] == ["low": 6000, "high": 24_000])
        // 2,400 tokens at a dollar a million, and 6,000 to 24,000 at ten.
        #expect(plan["cost_usd"]?["low"]?.double == 0.0624)
        #expect(plan["cost_usd"]?["high"]?.double == 0.2424)
        #expect(plan["unpriced_models"] == [])
        // Ten seconds each, 16 at once.
        #expect(plan["duration_s"] == 15)
        #expect(plan["limited_by"] == ["limit": "concurrency", "model": .null, "value": 16])
        let model = try #require(plan["models"]?.array?.first)
        #expect(model["items"] == 24 && model["service_tier"] == "standard" && model["history_answers"] == 0)
        let text = try await work.genbatch("plan", "job.yaml").output
        #expect(
            text.contains("requests    24, repetitions not counted\n            m: 24 items, 24 requests, $0.062–0.24")
        )
        #expect(text.contains("input  2.4k tokens, four bytes a token; --count-tokens has the server count some\n"))
        #expect(text.contains("output 6.0k–24k tokens, half to twice a guess: "), "\(text)")
        #expect(text.contains("time        about 15s\nlimited by  requests at once: 16, of about 10"), "\(text)")
        #expect(text.contains("checked     all rows, "), "\(text)")
    }

    @Test("a model without a price has no cost, and caps that are too low are told")
    func unknownAndCapped() async throws {
        let work = try workspace()
        try work.write(Self.job.replacing("model: m\n", with: "model: nobody-knows\n"), to: "unknown.yaml")
        let unknown = try await work.genbatch("plan", "unknown.yaml", "--json")
        let plan = try JSONValue(parsing: unknown.output.trimmingCharacters(in: .newlines))
        #expect(plan["cost_usd"] == .null)
        #expect(plan["unpriced_models"] == ["nobody-knows"])
        #expect(try await work.genbatch("plan", "unknown.yaml").output.contains("cost        unknown\n"))

        try work.write(
            Self.job.replacing("limits: {", with: "limits: {cost_usd: 0.1, total_tokens: 5000, "),
            to: "job.yaml"
        )
        let stops = try await self.plan(work)["stops_at"]?.array
        #expect(stops?.map { $0["cap"]?.string } == ["cost_usd", "total_tokens"])
        #expect(stops?.map { $0["certain"]?.bool } == [false, true])
        let text = try await work.genbatch("plan", "job.yaml").output
        #expect(text.contains("may stop at the cap of $0.10, of which $0.10 is left\n"), "\(text)")
        #expect(text.contains("stops at the cap of 5.0k tokens, of which 5.0k are left\n"), "\(text)")
    }

    @Test("run says the short form first, also as an event, and the answers make the next forecast better")
    func runs() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator)
        let run = try await work.genbatch("run", "job.yaml", "--json", "--progress", "plain", "--limit", "20")
        let event = try #require(try run.events().first { $0["type"]?.string == "plan" })
        #expect(event["estimate"]?["requests"] == 20)
        #expect(event["estimate"]?["input_tokens"] == 2000)
        #expect(event["estimate"]?["cost_usd"]?["low"]?.double == 0.052)
        #expect(
            run.errors.contains("24 items: 24 to run (24 new)\nestimate: 20 requests, 2.0k input + "),
            "\(run.errors)"
        )

        let model = try #require(try await plan(work)["models"]?.array?.first)
        #expect(model["requests"] == 4)
        #expect(model["history_answers"] == 20)
        let outputs = try work.checkpoint().texts(
            """
            SELECT printf('%d', output_tokens + coalesce(reasoning_output_tokens, 0)) FROM attempt
            WHERE status = 'answered' ORDER BY output_tokens + coalesce(reasoning_output_tokens, 0)
            """
        ).compactMap { Int64($0) }
        #expect(model["output_tokens"]?["low"]?.int64 == 4 * outputs[9])
        #expect(model["output_tokens"]?["high"]?.int64 == 4 * outputs[18])
        let quiet = try await work.genbatch("run", "job.yaml", "--quiet")
        #expect(quiet.status == 0 && quiet.errors.isEmpty, "\(quiet.errors)")
    }

    @Test("--count-tokens has the server count some of the prompts, which is then what a run uses")
    func counts() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator)
        // Sound counts more than what is estimated for a medium.
        try work.write(
            Self.job.replacing("prompt:", with: "images: [gs://bucket/talk.mp3]\nprompt:"),
            to: "job.yaml"
        )
        let estimate = try await plan(work)
        #expect(try simulator.countTokensRequests() == 0)
        let counted = try await plan(work, "--count-tokens")
        #expect(try simulator.countTokensRequests() == 20)
        #expect(try simulator.totals().requests == 0)
        #expect(counted["models"]?.array?.first?["counted_requests"] == 20)
        #expect(counted["input_tokens"] != estimate["input_tokens"])
        let text = try await work.genbatch("plan", "job.yaml", "--count-tokens").output
        #expect(text.contains(" tokens, scaled by what the server counted of 20 requests\n"), "\(text)")

        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        let used = try work.checkpoint().integer("SELECT sum(input_tokens) FROM attempt")
        // All prompts are alike; a rounded token at the most.
        #expect(abs(Int(counted["input_tokens"]?.int64 ?? 0) - used) <= 24)
    }

    @Test("--count-tokens takes a key, and says so before anything else")
    func needsKey() async throws {
        let work = try workspace()
        let plan = try await work.genbatch("plan", "job.yaml", "--count-tokens", "--key-file", "none")
        #expect(plan.status == 66, "\(plan.errors)")
        #expect(plan.output.isEmpty)
        #expect(try await work.genbatch("plan", "job.yaml", "--count-tokens", "--explain", "k10").status == 64)
    }
}
