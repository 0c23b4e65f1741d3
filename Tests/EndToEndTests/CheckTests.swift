import Foundation
import JSON
import Testing

/// Answers that a job does not take as they are: sent back, cut, refused.
@Suite("Structured answers", .serialized, .timeLimit(.minutes(2)))
struct CheckTests {
    private static let job = """
        model: m
        config:
          response_mime_type: application/json
          response_json_schema: {type: object, properties: {title: {type: string}}, required: [title]}
        checks: {json: true}
        prompts:
          - {id: fine, prompt: Describe the tide as JSON.}
          - {id: fenced, prompt: Describe the storm as JSON.}
          - {id: stubborn, prompt: Describe the fog as JSON.}
          - {id: free, prompt: Describe the calm., checks: {json: false, max_length: 500}}

        """
    /// The storm comes in a fence and is corrected when that is said; the fog never comes as the schema wants it.
    ///
    /// Requests are told by their last content: in a repair that is what was wrong.
    private static let script = #"""
        {"rules": [
          {"match": "storm", "fault": {"kind": "text", "text": "```json\n{\"title\": \"storm\"}\n```"}},
          {"match": "fog", "fault": {"kind": "text", "text": "{\"name\": \"fog\"}"}},
          {"match": "title is missing", "fault": {"kind": "text", "text": "[]"}},
          {"match": "calm", "fault": {"kind": "text", "text": "Nothing moves."}}
        ]}
        """#

    private func attempts(_ key: String, in work: Workspace) async throws -> [JSONValue] {
        let show = try await work.genbatch("show", "job.yaml", key, "--json")
        return try #require(try show.events().first?["attempts"]?.array)
    }

    @Test("a refused answer is repaired once; what stays wrong fails, and both requests are there to see")
    func repairs() async throws {
        let simulator = try await SimulatorProgram(script: Self.script)
        let work = try Workspace(simulator, job: Self.job)
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 3, "\(run.errors)")
        #expect(run.errors.contains("4 = 3 done + 1 failed"), "\(run.errors)")
        #expect(try simulator.totals().requests == 6)

        let repaired = try await attempts("fenced", in: work)
        #expect(repaired.map { $0["repair"]?.bool } == [false, true])
        #expect(repaired.map { $0["class"]?.string } == ["check", nil])
        #expect(repaired[0]["message"]?.string == "the answer is not JSON: it is wrapped in a ``` code fence")
        #expect(repaired[0]["partial_text"]?.string?.hasPrefix("```json") == true)
        #expect(repaired[0]["usage"]?["output_tokens"]?.int64 ?? 0 > 0)
        let text = try #require(repaired[1]["answer"]?["text"]?.string)
        #expect(try JSONValue(parsing: text)["title"]?.string != nil)

        let refused = try await attempts("stubborn", in: work)
        #expect(
            refused.map { $0["message"]?.string } == [
                "title is missing", "the answer must be of type object, not array",
            ]
        )
        #expect(refused.map { $0["partial_text"]?.string } == [#"{"name": "fog"}"#, "[]"])
        let show = try await work.genbatch("show", "job.yaml", "stubborn")
        #expect(show.output.contains("== attempt 2, a repair, run 1: failed (check) =="), "\(show.output)")

        let free = try await work.genbatch("show", "job.yaml", "free")
        #expect(free.output.contains(#"checks    {"json":false,"max_length":500}"#), "\(free.output)")

        // Without its check the answer would be taken, but it was not: nothing is sent again by itself.
        try work.write(Self.job.replacing("checks: {json: true}", with: "checks: {not_empty: true}"), to: "job.yaml")
        let again = try await work.genbatch("run", "job.yaml")
        #expect(again.status == 3, "\(again.errors)")
        #expect(try simulator.totals().requests == 6)
        let retry = try await work.genbatch("retry", "job.yaml", "--class", "check")
        #expect(retry.status == 0, "\(retry.errors)")
        #expect(try simulator.totals().requests == 7)
    }

    @Test("a run that is killed while it repairs an answer asks the item again, and repairs it then")
    func survivesKill() async throws {
        let script = #"""
            {"rules": [
              {"match": "cannot be used", "attempts": [1], "fault": {"kind": "stall", "afterChunks": 0}},
              {"match": "storm", "fault": {"kind": "text", "text": "no JSON"}}
            ]}
            """#
        let simulator = try await SimulatorProgram(script: script)
        let job = "model: m\nconfig: {response_mime_type: application/json}\nchecks: {json: true}\n"
        let work = try Workspace(simulator, job: job + "prompts: [{id: a, prompt: Describe the storm.}]\n")
        let run = try work.start("run", "job.yaml")
        while try simulator.totals().requests < 2 { await Task.yield() }
        run.send(SIGKILL)
        _ = await run.ended()
        let second = try await work.genbatch("run", "job.yaml")
        #expect(second.status == 0, "\(second.errors)")
        let attempts = try await attempts("a", in: work)
        #expect(attempts.map { $0["status"]?.string } == ["failed", "lost", "failed", "answered"])
        #expect(attempts.map { $0["repair"]?.bool } == [false, false, false, true])
    }

    @Test("an answer that repeats itself is cut and tried once more; the item fails unless the job lets it pass")
    func runaways() async throws {
        let loop = String(repeating: "and so it goes, ", count: 40_000)
        let script = #"{"rules": [{"match": "for ever", "fault": {"kind": "text", "text": "\#(loop)"}}]}"#
        let simulator = try await SimulatorProgram(
            ["--chunk-bytes", "1000", "--chunk-interval", "1ms"],
            script: script
        )
        let job = """
            model: m
            prompts:
              - {id: cut, prompt: Go on for ever.}
              - {id: whole, prompt: Go on for ever., checks: {runaway: false}}
              - {id: fine, prompt: Tell me of tides.}
            """
        let work = try Workspace(simulator, job: job)
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 3, "\(run.errors)")
        #expect(run.errors.contains("3 = 2 done + 1 failed"), "\(run.errors)")
        let cut = try await attempts("cut", in: work)
        #expect(cut.map { $0["class"]?.string } == ["runaway", "runaway"])
        for attempt in cut {
            let text = try #require(attempt["partial_text"]?.string)
            #expect(loop.hasPrefix(text))
            #expect((6000..<100_000).contains(text.utf8.count))
            #expect(attempt["possibly_billed"]?.bool == true)
            #expect(attempt["usage"]?["output_tokens"]?.int64 ?? 0 > 0)
        }
        #expect(try simulator.totals().cancelled == 2)
        let whole = try await attempts("whole", in: work)
        #expect(whole.map { $0["answer"]?["text"]?.string?.utf8.count } == [loop.utf8.count])
        let failures = try await work.genbatch("failures", "job.yaml")
        #expect(failures.output.contains("runaway"), "\(failures.output)")
    }
}
