import Foundation
import JSON
import SQLite
import Testing

/// Fault matrix, section C: what stands in the checkpoint, and who else uses it.
@Suite("The state of the checkpoint", .serialized, .timeLimit(.minutes(2)))
struct CheckpointStateTests {
    private static let job = "model: m\nlimits: {concurrency: 4}\nprompts: [first, second, slow, third]\n"
    private static let stallSlow = #"{"rules": [{"match": "slow", "fault": {"kind": "stall"}}]}"#

    // Fault matrix: F33.
    @Test("a second run on the same checkpoint exits 11 and says who has it; status and export work meanwhile")
    func secondRun() async throws {
        let simulator = try await SimulatorProgram(script: Self.stallSlow)
        let work = try Workspace(simulator, job: Self.job)
        let first = try work.start("run", "job.yaml", "--json")
        var done = 0
        _ = await first.output.firstLine { line in
            done += line.contains("\"item_done\"") ? 1 : 0
            return done == 3
        }
        let requests = try simulator.totals().requests

        let second = try await work.genbatch("run", "job.yaml")
        #expect(second.status == 11, "\(second.errors)")
        #expect(second.errors.contains("process \(first.pid) on \(ProcessInfo.processInfo.hostName), since 20"))
        #expect(second.errors.contains("wait for it to end"))
        #expect(try await work.genbatch("resume", ".genbatch/job.db").status == 11)

        let status = try await work.genbatch("status", "job.yaml")
        #expect(status.status == 0)
        #expect(status.output.contains("4: 3 done, 1 running"), "\(status.output)")
        #expect(status.output.contains("running     process \(first.pid)"), "\(status.output)")
        #expect(try await work.export().count == 3)
        #expect(try simulator.totals().requests == requests)

        first.send(SIGKILL)
        var invariants = Invariants(work, simulator)
        try invariants.note(await work.outcome(of: first))
        try invariants.note(second)
        try invariants.check()
        // The lock died with its owner.
        let later = try await work.genbatch("status", "job.yaml")
        #expect(later.output.contains("did not come to its end"), "\(later.output)")
    }

    /// A checkpoint that something has happened to.
    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let says: String
        let apply: @Sendable (_ path: String) throws -> Void

        static func overwrite(_ path: String, at offset: UInt64, with bytes: [UInt8]) throws {
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            try file.seek(toOffset: offset)
            try file.write(contentsOf: bytes)
            try file.close()
        }

        static func execute(_ sql: String, on path: String) throws {
            let connection = try Connection(path: path, mode: .readWrite)
            try connection.execute(sql)
            try connection.execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE")
        }

