import Foundation
import JSON
import SQLite
import Testing

/// Fault matrix, rows F23, F28 and F31, and the commands about them: copies, damage, and the way back from it.
@Suite("Backups and damage", .serialized, .timeLimit(.minutes(2)))
struct BackupTests {
    private static let job = "model: m\nlimits: {concurrency: 4}\nprompts: [first, second, slow, third]\n"
    private static let stallSlow = #"{"rules": [{"match": "slow", "fault": {"kind": "stall"}}]}"#

    /// Starts a run that has three answers, and waits for the fourth in vain.
    private func startRun(_ work: Workspace) async throws -> Program {
        let program = try work.start("run", "job.yaml", "--json")
        var done = 0
        _ = await program.output.firstLine { line in
            done += line.contains("\"item_done\"") ? 1 : 0
            return done == 3
        }
        return program
    }

    // Fault matrix: F23.
    @Test("a backup of a run under way holds what was announced, which a copy with cp does not, as doctor says")
    func copiesDuringRun() async throws {
        let simulator = try await SimulatorProgram(script: Self.stallSlow)
        let work = try Workspace(simulator, job: Self.job)
        let program = try await startRun(work)
        let backup = try await work.genbatch("backup", "job.yaml", "-o", "copy.db")
        #expect(backup.status == 0, "\(backup.errors)")
        #expect(backup.output.hasPrefix("copy.db: 4 items, 3 done, "), "\(backup.output)")
        #expect(try await work.shell("cp .genbatch/job.db cp.db").status == 0)
        program.send(SIGKILL)
        var invariants = Invariants(work, simulator, database: "copy.db")
        try invariants.note(await work.outcome(of: program))

        #expect(try await work.genbatch("doctor", "copy.db", "--offline").output.contains("ok    checkpoint"))
        let doctor = try await work.genbatch("doctor", "cp.db", "--offline")
        #expect(doctor.status == 0, "a warning is no failure")
        #expect(doctor.output.contains("warn  checkpoint"), "\(doctor.output)")
        #expect(doctor.output.contains("cp.db-wal) is not here"), "\(doctor.output)")
        let mode = try FileManager.default.attributesOfItem(atPath: "\(work.path)/copy.db")[.posixPermissions] as? Int
        #expect(mode == 0o600)

        // The copy alone knows what is done: only the rest is sent. The stall is for one attempt of two.
        try invariants.check()
        let other = try await SimulatorProgram()
        var environment = work.environment
        environment["GOOGLE_GEMINI_BASE_URL"] = other.baseURL
        let run = await work.outcome(
            of: try work.start(["run", "job.yaml", "--db", "copy.db", "--json"], environment: environment)
        )
        #expect(run.status == 0, "\(run.errors)")
        #expect(try other.totals().requests == 1)
        #expect(try work.checkpoint("copy.db").states() == ["done": 4])
    }

    @Test("a backup replaces nothing unless it is told to, and never the checkpoint itself")
    func refusesToReplace() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        try work.write("mine", to: "there.db")
        let refused = try await work.genbatch("backup", "job.yaml", "-o", "there.db")
        #expect(refused.status == 73, "\(refused.errors)")
        #expect(refused.errors.contains("--force"))
        #expect(try work.read("there.db") == "mine")
        #expect(try await work.genbatch("backup", "job.yaml", "-o", "there.db", "--force").status == 0)
        #expect(try work.checkpoint("there.db").states() == ["done": 4])

        let own = try await work.genbatch("backup", "job.yaml", "-o", ".genbatch/job.db", "--force")
        #expect(own.status == 73, "\(own.errors)")
        #expect(own.errors.contains("is the checkpoint itself"))
        // A log that lies there would be taken for the copy's own.
        try work.write("a log", to: "new.db-wal")
        #expect(try await work.genbatch("backup", "job.yaml", "-o", "new.db").status == 73)
        #expect(!work.exists("new.db"))

