import Foundation
import JSON
import Testing

/// What requests cost, from the prices to the export.
@Suite("Prices and costs", .serialized, .timeLimit(.minutes(2)))
struct PriceTests {
    /// Models with prices of their own, so that a change of the shipped ones changes nothing here.
    private static let job = """
        model: m-001
        prompts:
          - {id: fine, prompt: Tell me of tides.}
          - {id: half, prompt: Tell me of tides by night., service_tier: flex}
          - {id: again, prompt: A flaky line about rain.}
          - {id: other, prompt: Tell me of winds., model: nobody-knows}
        prices:
          models:
            m: {input: 1.5, output: 2}
        """
    private static let script = """
        {"rules": [
          {"match": "flaky", "attempts": [1], "fault": {"kind": "status", "status": 503}}
        ]}
        """

    /// The micro-dollars of some usage at those prices, rounded half up.
    private func cost(_ usage: JSONValue?, dividedBy divisor: Int64 = 1) throws -> Int64 {
        let input = try #require(usage?["input_tokens"]?.int64)
        let output = try #require(usage?["output_tokens"]?.int64) + (usage?["reasoning_output_tokens"]?.int64 ?? 0)
        return (3 * input + 4 * output + divisor) / (2 * divisor)
    }

    /// An amount as six digits after the point.
    private func decimal(_ microDollars: Int64) -> String {
        "\(microDollars / 1_000_000)." + String(1_000_000 + microDollars % 1_000_000).dropFirst()
    }

    @Test("what attempts cost is kept, added up and told everywhere, and what is unknown is not called nothing")
    func costs() async throws {
        let simulator = try await SimulatorProgram(script: Self.script)
        let work = try Workspace(simulator, job: Self.job)
        let run = try await work.genbatch("run", "job.yaml", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let lines = Dictionary(uniqueKeysWithValues: try await work.export().map { ($0["key"]?.string ?? "", $0) })
        let fine = try cost(lines["fine"]?["usage"])
        let half = try cost(lines["half"]?["usage"], dividedBy: 2)
        let again = try cost(lines["again"]?["usage"])
        let known = fine + half + again
        #expect(fine > 0 && half > 0)
        let export = try await work.genbatch("export", "job.yaml")
        for (key, amount) in [("fine", fine), ("half", half), ("again", again)] {
            let line = try #require(export.output.split(separator: "\n").first { $0.contains("\"key\":\"\(key)\"") })
            #expect(line.contains("\"cost_usd\":\(decimal(amount)),\"unpriced_attempts\":0,"), "\(line)")
        }
        #expect(lines["other"]?["cost_usd"] == .null)
        #expect(lines["other"]?["unpriced_attempts"] == 1)

        let facts = try work.checkpoint()
        #expect(try facts.integer("SELECT sum(cost_microdollars) FROM attempt") == Int(known))
        #expect(
            try facts.texts("SELECT coalesce(cost_microdollars, 'none') FROM attempt WHERE class = 'overloaded'") == [
                "0"
            ]
        )
        #expect(try facts.integer("SELECT count(*) FROM attempt WHERE cost_microdollars IS NULL") == 1)

        let summary = try #require(try run.events().last { $0["type"]?.string == "summary" })
        #expect(summary["cost_usd"]?.double == Double(known) / 1e6)
        #expect(summary["unpriced_attempts"] == 1)
        #expect(run.errors.contains("and 1 attempt of unknown cost"), "\(run.errors)")
        let status = try await work.genbatch("status", "job.yaml", "--json")
        #expect(status.output.contains("\"cost_usd\":\(decimal(known)),\"unpriced_attempts\":1,"), "\(status.output)")
        let show = try await work.genbatch("show", "job.yaml", "again")
        #expect(show.output.contains("cost: $0.00\n"), "\(show.output)")
        let text = try await work.genbatch("status", "job.yaml")
        #expect(text.output.contains("of unknown cost in all"), "\(text.output)")
    }

    @Test("the user's prices lie over the shipped ones, and the job's over those")
    func layers() async throws {
        let work = try Workspace(job: Self.job)
        try work.write("models: {m: {input: 9, audio_input: 7}}\n", to: ".config/genbatch/prices.yaml")
        let prices = try await work.genbatch("prices", "job.yaml", "--json")
        #expect(prices.status == 0, "\(prices.errors)")
        let table = try #require(try prices.events().first)
        #expect(table["date"]?.string != nil)
        #expect(table["tables"]?.array?.count == 3)
        let model = try #require(table["models"]?.array?.first { $0["model"]?.string == "m" })
        let rates = try #require(model["prices"]?.array?.first?["rates"]?.array)
        #expect(rates.map { $0["tokens"]?.string } == ["input", "output", "audio_input"])
        #expect(rates.map { $0["usd_per_million"]?.double } == [1.5, 2, 7])
        let origins = rates.compactMap { $0["origin"]?.string }
        #expect(origins == ["the job's prices", "the job's prices", "\(work.path)/.config/genbatch/prices.yaml"])

        var environment = work.environment
        environment["XDG_CONFIG_HOME"] = work.path + "/elsewhere"
        try work.write("models: {m: {input: 4}}\n", to: "elsewhere/genbatch/prices.yaml")
        let text = try await work.genbatch("prices", environment: environment)
        #expect(text.output.contains("\nm\n  input "), "\(text.output)")
        #expect(text.output.contains("$4.00"), "\(text.output)")
        #expect(!text.output.contains(".config/genbatch"), "\(text.output)")
    }

    @Test("a mistake in the user's prices is told with its place before anything is begun")
    func mistake() async throws {
        let work = try Workspace(job: Self.job)
        try work.write("models:\n  m: {inptu: 9}\n", to: ".config/genbatch/prices.yaml")
        for arguments in [["prices"], ["run", "job.yaml"]] {
            let outcome = await work.outcome(of: try work.start(arguments))
            #expect(outcome.status == 65)
            #expect(outcome.errors.contains("prices.yaml:2:7: error: unknown key \"inptu\""), "\(outcome.errors)")
        }
        #expect(!work.exists(".genbatch"))
    }
}
