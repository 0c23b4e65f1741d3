import Foundation
import JSON
import Testing

/// A checkpoint is enough to go on.
@Suite("Going on from the checkpoint alone", .serialized, .timeLimit(.minutes(2)))
struct ResumeTests {
    @Test("resume of a checkpoint needs neither the job file nor its data")
    func resumesWithoutFiles() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(
            simulator,
            job: """
                model: m
                inputs: [{csv: rows.csv}]
                prompt: Tell me of {{topic}}.
                id: "{{topic}}"
                output: {path: out/answers.jsonl}
                """
        )
        try work.write("topic\ntides\nwinds\nstars\n", to: "rows.csv")
        #expect(try await work.genbatch("run", "job.yaml", "--limit", "1").status == 75)
        try FileManager.default.removeItem(atPath: "\(work.path)/job.yaml")
        try FileManager.default.removeItem(atPath: "\(work.path)/rows.csv")

        let resumed = try await work.genbatch("resume", ".genbatch/job.db")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(resumed.errors.contains("3 items: 2 to run (2 left over), 1 done"), "\(resumed.errors)")
        #expect(try work.read("out/answers.jsonl").split(separator: "\n").count == 3)
        #expect(try simulator.items().map(\.requests) == [1, 1, 1])
        let status = try await work.genbatch("status", ".genbatch/job.db")
        #expect(status.output.contains("3: 3 done"), "\(status.output)")
    }

    @Test("a run whose data have not changed does not read them, and one whose data have does")
    func unchangedInputs() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(
            simulator,
            job: "model: m\ninputs: [{jsonl: rows.jsonl}]\nprompt: Tell me of {{topic}}.\nid: \"{{n}}\"\n"
        )
        try work.write("{\"n\": 1, \"topic\": \"tides\"}\n", to: "rows.jsonl")
        func readsOfData() async throws -> Int {
            let run = try await work.shell("exec strace -f -o calls.txt -e trace=read -P rows.jsonl $GB run job.yaml")
            #expect(run.status == 0, "\(run.errors)")
            return try work.read("calls.txt").split(separator: "\n").count { $0.contains("read(") }
        }
        #expect(try await readsOfData() > 0)
        #expect(try await readsOfData() == 0)
        #expect(try simulator.totals().requests == 1)

        // Of the same length, and at the same time.
        try work.write("{\"n\": 1, \"topic\": \"winds\"}\n", to: "rows.jsonl")
        #expect(try await readsOfData() > 0)
        #expect(try simulator.totals().requests == 2)
    }

    @Test("a checkpoint that was moved goes on where it is")
    func resumesMoved() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: "model: m\nprompts: [one, two]\n")
        #expect(try await work.genbatch("run", "job.yaml", "--db", "a.db", "--limit", "1").status == 75)
        let other = try Workspace(simulator)
        try FileManager.default.moveItem(atPath: "\(work.path)/a.db", toPath: "\(other.path)/b.db")
        let resumed = try await other.genbatch("resume", "b.db")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try other.checkpoint("b.db").states() == ["done": 2])
        #expect(try simulator.totals().requests == 2)
    }

    @Test("a job that read standard input and was killed goes on without it")
    func resumesStandardInput() async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"match": "slow", "attempts": [1], "fault": {"kind": "stall"}}]}"#
        )
        let work = try Workspace(
            simulator,
            job: "model: m\ninputs: [{jsonl: \"-\"}]\nprompt: Tell me of {{topic}}.\nid: \"{{topic}}\"\n"
        )
        let rows = ["tides", "slow", "winds", "stars"].map { "{\"topic\": \"\($0)\"}\n" }.joined()
        let program = try work.start(["run", "job.yaml", "--json", "--concurrency", "2"], input: rows)
        var done = 0
        _ = await program.output.firstLine { line in
            done += line.contains("\"item_done\"") ? 1 : 0
            return done == 3
        }
        program.send(SIGKILL)
        #expect(await program.ended().signal == SIGKILL)

        // Standard input came once: reading it again would take every item out of the job.
        let refused = try await work.genbatch("resume", "job.yaml")
        #expect(refused.status == 64)
        #expect(refused.errors.contains(".genbatch/job.db"), "\(refused.errors)")

        let resumed = try await work.genbatch("resume", ".genbatch/job.db")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(resumed.errors.contains("4 items: 1 to run (1 left over), 3 done"), "\(resumed.errors)")
        #expect(resumed.errors.contains("possibly billed twice: 1 item"), "\(resumed.errors)")
        let counts = Dictionary(uniqueKeysWithValues: try simulator.items().map { ($0.text, $0.requests) })
        #expect(counts["Tell me of slow."] == 2)
        #expect(counts.values.reduce(0, +) == 5)
        #expect(try work.checkpoint().answeredKeys() == ["tides", "slow", "winds", "stars"])
    }

    @Test("a chat that was cut between its turns goes on with the next turn")
    func resumesChat() async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"match": "sum it up", "attempts": [1], "fault": {"kind": "stall"}}]}"#
        )
        let work = try Workspace(
            simulator,
            job: "model: m\nprompts: [{id: talk, turns: [tell me a story, sum it up]}]\n"
        )
        let program = try work.start("run", "job.yaml", "--json")
        _ = await program.output.firstLine { $0.contains("\"item_start\"") && $0.contains("\"turn\":1") }
        program.send(SIGINT)
        _ = await program.errors.firstLine { $0.contains("stopping") }
        program.send(SIGINT)
        #expect(await program.ended().status == 130)
        #expect(try await work.genbatch("run", "job.yaml").status == 0)
        let counts = Dictionary(uniqueKeysWithValues: try simulator.items().map { ($0.text, $0.requests) })
        #expect(counts["tell me a story"] == 1, "an answered turn was sent again")
        let line = try #require(try await work.export().first)
        #expect(line["turns"]?.array?.count == 2)
        #expect(line["text"]?.string?.contains("After 1 earlier turn") == true)
    }
}