        static let all = [
            Damage(testDescription: "a damaged header", says: "is not a checkpoint") {
                try overwrite($0, at: 0, with: Array("garbage!".utf8))
            },
            Damage(testDescription: "damaged pages in the middle", says: "is damaged") { path in
                // Every page of the tables but the first: what a job needs is then among them.
                let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
                var pages: [UInt8] = []
                for index in 0..<(size - 16_384) { pages.append(UInt8(truncatingIfNeeded: index * 131 + index >> 8)) }
                try overwrite(path, at: 16_384, with: pages)
            },
            Damage(testDescription: "a truncated file", says: "is damaged") { path in
                let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
                try file.truncate(atOffset: 32_768)
                try file.close()
            },
            Damage(testDescription: "a newer schema", says: "was written by a newer genbatch (schema 999") {
                try execute("PRAGMA user_version = 999", on: $0)
            },
            Damage(testDescription: "the database of another program", says: "the database of another program") {
                try FileManager.default.removeItem(atPath: $0)
                let connection = try Connection(path: $0, mode: .create)
                try connection.execute("CREATE TABLE bookmark (url TEXT); INSERT INTO bookmark VALUES ('a')")
            },
            Damage(testDescription: "a text file", says: "is not a checkpoint") {
                try "a shopping list, long enough to be looked at".write(toFile: $0, atomically: true, encoding: .utf8)
            },
        ]
    }

    // Fault matrix: F27, F28, F29, F30, F32.
    @Test("an unusable checkpoint is refused with 78 and left as it is", arguments: Damage.all)
    func unusable(damage: Damage) async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        let path = "\(work.path)/.genbatch/job.db"
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: path + suffix)
        }
        try damage.apply(path)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let requests = try simulator.totals().requests

        for arguments in [
            ["run", "job.yaml"], ["resume", "job.yaml"], ["status", "job.yaml"], ["export", "job.yaml"],
        ] {
            let run = await work.outcome(of: try work.start(arguments))
            #expect(run.status == 78, "\(arguments): \(run.output) \(run.errors)")
            #expect(run.errors.contains(damage.says), "\(arguments): \(run.errors)")
            #expect(run.errors.contains("job.db"), "\(run.errors)")
            var invariants = Invariants(work, simulator)
            try invariants.note(run)
            try invariants.check(isWhole: false)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes, "\(arguments) changed the file")
        }
        #expect(try simulator.totals().requests == requests)
    }

    // Fault matrix: F29.
    @Test("an empty file in the place of a checkpoint becomes one, with a notice")
    func emptyFile() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        try work.write("", to: "mine.db")
        let run = try await work.genbatch("run", "job.yaml", "--db", "mine.db")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("mine.db was empty; a new checkpoint is made in it"))
        var invariants = Invariants(work, simulator, database: "mine.db")
        try invariants.note(run)
        try await invariants.finish(items: 4, "--db", "mine.db")
        #expect(try work.checkpoint("mine.db").states() == ["done": 4])
    }

    // Fault matrix: F35.
    @Test("an edited job sends what is new or changed, and nothing else")
    func editedJob() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: "model: m\nprompts: [one, two, {id: x, prompt: three}, four]\n")
        var invariants = Invariants(work, simulator)
        try invariants.note(try await work.genbatch("run", "job.yaml", "--json"))
        try invariants.check()
        let first = try await work.export()

        // `one` is gone, `x` asks something else, `five` is new, and the order is another.
        try work.write("model: m\nprompts: [four, five, {id: x, prompt: THREE}, two]\n", to: "job.yaml")
        let program = try work.start("run", "job.yaml", "--json")
        let run = await work.outcome(of: program)
        #expect(run.status == 0, "\(run.errors)")
        try invariants.note(run)
        try invariants.check()
        #expect(
            run.errors.contains("4 items: 2 to run (1 new, 1 changed), 2 done, 1 no longer in the job"),
            "\(run.errors)"
        )
        let types = try run.events().compactMap { $0["type"]?.string }
        #expect(types.prefix(3) == ["version", "plan", "item_start"], "the plan comes before the first request")
        let counts = Dictionary(uniqueKeysWithValues: try simulator.items().map { ($0.text, $0.requests) })
        #expect(counts == ["one": 1, "two": 1, "three": 1, "four": 1, "five": 1, "THREE": 1])

        let second = try await work.export()
        let columns = [11, 17, 23, 47]
        #expect(second.map { $0["origin"]?.string } == columns.map { "job.yaml:2:\($0)" })
        #expect(second[0]["text"] == first[3]["text"])
        #expect(second[2]["key"]?.string == "x")
        #expect(second[2]["text"] != first[2]["text"])
        // The answer to the prompt that has left the job, and the earlier one to the changed prompt, are kept.
        #expect(try await work.export("--orphaned").count == 5)
        #expect(try work.checkpoint().integer("SELECT count(*) FROM response") == 6)

        // Another order of the same items, and other settings of the run, change nothing.
        try work.write(
            "model: m\nlimits: {concurrency: 2}\nprompts: [two, {id: x, prompt: THREE}, five, four]\n",
            to: "job.yaml"
        )
        let third = try await work.genbatch("run", "job.yaml", "--json")
        try invariants.note(third)
        try invariants.check()
        #expect(third.errors.contains("4 items: 0 to run, 4 done"), "\(third.errors)")
        #expect(try simulator.totals().requests == 6)
        #expect(try await work.export().map { $0["text"] } == [3, 2, 1, 0].map { second[$0]["text"] })

        // Another model is another question.
        try work.write("model: n\nprompts: [two, {id: x, prompt: THREE}, five, four]\n", to: "job.yaml")
        let fourth = try await work.genbatch("run", "job.yaml", "--json")
        #expect(fourth.errors.contains("4 items: 4 to run (4 changed)"), "\(fourth.errors)")
        #expect(try simulator.totals().requests == 10)
        // What was done for the other model was rightly sent again: they count from here.
        var later = Invariants(work, simulator)
        try later.note(fourth)
        try later.check()
        try later.note(try await work.genbatch("run", "job.yaml", "--json"))
        try later.check()
    }

    // Fault matrix: F80.
    @Test("a checkpoint and its files are for their owner alone, whatever the umask")
    func permissions() async throws {
        let simulator = try await SimulatorProgram(script: Self.stallSlow)
        let work = try Workspace(simulator, job: Self.job)
        let path = try BuiltProducts.path(of: "genbatch")
        let program = try Program(
            "/bin/sh",
            ["-c", "umask 0; exec \(path) run job.yaml --json --output out/deep/a.jsonl"],
            environment: work.environment,
            folder: work.path
        )
        _ = await program.output.firstLine { $0.contains("\"item_done\"") }
        func mode(_ name: String) throws -> Int {
            try FileManager.default.attributesOfItem(atPath: "\(work.path)/\(name)")[.posixPermissions] as? Int ?? 0
        }
        for name in ["job.db", "job.db-wal", "job.db-shm", "job.db.lock"] {
            #expect(try mode(".genbatch/\(name)") == 0o600, "\(name)")
        }
        #expect(try mode(".genbatch") == 0o700)
        program.send(SIGINT)
        _ = await program.errors.firstLine { $0.contains("stopping") }
        program.send(SIGINT)
        _ = await program.ended()
        #expect(try mode("out/deep/a.jsonl") == 0o600)
        #expect(try mode("out/deep") == 0o700)
    }
}
