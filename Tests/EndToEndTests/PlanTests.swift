import Foundation
import JSON
import Testing

/// Fault matrix, row F35: `plan` tells what a run would do, for each way to edit a job.
@Suite("Planning", .serialized, .timeLimit(.minutes(2)))
struct PlanTests {
    private static let job = """
        model: gemini-2.5-flash
        system_instruction: You are a precise editor.
        config: {temperature: 0.2}
        vars: {tone: kind}
        prompts:
          - {id: picture, prompt: What is this?, images: [drawing.png]}
          - {id: talk, turns: [tell me a story, sum it up]}
        inputs:
          - csv: reviews.csv
        id: "{{id}}"
        prompt: "Be {{tone}}.\\n\\n{{review}}"
        """
    private static let reviews = "id,review\na,Good\nb,Fine\nc,Bad\n"
    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    private func workspace(_ simulator: SimulatorProgram? = nil) throws -> Workspace {
        let work = try Workspace(simulator, job: Self.job)
        try work.write(Self.reviews, to: "reviews.csv")
        try work.write(Self.png, to: "drawing.png")
        return work
    }

    private func plan(_ work: Workspace, _ arguments: String...) async throws -> JSONValue {
        let plan = await work.outcome(of: try work.start(["plan", "job.yaml", "--json"] + arguments))
        #expect(plan.status == 0, "\(plan.errors)")
        return try JSONValue(parsing: plan.output.trimmingCharacters(in: .newlines))
    }

    /// The counts that are not zero, without the total.
    private func counts(_ plan: JSONValue) throws -> [String: Int] {
        let items = try #require(plan["items"]?.object)
        return Dictionary(uniqueKeysWithValues: items.map { ($0.name, Int($0.value.int64 ?? 0)) })
            .filter { $0.key != "total" && $0.value > 0 }
    }

