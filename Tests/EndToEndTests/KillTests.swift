import Foundation
import JSON
import TestSupport
import Testing

/// Fault matrix, rows F01 and F02: the program dies at any moment, and nothing that was announced is lost.
@Suite("Killed at any moment", .serialized, .timeLimit(.minutes(TestEffort.isLong ? 240 : 4)))
struct KillTests {
    private static let itemCount = 2_600
    private static let rounds = 60
    /// In the long run more than a thousand rounds.
    private static let seeds: ClosedRange<UInt64> = 1...(TestEffort.isLong ? 17 : 1)

    // Fault matrix: F01.
    @Test("60 kills at random moments lose nothing and send nothing again that is done", arguments: seeds)
    func killedAtRandomMoments(seed: UInt64) async throws {
        // Streams of about 100 ms, so that most kills land in the middle of some.
        let simulator = try await SimulatorProgram(
            ["--first-chunk-latency", "40ms", "--chunk-interval", "12ms", "--chunks", "6", "--jitter", "0.5"]
        )
        let job = "model: m\ninputs: [{jsonl: rows.jsonl}]\nprompt: Tell me of number {{n}}.\nid: item-{{n}}\n"
        let work = try Workspace(simulator, job: job)
        try work.write((1...Self.itemCount).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")

        var random = SeededGenerator(seed: 0xF01 + seed)
        var invariants = Invariants(work, simulator)
        for _ in 0..<Self.rounds {
            let program = try work.start("run", "job.yaml", "--json", "--concurrency", "12")
            // Some kills come before the first event, most while items come and go. The pause that follows waits for
            // nothing: it is the random moment itself.
            let events = Int.random(in: 0...40, using: &random)
            if events > 0 { _ = await program.output.line(events - 1) }
            try await Task.sleep(for: .microseconds(Int.random(in: 0...30_000, using: &random)))
            program.send(SIGKILL)
            try invariants.note(await work.outcome(of: program))
            try invariants.check()
        }
        let left = Self.itemCount - invariants.doneCount
        #expect(left > 0, "the job was done before the last kill: the test needs more items")
        try await invariants.finish(items: Self.itemCount, "--concurrency", "12")
        let lost = try await Self.checkLost(work, invariants)
        print(
            """
            F01: \(invariants.runs) runs, \(invariants.killed) killed; \(Self.itemCount) items done, \(left) of them \
            left at the last kill; \(try simulator.totals().requests - Self.itemCount) extra requests, \(lost) noted as \
            lost, \(invariants.missing) announced answers missing, \(invariants.sentAgain) done items sent again, \
            \(invariants.damaged) integrity errors
            """
        )
    }

    /// What the end of a job says of requests that were in flight at a kill.
    ///
    /// - Returns: How many they were.
    private static func checkLost(_ work: Workspace, _ invariants: Invariants) async throws -> Int {
        let facts = try work.checkpoint()
        let lost = try facts.integer("SELECT count(*) FROM attempt WHERE status = 'lost'")
        #expect(try facts.integer("SELECT count(*) FROM attempt WHERE status = 'lost' AND possibly_billed = 0") == 0)
        #expect(try facts.integer("SELECT count(*) FROM attempt WHERE status NOT IN ('lost', 'answered')") == 0)
        #expect(
            try facts.integer(
                "SELECT count(*) FROM (SELECT 1 FROM attempt WHERE status = 'lost' GROUP BY item_id, run_id HAVING count(*) > 1)"
            ) == 0,
            "an item was lost twice in one run"
        )
        let status = try await work.genbatch("status", "job.yaml", "--json")
        let billed = try #require(try status.events().first)["usage"]?.array?.first?["possibly_billed_without_answer"]
        #expect(billed?.int64 == Int64(lost), "status does not tell of the lost requests: \(status.output)")
        // Those that a killed run noted and could not tell any more are told by the next one, some of them twice.
        #expect(invariants.reportedTwice >= lost)
        return lost
    }

    /// A database write to strike at.
    struct Write: Sendable, CustomTestStringConvertible {
        let number: Int
        /// Whether there is no checkpoint yet: then the first fifty writes make one.
        let isFresh: Bool
        var testDescription: String { "write \(number)\(isFresh ? " of a new checkpoint" : "")" }

