import Foundation
import JSON
import TestSupport
import Testing

/// Caps where nothing is as it was guessed: long prompts, thoughts, media, and runs that are killed.
@Suite("Caps that hold", .serialized, .timeLimit(.minutes(3)))
struct HeldCapTests {
    /// A server whose answers count what a test says they count.
    private func server(_ usage: String) throws -> LoopbackServer {
        let answer =
            #"{"candidates":[{"content":{"role":"model","parts":[{"text":"Hello"}]},"finishReason":"STOP"}],"#
            + "\"usageMetadata\":\(usage)}"
        return try LoopbackServer { _, connection in
            connection.respond(200, [("Content-Type", "text/event-stream")], "data: \(answer)\n\n")
        }
    }

    private func environment(_ server: LoopbackServer, of work: Workspace) -> [String: String] {
        var environment = work.environment
        environment["GOOGLE_GEMINI_BASE_URL"] = server.url
        return environment
    }

    private func counted(_ work: Workspace) throws -> Int {
        try work.checkpoint().integer("SELECT sum(coalesce(reserved_microdollars, cost_microdollars, 0)) FROM attempt")
    }

    /// What `plan` says that a cap is exceeded by at most, in micro-dollars.
    private func mostBeyond(_ work: Workspace, _ environment: [String: String]) async throws -> Int {
        let plan = try await work.genbatch("plan", "job.yaml", "--json", environment: environment)
        let most = try #require(try plan.events().first?["beyond_caps"]?["cost_usd"], "\(plan.errors)")
        return Int((Double(most.text) ?? 0) * 1e6)
    }

    @Test("kills before the first answer do not let a job exceed its cap, however long its prompts are")
    func killed() async throws {
        let slow = try await SimulatorProgram(["--first-chunk-latency", "60s"])
        let fast = try await SimulatorProgram()
        let text = String(repeating: "word", count: 17_500)
        let work = try Workspace(
            slow,
            job: """
                model: m
                limits: {concurrency: 8, cost_usd: 0.2, requests_per_minute: 100000}
                inputs: [{jsonl: rows.jsonl}]
                prompt: "{{n}} \(text)"
                prices: {models: {m: {input: 1, output: 1}}}
                """
        )
        try work.write((1...100).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
        for _ in 0..<6 {
            let program = try work.start("run", "job.yaml", "--json")
            _ = try #require(await program.output.firstLine { $0.contains("\"item_start\"") })
            program.send(SIGKILL)
            _ = await work.outcome(of: program)
        }
        var environment = work.environment
        environment["GOOGLE_GEMINI_BASE_URL"] = fast.baseURL
        let most = try await mostBeyond(work, environment)
        let last = try await work.genbatch("run", "job.yaml", environment: environment)
        #expect(last.status == 75, "\(last.errors)")
        #expect(last.errors.contains("at most"), "\(last.errors)")
        let facts = try work.checkpoint()
        let dearest = try facts.integer("SELECT max(cost_microdollars) FROM attempt")
        #expect(dearest > 17_500)
        #expect(try facts.integer("SELECT min(reserved_microdollars) FROM attempt WHERE status = 'lost'") >= 17_500)
        // Whatever may have been sent, billed in full.
        let sent = try facts.integer("SELECT count(*) FROM attempt")
        #expect(try slow.totals().requests + fast.totals().requests <= sent)
        #expect(sent >= 8)
        #expect(sent * dearest <= 200_000 + 2 * dearest)
        #expect(sent * dearest <= 200_000 + most)
    }

    @Test("thoughts twenty times as long as a guess are met by one request, not by all at once")
    func thoughts() async throws {
        let server = try server(
            #"{"promptTokenCount":10,"candidatesTokenCount":10,"thoughtsTokenCount":20000,"totalTokenCount":20020}"#
        )
        let work = try Workspace(
            job: """
                model: m
                limits: {concurrency: 64, cost_usd: 0.2}
                inputs: [{jsonl: rows.jsonl}]
                prompt: Think about {{n}}.
                prices: {models: {m: {input: 1.25, output: 10}}}
                """
        )
        try work.write((1...100).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
        let environment = environment(server, of: work)
        let most = try await mostBeyond(work, environment)
        #expect(most >= 64 * 655_360)
        let run = try await work.genbatch("run", "job.yaml", environment: environment)
        #expect(run.status == 75, "\(run.errors)")
        #expect(run.errors.contains("caps are exceeded by $"), "\(run.errors)")
        #expect(server.requests.count == 1)
        #expect(try counted(work) == 200_113)
    }

    @Test("sound without a price is refused under a cap, and what turns out to have sound counts, over many runs")
    func sound() async throws {
        let server = try server(
            #"""
            {"promptTokenCount":115210,"candidatesTokenCount":10,"totalTokenCount":115220,\#
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":10},{"modality":"AUDIO","tokenCount":115200}]}
            """#
        )
        func job(_ file: String, _ prices: String) -> String {
            """
            model: m
            limits: {concurrency: 8, cost_usd: 0.5}
            inputs: [{jsonl: rows.jsonl}]
            prompt: What is said at {{n}}?
            images: [\(file)]
            prices: {models: {m: {\(prices)}}}
            """
        }
        let work = try Workspace(job: job("talk.mp3", "input: 0.75, output: 3.75"))
        try work.write((1...100).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
        try work.write("sound", to: "talk.mp3")
        try work.write("film", to: "talk.mp4")
        let environment = environment(server, of: work)
        for command in ["run", "plan", "check"] {
            let refused = try await work.genbatch(command, "job.yaml", environment: environment)
            #expect(refused.status == 78, "\(command): \(refused.errors)")
            #expect(refused.errors.contains("no price is known for m, audio_input"), "\(command): \(refused.errors)")
        }
        #expect(server.requests.isEmpty)
        // A film may have no sound; if it has, its tokens count as the dearest ones.
        let dearest = (115_220 * 3.75).rounded(.up)
        try work.write(job("talk.mp4", "input: 0.75, output: 3.75"), to: "job.yaml")
        for _ in 1...4 {
            #expect(try await work.genbatch("run", "job.yaml", environment: environment).status == 75)
        }
        #expect(server.requests.count == 1)
        #expect(try counted(work) == Int(dearest))
        // With its price the cap is used, and no more.
        try work.write(job("talk.mp3", "input: 0.75, audio_input: 0.75, output: 3.75"), to: "second.yaml")
        for _ in 1...4 {
            #expect(try await work.genbatch("run", "second.yaml", environment: environment).status == 75)
        }
        #expect((5...6).contains(server.requests.count - 1))
    }
}
