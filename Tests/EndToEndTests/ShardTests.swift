import Foundation
import JSON
import Testing

/// Fault matrix, rows F36 and F85: a job that is run in parts, and the checkpoint that is made of theirs.
@Suite("Shards and merges", .serialized, .timeLimit(.minutes(3)))
struct ShardTests {
    private static let itemCount = 90
    private static let job = """
        model: m
        limits: {concurrency: 4}
        inputs: [{jsonl: rows.jsonl}]
        prompt: Tell me of number {{n}}.
        id: "{{n}}"
        output: {path: out.jsonl}

        """

    private func workspace(_ simulator: SimulatorProgram? = nil, items: Int = itemCount) throws -> Workspace {
        let work = try Workspace(simulator, job: Self.job)
        try work.write((1...items).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
        return work
    }

    private static func database(_ number: Int, of count: Int = 3) -> String {
        ".genbatch/job.shard-\(number)-of-\(count).db"
    }

    /// The keys and answers of a checkpoint, in their order.
    private func answers(_ work: Workspace, _ checkpoint: String) async throws -> [[JSONValue?]] {
        let export = try await work.genbatch("export", checkpoint)
        #expect(export.status == 0, "\(export.errors)")
        return try export.events().map { [$0["key"], $0["text"], $0["model"], $0["input"]] }
    }

    /// Runs until the first answer was announced, and is killed then.
    private func killedRun(_ work: Workspace, _ arguments: String...) async throws -> Workspace.Outcome {
        let program = try work.start(["run", "job.yaml", "--json"] + arguments)
        _ = await program.output.firstLine { $0.contains("\"item_done\"") }
        program.send(SIGKILL)
        return await work.outcome(of: program)
    }

    // Fault matrix: F36.
    @Test("three shards, one of them killed and resumed, merge into what one run would have made")
    func mergesKilledShard() async throws {
        let whole = try workspace()
        #expect(try await whole.genbatch("run", "job.yaml", "--simulate", "--quiet", "--concurrency", "64").status == 0)

        let work = try workspace()
        let killed = try await killedRun(work, "--simulate", "--shard", "1/3")
        #expect(killed.signal == SIGKILL)
        // As it was left: what was in flight is lost, what was answered is not.
        let announced = try killed.events().filter { $0["type"]?.string == "item_done" }.compactMap {
            $0["key"]?.string
        }
        let early = try await work.genbatch("merge", Self.database(1), "-o", "early.db", "--force")
        #expect(early.status == 0, "\(early.errors)")
        #expect(early.errors.contains("shard 0/3, 2/3 is missing"), "\(early.errors)")
        #expect(try work.checkpoint("early.db").answeredKeys().isSuperset(of: announced))

        for number in 0..<3 {
            let run = try await work.genbatch(
                "run",
                "job.yaml",
                "--simulate",
                "--quiet",
                "--shard",
                "\(number)/3",
                "--concurrency",
                "64"
            )
            #expect(run.status == 0, "\(run.errors)")
        }
        #expect(!work.exists("out.jsonl"), "a shard has only a part of what belongs there")
        let merge = try await work.shell("$GB merge .genbatch/job.shard-*.db -o merged.db")
        #expect(merge.status == 0, "\(merge.errors)")
        #expect(merge.output.hasPrefix("merged.db: 90 items, 90 done, "), "\(merge.output)")
        #expect(try await answers(work, "merged.db") == answers(whole, ".genbatch/job.db"))
        let facts = try work.checkpoint("merged.db")
        #expect(try facts.integrity() == "ok")
        #expect(try facts.integer("SELECT count(*) FROM response") == Self.itemCount)

        // The shard that was killed came to know what it had lost; the early merge knew the same.
        let lost = try facts.integer("SELECT count(*) FROM attempt WHERE status = 'lost'")
        #expect(try work.checkpoint("early.db").integer("SELECT count(*) FROM attempt WHERE status = 'lost'") == lost)
        let again = try await work.genbatch(
            "merge",
            "early.db",
            "merged.db",
            Self.database(1),
            "merged.db",
            "-o",
            "again.db"
        )
        #expect(again.status == 0, "\(again.errors)")
        let count = try facts.integer("SELECT count(*) FROM attempt")
        #expect(try work.checkpoint("again.db").integer("SELECT count(*) FROM attempt") == count)
        #expect(try await answers(work, "again.db") == answers(whole, ".genbatch/job.db"))

        // It is the checkpoint of the job now, and resumes without anything to send.
        let resumed = try await work.genbatch("resume", "merged.db", "--simulate", "--json")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try !resumed.events().contains { $0["type"]?.string == "item_start" })
        #expect(try work.read("out.jsonl").split(separator: "\n").count == Self.itemCount)
    }

