import Foundation
import JSON
import TestSupport
import Testing

/// What the options of `run` promise.
@Suite("Options of a run", .serialized, .timeLimit(.minutes(2)))
struct OptionTests {
    private static let job = """
        model: m
        prompts: [one, two, three, four, five]
        output: {path: out/deep/answers.jsonl}
        """

    private func lines(_ work: Workspace, _ name: String) throws -> [JSONValue] {
        try work.read(name).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    @Test("--limit starts so many items and no more, and leaves the rest to the next run")
    func limits() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        let first = try await work.genbatch("run", "job.yaml", "--limit", "2", "--json")
        #expect(first.status == 75, "\(first.errors)")
        #expect(try first.events().last { $0["type"]?.string == "summary" }?["ending"]?.string == "limit_reached")
        #expect(try simulator.totals().requests == 2)
        #expect(try lines(work, "out/deep/answers.jsonl").count == 2)
        let second = try await work.genbatch("run", "job.yaml", "--limit", "3")
        #expect(second.status == 0, "\(second.errors)")
        #expect(try simulator.totals().requests == 5)
    }

    @Test("--rpm bounds the requests of a minute")
    func boundsPace() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: "model: m\nlimits: {requests_per_minute: 100}\nprompts: [one, two]\n")
        // The second one would have to wait for a minute.
        let program = try work.start("run", "job.yaml", "--json", "--rpm", "1", "--grace", "1s")
        _ = await program.output.firstLine { $0.contains("\"item_done\"") }
        program.send(SIGINT)
        let run = await work.outcome(of: program)
        #expect(run.status == 130, "\(run.errors)")
        #expect(try simulator.totals().requests == 1)
        #expect(try work.checkpoint().states() == ["done": 1, "pending": 1])
    }

    @Test("--events writes the events to a file, beside those on standard output")
    func writesEventsToFile() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: "model: m\nprompts: [one, two]\n")
        let run = try await work.genbatch("run", "job.yaml", "--json", "--events", "events.jsonl")
        #expect(run.status == 0, "\(run.errors)")
        func types(_ lines: [JSONValue]) -> [String] {
            lines.compactMap { $0["type"]?.string }.filter { $0 != "chunk" && $0 != "progress" }
        }
        let lines = try work.read("events.jsonl").split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(types(lines) == types(try run.events()))
        #expect(lines.last?["type"] == "summary")
        let refused = try await work.genbatch("run", "job.yaml", "--events", "nowhere/events.jsonl")
        #expect(refused.status == 73)
        #expect(refused.errors.contains("cannot write events to nowhere/events.jsonl"), "\(refused.errors)")
    }

    @Test("--tpm bounds the input tokens of a minute")
    func boundsTokens() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: "model: m\nlimits: {tokens_per_minute: 100000}\nprompts: [one, two]\n")
        // Each request is more than that: the second one would have to wait for a minute.
        let program = try work.start("run", "job.yaml", "--json", "--tpm", "1", "--grace", "1s")
        _ = await program.output.firstLine { $0.contains("\"item_done\"") }
        program.send(SIGINT)
        let run = await work.outcome(of: program)
        #expect(run.status == 130, "\(run.errors)")
        #expect(try simulator.totals().requests == 1)
    }

    @Test("--ca-file names the authorities that are trusted, and no others are")
    func trusts() async throws {
        let simulator = try await SimulatorProgram()
        let gate = try LoopbackServer { _, _ in }
        defer { gate.close() }
        let nginx = try NginxServer(stream: "", whole: "", gate: gate, through: Int(simulator.port))
        let work = try Workspace(job: "model: m\nprompts: [one]\n")
        let address = "https://localhost:\(nginx.http2Port)/through"
        let refused = try await work.genbatch("run", "job.yaml", "--base-url", address, "--ca-file", nginx.otherCAFile)
        #expect(refused.status == 69, "\(refused.errors)")
        #expect(refused.errors.contains("certificate"), "\(refused.errors)")
        let run = try await work.genbatch("run", "job.yaml", "--base-url", address, "--ca-file", nginx.caFile)
        #expect(run.status == 0, "\(run.errors)")
        #expect(try simulator.totals().requests == 1)
    }

    @Test("requests_per_day leaves the rest for another day")
    func boundsDay() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(
            simulator,
            job: "model: m\nlimits: {requests_per_day: 3}\nprompts: [one, two, three, four, five]\n"
        )
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 75, "\(run.errors)")
        #expect(run.errors.contains("requests of the day"), "\(run.errors)")
        #expect(try work.checkpoint().states() == ["done": 3, "deferred": 2])
    }

    @Test("--concurrency bounds the requests in flight")
    func boundsConcurrency() async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "30ms"])
        let work = try Workspace(simulator, job: "model: m\ninputs: [{jsonl: r.jsonl}]\nprompt: \"{{n}}\"\n")
        try work.write((1...60).map { "{\"n\": \($0)}\n" }.joined(), to: "r.jsonl")
        #expect(try await work.genbatch("run", "job.yaml", "--concurrency", "7").status == 0)
        #expect(try simulator.peakStreams() == 7)
    }

    @Test("the output of a job is made with its folder, for its owner, and replaced as a whole")
    func writesOutput() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        #expect(try await work.genbatch("run", "job.yaml", "--limit", "2").status == 75)
        let file = "\(work.path)/out/deep/answers.jsonl"
        let first = try FileManager.default.attributesOfItem(atPath: file)
        #expect(first[.posixPermissions] as? Int == 0o600)
        #expect(try await work.genbatch("run", "job.yaml").status == 0)
        #expect(try lines(work, "out/deep/answers.jsonl").count == 5)
        // Another file under the same name: nobody ever reads half of one.
        let second = try FileManager.default.attributesOfItem(atPath: file)
        #expect(first[.systemFileNumber] as? Int != second[.systemFileNumber] as? Int)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(work.path)/out/deep") == ["answers.jsonl"])
    }

    @Test("--output goes before the job's own, and - or a device is written as a stream")
    func overridesOutput() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        let run = try await work.genbatch("run", "job.yaml", "--output", "mine.jsonl")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try lines(work, "mine.jsonl").count == 5)
        #expect(!work.exists("out"))
        let stream = try await work.genbatch("run", "job.yaml", "--output", "/dev/stdout")
        #expect(try stream.events().count == 5)
    }

    @Test("an output that cannot be made is told with 73, and the answers are safe")
    func unwritableOutput() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        try work.write("a file, not a folder", to: "out")
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 73, "\(run.errors)")
        #expect(try work.checkpoint().states() == ["done": 5])
    }

    // Fault matrix: F81.
    @Test("--json writes one object a line: the version first, the summary last")
    func writesEvents() async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "10ms"])
        let work = try Workspace(simulator, job: Self.job)
        let run = try await work.genbatch("run", "job.yaml", "--json")
        #expect(run.status == 0)
        let events = try run.events()
        #expect(events.first?["type"]?.string == "version")
        #expect(events.first?["format"]?.int64 == 1)
        #expect(events.dropFirst().first?["type"]?.string == "plan")
        #expect(events.last?["type"]?.string == "summary")
        #expect(events.last?["done"]?.int64 == 5)
        #expect(events.allSatisfy { $0["time"]?.string?.hasSuffix("Z") == true })
        let started = events.count { $0["type"]?.string == "item_start" }
        let done = events.count { $0["type"]?.string == "item_done" }
        #expect(started == 5 && done == 5)
    }

    @Test(
        "whatever keeps a run from its end, the last event says so",
        arguments: [
            (["run", "job.yaml", "--limit", "1"], 75), (["run", "no.yaml"], 66), (["resume", "no.db"], 66),
            (["run", "job.yaml", "--key-file", "no.key"], 66), (["run", "job.yaml", "--db", "."], 78),
        ]
    )
    func endsEvents(arguments: [String], status: Int) async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        let run = await work.outcome(of: try work.start(arguments + ["--json"]))
        #expect(run.status == Int32(status), "\(run.errors)")
        let events = try run.events()
        #expect(events.first?["type"]?.string == "version")
        #expect(events.last?["type"]?.string == "exit_error", "\(run.output)")
        #expect(events.last?["exit_code"]?.int64 == Int64(status))
        #expect(events.last?["message"]?.string?.isEmpty == false)
    }

    @Test("the commands that a run proposes can be typed as they are, whatever the files are called")
    func proposesCommands() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator)
        let name = "Ina's jöbs & $more/a job.yaml"
        try work.write(Self.job, to: name)
        let run = try await work.genbatch("run", name, "--limit", "1", "--db", "my data.db")
        #expect(run.status == 75, "\(run.errors)")
        let proposed = run.errors.split(separator: "\n").compactMap { line in
            line.range(of: "genbatch ").map { line[$0.upperBound...].prefix { $0 != "(" } }
        }
        #expect(proposed.count == 2, "\(run.errors)")
        for command in proposed {
            let typed = try await work.shell("$GB \(command)")
            #expect(typed.status == 0, "\(command): \(typed.errors)")
        }
        #expect(try work.checkpoint("my data.db").states() == ["done": 5])
    }

    @Test("--quiet says nothing of a run that leaves nothing to do, and the rest otherwise")
    func keepsQuiet() async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"match": "three", "fault": {"kind": "status", "status": 400}}]}"#
        )
        let work = try Workspace(simulator, job: "model: m\nprompts: [one, two, three]\n")
        let limited = try await work.genbatch("run", "job.yaml", "--quiet", "--limit", "2")
        #expect(limited.status == 75)
        let failed = try await work.genbatch("run", "job.yaml", "--quiet")
        #expect(failed.status == 3)
        #expect(failed.errors.contains("1 failed"), "\(failed.errors)")
        let other = try Workspace(simulator, job: "model: m\nprompts: [four]\n")
        let quiet = try await other.genbatch("run", "job.yaml", "--quiet")
        #expect(quiet.status == 0)
        #expect(quiet.errors.isEmpty && quiet.output.isEmpty)
    }

    @Test("--progress none shows how the run ends and nothing in between")
    func showsNoProgress() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        let run = try await work.genbatch("run", "job.yaml", "--progress", "none")
        #expect(run.status == 0)
        #expect(!run.errors.contains("\u{1B}"))
        #expect(run.output.isEmpty)
    }

    @Test("check reads all data, says what it reads and leaves nothing behind")
    func checks() async throws {
        let work = try Workspace(job: "model: m\ninputs: [{csv: r.csv}]\nprompt: \"{{a}}\"\nmatrix: {x: [1, 2]}\n")
        try work.write("a\none\ntwo\n", to: "r.csv")
        let check = try await work.genbatch("check", "job.yaml", environment: ["TMPDIR": work.path])
        #expect(check.status == 0, "\(check.errors)")
        #expect(check.output.hasPrefix("job.yaml: 4 items, nothing wrong\nreads "), "\(check.output)")
        #expect(check.output.contains("r.csv"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: work.path).sorted() == ["job.yaml", "r.csv"])
    }
}