        /// strace counts for each thread: setting up is one thread's work, and then another one commits.
        static let all =
            stride(from: 1, through: 49, by: TestEffort.isLong ? 1 : 4).map { Write(number: $0, isFresh: true) }
            + (1...(TestEffort.isLong ? 200 : 27)).map { Write(number: $0, isFresh: false) }
        /// A full disk is tried for five seconds each time.
        static let some = all.filter { TestEffort.isLong || $0.number % 24 == 1 }
        /// Enough for the commits of the last write.
        static let items = TestEffort.isLong ? 85 : 5
    }

    /// What happens at a write.
    enum Failure: String, CaseIterable {
        case eio = "EIO"
        case enospc = "ENOSPC"
        /// Only the beginning was written. strace can say so, but then not even that was written, which no disk does; a
        /// limit on the size of files cuts the write that crosses it.
        case short

        /// The program to run genbatch with, so that a write fails and, as with a disk that has failed, all after it.
        func wrapper(at write: Write) -> String {
            switch self {
            case .eio, .enospc:
                "strace -f -o /dev/null -e trace=pwrite64 -e inject=pwrite64:error=\(rawValue):when=\(write.number)+"
            case .short:
                // Never the end of a page, and within what even the shortest run writes.
                "prlimit --fsize=\(60_010 + write.number * 2_050)"
            }
        }
    }

    /// A job that strikes at a write can be tried with, and its first items done unless it is to be fresh.
    private func workspace(_ simulator: SimulatorProgram, for write: Write) async throws -> (Workspace, Invariants) {
        let rest = (4...Write.items).map { "  - Tell me of stone \($0).\n" }.joined()
        let work = try Workspace(
            simulator,
            job: """
                model: m
                prompts:
                  - Tell me of tides.
                  - {id: talk, turns: [begin, go on]}
                  - Tell me of winds.

                """ + rest
        )
        var invariants = Invariants(work, simulator)
        if !write.isFresh {
            let first = try await work.genbatch("run", "job.yaml", "--json", "--limit", "1")
            #expect(first.status == 75)
            try invariants.note(first)
        }
        return (work, invariants)
    }

    /// Runs the job under another program.
    private func run(_ work: Workspace, under wrapper: String) async throws -> Workspace.Outcome {
        let traced = try await work.shell("exec \(wrapper) $GB run job.yaml --json --concurrency 2")
        try #require(!traced.errors.contains("strace:"), "strace must be able to trace: \(traced.errors)")
        return traced
    }

    // Fault matrix: F02.
    @Test("a kill at each single database write leaves a checkpoint that goes on")
    func killedAtEachWrite() async throws {
        var lost = 0
        for write in Write.all {
            let simulator = try await SimulatorProgram(["--first-chunk-latency", "3ms"])
            let made = try await workspace(simulator, for: write)
            let work = made.0
            var invariants = made.1
            let traced = try await run(
                work,
                under: "strace -f -o /dev/null -e trace=pwrite64"
                    + " -e inject=pwrite64:signal=SIGKILL:when=\(write.number)"
            )
            #expect(traced.signal == SIGKILL, "\(write) was not reached: the test needs more items")
            try invariants.note(traced)
            try await invariants.finish(items: Write.items)
            lost += try await Self.checkLost(work, invariants)
        }
        print("F02: killed at \(Write.all.count) writes, \(lost) attempts noted as lost")
    }

    // Fault matrix: F17.
    @Test(
        "a write that fails or is cut short at any point leaves a checkpoint that goes on",
        arguments: Failure.allCases
    )
    func failsAtEachWrite(failure: Failure) async throws {
        for write in Write.some {
            let simulator = try await SimulatorProgram(["--first-chunk-latency", "3ms"])
            let made = try await workspace(simulator, for: write)
            var invariants = made.1
            let traced = try await run(made.0, under: failure.wrapper(at: write))
            #expect(traced.status == 74, "\(write): \(traced.errors)")
            try invariants.note(traced)
            try await invariants.finish(items: Write.items)
        }
        print("F17: \(failure.rawValue) at \(Write.some.count) writes, each with status 74, and all went on")
    }
}
