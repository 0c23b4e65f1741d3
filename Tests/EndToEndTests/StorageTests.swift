import Foundation
import JSON
import Testing

/// Fault matrix, section B: the disk is full, slow to fail or gone.
@Suite("Storage that fails", .serialized, .timeLimit(.minutes(3)))
struct StorageTests {
    private static let job = """
        model: m
        limits: {concurrency: 8}
        inputs: [{jsonl: rows.jsonl}]
        prompt: Tell me of number {{n}}.
        id: "{{n}}"
        """

    private func workspace(_ simulator: SimulatorProgram, items: Int) throws -> Workspace {
        let work = try Workspace(simulator, job: Self.job)
        try work.write((1...items).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
        return work
    }

    // Fault matrix: F12.
    @Test(
        "a full disk stops the run with 74, and it goes on when there is room",
        .enabled(if: Privileges.canMount, "F12 needs a mount namespace (unshare -Urm)")
    )
    func fullDisk() async throws {
        let simulator = try await SimulatorProgram(["--chunks", "40", "--first-chunk-latency", "5ms"])
        let work = try workspace(simulator, items: 600)
        // One mount namespace holds both runs, as the file system goes with it.
        let script = """
            mkdir s && mount -t tmpfs -o size=1m tmpfs s || exit 99
            $GB run job.yaml --db s/a.db --json --concurrency 32 > first.jsonl 2> first.txt
            echo "first $?"
            mount -o remount,size=64m s
            $GB run job.yaml --db s/a.db --quiet
            echo "second $?"
            cp s/a.db copy.db
            """
        let both = try await work.shell("exec unshare -Urm sh -c '\(script)'")
        #expect(both.output == "first 74\nsecond 0\n", "\(both.errors)")
        let errors = try work.read("first.txt")
        #expect(errors.contains("s/a.db"), "\(errors)")
        #expect(errors.contains("no space left"), "\(errors)")
        #expect(errors.contains("bytes free"), "\(errors)")

        let events = try work.read("first.jsonl").split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(events.last?["type"]?.string == "exit_error")
        #expect(events.last?["exit_code"]?.int64 == 74)
        var invariants = Invariants(work, simulator, database: "copy.db")
        try invariants.note(events: events, status: 74, errors: errors)
        try await invariants.finish(items: 600, "--db", "copy.db")
        let announced = Set(events.filter { $0["type"]?.string == "item_done" }.compactMap { $0["key"]?.string })
        #expect(!announced.isEmpty && announced.count < 600)
        let facts = try work.checkpoint("copy.db")
        #expect(try facts.integrity() == "ok")
        #expect(try facts.states() == ["done": 600])
        #expect(try facts.integer("SELECT count(*) FROM attempt WHERE status = 'answered'") == 600)
        // Only what was in flight when the disk was full is sent twice.
        let twice = try simulator.items().filter { $0.requests > 1 }.map(\.text)
        #expect(twice.allSatisfy { text in !announced.contains { text == "Tell me of number \($0)." } })
    }

    // Fault matrix: F15.
    @Test("a limit of file size stops the run with 74 and no signal")
    func fileSizeLimit() async throws {
        let simulator = try await SimulatorProgram(["--chunks", "40", "--first-chunk-latency", "5ms"])
        let work = try workspace(simulator, items: 300)
        // In blocks of 512 bytes: enough for the items, not for their answers.
        let run = try await work.shell("ulimit -f 2000; exec $GB run job.yaml --json --concurrency 16")
        #expect(run.status == 74, "\(run.errors)")
        #expect(run.errors.contains("limit on file size"), "\(run.errors)")
        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try await invariants.finish(items: 300)
    }

    // Fault matrix: F16, F17, F18.
    @Test(
        "a write or sync that fails ends the run with 74, and nothing announced is missing",
        arguments: [
            "fsync,fdatasync:error=EIO:when=3+", "fsync,fdatasync:error=EIO:when=12+", "pwrite64:error=EIO:when=30+",
            "pwrite64:error=ENOSPC:when=3+", "pwrite64:error=ENOSPC:when=40+", "pread64:error=EIO:when=5+",
        ]
    )
    func failingCalls(injection: String) async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "30ms"])
        // 16 at once, each begun and recorded: at least 15 commits, so that the twelfth sync comes for certain.
        let work = try workspace(simulator, items: 240)
        let calls = injection.prefix { $0 != ":" }
        let run = try await work.shell(
            "exec strace -f -o /dev/null -e trace=\(calls) -e inject=\(injection) $GB run job.yaml --json"
        )
        try #require(!run.errors.contains("strace:"), "strace must be able to trace: \(run.errors)")
        #expect(run.status == 74, "\(run.errors)")
        #expect(run.errors.contains("job.db"), "\(run.errors)")
        #expect(run.errors.contains("run the same command again"), "\(run.errors)")
        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try await invariants.finish(items: 240)
    }

    // Fault matrix: F21.
    @Test("too few descriptors lower the concurrency, which is said once")
    func fewDescriptors() async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "20ms"])
        let work = try workspace(simulator, items: 120)
        let run = try await work.shell("ulimit -n 40; exec $GB run job.yaml --concurrency 64 --output out.jsonl")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count { $0.contains("requests at once") } == 1, "\(run.errors)")
        #expect(try work.checkpoint().states() == ["done": 120])
        #expect(try simulator.peakStreams() < 40)
        #expect(try simulator.totals().requests == 120)
        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try await invariants.finish(items: 120)
    }

    // Fault matrix: F22.
    @Test("a checkpoint that is removed while it is in use ends the run with 74 and a rescue file")
    func removedCheckpoint() async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "200ms"])
        let work = try workspace(simulator, items: 40)
        let program = try work.start("run", "job.yaml", "--json")
        _ = await program.output.firstLine { $0.contains("\"item_done\"") }
        for suffix in ["", "-wal", "-shm"] {
            try FileManager.default.removeItem(atPath: "\(work.path)/.genbatch/job.db\(suffix)")
        }
        let run = await work.outcome(of: program)
        #expect(run.status == 74, "\(run.errors)")
        #expect(run.errors.contains("was removed or replaced"), "\(run.errors)")
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(work.path)/.genbatch")
        let rescue = try #require(files.first { $0.contains(".rescue-") }, "\(files)")
        let rescued = try work.read(".genbatch/\(rescue)").split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        #expect(!rescued.isEmpty)
        #expect(rescued.allSatisfy { $0["text"]?.string?.isEmpty == false })
        // What was answered was announced or rescued: nothing that was paid for is lost.
        let announced = try run.events().count { $0["type"]?.string == "item_done" }
        #expect(try announced + rescued.count >= simulator.totals().completed)
        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try invariants.check(isWhole: false)
    }

    // Fault matrix: F20.
    @Test(
        "media that may not be written are refused before the first request, and can be read",
        .enabled(if: Privileges.canMount, "F20 needs a mount namespace (unshare -Urm)")
    )
    func readOnlyFolder() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator, items: 3)
        var invariants = Invariants(work, simulator)
        let first = try await work.genbatch("run", "job.yaml", "--json", "--limit", "1")
        #expect(first.status == 75)
        try invariants.note(first)
        let script = """
            mount --bind .genbatch .genbatch && mount -o remount,ro,bind .genbatch || exit 99
            $GB run job.yaml 2> run.txt
            echo "run $?"
            $GB status job.yaml > status.txt
            echo "status $?"
            $GB export job.yaml > export.jsonl
            echo "export $?"
            """
        let all = try await work.shell("exec unshare -Urm sh -c '\(script)'")
        #expect(all.output == "run 78\nstatus 0\nexport 0\n", "\(all.errors)")
        let errors = try work.read("run.txt")
        #expect(errors.contains("may not be written"))
        #expect(try work.read("status.txt").contains("3: 1 done, 2 pending"))
        #expect(try work.read("export.jsonl").split(separator: "\n").count == 1)
        #expect(try simulator.totals().requests == 1)
        try invariants.note(events: [], status: 78, errors: errors)
        try await invariants.finish(items: 3)
    }

    // Fault matrix: F25.
    @Test(
        "an export that cannot be written fails",
        arguments: ["export job.yaml > /dev/full", "export job.yaml >&-", "export job.yaml -o no/a.jsonl"]
    )
    func unwritableExport(command: String) async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator, items: 3)
        var invariants = Invariants(work, simulator)
        try invariants.note(try await work.genbatch("run", "job.yaml", "--json"))
        let export = try await work.shell("$GB \(command)")
        #expect(export.status == (command.contains(">") ? 74 : 73), "\(export.errors)")
        #expect(export.errors.contains("genbatch: "), "\(export.errors)")
        try invariants.note(export)
        try await invariants.finish(items: 3)
        #expect(invariants.announcedCount == 3)
        #expect(try simulator.totals().requests == 3)
    }

    // Fault matrix: F25.
    @Test(
        "what a command was asked for and cannot be written is a failure",
        arguments: ["status job.yaml", "status job.yaml --json", "check job.yaml", "prompt --model m hello"]
    )
    func unwritableAnswer(command: String) async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator, items: 3)
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        let full = try await work.shell("$GB \(command) > /dev/full")
        #expect(full.status == 74, "\(full.errors)")
        #expect(full.errors.contains("cannot write to standard output"), "\(full.errors)")
    }

    // Fault matrix: F26.
    @Test("an export that is killed half-way leaves the old file")
    func killedExport() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator, items: 3)
        var invariants = Invariants(work, simulator)
        try invariants.note(try await work.genbatch("run", "job.yaml", "--json"))
        try work.write("old\n", to: "out.jsonl")
        let killed = try await work.shell(
            "exec strace -f -o /dev/null -e inject=fsync:signal=SIGKILL $GB export job.yaml -o out.jsonl"
        )
        #expect(killed.signal == SIGKILL)
        #expect(try work.read("out.jsonl") == "old\n")
        try invariants.note(killed)
        try await invariants.finish(items: 3)
        #expect(try await work.genbatch("export", "job.yaml", "-o", "out.jsonl").status == 0)
        #expect(try work.read("out.jsonl").split(separator: "\n").count == 3)
    }
}
