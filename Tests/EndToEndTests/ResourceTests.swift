import Foundation
import JSON
import Testing

/// Fault matrix, rows F10 and F11: memory and stack run out.
@Suite("Memory and stack", .serialized, .timeLimit(.minutes(2)))
struct ResourceTests {
    private static let items = 400

    private func workspace(_ simulator: SimulatorProgram) throws -> Workspace {
        let work = try Workspace(
            simulator,
            job: """
                model: m
                limits: {concurrency: 16}
                inputs: [{jsonl: rows.jsonl}]
                prompt: Tell me of number {{n}}.
                id: "{{n}}"
                """
        )
        try work.write((1...Self.items).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
        return work
    }

    // Fault matrix: F10.
    @Test(
        "a run that is killed for its memory loses nothing, and an ordinary one stays far below what it may have",
        .enabled(if: Privileges.canLimitMemory, "F10 needs root and memory cgroups")
    )
    func killedForMemory() async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "20ms", "--chunks", "20"])
        let work = try workspace(simulator)
        var invariants = Invariants(work, simulator)
        let small = try MemoryGroup(limit: 256 << 20)
        let ordinary = try await work.shell(
            "echo $$ > \(small.path)/cgroup.procs; exec $GB run job.yaml --json --limit 200"
        )
        #expect(ordinary.status == 75, "\(ordinary.errors)")
        try invariants.note(ordinary)
        try invariants.check()

        // A program that hoards shares the group, so that the kernel has to end something in the middle of the run.
        let group = try MemoryGroup(limit: 64 << 20)
        let killed = try await work.shell(
            """
            echo $$ > \(group.path)/cgroup.procs
            echo 1000 > /proc/self/oom_score_adj
            mkfifo events
            { head -n 40 > /dev/null; echo 0 > /proc/self/oom_score_adj; exec tail -c 300M /dev/zero; } < events &
            $GB run job.yaml --json 2> errors.txt | tee events.jsonl > events
            """
        )
        _ = killed
        let text = try work.read("events.jsonl")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let events = try lines.map { try JSONValue(parsing: String($0)) }
        #expect(!events.contains { $0["type"]?.string == "summary" }, "the run was not killed")
        try invariants.note(events: events, status: nil, signal: SIGKILL, errors: try work.read("errors.txt"))
        try await invariants.finish(items: Self.items)
    }

    // Fault matrix: F10.
    @Test("memory that is refused ends a run, and the same command goes on")
    func refusedMemory() async throws {
        let simulator = try await SimulatorProgram(["--chunks", "100", "--chunk-interval", "4ms"])
        let work = try workspace(simulator)
        var invariants = Invariants(work, simulator)
        let program = try work.start("run", "job.yaml", "--json")
        _ = await program.output.line(40)
        // From here on the system gives no page more; answers and threads want some sooner or later.
        #expect(try await work.shell("prlimit --pid \(program.pid) --as=1:1").status == 0)
        let run = await work.outcome(of: program)
        #expect(run.status != 0)
        try invariants.note(run)
        try await invariants.finish(items: Self.items)
    }

    // Fault matrix: F11.
    @Test("a small stack is enough for what users and the server send")
    func smallStack() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(
            simulator,
            job:
                "model: m\nprompts: [{id: talk, turns: [begin, go on, end]}]\ninputs: [{jsonl: rows.jsonl}]\nprompt: Tell me of {{n}}.\n"
        )
        try work.write((1...30).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
        let run = try await work.shell("ulimit -s 512; exec $GB run job.yaml --json --output out.jsonl")
        #expect(run.status == 0, "\(run.errors)")
        var invariants = Invariants(work, simulator)
        try invariants.note(run)
        try await invariants.finish(items: 31)
        #expect(try work.read("out.jsonl").split(separator: "\n").count == 31)
    }

    // Fault matrix: F11, F52.
    @Test(
        "nesting beyond every limit is an error in the job, not the end of the stack",
        arguments: [
            "jsonl", "yaml",
        ]
    )
    func deepNesting(format: String) async throws {
        let work = try Workspace(nil, job: "model: m\ninputs: [{jsonl: rows.jsonl}]\nprompt: Tell me of {{n}}.\n")
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        try work.write("{\"n\": \(format == "jsonl" ? deep : "1")}\n", to: "rows.jsonl")
        if format == "yaml" {
            try work.write("model: m\nvars: {n: \(deep)}\nprompts: [one]\n", to: "job.yaml")
        }
        let check = try await work.shell("ulimit -s 512; exec $GB check job.yaml")
        #expect(check.status == 65, "\(check.signal.map(String.init) ?? "") \(check.errors.prefix(300))")
    }
}
