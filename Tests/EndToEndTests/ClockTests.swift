import Foundation
import JSON
import Testing

/// Fault matrix, rows F37 to F39: the clock on the wall is not to be trusted, and time can be lost.
@Suite("Clocks", .serialized, .timeLimit(.minutes(2)))
struct ClockTests {
    private static let items = 24

    private func workspace(_ simulator: SimulatorProgram) throws -> Workspace {
        let work = try Workspace(
            simulator,
            job: """
                model: m
                limits: {concurrency: 4}
                inputs: [{jsonl: rows.jsonl}]
                prompt: Tell me of number {{n}}.
                id: "{{n}}"
                timeouts: {connect: 10s, first_chunk: 20s, idle: 20s, item: 60s}
                """
        )
        try work.write((1...Self.items).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
        return work
    }

    /// Streams of some length, of which one fails at first if it may.
    private func simulator(withRetry: Bool) async throws -> SimulatorProgram {
        let fault = #"{"match": "number 7.", "attempts": [1], "fault": {"kind": "status", "status": 503}}"#
        return try await SimulatorProgram(
            ["--first-chunk-latency", "30ms", "--chunk-interval", "10ms"],
            script: #"{"rules": [\#(withRetry ? fault : "")]}"#
        )
    }

    /// The environment in which a program takes the time from libfaketime.
    ///
    /// It is preloaded here, since `faketime` itself would outlive a test that is cut off. It breaks timers of the
    /// monotonic clock, even if told to leave that clock alone, so nothing may be waited for: no run here has retries.
    private func environment(_ work: Workspace, _ settings: [String: String]) async throws -> [String: String] {
        let library = try await work.shell("faketime -f +0 sh -c 'echo $LD_PRELOAD'")
        #expect(library.status == 0, "\(library.errors)")
        return work.environment.merging(settings) { $1 }.merging([
            "LD_PRELOAD": library.output.trimmingCharacters(in: .whitespacesAndNewlines),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        ]) { $1 }
    }

    /// The shell that becomes the program leaves what libfaketime has made for it.
    private func removeTraces(of program: Program) {
        for name in ["faketime_shm_\(program.pid)", "sem.faketime_sem_\(program.pid)"] {
            unlink("/dev/shm/\(name)")
        }
    }

    /// Checks that a run under a strange clock did all its work and told no nonsense about time.
    private func check(
        _ run: Workspace.Outcome,
        _ work: Workspace,
        _ simulator: SimulatorProgram,
        retries: Int = 0
    ) async throws {
        #expect(run.status == 0, "\(run.errors)")
        let summary = try #require(try run.events().last { $0["type"]?.string == "summary" })
        #expect(summary["done"]?.int64 == Int64(Self.items))
        let facts = try work.checkpoint()
        #expect(
            try facts.integer("SELECT count(*) FROM attempt WHERE status = 'failed' AND class <> 'overloaded'") == 0
        )
        #expect(try facts.integer("SELECT count(*) FROM attempt WHERE duration_ms < 0 OR first_chunk_ms < 0") == 0)
        // By the monotonic clock no attempt comes near its limits, whatever the other one says.
        #expect(try facts.integer("SELECT count(*) FROM attempt WHERE duration_ms > 60000") == 0)
        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try await invariants.finish(items: Self.items)
        #expect(try simulator.totals().requests == Self.items + retries)
    }

    // Fault matrix: F37, F38.
    @Test(
        "a clock that is wrong from the start, or runs a hundred times as fast, changes nothing but the records",
        .enabled(if: Privileges.canFakeTime, "F37 and F38 need faketime"),
        arguments: ["-3d", "+10y", "+0 x100"]
    )
    func wrongClock(offset: String) async throws {
        let simulator = try await simulator(withRetry: false)
        let work = try workspace(simulator)
        let environment = try await environment(work, ["FAKETIME": offset])
        let program = try work.start(["run", "job.yaml", "--json"], environment: environment)
        defer { removeTraces(of: program) }
        let run = await work.outcome(of: program)
        try await check(run, work, simulator)
        let started = try work.checkpoint().integer("SELECT min(started_at_ms) FROM attempt")
        let days = Double(started) / 86_400_000 - Date().timeIntervalSince1970 / 86_400
        // Stored in UTC, as the clock had it.
        switch offset {
        case "-3d": #expect(days < -2.9)
        case "+10y": #expect(days > 3_600)
        default: #expect(days > -0.1)
        }
    }

    // Fault matrix: F37.
    @Test(
        "a clock that is set in the middle of a run changes nothing but the records",
        .enabled(if: Privileges.canFakeTime, "F37 needs faketime"),
        arguments: ["-3d", "+10y"]
    )
    func jumpingClock(offset: String) async throws {
        let simulator = try await simulator(withRetry: false)
        let work = try workspace(simulator)
        try work.write("+0\n", to: "offset")
        let environment = try await environment(
            work,
            ["FAKETIME_NO_CACHE": "1", "FAKETIME_TIMESTAMP_FILE": "\(work.path)/offset"]
        )
        let program = try work.start(["run", "job.yaml", "--json"], environment: environment)
        defer { removeTraces(of: program) }
        var done = 0
        _ = await program.output.firstLine { line in
            done += line.contains("\"item_done\"") ? 1 : 0
            return done == 6
        }
        try work.write("\(offset)\n", to: "offset")
        try await check(await work.outcome(of: program), work, simulator)
        let facts = try work.checkpoint()
        let spread = try facts.integer("SELECT max(started_at_ms) - min(started_at_ms) FROM attempt")
        #expect(spread > 2 * 86_400_000, "the clock was not set in the middle")
    }

    // Fault matrix: F39.
    @Test(
        "a machine that was up for a day when the run began is like any other",
        .enabled(if: Privileges.canSetBootTime, "F39 needs a time namespace (unshare -T, root)")
    )
    func otherBootTime() async throws {
        let simulator = try await simulator(withRetry: true)
        let work = try workspace(simulator)
        let run = try await work.shell(
            "exec unshare -T --boottime 86400 --monotonic 86400 --fork $GB run job.yaml --json"
        )
        try await check(run, work, simulator, retries: 1)
    }
}
