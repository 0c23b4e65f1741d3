import Foundation
import JSON
import Testing

/// Fault matrix, rows F33 and F34: others use the checkpoint.
@Suite("Locks", .serialized, .timeLimit(.minutes(2)))
struct LockTests {
    private static let job = "model: m\nlimits: {concurrency: 4}\nprompts: [first, second, slow, third]\n"
    /// Its first attempt never ends.
    private static let stallSlow =
        #"{"rules": [{"match": "slow", "attempts": [1], "fault": {"kind": "stall"}}]}"#

    private func startRun(_ work: Workspace) async throws -> Program {
        let program = try work.start("run", "job.yaml", "--json")
        var done = 0
        _ = await program.output.firstLine { line in
            done += line.contains("\"item_done\"") ? 1 : 0
            return done == 3
        }
        return program
    }

    // Fault matrix: F33.
    @Test("a run that may wait begins when the first has ended, and finishes the job")
    func waits() async throws {
        let simulator = try await SimulatorProgram(script: Self.stallSlow)
        let work = try Workspace(simulator, job: Self.job)
        let first = try await startRun(work)
        let second = try work.start("run", "job.yaml", "--json", "--wait-lock", "10m")
        let notice = await second.errors.line(0) ?? ""
        #expect(notice.contains("waiting for process \(first.pid) on "), "\(notice)")
        #expect(try simulator.totals().requests == 4)
        #expect(!second.output.text.contains("\"plan\""))
        first.send(SIGKILL)
        var invariants = Invariants(work, simulator)
        try invariants.note(await work.outcome(of: first))
        let run = await work.outcome(of: second)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("4 items: 1 to run"), "\(run.errors)")
        try invariants.note(run)
        try await invariants.finish(items: 4)
    }

    // Fault matrix: F33.
    @Test("a wait that is over, and a run that is to be skipped, end without a request")
    func givesUp() async throws {
        let simulator = try await SimulatorProgram(script: Self.stallSlow)
        let work = try Workspace(simulator, job: Self.job)
        let first = try await startRun(work)
        let waited = try await work.genbatch("run", "job.yaml", "--wait-lock", "1s")
        #expect(waited.status == 11, "\(waited.errors)")
        #expect(waited.errors.contains("is in use by process \(first.pid)"), "\(waited.errors)")
        let skipped = try await work.genbatch("run", "job.yaml", "--json", "--skip-if-running")
        #expect(skipped.status == 0)
        #expect(skipped.output.isEmpty && skipped.errors.isEmpty, "\(skipped.output) \(skipped.errors)")
        let both = try await work.genbatch("run", "job.yaml", "--wait-lock", "1s", "--skip-if-running")
        #expect(both.status == 64)
        #expect(try simulator.totals().requests == 4)
        first.send(SIGKILL)
        var invariants = Invariants(work, simulator)
        try invariants.note(await work.outcome(of: first))
        let alone = try await work.genbatch("run", "job.yaml", "--json", "--skip-if-running")
        #expect(alone.status == 0)
        try invariants.note(alone)
        try await invariants.finish(items: 4)
    }

    /// The shell of sqlite3 in the middle of a transaction that writes, until it is let go.
    private func holdDatabase(_ work: Workspace) async throws -> Program {
        let shell = try Program(
            "/bin/sh",
            [
                "-c",
                "{ echo '.timeout 5000'; echo 'BEGIN IMMEDIATE;'; echo \"SELECT 'held';\"; cat; } | sqlite3 .genbatch/job.db",
            ],
            environment: work.environment,
            folder: work.path,
            holdsInputOpen: true
        )
        let line = await shell.output.line(0)
        #expect(line == "held", "\(shell.errors.text)")
        return shell
    }

    // Fault matrix: F34.
    @Test("another program that holds the database is waited for, and streams go on meanwhile")
    func waitsForDatabase() async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"match": "slow", "fault": {"kind": "delay", "beforeHeadMilliseconds": 1500}}]}"#
        )
        let work = try Workspace(simulator, job: Self.job)
        let program = try await startRun(work)
        let shell = try await holdDatabase(work)
        // The last answer comes while nothing can be committed.
        while try simulator.totals().completed < 4 { await Task.yield() }
        #expect(program.output.lines.count { $0.contains("\"item_done\"") } == 3)
        shell.closeInput()
        _ = await shell.ended()
        let run = await work.outcome(of: program)
        #expect(run.status == 0, "\(run.errors)")
        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try await invariants.finish(items: 4)
        #expect(try simulator.totals().requests == 4)
    }

    // Fault matrix: F34.
    @Test("another program that does not let go ends the run with 74 and the reason")
    func givesUpOnDatabase() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        var invariants = Invariants(work, simulator)
        try invariants.note(try await work.genbatch("run", "job.yaml", "--json", "--limit", "2"))
        let shell = try await holdDatabase(work)
        // After thirty seconds.
        let run = try await work.genbatch("run", "job.yaml", "--json")
        #expect(run.status == 74, "\(run.errors)")
        #expect(run.errors.contains("another program keeps"), "\(run.errors)")
        #expect(try simulator.totals().requests == 2)
        shell.closeInput()
        _ = await shell.ended()
        try invariants.note(run)
        try await invariants.finish(items: 4)
    }
}
