import Foundation
import JSON
import TestSupport
import Testing

/// Fault matrix, rows F01 and F02: the program dies at any moment, and nothing that was announced is lost.
@Suite("Killed at any moment", .serialized, .timeLimit(.minutes(4)))
struct KillTests {
    private static let itemCount = 2_600
    private static let rounds = 60

    @Test("60 kills at random moments lose nothing and send nothing again that is done")
    func killedAtRandomMoments() async throws {
        // Streams of about 100 ms, so that most kills land in the middle of some.
        let simulator = try await SimulatorProgram(
            ["--first-chunk-latency", "40ms", "--chunk-interval", "12ms", "--chunks", "6", "--jitter", "0.5"]
        )
        let job = """
            model: m
            limits: {requests_per_minute: 1000000}
            inputs: [{jsonl: rows.jsonl}]
            prompt: Tell me of number {{n}}.
            id: item-{{n}}
            """
        let work = try Workspace(simulator, job: job)
        try work.write((1...Self.itemCount).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")

        var random = SeededGenerator(seed: 0xF01)
        var ledger = KillLedger()
        for _ in 0..<Self.rounds {
            let program = try work.start("run", "job.yaml", "--json", "--concurrency", "12")
            // Some kills come before the first event, most while items come and go. The pause that follows waits for
            // nothing: it is the random moment itself.
            let events = Int.random(in: 0...40, using: &random)
            if events > 0 { _ = await program.output.line(events - 1) }
            try await Task.sleep(for: .microseconds(Int.random(in: 0...30_000, using: &random)))
            program.send(SIGKILL)
            let ending = await program.ended()
            ledger.note(ending, try program.output.lines.map { try JSONValue(parsing: $0) })
            try ledger.check(work, simulator)
        }
        let left = Self.itemCount - ledger.doneCount
        #expect(left > 0, "the job was done before the last kill: the test needs more items")

        let last = try await work.genbatch("run", "job.yaml", "--json", "--concurrency", "12")
        #expect(last.status == 0, "\(last.errors)")
        ledger.note(nil, try last.events())
        try ledger.check(work, simulator)
        try await ledger.checkEnd(work, simulator, items: Self.itemCount)
        print("F01:", ledger.description, "left at the last kill: \(left)")
    }

    /// A database write to be killed at.
    struct Write: Sendable, CustomTestStringConvertible {
        let number: Int
        /// Whether there is no checkpoint yet: then the first fifty writes make one.
        let isFresh: Bool
        var testDescription: String { "write \(number)\(isFresh ? " of a new checkpoint" : "")" }

        /// strace counts for each thread: setting up is one thread's work, and then another one commits.
        static let all =
            stride(from: 1, through: 49, by: 4).map { Write(number: $0, isFresh: true) }
            + (1...27).map { Write(number: $0, isFresh: false) }
    }

    @Test("a kill at each single database write leaves a checkpoint that goes on")
    func killedAtEachWrite() async throws {
        var kills = 0
        var lost = 0
        for write in Write.all {
            let simulator = try await SimulatorProgram(["--first-chunk-latency", "3ms"])
            let work = try Workspace(
                simulator,
                job: """
                    model: m
                    prompts:
                      - Tell me of tides.
                      - {id: talk, turns: [begin, go on]}
                      - Tell me of winds.
                      - Tell me of stars.
                      - Tell me of stones.
                    """
            )
            var ledger = KillLedger()
            if !write.isFresh {
                let first = try await work.genbatch("run", "job.yaml", "--json", "--limit", "1")
                #expect(first.status == 75)
                ledger.note(nil, try first.events())
            }
            let traced = try await work.shell(
                "exec strace -f -o /dev/null -e trace=pwrite64"
                    + " -e inject=pwrite64:signal=SIGKILL:when=\(write.number) $GB run job.yaml --json --concurrency 2"
            )
            try #require(!traced.errors.contains("strace:"), "strace must be able to trace: \(traced.errors)")
            kills += traced.signal == SIGKILL ? 1 : 0
            ledger.note(nil, try traced.events())
            try ledger.check(work, simulator)

            let again = try await work.genbatch("run", "job.yaml", "--json")
            #expect(again.status == 0, "after a kill at \(write): \(again.errors)")
            ledger.note(nil, try again.events())
            try ledger.check(work, simulator)
            try await ledger.checkEnd(work, simulator, items: 5)
            lost += ledger.lost
        }
        #expect(kills == Write.all.count, "only \(kills) writes were reached: the test needs more items")
        print("F02: killed at \(kills) writes, \(lost) attempts noted as lost")
    }
}

/// What the runs of one job have announced so far, and what must therefore hold.
private struct KillLedger {
    private var announced: Set<String> = []
    /// The requests of items when they were first seen to be done.
    private var requestsWhenDone: [String: Int] = [:]
    private var reportedTwice = 0
    private var runs = 0
    private var killed = 0
    private(set) var lost = 0
    private var summary = ""

