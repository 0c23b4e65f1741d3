import Foundation
import JSON
import Testing

/// `status --watch`, the audit of every run, and what the command line says about itself.
@Suite("Watching and auditing", .serialized, .timeLimit(.minutes(2)))
struct WatchTests {
    private static let stallSlow = #"{"rules": [{"match": "slow", "attempts": [1], "fault": {"kind": "stall"}}]}"#
    private static let job = "model: m\nlimits: {concurrency: 4}\nprompts: [first, second, slow, third]\n"

    /// A run of which three items are done and one hangs.
    private func stalledRun(_ work: Workspace) async throws -> Program {
        let run = try work.start("run", "job.yaml", "--json")
        var done = 0
        _ = await run.output.firstLine { line in
            done += line.contains("\"item_done\"") ? 1 : 0
            return done == 3
        }
        return run
    }

    @Test("status --watch tells counts while the run goes on, and the whole status at its end")
    func watches() async throws {
        let simulator = try await SimulatorProgram(script: Self.stallSlow)
        let work = try Workspace(simulator, job: Self.job)
        let run = try await stalledRun(work)
        let watch = try work.start("status", "job.yaml", "--watch")
        let events = try work.start("status", "job.yaml", "--watch", "--json")
        let line = try #require(await watch.output.line(0))
        #expect(line.hasSuffix("Z  4: 3 done, 1 running"), "\(line)")
        let event = try JSONValue(parsing: try #require(await events.output.line(0)))
        #expect(event["runner"]?["pid"]?.int64 == Int64(run.pid))
        #expect(event["items"]?["running"]?.int64 == 1)
        run.send(SIGINT)
        _ = await run.errors.firstLine { $0.contains("stopping") }
        run.send(SIGINT)
        #expect(await run.ended().status == 130)
        let ended = await work.outcome(of: watch)
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(ended.output.contains("last run    number 1, "), "\(ended.output)")
        #expect(!ended.output.contains("\u{1B}"))
        let last = try #require(try await work.outcome(of: events).events().last)
        #expect(last["running"]?.bool == false)
        #expect(last["last_run"]?["ending"]?.string == "interrupted")
    }

    @Test("on a terminal it is drawn in place, and ends with a killed run too")
    func draws() async throws {
        let simulator = try await SimulatorProgram(script: Self.stallSlow)
        let work = try Workspace(simulator, job: Self.job)
        let run = try await stalledRun(work)
        let path = try BuiltProducts.path(of: "genbatch")
        let terminal = try Program(
            "/usr/bin/script",
            ["-qec", "\(path) status job.yaml --watch", "/dev/null"],
            environment: work.environment.merging(["SHELL": "/bin/sh"]) { $1 },
            folder: work.path,
            holdsInputOpen: true
        )
        var frames = 0
        _ = await terminal.output.firstLine { line in
            frames += line.contains("items       4: 3 done, 1 running") ? 1 : 0
            return frames == 2
        }
        run.send(SIGKILL)
        _ = await run.ended()
        #expect(await terminal.ended().status == 0)
        #expect(terminal.output.text.contains("\u{1B}["))
        #expect(terminal.output.text.contains("did not come to its end"), "\(terminal.output.text)")
    }

    @Test("without a run there is nothing to watch, and the status is told")
    func watchesNothing() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        let watch = try await work.genbatch("status", "job.yaml", "--watch")
        let status = try await work.genbatch("status", "job.yaml")
        #expect(watch.status == 0)
        #expect(watch.output == status.output)
        #expect(try await work.genbatch("status", "nowhere.yaml", "--watch").status == 66)
    }

    @Test("the summary of every run adds up, for people and for programs")
    func balances() async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"match": "second", "fault": {"kind": "status", "status": 400}}]}"#
        )
        let work = try Workspace(simulator, job: Self.job)
        let first = try await work.genbatch("run", "job.yaml", "--limit", "2", "--json")
        #expect(first.errors.contains("  items     4 = 1 done + 1 failed + 2 pending"), "\(first.errors)")
        let items = try #require(try first.events().first { $0["type"]?.string == "summary" }?["items"])
        #expect(items["total"]?.int64 == 4)
        #expect(["done", "failed", "pending", "running", "deferred"].map { items[$0]?.int64 } == [1, 1, 2, 0, 0])
    }

    @Test("a checkpoint that does not hold what was told ends the run with 78", arguments: ["INSERT", "UPDATE"])
    func imbalance(event: String) async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: Self.job)
        #expect(try await work.genbatch("run", "job.yaml", "--limit", "1").status == 75)
        let requests = try simulator.totals().requests
        // A program of somebody else's that meddles: an item leaves the job when it is added, or when it is done.
        let condition = event == "INSERT" ? "" : "WHEN new.state = 'done'"
        let trigger = """
            CREATE TRIGGER meddle AFTER \(event) ON item \(condition)
            BEGIN UPDATE item SET position = NULL WHERE id = new.id; END
            """
        let made = try await work.shell("sqlite3 .genbatch/job.db \"\(trigger)\"")
        #expect(made.status == 0, "\(made.errors)")
        try work.write(Self.job.replacing("third]", with: "third, fourth]"), to: "job.yaml")
        let run = try await work.genbatch("run", "job.yaml", "--json")
        #expect(run.status == 78, "\(run.errors)")
        let expected =
            event == "INSERT" ? "5 in the job, but the checkpoint has 4" : "5 in the job, but the checkpoint has 1"
        #expect(run.errors.contains(".genbatch/job.db does not hold what it should: \(expected)"), "\(run.errors)")
        #expect(run.errors.contains("restore it from a backup"), "\(run.errors)")
        #expect(try run.events().last?["exit_code"]?.int64 == 78)
        #expect(try simulator.totals().requests - requests == (event == "INSERT" ? 0 : 4))
    }

    @Test("every command explains itself with examples, and is known to the completions of the shells")
    func explainsItself() async throws {
        let work = try Workspace()
        let help = try await work.genbatch("--help").output
        let section = try #require(help.components(separatedBy: "SUBCOMMANDS:\n").last)
        let commands = section.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
            .compactMap { $0.split(separator: " ").first.map(String.init) }.filter { $0 != "See" }
        #expect(commands.count >= 10, "\(help)")
        let completions = try await work.genbatch("--generate-completion-script", "bash").output
        for command in commands {
            let own = try await work.genbatch("help", command)
            #expect(own.status == 0, "\(command)")
            #expect(own.output.contains("EXAMPLE"), "\(command): \(own.output)")
            #expect(own.output.contains("genbatch \(command) "), "\(command): \(own.output)")
            #expect(completions.contains(command), "\(command)")
        }
        #expect(completions.contains("timeout_first_chunk"), "classes are completed")
    }
}
