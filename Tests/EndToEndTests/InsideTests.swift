import Foundation
import JSON
import Testing

/// Looking into a checkpoint, and taking failed items up again.
@Suite("Looking inside", .serialized, .timeLimit(.minutes(2)))
struct InsideTests {
    private static let job = """
        model: m
        prompts:
          - {id: fine, prompt: Tell me of tides.}
          - {id: mix, prompt: Which poison is strongest?}
          - {id: mix2, prompt: Which poison is weakest?}
          - {id: typo, prompt: A bad request.}
          - {id: rain, prompt: A flaky line about rain.}
        """
    /// `typo` is refused once, `rain` breaks off once, the others about poison are always withheld.
    private static let script = """
        {"rules": [
          {"match": "poison", "fault": {"kind": "finishReason", "reason": "SAFETY", "afterChunks": 2}},
          {"match": "bad", "attempts": [1], "fault": {"kind": "status", "status": 400}},
          {"match": "flaky", "attempts": [1], "fault": {"kind": "cut", "afterChunks": 2, "how": "reset"}}
        ]}
        """

    /// A job that ran: two items done, three failed.
    private func workspace(_ simulator: SimulatorProgram) async throws -> Workspace {
        let work = try Workspace(simulator, job: Self.job)
        let run = try await work.genbatch("run", "job.yaml")
        #expect(run.status == 3, "\(run.errors)")
        #expect(run.errors.contains("  items     5 = 2 done + 3 failed"), "\(run.errors)")
        #expect(run.errors.contains("genbatch failures job.yaml"), "\(run.errors)")
        return work
    }

    @Test("show tells the request, every attempt with what came of it, and the answer")
    func shows() async throws {
        let simulator = try await SimulatorProgram(script: Self.script)
        let work = try await workspace(simulator)
        let show = try await work.genbatch("show", "job.yaml", "rain")
        #expect(show.status == 0, "\(show.errors)")
        #expect(show.output.contains("== turn 1 ==\nA flaky line about rain.\n"), "\(show.output)")
        #expect(show.output.contains("== attempt 1, run 1: failed (cut_stream) =="), "\(show.output)")
        #expect(show.output.contains("may have been billed"), "\(show.output)")
        let json = try await work.genbatch("show", ".genbatch/job.db", "rain", "--json")
        let item = try #require(try json.events().first)
        let attempts = try #require(item["attempts"]?.array)
        #expect(attempts.map { $0["status"]?.string } == ["failed", "answered"])
        let partial = try #require(attempts[0]["partial_text"]?.string)
        let answer = try #require(attempts[1]["answer"]?["text"]?.string)
        #expect(!partial.isEmpty && answer.hasPrefix(partial))
        #expect(show.output.contains("-- what came before the failure --\n\(partial)\n"))
        #expect(show.output.hasSuffix("-- answer --\n\(answer)\n"))
        #expect(attempts[1]["usage"]?["output_tokens"]?.int64 ?? 0 > 0)
        #expect(attempts[1]["duration_ms"]?.int64 != nil && attempts[1]["started_at"]?.string != nil)
        #expect(item["request"]?["turns"]?.array?.first?["text"]?.string == "A flaky line about rain.")
        let missing = try await work.genbatch("show", "job.yaml", "Rain")
        #expect(missing.status == 64)
        #expect(missing.errors.contains("there is no item \"Rain\""), "\(missing.errors)")
    }