    var doneCount: Int { requestsWhenDone.count }
    var description: String { summary }

    mutating func note(_ ending: Program.Ending?, _ events: [JSONValue]) {
        runs += 1
        if ending?.signal == SIGKILL { killed += 1 }
        for event in events {
            switch event["type"]?.string {
            case "item_done": announced.insert(event["key"]?.string ?? "")
            case "plan": reportedTwice += Int(event["possibly_billed_twice"]?.int64 ?? 0)
            default: break
            }
        }
    }

    /// What holds after every end of the program, however it ended.
    mutating func check(_ work: Workspace, _ simulator: SimulatorProgram) throws {
        guard work.exists(".genbatch/job.db") else {
            return #expect(announced.isEmpty)
        }
        let facts = try work.checkpoint()
        #expect(try facts.integrity() == "ok")
        guard try facts.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'results'") == 1 else {
            return #expect(announced.isEmpty)
        }
        let done = try facts.answeredKeys()
        #expect(announced.isSubset(of: done), "announced and lost: \(announced.subtracting(done).sorted())")
        let states = Set(try facts.states().keys)
        #expect(states.isSubset(of: ["pending", "running", "done"]), "\(states)")
        let requests = try Self.requests(work, simulator)
        for key in done {
            let before = requestsWhenDone[key] ?? requests[key, default: 0]
            #expect(requests[key] == before, "\(key) was sent again after it was done")
            requestsWhenDone[key] = before
        }
    }

    /// What holds when all is done.
    mutating func checkEnd(_ work: Workspace, _ simulator: SimulatorProgram, items: Int) async throws {
        let facts = try work.checkpoint()
        #expect(try facts.states() == ["done": items])
        #expect(try facts.answeredKeys().count == items)
        // Each request was announced to the checkpoint before it was sent: answered once, or noted as lost.
        lost = try facts.integer("SELECT count(*) FROM attempt WHERE status = 'lost'")
        #expect(try facts.integer("SELECT count(*) FROM attempt WHERE status = 'lost' AND possibly_billed = 0") == 0)
        #expect(try facts.integer("SELECT count(*) FROM attempt WHERE status NOT IN ('lost', 'answered')") == 0)
        #expect(
            try facts.integer(
                "SELECT count(*) FROM (SELECT 1 FROM attempt WHERE status = 'lost' GROUP BY item_id, run_id HAVING count(*) > 1)"
            ) == 0,
            "an item was lost twice in one run"
        )
        let attempts = try facts.integer("SELECT count(*) FROM attempt")
        let requests = try simulator.totals().requests
        #expect(requests <= attempts, "\(requests) requests, but only \(attempts) attempts on record")
        let turns = try facts.integer("SELECT count(*) FROM response")
        let extra = requests - turns
        #expect(extra <= lost, "\(extra) extra requests, but only \(lost) are noted as lost")
        let status = try await work.genbatch("status", "job.yaml", "--json")
        let billed = try #require(try status.events().first)["usage"]?.array?.first?["possibly_billed_without_answer"]
        #expect(billed?.int64 == Int64(lost), "status does not tell of the lost requests: \(status.output)")
        // Those that a killed run noted and could not tell any more are told by the next one, some of them twice.
        #expect(reportedTwice >= lost)
        summary = """
            \(runs) runs, \(killed) killed; \(items) items done, \(requests) requests, \(extra) of them extra; \
            \(lost) attempts noted as lost, \(reportedTwice) of them told by the next run
            """
    }

    /// Requests by the key of the item: its prompt names it.
    private static func requests(_ work: Workspace, _ simulator: SimulatorProgram) throws -> [String: Int] {
        let texts = try work.checkpoint().texts(
            "SELECT key || '\t' || json_extract(turns, '$[#-1].text') FROM item JOIN prompt ON item_id = id"
        )
        let counts = Dictionary(try simulator.items().map { ($0.text, $0.requests) }, uniquingKeysWith: +)
        var requests: [String: Int] = [:]
        for text in texts {
            let parts = text.split(separator: "\t", maxSplits: 1).map(String.init)
            requests[parts[0]] = counts[parts[1]]
        }
        return requests
    }
}
