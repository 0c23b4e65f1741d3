import Foundation
import JSON
import Testing

/// The whole road: job file, requests, checkpoint, export.
@Suite("The road from a job file to an export", .serialized, .timeLimit(.minutes(3)))
struct RoadTests {
    private static let job = """
        version: 1
        model: gemini-2.5-flash
        config: {temperature: 0.2}
        prompts:
          - Tell me a story in 30 words.
          - id: scones
            prompt: What is this image about?
            images: [gs://generativeai-downloads/images/scones.jpg, drawing.png]
          - id: talk
            turns: [tell me a story, summarize it in one sentence]
        inputs:
          - csv: reviews.csv
        id: "{{id}}"
        prompt: "Is this review positive? Be {{tone}}.\\n\\n{{review}}"
        matrix: {tone: [kind, strict]}
        """

    private func workspace(_ simulator: SimulatorProgram) throws -> Workspace {
        let work = try Workspace(simulator, job: Self.job)
        try work.write("id,review\na,\"Good, very good\"\nb,\"Two\nlines\"\nc,Bad\n", to: "reviews.csv")
        try work.write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], to: "drawing.png")
        return work
    }

    @Test("a job of every kind of item runs to its end and exports whole answers")
    func runsEveryKind() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator)
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("12 items: 12 to run (12 new)"))
        #expect(run.errors.contains("finished in"))
        #expect(run.errors.contains("genbatch export job.yaml"))

        let lines = try await work.export()
        let points = ["[tone=kind]", "[tone=strict]"]
        let named = ["scones", "talk", "a", "b", "c"].flatMap { name in points.map { name + $0 } }
        #expect(lines.dropFirst(2).map { $0["key"]?.string } == named)
        for line in lines {
            #expect(line["state"]?.string == "done")
            #expect(line["text"]?.string?.isEmpty == false)
            #expect(line["finish_reason"]?.string == "STOP")
            #expect(line["usage"]?["input_tokens"]?.int64 ?? 0 > 0)
            #expect(line["usage"]?["output_tokens"]?.int64 ?? 0 > 0)
            #expect(line["timings"]?["started_at"]?.string?.hasSuffix("Z") == true)
            #expect(line["timings"]?["first_chunk_ms"]?.int64 != nil)
            #expect(line["timings"]?["duration_ms"]?.int64 != nil)
        }
        #expect(lines[0]["text"]?.string?.split(separator: " ").count == 30)
        #expect(
            lines[2]["text"]?.string?.contains("gs://generativeai-downloads/images/scones.jpg (image/jpeg)") == true
        )
        #expect(lines[2]["text"]?.string?.contains("inline image/png of 8 bytes") == true)
        #expect(lines[4]["turns"]?.array?.count == 2)
        #expect(lines[4]["text"]?.string?.contains("After 1 earlier turn") == true)
        #expect(lines[8]["input"]?["review"]?.string == "Two\nlines")
        #expect(lines[9]["input"]?["tone"]?.string == "strict")
    }

    @Test("a second run of a finished job sends nothing")
    func secondRunSendsNothing() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator)
        #expect(try await work.genbatch("run", "job.yaml").status == 0)
        let counts = try simulator.totals()
        #expect(counts.requests == 14)
        #expect(counts.completed == 14)

        let again = try await work.genbatch("run", "job.yaml")
        #expect(again.status == 0, "\(again.errors)")
        #expect(again.errors.contains("12 items: 0 to run, 12 done"))
        #expect(try simulator.totals() == counts)
    }

    @Test("an answer in one piece is kept like a streamed one")
    func runsWithoutStreaming() async throws {
        let simulator = try await SimulatorProgram()
        let streamed = try Workspace(simulator, job: "model: m\nprompts: [Tell me of tides.]\n")
        let whole = try Workspace(simulator, job: "model: m\nstream: false\nprompts: [Tell me of tides.]\n")
        for work in [streamed, whole] {
            #expect(try await work.genbatch("run", "job.yaml").status == 0)
        }
        let texts = [try await streamed.export(), try await whole.export()].map { $0.first?["text"]?.string }
        #expect(texts[0] != nil)
        #expect(texts[0] == texts[1])
    }

    @Test("--simulate needs neither key nor server, and its simulator ends with the run")
    func simulates() async throws {
        let work = try Workspace(job: "model: m\nprompts: [Tell me of tides in 5 words.]\n")
        let bare = ["PATH": "/usr/bin:/bin", "HOME": work.path]
        let run = try await work.genbatch("run", "job.yaml", "--simulate", environment: bare)
        #expect(run.status == 0, "\(run.errors)")
        #expect(try await work.export().count == 1)
        // Its output is a pipe that the simulator would hold open as well: that the run's streams ended proves it.
        #expect(run.signal == nil)
    }
}