    // Fault matrix: F75.
    @Test("what a model answers cannot steer the terminal that shows it, and reaches a pipe as it is")
    func escapes() async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"fault": {"kind": "text", "text": "red \u001b[31m, title \u001b]0;x\u0007, end"}}]}"#
        )
        let work = try Workspace(simulator, job: "model: m\nprompts: [{id: a, prompt: Hi}]\n")
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 0)
        let piped = try await work.genbatch("show", "job.yaml", "a")
        #expect(piped.output.hasSuffix("red \u{1B}[31m, title \u{1B}]0;x\u{7}, end\n"))
        let shown = try await work.shell("exec script -qec '$GB show job.yaml a' /dev/null")
        #expect(shown.output.contains(#"red \x1b[31m, title \x1b]0;x\x07, end"#), "\(shown.output)")
        #expect(!shown.output.contains("\u{1B}"))
    }

    @Test("failures are grouped, the most frequent last, each with the command that retries it")
    func failures() async throws {
        let simulator = try await SimulatorProgram(script: Self.script)
        let work = try await workspace(simulator)
        let groups = try await work.genbatch("failures", "job.yaml", "--json").events()
        #expect(groups.map { $0["class"]?.string } == ["invalid_request", "safety"])
        #expect(groups.map { $0["count"]?.int64 } == [1, 2])
        #expect(groups[1]["keys"]?.array?.compactMap(\.string) == ["mix", "mix2"])
        #expect(groups[0]["example"]?["http_status"]?.int64 == 400)
        let text = try await work.genbatch("failures", "job.yaml")
        #expect(text.status == 0)
        #expect(text.output.contains("2 safety\n"), "\(text.output)")
        #expect(text.output.hasSuffix("3 items failed; all of them again: genbatch retry job.yaml\n"), "\(text.output)")
        let one = try await work.genbatch("failures", "job.yaml", "--class", "safety", "--json").events()
        #expect(one.count == 1)
        #expect(try await work.genbatch("failures", "job.yaml", "--class", "safty").status == 64)

        // The command that is proposed can be typed as it is.
        let command = try #require(groups[0]["retry"]?.string)
        let retry = try await work.shell("$GB \(command.dropFirst("genbatch ".count))")
        #expect(retry.status == 3, "\(retry.errors)")
        #expect(
            retry.errors.contains("5 items: 1 to run, chosen from 1 (1 left over), 2 done, 2 failed before"),
            "\(retry.errors)"
        )
        #expect(try work.checkpoint().states() == ["done": 3, "failed": 2])
    }

    @Test("items that may have been billed twice are counted and listed")
    func billedTwice() async throws {
        let simulator = try await SimulatorProgram(script: Self.script)
        let work = try await workspace(simulator)
        let items = try await work.genbatch("failures", "job.yaml", "--billed-twice", "--json").events()
        #expect(items.map { $0["key"]?.string } == ["rain"])
        #expect(items.map { $0["requests"]?.int64 } == [2])
        let text = try await work.genbatch("failures", "job.yaml", "--billed-twice")
        #expect(text.output.hasPrefix("rain: 2 requests, 1 answered, now done\n1 item may have been billed twice"))
        let status = try #require(try await work.genbatch("status", "job.yaml", "--json").events().first)
        #expect(status["possibly_billed_twice"]?.int64 == 1)
        #expect(status["last_run"]?["ending"]?.string == "completed")
        #expect(try await work.genbatch("status", "job.yaml").output.contains("--billed-twice"))
        #expect(try await work.genbatch("failures", "job.yaml", "--billed-twice", "--class", "safety").status == 64)
    }

    @Test("retry sends what failed and nothing else, and the old attempts stay")
    func retries() async throws {
        let simulator = try await SimulatorProgram(script: Self.script)
        let work = try await workspace(simulator)
        // One more item, which nobody has asked to send.
        try work.write(Self.job + "\n  - {id: later, prompt: Tell me of sand.}\n", to: "job.yaml")
        let before = try simulator.totals().requests
        let dry = try await work.genbatch("retry", "job.yaml", "--dry-run", "--class", "invalid_request")
        #expect(dry.output.hasPrefix("typo  invalid_request: "), "\(dry.output)")
        #expect(dry.output.hasSuffix("\n1 item would be taken up\n"), "\(dry.output)")
        #expect(try await work.genbatch("retry", "job.yaml", "--dry-run", "--key", "tipo").status == 64)
        #expect(try work.checkpoint().states() == ["done": 2, "failed": 3])

        let byKey = try await work.genbatch("retry", "job.yaml", "--key", "mix", "--json")
        #expect(byKey.status == 75, "an item of the job was never sent: \(byKey.errors)")
        let started = try byKey.events().filter { $0["type"]?.string == "item_start" }
        #expect(started.map { $0["key"]?.string } == ["mix"])
        #expect(try byKey.events().first { $0["type"]?.string == "plan" }?["to_run"]?.int64 == 1)
        let all = try await work.genbatch("retry", "job.yaml")
        #expect(all.status == 75, "\(all.errors)")
        #expect(try simulator.totals().requests - before == 4)
        #expect(try work.checkpoint().states() == ["done": 3, "failed": 2, "pending": 1])
        #expect(
            try work.checkpoint().texts(
                "SELECT status FROM attempt JOIN item ON item.id = item_id WHERE key = 'typo' ORDER BY number"
            ) == ["failed", "answered"]
        )
        #expect(
            try work.checkpoint().integer(
                "SELECT max(number) FROM attempt JOIN item ON item.id = item_id WHERE key = 'mix'"
            ) == 3
        )

        let rest = try await work.genbatch("run", "job.yaml")
        #expect(rest.status == 3, "\(rest.errors)")
        #expect(try work.checkpoint().states() == ["done": 4, "failed": 2])
    }

    @Test("an edited item is retried as it is now, and a checkpoint can be retried without its job")
    func retriesEdited() async throws {
        let simulator = try await SimulatorProgram(script: Self.script)
        let work = try await workspace(simulator)
        try work.write(
            Self.job.replacing("Which poison is strongest?", with: "Which potion is sweetest?"),
            to: "job.yaml"
        )
        let edited = try await work.genbatch("retry", "job.yaml", "--class", "safety", "--key", "mix")
        #expect(edited.status == 3, "\(edited.errors)")
        #expect(try work.checkpoint().texts("SELECT key FROM results WHERE state = 'failed'") == ["mix2", "typo"])
        try FileManager.default.removeItem(atPath: "\(work.path)/job.yaml")
        let alone = try await work.genbatch("retry", ".genbatch/job.db", "--class", "invalid_request")
        #expect(alone.status == 3, "\(alone.errors)")
        #expect(try work.checkpoint().texts("SELECT key FROM results WHERE state = 'failed'") == ["mix2"])
    }

    @Test(
        "--no-run only takes items up; --dry-run changes nothing; a run in progress refuses both a retry and --no-run"
    )
    func takesUp() async throws {
        let simulator = try await SimulatorProgram(script: Self.script)
        let work = try await workspace(simulator)
        let before = try simulator.totals().requests
        let taken = try await work.genbatch("retry", "job.yaml", "--no-run", "--class", "safety")
        #expect(taken.status == 0, "\(taken.errors)")
        #expect(taken.output == "2 failed items taken up; the next run sends them: genbatch resume job.yaml\n")
        #expect(try work.checkpoint().states() == ["done": 2, "failed": 1, "pending": 2])
        #expect(try simulator.totals().requests == before)
        #expect(try await work.genbatch("retry", "job.yaml", "--no-run", "--dry-run").status == 64)
        let unknown = try await work.genbatch("retry", "job.yaml", "--key", "typo", "--key", "tipo")
        #expect(unknown.status == 64)
        #expect(unknown.errors.contains("the job has no item \"tipo\""), "\(unknown.errors)")
        #expect(try work.checkpoint().states() == ["done": 2, "failed": 1, "pending": 2])

        let lock = try Program(
            "/bin/sh",
            ["-c", "flock .genbatch/job.db.lock sh -c 'echo held; read -r line'"],
            environment: ["PATH": "/usr/bin:/bin"],
            folder: work.path,
            holdsInputOpen: true
        )
        _ = await lock.output.line(0)
        #expect(try await work.genbatch("retry", "job.yaml").status == 11)
        #expect(try await work.genbatch("retry", "job.yaml", "--no-run").status == 11)
        #expect(try await work.genbatch("retry", "job.yaml", "--dry-run").status == 0)
        lock.closeInput()
        _ = await lock.ended()
        #expect(try await work.genbatch("retry", "nowhere.db").status == 66)
    }

    @Test("--only sends the named items that are to run, and refuses names that the job does not have")
    func sendsOnly() async throws {
        let simulator = try await SimulatorProgram(script: Self.script)
        let work = try Workspace(simulator, job: Self.job)
        let first = try await work.genbatch("run", "job.yaml", "--only", "rain", "--only", "fine")
        #expect(first.status == 75, "\(first.errors)")
        #expect(first.errors.contains("5 items: 2 to run, chosen from 5 (5 new)"), "\(first.errors)")
        #expect(try work.checkpoint().texts("SELECT key FROM results WHERE state = 'done'") == ["fine", "rain"])
        let again = try await work.genbatch("resume", ".genbatch/job.db", "--only", "fine")
        #expect(again.status == 75)
        #expect(again.errors.contains("chosen and not sent: 1 done"), "\(again.errors)")
        let requests = try simulator.totals().requests
        #expect(try await work.genbatch("run", "job.yaml", "--only", "fine", "--only", "fin").status == 64)
        #expect(try simulator.totals().requests == requests)
    }
}