        let named = try await work.genbatch("backup", "job.yaml")
        #expect(named.status == 0, "\(named.errors)")
        #expect(named.output.contains(".genbatch/job.db.backup-2"), "\(named.output)")
        #expect(try work.checkpoint().integrity() == "ok")
    }

    @Test("a damaged checkpoint is not copied over a good backup")
    func refusesDamaged() async throws {
        let simulator = try await SimulatorProgram()
        let work = try await largeJob(simulator)
        #expect(try await work.genbatch("backup", "job.yaml", "-o", "good.db").status == 0)
        let good = try Data(contentsOf: URL(fileURLWithPath: "\(work.path)/good.db"))
        try damage(work, pages: 20..<22)
        let backup = try await work.genbatch("backup", ".genbatch/job.db", "-o", "good.db", "--force")
        #expect(backup.status == 78, "\(backup.errors)")
        #expect(backup.errors.contains("is damaged"), "\(backup.errors)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(work.path)/good.db")) == good)
    }

    // MARK: Damage

    private static let items = 600

    /// A finished job whose checkpoint has some dozens of pages.
    private func largeJob(_ simulator: SimulatorProgram) async throws -> Workspace {
        let work = try Workspace(
            simulator,
            job: "model: m\ninputs: [{jsonl: rows.jsonl}]\nprompt: Tell me of number {{n}}.\nid: \"{{n}}\"\n"
        )
        try work.write((1...Self.items).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
        let run = try await work.genbatch("run", "job.yaml", "--quiet", "--concurrency", "32")
        #expect(run.status == 0, "\(run.errors)")
        return work
    }

    /// Overwrites pages of 4 KiB, as row F28 has it, with noise.
    private func damage(_ work: Workspace, pages: Range<Int>) throws {
        let noise = (0..<(pages.count * 4096)).map { UInt8(truncatingIfNeeded: $0 &* 131 ^ $0 >> 7 | 1) }
        try CheckpointStateTests.Damage.overwrite(
            "\(work.path)/.genbatch/job.db",
            at: UInt64(pages.lowerBound * 4096),
            with: noise
        )
    }

    // Fault matrix: F28.
    @Test(
        "what a damaged checkpoint still holds is taken into a new one, and only the rest is sent again",
        arguments: [3..<5, 0..<1, 24..<36, 60..<64]
    )
    func salvages(pages: Range<Int>) async throws {
        let simulator = try await SimulatorProgram()
        let work = try await largeJob(simulator)
        try damage(work, pages: pages)
        let before = try Data(contentsOf: URL(fileURLWithPath: "\(work.path)/.genbatch/job.db"))
        let doctor = try await work.genbatch("doctor", ".genbatch/job.db", "--offline")
        #expect(doctor.status == 78, "\(doctor.output)")
        #expect(doctor.output.contains("fail  checkpoint"), "\(doctor.output)")

        let salvage = try await work.genbatch("salvage", ".genbatch/job.db", "-o", "new.db")
        #expect(salvage.status == 3, "\(salvage.output) \(salvage.errors)")
        #expect(salvage.output.contains("damaged  "), "\(salvage.output)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(work.path)/.genbatch/job.db")) == before)
        let facts = try work.checkpoint("new.db")
        #expect(try facts.integrity() == "ok")
        let answered = try facts.integer("SELECT count(*) FROM response")
        let known = try facts.answeredKeys().filter { !$0.hasPrefix("salvaged-") }.count
        #expect(answered > Self.items / 3, "\(salvage.output)")

        let run = try await work.genbatch("run", "job.yaml", "--db", "new.db", "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try facts.integer("SELECT count(position) FROM item WHERE state = 'done'") == Self.items)
        #expect(try simulator.totals().requests == 2 * Self.items - known)

        let lines = try await work.genbatch("salvage", ".genbatch/job.db", "-o", "answers.jsonl")
        #expect(lines.status == 3)
        let answers = try work.read("answers.jsonl").split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(answers.count == answered)
        #expect(answers.allSatisfy { $0["text"]?.string?.isEmpty == false })
        let names = try FileManager.default.contentsOfDirectory(atPath: work.path)
        #expect(!names.contains { $0.contains("partial") || $0.contains("salvage-") }, "\(names)")
    }

    @Test("a whole checkpoint is salvaged to the last answer, with what only its log holds")
    func salvagesLog() async throws {
        let simulator = try await SimulatorProgram(script: Self.stallSlow)
        let work = try Workspace(simulator, job: Self.job)
        let program = try await startRun(work)
        let busy = try await work.genbatch("salvage", ".genbatch/job.db", "-o", "new.db")
        #expect(busy.status == 11, "\(busy.errors)")
        program.send(SIGKILL)
        var invariants = Invariants(work, simulator, database: "new.db")
        try invariants.note(await work.outcome(of: program))
        let salvage = try await work.genbatch("salvage", ".genbatch/job.db", "-o", "new.db")
        #expect(salvage.status == 0, "\(salvage.errors)")
        #expect(salvage.output == "read     4 items, 3 answers, into new.db\nnothing is missing\n")
        try invariants.check()
        #expect(try await work.genbatch("salvage", ".genbatch/job.db", "-o", "new.db").status == 73)
        #expect(try await work.genbatch("salvage", "job.yaml", "-o", "b.db").status == 78)
        #expect(try await work.genbatch("salvage", "none.db", "-o", "b.db").status == 66)
        #expect(!work.exists("b.db"))
    }
}