    @Test("status and merge tell programs and people which shards there are")
    func tellsShards() async throws {
        let work = try workspace(items: 12)
        for number in [0, 2] {
            let run = try await work.genbatch(
                "run",
                "job.yaml",
                "--simulate",
                "--quiet",
                "--concurrency",
                "12",
                "--shard",
                "\(number)/3"
            )
            #expect(run.status == 0, "\(run.errors)")
        }
        func genbatch(_ arguments: [String]) async throws -> Workspace.Outcome {
            await work.outcome(of: try work.start(arguments))
        }
        func status(_ arguments: String...) async throws -> (line: String?, object: JSONValue) {
            let lines = try await genbatch(["status"] + arguments).output.split(separator: "\n").map(String.init)
            let json = try await genbatch(["status"] + arguments + ["--json"])
            return (lines.first { $0.hasPrefix("shard") }, try JSONValue(parsing: json.output))
        }
        let part = try await status("job.yaml", "--shard", "2/3")
        #expect(part.line == "shard       2/3 of the job")
        #expect(part.object["shard_count"]?.int64 == 3)
        #expect(part.object["shards"] == [2])

        let arguments = ["merge", Self.database(0), Self.database(2), "-o", "merged.db", "--json"]
        let refused = try await genbatch(arguments)
        #expect(refused.status == 65)
        #expect(refused.output == "")
        let merge = try await genbatch(arguments + ["--force"])
        #expect(merge.status == 0, "\(merge.errors)")
        let report = try JSONValue(parsing: merge.output)
        #expect(report["checkpoint"] == "merged.db")
        #expect(report["missing_shards"] == ["1/3"])
        #expect(report["done"] == report["items"])
        #expect(report["shared"]?.int64 == 0)
        #expect(report["lost"]?.int64 == 0)
        #expect(report["different"] == [])
        #expect(report["lacking_log"] == [])
        let merged = try await status("merged.db")
        #expect(merged.line == "shards      2 of 3, missing 1/3")
        #expect(merged.object["shards"] == [0, 2])

        #expect(try await work.genbatch("run", "job.yaml", "--simulate", "--quiet", "--db", "one.db").status == 0)
        let whole = try await status("one.db")
        #expect(whole.line == nil)
        #expect(whole.object["shard_count"]?.int64 == 1)
    }

