import Foundation
import JSON
import TestSupport
import Testing

/// What runs of several jobs know of one another's quotas.
@Suite("Quotas that jobs share", .serialized, .timeLimit(.minutes(3)))
struct SharedQuotaTests {
    private func job(_ name: String, _ limits: String, more: String = "") -> String {
        """
        name: \(name)
        model: m
        limits: {\(limits)}
        \(more)
        inputs: [{jsonl: rows.jsonl}]
        prompt: \(name) {{n}}
        id: item-{{n}}

        """
    }

    private func rows(_ work: Workspace, _ count: Int) throws {
        try work.write((1...count).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
    }

    private func plan(_ work: Workspace, _ arguments: String...) async throws -> JSONValue? {
        let plan = await work.outcome(of: try work.start(["plan", "second.yaml", "--json"] + arguments))
        #expect(plan.status == 0, "\(plan.errors)")
        return try JSONValue(parsing: plan.output.trimmingCharacters(in: .newlines))["limited_by"]
    }

    @Test("a second job begins at the pace that the first one has found out, and plan tells it of that server alone")
    func learnedPace() async throws {
        let simulator = try await SimulatorProgram(["--requests-per-minute", "60", "--quota-window", "2s"])
        let work = try Workspace(simulator, job: job("first", "concurrency: 100"))
        try rows(work, 100)
        try work.write(job("second", "concurrency: 100"), to: "second.yaml")
        #expect(try await plan(work)?["limit"] == "concurrency")
        let first = try work.start("run", "job.yaml", "--json", "--grace", "1s")
        _ = await first.output.firstLine { $0.contains("\"quota_wait\"") }
        first.send(SIGINT)
        #expect(await work.outcome(of: first).status == 130)
        let before = try simulator.totals()
        #expect(before.refused > 0)

        let learned = try await plan(work)
        #expect(learned?["limit"] == "requests_per_minute")
        #expect((learned?["value"]?.int64 ?? 100) < 60)
        #expect(try await plan(work, "--rpm", "7")?["value"] == 7)
        #expect(try await plan(work, "--base-url", "http://127.0.0.1:9")?["limit"] == "concurrency")

        // Ten at once, then one a second; without the pace all hundred leave at once, and many are refused.
        let second = try work.start("run", "second.yaml", "--json", "--grace", "1s")
        _ = await second.output.firstLine { $0.contains("\"item_done\"") && $0.contains("\"item-11\"") }
        second.send(SIGINT)
        #expect(await work.outcome(of: second).status == 130)
        let after = try simulator.totals()
        // The first ten, if the minute of the first job is not over.
        #expect(after.refused - before.refused <= 10)
        #expect(after.requests - before.requests <= 30)
    }

    @Test("requests that one run has in flight count for the day of another, and both tell why they leave the rest")
    func requestsInFlight() async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "60s"])
        let work = try Workspace(simulator, job: job("first", "requests_per_day: 3"))
        try rows(work, 5)
        try work.write(job("second", "requests_per_day: 3"), to: "second.yaml")
        let first = try work.start("run", "job.yaml", "--json", "--grace", "1s")
        var requests: Int64? = 0
        while requests != 3 {
            let quota = try await work.genbatch("quota", "--json")
            requests = try quota.events().first?["spending"]?["day"]?["requests"]?.int64
        }
        let second = try await work.genbatch("run", "second.yaml", "--quiet")
        #expect(second.status == 75, "\(second.errors)")
        #expect(second.errors.contains("because   m: the 3 requests of the day for m are spent"), "\(second.errors)")
        let status = try await work.genbatch("status", "second.yaml")
        #expect(status.output.contains("the 3 requests of the day for m are spent"), "\(status.output)")
        #expect(try simulator.totals().requests == 3)
        first.send(SIGINT)
        first.send(SIGINT)
        _ = await work.outcome(of: first)
    }

    @Test("requests of all tiers count for the day")
    func tiers() async throws {
        let simulator = try await SimulatorProgram()
        let flex = job("first", "requests_per_day: 3", more: "service_tier: flex")
        let work = try Workspace(simulator, job: flex)
        try rows(work, 5)
        try work.write(job("second", "requests_per_day: 3"), to: "second.yaml")
        #expect(try await work.genbatch("run", "job.yaml").status == 75)
        let second = try await work.genbatch("run", "second.yaml", "--json")
        #expect(second.status == 75, "\(second.errors)")
        let summary = try #require(try second.events().last { $0["type"]?.string == "summary" })
        #expect(summary["closed_models"]?["m"]?["class"] == "rate_day")
        #expect(try simulator.totals().requests == 3)
    }

    @Test("a job with a limit per day does not start without the ledger, and one without it does")
    func needsLedger() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: job("first", "requests_per_day: 3"))
        try rows(work, 2)
        try work.write("a file where a folder should be\n", to: ".local/state")
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 78, "\(run.errors)")
        #expect(run.errors.contains("limits.requests_per_day is set, which cannot be kept without"), "\(run.errors)")
        #expect(try simulator.totals().requests == 0)
        try work.write(job("first", "concurrency: 2"), to: "job.yaml")
        let free = try await work.genbatch("run", "job.yaml")
        #expect(free.status == 0, "\(free.errors)")
        #expect(free.errors.contains("this run goes on without it"), "\(free.errors)")
    }
}