    @Test("before the first run all is new, chats count each turn, and nothing is made")
    func beforeTheFirstRun() async throws {
        let work = try workspace()
        let plan = try await plan(work)
        #expect(try counts(plan) == ["new": 5])
        #expect(plan["checkpoint_exists"]?.bool == false)
        #expect(plan["to_run"]?.int64 == 5)
        #expect(plan["requests"]?.int64 == 6)
        #expect(plan["models"]?.array?.first?["requests"]?.int64 == 6)
        #expect(plan["failure_actions"]?.array?.count == 24)
        #expect(!work.exists(".genbatch"))
        let text = try await work.genbatch("plan", "job.yaml")
        #expect(
            text.output.contains(
                "(none yet)\nitems       5: 5 to run\n  new       5 to run for the first time: picture, talk, a, …"
            )
        )
        #expect(text.output.contains("overloaded, server, network"))
        #expect(!work.exists(".genbatch"))
    }

    /// An edit of the job above, and what it makes of its five items.
    struct Edit: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var replacing: [(String, String)] = []
        var reviews = PlanTests.reviews
        var drawing = PlanTests.png
        let becomes: [String: Int]
        var changes: [String: Int] = [:]

        static let all = [
            Edit(testDescription: "nothing", becomes: ["done": 5]),
            Edit(
                testDescription: "another model",
                replacing: [("gemini-2.5-flash", "gemini-2.5-pro")],
                becomes: ["changed": 5],
                changes: ["model": 5]
            ),
            Edit(
                testDescription: "another system instruction and setting",
                replacing: [("a precise", "a careless"), ("temperature: 0.2", "seed: 1")],
                becomes: ["changed": 5],
                changes: ["system_instruction": 5, "config.temperature": 5, "config.seed": 5]
            ),
            Edit(
                testDescription: "a variable",
                replacing: [("tone: kind", "tone: strict")],
                becomes: ["changed": 3, "done": 2],
                changes: ["text": 3]
            ),
            Edit(
                testDescription: "the template of the rows",
                replacing: [("Be {{tone}}.", "Be very {{tone}}.")],
                becomes: ["changed": 3, "done": 2],
                changes: ["text": 3]
            ),
            Edit(
                testDescription: "one turn of a chat",
                replacing: [("sum it up", "sum it up briefly")],
                becomes: ["changed": 1, "done": 4],
                changes: ["text": 1]
            ),
            Edit(
                testDescription: "the bytes of a picture",
                drawing: PlanTests.png + [1],
                becomes: ["changed": 1, "done": 4],
                changes: ["media": 1]
            ),
            Edit(
                testDescription: "one row changed, one added, one removed",
                reviews: "id,review\na,Good\nb,Fine indeed\nd,New\n",
                becomes: ["changed": 1, "new": 1, "orphaned": 1, "done": 3],
                changes: ["text": 1]
            ),
            Edit(
                testDescription: "an axis of a matrix for the rows and prompts",
                replacing: [("vars: {tone: kind}", "matrix: {tone: [kind, strict]}")],
                becomes: ["new": 10, "orphaned": 5]
            ),
            Edit(
                testDescription: "rows in another order, a column more",
                reviews: "id,stars,review\nc,1,Bad\na,5,Good\nb,3,Fine\n",
                becomes: ["done": 5]
            ),
            Edit(
                testDescription: "prompts after each other in another order, limits of the run",
                replacing: [
                    ("  - {id: picture, prompt: What is this?, images: [drawing.png]}\n", ""),
                    ("sum it up]}\n", "sum it up]}\n  - {id: picture, prompt: What is this?, images: [drawing.png]}\n"),
                    ("model:", "limits: {concurrency: 2}\nmodel:"),
                ],
                becomes: ["done": 5]
            ),
        ]
    }

    // Fault matrix: F35.
    @Test("each edit is told for what it is, and a run then does just that", arguments: Edit.all)
    func edits(edit: Edit) async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator)
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        let before = try simulator.totals().requests
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(work.path)/.genbatch/job.db"))

        try work.write(edit.replacing.reduce(Self.job) { $0.replacing($1.0, with: $1.1) }, to: "job.yaml")
        try work.write(edit.reviews, to: "reviews.csv")
        try work.write(edit.drawing, to: "drawing.png")
        let plan = try await plan(work)
        #expect(try counts(plan) == edit.becomes)
        let changes = try #require(plan["changes"]?.object)
        #expect(Dictionary(uniqueKeysWithValues: changes.map { ($0.name, Int($0.value.int64 ?? 0)) }) == edit.changes)
        #expect(try simulator.totals().requests == before)
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(work.path)/.genbatch/job.db")) == bytes)

        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        #expect(try simulator.totals().requests - before == Int(plan["requests"]?.int64 ?? -1))
        #expect(try counts(try await self.plan(work))["done"] == Int(plan["items"]?["total"]?.int64 ?? -1))
    }

    // Fault matrix: F35.
    @Test("renamed files and moved prompts run nothing again; equal prompts without an id stay apart")
    func renames() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator)
        try work.write(Self.png, to: "a.png")
        try work.write("one text", to: "in/one.txt")
        let job = """
            model: m
            prompts: [same, other, same, {prompt: What?, images: [NAME.png]}]
            inputs: [{files: "FOLDER/*.txt"}]
            prompt: "{{text}}"
            """
        try work.write(job.replacing("NAME", with: "a").replacing("FOLDER", with: "in"), to: "job.yaml")
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        #expect(try simulator.totals().requests == 5)

        try FileManager.default.moveItem(atPath: "\(work.path)/a.png", toPath: "\(work.path)/b.png")
        try FileManager.default.moveItem(atPath: "\(work.path)/in", toPath: "\(work.path)/texts")
        try work.write(job.replacing("NAME", with: "b").replacing("FOLDER", with: "texts"), to: "job.yaml")
        #expect(try counts(try await plan(work)) == ["done": 5])
        // A third one of the same is new.
        try work.write(
            job.replacing("NAME", with: "b").replacing("FOLDER", with: "texts").replacing("other", with: "same"),
            to: "job.yaml"
        )
        #expect(try counts(try await plan(work)) == ["done": 4, "new": 1, "orphaned": 1])
    }

    // Fault matrix: F35.
    @Test("--explain names what goes into the fingerprint, and what differs from the checkpoint")
    func explains() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator)
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        let same = try await work.genbatch("plan", "job.yaml", "--explain", "picture")
        #expect(same.status == 0, "\(same.errors)")
        #expect(same.output.contains("state        done: it is answered and asks the same, so it is not sent"))
        #expect(same.output.contains("different from the checkpoint: nothing"))

        try work.write(
            Self.job.replacing("What is this?", with: "What is that?").replacing("0.2", with: "0.9"),
            to: "job.yaml"
        )
        try work.write(Self.png + [1], to: "drawing.png")
        let text = try await work.genbatch("plan", "job.yaml", "--explain", "picture")
        #expect(text.output.contains("state        changed: "), "\(text.output)")
        #expect(text.output.contains("  config.temperature      0.9\n"), "\(text.output)")
        #expect(text.output.contains("  config.temperature: was 0.2, is 0.9\n"), "\(text.output)")
        #expect(text.output.contains("  turn 1 text: was \"What is this?\", is \"What is that?\"\n"), "\(text.output)")
        #expect(text.output.contains("  turn 1 media 1: was image/png bytes with SHA-256 "), "\(text.output)")
        let explanation = try await plan(work, "--explain", "picture")
        #expect(
            explanation["differences"]?.array?.map { $0["name"]?.string } == [
                "config.temperature", "turn 1 text", "turn 1 media 1",
            ]
        )
        #expect(explanation["fingerprint"] != explanation["stored_fingerprint"])
        let stored = try work.checkpoint().texts("SELECT lower(hex(fingerprint)) FROM item WHERE key = 'picture'")
        #expect(explanation["stored_fingerprint"]?.string == stored.first)

        let missing = try await work.genbatch("plan", "job.yaml", "--explain", "nothing")
        #expect(missing.status == 64)
        #expect(missing.errors.contains("there is no item \"nothing\""), "\(missing.errors)")
        let checkpoint = try await work.genbatch("plan", ".genbatch/job.db")
        #expect(checkpoint.status == 64, "\(checkpoint.errors)")
    }

    @Test("it works while another process runs the job, and tells which one")
    func whileRunning() async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"match": "Be kind", "fault": {"kind": "stall", "afterChunks": 1}}]}"#
        )
        let work = try workspace(simulator)
        let run = try work.start("run", "job.yaml", "--json")
        var done = 0
        _ = await run.output.firstLine { line in
            done += line.contains("\"item_done\"") ? 1 : 0
            return done == 2
        }
        while try work.checkpoint().integer("SELECT count(*) FROM in_flight") < 3 { await Task.yield() }
        let plan = try await plan(work)
        #expect(try counts(plan) == ["done": 2, "pending": 3])
        #expect(plan["in_flight"]?.int64 == 3)
        #expect(plan["running"]?.bool == true)
        let text = try await work.genbatch("plan", "job.yaml")
        #expect(text.output.contains("running     process \(run.pid) on "), "\(text.output)")
        run.send(SIGKILL)
        _ = await run.ended()
        let after = try await self.plan(work)
        #expect(after["running"]?.bool == false)
        #expect(after["possibly_billed_twice"]?.int64 == 3)
    }
}