    // Fault matrix: F36.
    @Test("shards on machines of their own send every item once, and their merge holds all of it")
    func sendsOnce() async throws {
        var parts: [Workspace] = []
        var items = 0
        for number in 0..<3 {
            let simulator = try await SimulatorProgram(["--first-chunk-latency", "40ms", "--chunk-interval", "10ms"])
            let work = try workspace(simulator)
            let plan = try await work.genbatch("plan", "job.yaml", "--shard", "\(number)/3", "--json")
            let count = Int(try #require(try plan.events().first?["to_run"]?.int64))
            var invariants = Invariants(work, simulator, database: Self.database(number))
            if number == 1 {
                try invariants.note(try await killedRun(work, "--shard", "1/3"))
            }
            try await invariants.finish(items: count, "--shard", "\(number)/3")
            let status = try await work.genbatch("status", "job.yaml", "--shard", "\(number)/3")
            #expect(status.output.contains("\(count): \(count) done"), "\(status.output)")
            items += count
            parts.append(work)
        }
        #expect(items == Self.itemCount)

        let other = try await SimulatorProgram()
        let work = try workspace(other)
        let paths = parts.enumerated().map { "\($1.path)/\(Self.database($0))" }
        let merge = await work.outcome(of: try work.start(["merge"] + paths + ["-o", "merged.db"]))
        #expect(merge.status == 0, "\(merge.errors)")
        var invariants = Invariants(work, other, database: "merged.db")
        try await invariants.finish(items: Self.itemCount, "--db", "merged.db")
        #expect(try other.totals().requests == 0)
        let facts = try work.checkpoint("merged.db")
        for sql in ["SELECT count(*) FROM attempt", "SELECT sum(total_tokens) FROM usage_by_model"] {
            let counts = try parts.enumerated().map { try $1.checkpoint(Self.database($0)).integer(sql) }
            #expect(try facts.integer(sql) == counts.reduce(0, +), "\(sql)")
        }
    }

    // Fault matrix: F36.
    @Test("runs of one job in two places merge into one, with the first answers and all that was used")
    func mergesOverlap() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator, items: 6)
        #expect(try await work.genbatch("run", "job.yaml", "--quiet", "--db", "a.db", "--limit", "4").status == 75)
        #expect(try await work.genbatch("run", "job.yaml", "--quiet", "--db", "b.db").status == 0)
        let merge = try await work.genbatch("merge", "b.db", "a.db", "b.db", "-o", "merged.db")
        #expect(merge.status == 0, "\(merge.errors)")
        #expect(merge.output.contains("shared  "), "\(merge.output)")
        let facts = try work.checkpoint("merged.db")
        #expect(try facts.states() == ["done": 6])
        #expect(try facts.integer("SELECT count(*) FROM attempt") == 10)
        #expect(try facts.integer("SELECT answered FROM usage_by_model") == 10)
        let first =
            "SELECT min(started_at_ms + duration_ms) FROM attempt JOIN item ON item.id = item_id WHERE key = '1'"
        let shown = """
            SELECT started_at_ms + duration_ms FROM attempt WHERE id =
                (SELECT max(attempt_id) FROM response JOIN item ON item.id = item_id WHERE key = '1')
            """
        #expect(try facts.integer(shown) == facts.integer(first))
        let resumed = try await work.genbatch("run", "job.yaml", "--db", "merged.db", "--json")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try simulator.totals().requests == 10)
    }

    // Fault matrix: F85.
    @Test(
        "a shard that there is not is refused with 64, as in an array of jobs with a gap",
        arguments: ["4/4", "0/0", "-1/4", "6/4", "1", "a/b"]
    )
    func refusesWrongShard(shard: String) async throws {
        let work = try workspace()
        for command in ["run", "plan", "status"] {
            let run = try await work.genbatch(command, "job.yaml", "--shard=\(shard)")
            #expect(run.status == 64, "\(run.errors)")
            #expect(run.errors.contains("i from 0 to n-1"), "\(run.errors)")
        }
        #expect(!work.exists(".genbatch"))
    }

    // Fault matrix: F36, F85.
    @Test("what does not make up one job is refused with 65 by name, unless it is insisted on")
    func refusesOtherJobs() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator, items: 20)
        for number in [0, 1] {
            #expect(try await work.genbatch("run", "job.yaml", "--quiet", "--shard", "\(number)/3").status == 0)
        }
        let gap = try await work.shell("$GB merge .genbatch/*.db -o merged.db")
        #expect(gap.status == 65, "\(gap.errors)")
        #expect(gap.errors.contains("no checkpoint of shard 2/3"), "\(gap.errors)")
        #expect(gap.errors.contains("--force"), "\(gap.errors)")

        // The job is edited before the last of them is run.
        try work.write((1...21).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
        #expect(try await work.genbatch("run", "job.yaml", "--quiet", "--shard", "2/3").status == 0)
        let edited = try await work.shell("$GB merge .genbatch/*.db -o merged.db")
        #expect(edited.status == 65, "\(edited.errors)")
        #expect(edited.errors.contains("shard-2-of-3.db: the job was edited in between"), "\(edited.errors)")
        #expect(!work.exists("merged.db"))
        let forced = try await work.shell("$GB merge .genbatch/*.db -o merged.db --force")
        #expect(forced.status == 0, "\(forced.errors)")
        #expect(forced.errors.contains("is of another version of the job"), "\(forced.errors)")
        let run = try await work.genbatch("run", "job.yaml", "--db", "merged.db", "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try work.checkpoint("merged.db").states() == ["done": 21])
        #expect(try simulator.items().allSatisfy { $0.requests == 1 })

        let other = try await work.genbatch("run", "job.yaml", "--db", Self.database(0), "--shard", "1/3")
        #expect(other.status == 64, "\(other.errors)")
        #expect(try await work.genbatch("run", "job.yaml", "--db", Self.database(0)).status == 64)
        #expect(try await work.genbatch("plan", "job.yaml", "--db", Self.database(0)).status == 64)
    }

    // Fault matrix: F36.
    @Test("a damaged shard is refused with 78, and what stands in the place of the output is left as it is")
    func refusesDamaged() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator)
        for number in [0, 1] {
            #expect(try await work.genbatch("run", "job.yaml", "--quiet", "--shard", "\(number)/2").status == 0)
        }
        let names = [Self.database(0, of: 2), Self.database(1, of: 2)]
        let noise = (0..<(4 * 16_384)).map { UInt8(truncatingIfNeeded: $0 &* 131 ^ $0 >> 7 | 1) }
        try CheckpointStateTests.Damage.overwrite("\(work.path)/\(names[1])", at: 3 * 16_384, with: noise)
        let damaged = try Data(contentsOf: URL(fileURLWithPath: "\(work.path)/\(names[1])"))
        for force in [[], ["--force"]] {
            let merge = await work.outcome(of: try work.start(["merge"] + names + ["-o", "merged.db"] + force))
            #expect(merge.status == 78, "\(merge.errors)")
            #expect(merge.errors.contains("\(names[1]) is damaged"), "\(merge.errors)")
            #expect(merge.errors.contains("genbatch salvage"), "\(merge.errors)")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(work.path)/\(names[1])")) == damaged)
        try work.write("mine", to: "there.db")
        let existing = try await work.genbatch("merge", names[0], "-o", "there.db", "--force")
        #expect(existing.status == 73, "\(existing.errors)")
        #expect(try work.read("there.db") == "mine")
        #expect(try await work.genbatch("merge", "none.db", "-o", "merged.db").status == 66)
        let left = try FileManager.default.contentsOfDirectory(atPath: work.path)
        #expect(!left.contains { $0.hasPrefix("merged") || $0.contains("partial") }, "\(left)")
    }

    @Test("a shard that a run holds is not merged, and a merge that is killed leaves nothing under the name")
    func refusesRunning() async throws {
        let simulator = try await SimulatorProgram(script: #"{"rules": [{"fault": {"kind": "stall"}}]}"#)
        let work = try workspace(simulator, items: 6)
        let program = try work.start("run", "job.yaml", "--json", "--shard", "0/1")
        _ = await program.output.firstLine { $0.contains("\"item_start\"") }
        let busy = try await work.genbatch("merge", Self.database(0, of: 1), "-o", "merged.db")
        #expect(busy.status == 11, "\(busy.errors)")
        program.send(SIGKILL)
        _ = await program.ended()
        let killed = try await work.shell(
            "exec strace -f -o /dev/null -e inject=fsync:signal=SIGKILL $GB merge \(Self.database(0, of: 1)) -o merged.db"
        )
        #expect(killed.signal == SIGKILL, "\(killed.errors)")
        #expect(!work.exists("merged.db"))
        let merge = try await work.genbatch("merge", Self.database(0, of: 1), "-o", "merged.db")
        #expect(merge.status == 0, "\(merge.errors)")
        #expect(merge.output.contains("lost    4 requests in flight when a run died"), "\(merge.output)")
        #expect(try work.checkpoint("merged.db").states() == ["pending": 6])
    }
}
