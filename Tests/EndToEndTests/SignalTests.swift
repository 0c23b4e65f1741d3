import Foundation
import JSON
import Testing

/// Fault matrix, rows F04 to F08: signals, and streams whose reader has gone.
@Suite("Signals and closed pipes", .serialized, .timeLimit(.minutes(2)))
struct SignalTests {
    private static let job = """
        model: m
        limits: {concurrency: 4}
        inputs: [{jsonl: rows.jsonl}]
        prompt: Tell me of number {{n}}.
        id: "{{n}}"
        """
    /// Every stream stops after two events and stays open.
    private static let stall = #"{"rules": [{"fault": {"kind": "stall", "afterChunks": 2}}]}"#

    private func workspace(_ simulator: SimulatorProgram, items: Int = 12) throws -> Workspace {
        let work = try Workspace(simulator, job: Self.job)
        try work.write((1...items).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
        return work
    }

    /// Starts a run and waits until its streams are under way.
    private func startRun(_ work: Workspace, _ arguments: String..., inFlight: Int = 4) async throws -> Program {
        let program = try work.start(["run", "job.yaml", "--json"] + arguments)
        var started = 0
        _ = await program.output.firstLine { line in
            started += line.contains("\"item_start\"") ? 1 : 0
            return started == inFlight
        }
        return program
    }

    // Fault matrix: F04, F06.
    @Test(
        "the first signal lets streams finish and starts nothing new",
        arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 143)]
    )
    func drains(signal: Int32, status: Int) async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "400ms", "--chunk-interval", "30ms"])
        let work = try workspace(simulator)
        let program = try await startRun(work)
        program.send(signal)
        let run = await work.outcome(of: program)
        #expect(run.status == Int32(status), "\(run.errors)")
        #expect(run.errors.contains("stopping, 4 in flight"), "\(run.errors)")

        let events = try run.events()
        #expect(events.contains { $0["type"]?.string == "stopping" && $0["in_flight"]?.int64 == 4 })
        let summary = try #require(events.last { $0["type"]?.string == "summary" })
        #expect(summary["ending"]?.string == "interrupted")
        #expect(summary["done"]?.int64 == 4)
        #expect(try work.checkpoint().states() == ["done": 4, "pending": 8])
        let counts = try simulator.totals()
        #expect(counts.requests == 4)
        #expect(counts.completed == 4)

        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try await invariants.finish(items: 12)
        #expect(try simulator.items().allSatisfy { $0.requests == 1 })
    }

    // Fault matrix: F05.
    @Test("the second signal cuts the streams, and their items are pending")
    func cuts() async throws {
        let simulator = try await SimulatorProgram(script: Self.stall)
        let work = try workspace(simulator)
        let program = try await startRun(work)
        program.send(SIGINT)
        _ = await program.errors.firstLine { $0.contains("stopping") }
        program.send(SIGINT)
        let run = await work.outcome(of: program)
        #expect(run.status == 130, "\(run.errors)")
        let events = try run.events()
        #expect(events.count { $0["type"]?.string == "item_interrupted" } == 4)
        let stopping = try #require(events.first { $0["type"]?.string == "stopping" }?["time"]?.string)
        let end = try #require(events.first { $0["type"]?.string == "summary" }?["time"]?.string)
        // By the run's own report, and far from what the streams would take: they never end.
        #expect(try Self.seconds(from: stopping, to: end) < 10)
        let facts = try work.checkpoint()
        #expect(try facts.states() == ["pending": 12])
        #expect(try facts.integer("SELECT count(*) FROM attempt WHERE status = 'interrupted'") == 4)
        #expect(try facts.integer("SELECT count(*) FROM attempt WHERE status <> 'interrupted'") == 0)
        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try invariants.check()
    }

    // Fault matrix: F06.
    @Test("the end of the grace cuts like a second signal")
    func cutsAfterGrace() async throws {
        let simulator = try await SimulatorProgram(script: Self.stall)
        let work = try workspace(simulator)
        let program = try await startRun(work, "--grace", "200ms")
        program.send(SIGTERM)
        let run = await work.outcome(of: program)
        #expect(run.status == 143, "\(run.errors)")
        #expect(try work.checkpoint().states() == ["pending": 12])
        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try invariants.check()
    }

    // Fault matrix: F07.
    @Test("under nohup the end of the terminal does not stop a run")
    func ignoresHangupUnderNohup() async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "100ms"])
        let work = try workspace(simulator)
        let path = try BuiltProducts.path(of: "genbatch")
        let program = try Program(
            "/bin/sh",
            ["-c", "trap '' HUP; exec \(path) run job.yaml --json"],
            environment: work.environment,
            folder: work.path
        )
        _ = await program.output.firstLine { $0.contains("\"item_start\"") }
        program.send(SIGHUP)
        let run = await work.outcome(of: program)
        #expect(run.status == 0, "\(run.errors)")
        #expect(try work.checkpoint().states() == ["done": 12])
        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try await invariants.finish(items: 12)
    }

    // Fault matrix: F07.
    @Test("a terminal that vanishes ends a run like SIGTERM")
    func survivesVanishedTerminal() async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "2s"])
        let work = try workspace(simulator)
        let path = try BuiltProducts.path(of: "genbatch")
        let terminal = try Program(
            "/usr/bin/script",
            ["-qec", "\(path) run job.yaml --progress bar", "/dev/null"],
            environment: work.environment.merging(["SHELL": "/bin/sh"]) { $1 },
            folder: work.path
        )
        // The bar names what is in flight.
        _ = await terminal.output.firstLine { $0.contains("12 new") }
        terminal.send(SIGKILL)
        _ = await terminal.ended()
        // The run is nobody's child now; its lock tells when it has ended.
        let waited = try await work.shell("flock .genbatch/job.db.lock true")
        #expect(waited.status == 0, "\(waited.errors)")
        let facts = try work.checkpoint()
        #expect(try facts.texts("SELECT ending FROM run") == ["interrupted"])
        #expect(try facts.states()["running"] == nil)
        #expect(try facts.integrity() == "ok")
        #expect(try simulator.totals().cancelled == 0)
        var invariants = Invariants(work, simulator)
        try await invariants.finish(items: 12)
    }

    // Fault matrix: F06.
    @Test("a kill that comes while streams may finish loses nothing")
    func killedWhileDraining() async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "200ms"])
        let work = try workspace(simulator)
        let program = try await startRun(work)
        program.send(SIGTERM)
        _ = await program.errors.firstLine { $0.contains("stopping") }
        program.send(SIGKILL)
        var invariants = Invariants(work, simulator)
        try invariants.note(await work.outcome(of: program))
        try await invariants.finish(items: 12)
    }

    // Fault matrix: F09.
    @Test("time in which the program itself is stopped is not blamed on the server")
    func survivesStop() async throws {
        // One stream goes on meanwhile, the other is silent for longer than the limit if the stop is counted.
        let simulator = try await SimulatorProgram(
            ["--chunk-interval", "100ms", "--chunks", "12"],
            script: #"{"rules": [{"match": "slow", "fault": {"kind": "delay", "beforeHeadMilliseconds": 3500}}]}"#
        )
        let work = try Workspace(
            simulator,
            job: "model: m\nretry: {attempts: 1}\ntimeouts: {first_chunk: 2s, idle: 1s}\nprompts: [steady, slow]\n"
        )
        let program = try await startRun(work, inFlight: 2)
        // An item has started when its request is about to leave; here both must have arrived.
        while try simulator.totals().requests < 2 { await Task.yield() }
        program.send(SIGSTOP)
        // How long it is stopped is the fault itself; nothing is waited for.
        try await Task.sleep(for: .milliseconds(2_600))
        program.send(SIGCONT)
        let run = await work.outcome(of: program)
        #expect(run.status == 0, "\(run.errors)")
        #expect(try simulator.totals().requests == 2)
        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try await invariants.finish(items: 2)
    }

    // Fault matrix: F08.
    @Test("an output that nobody reads can be interrupted, and the answers are safe")
    func interruptsOutput() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator)
        #expect(try await work.shell("mkfifo out").status == 0)
        let program = try work.start("run", "job.yaml", "--json", "--output", "out")
        // Opening the pipe waits for its reader.
        _ = await program.output.firstLine { $0.contains("\"summary\"") }
        program.send(SIGINT)
        let ending = await program.ended()
        #expect(ending.signal == SIGINT || ending.status == 130)
        #expect(try work.checkpoint().states() == ["done": 12])
    }

    // Fault matrix: F08.
    @Test("a reader that stands still does not hold up the work")
    func survivesSlowReader() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator, items: 1_000)
        // Its lock tells that the run has done its work, long before the pipe could take all events.
        let run = try await work.shell(
            """
            $GB run job.yaml --json --quiet --concurrency 32 | {
                read -r version; read -r plan; read -r start
                flock .genbatch/job.db.lock true
                sqlite3 .genbatch/job.db "SELECT count(*) FROM item WHERE state = 'done'"
                tail -n 1
            }
            """
        )
        let lines = run.output.split(separator: "\n")
        #expect(lines.first == "1000", "\(run.errors)")
        #expect(lines.last?.contains("\"summary\"") == true, "\(lines.last ?? "")")
    }

    // Fault matrix: F08.
    @Test("nobody reading its output does not stop a run", arguments: ["run job.yaml", "run job.yaml --json"])
    func survivesBrokenPipes(command: String) async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "50ms"])
        let work = try workspace(simulator)
        let arguments = command.split(separator: " ").map(String.init)
        let run = await work.outcome(of: try work.start(arguments, output: .broken, errors: .broken))
        #expect(run.status == 0)
        #expect(try work.checkpoint().states() == ["done": 12])
        var invariants = Invariants(work, simulator)
        try invariants.note(events: [], status: run.status, errors: run.errors)
        try await invariants.finish(items: 12)
        #expect(try simulator.totals().requests == 12)
    }

    @Test(
        "streams that are closed from the start do not end up in a file of the run",
        arguments: ["2>&-", ">&-", ">&- 2>&-", "<&- >&- 2>&-"]
    )
    func survivesClosedStreams(closed: String) async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator)
        // Their descriptors are free for the next files that are opened.
        let run = try await work.shell("exec $GB run job.yaml --json --output out.jsonl \(closed)")
        #expect(run.status == 0)
        let facts = try work.checkpoint()
        #expect(try facts.integrity() == "ok")
        #expect(try facts.states() == ["done": 12])
        let lines = try work.read("out.jsonl").split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(lines.count == 12)
        #expect(lines.allSatisfy { $0["state"]?.string == "done" })
        #expect(try work.read(".genbatch/job.db.lock").split(separator: "\n").count == 3)
        var invariants = Invariants(work, simulator)
        try invariants.note(events: [], status: run.status, errors: run.errors)
        try await invariants.finish(items: 12)
        #expect(try simulator.totals().requests == 12)
    }

    // Fault matrix: F08.
    @Test("an export ends quietly when its reader has seen enough")
    func exportsIntoHead() async throws {
        let simulator = try await SimulatorProgram(["--chunks", "20"])
        let work = try workspace(simulator, items: 400)
        var invariants = Invariants(work, simulator)
        try invariants.note(try await work.genbatch("run", "job.yaml", "--json", "--concurrency", "32"))
        let head = try await work.shell("{ $GB export job.yaml; echo status $? >&2; } | head -n 1")
        #expect(head.output.split(separator: "\n").count == 1)
        #expect(head.errors == "status 0\n" || head.errors == "status 141\n", "\(head.errors)")
        try invariants.note(head)
        try await invariants.finish(items: 400)
        #expect(invariants.announcedCount == 400)
    }

    private static func seconds(from start: String, to end: String) throws -> Double {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return try style.parse(end).timeIntervalSince(try style.parse(start))
    }
}
