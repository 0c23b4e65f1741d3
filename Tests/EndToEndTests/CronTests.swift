import Foundation
import JSON
import Testing

/// Fault matrix, rows F82 and F84, with the real cron of Debian: its crontabs, its files and its clock are the test's own.
@Suite(
    "cron",
    .serialized,
    .timeLimit(.minutes(3)),
    .enabled(if: Privileges.canRunCron && Privileges.canFakeTime, "needs root, cron and faketime")
)
struct CronTests {
    /// Starts cron in the foreground, with mounts of its own and its crontabs in `spool`.
    ///
    /// Its clock begins at a moment and runs so many times as fast as others, so that a night does not take one. The
    /// setup is shell commands before it starts, in which `$GB` is genbatch.
    private func startCron(_ work: Workspace, setup: String = "", start: String, speed: Int) async throws -> Program {
        let library = try await work.shell("faketime -f +0 sh -c 'echo $LD_PRELOAD'")
        try work.write("", to: "empty")
        let script = """
            set -e
            mkdir -p spool && chgrp crontab spool && chmod 1730 spool
            for folder in /run /dev/shm /etc/cron.d; do mount -t tmpfs tmpfs $folder; done
            mount --bind spool /var/spool/cron/crontabs
            mount --bind empty /etc/crontab
            \(setup)
            export LD_PRELOAD='\(library.output.trimmingCharacters(in: .whitespacesAndNewlines))'
            FAKETIME='@\(start) x\(speed)' exec cron -f
            """
        var environment = work.environment
        environment["GB"] = try BuiltProducts.path(of: "genbatch")
        environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
        return try Program(
            "/bin/sh",
            ["-c", "exec unshare -m sh -c \"$0\"", script],
            environment: environment,
            folder: work.path
        )
    }

    /// Waits until a file has so many lines.
    private func lines(_ work: Workspace, _ name: String, atLeast count: Int) async throws -> [Substring] {
        while true {
            let lines = ((try? work.read(name)) ?? "").split(separator: "\n")
            if lines.count >= count { return lines }
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    private func install(_ job: String, _ simulator: SimulatorProgram) -> String {
        """
        printf 'HOME=%s\\n* * * * * echo tick >>%s/ticks\\n' "$PWD" "$PWD" | crontab -
        "$GB" schedule install \(job) --key-file key --log log -- --base-url \(simulator.baseURL) \
            --on-finish 'date +%Y >/dev/null; echo $GENBATCH_EXIT_CODE $GENBATCH_RUN_DONE >>finished'
        """
    }

    // Fault matrix: F82.
    @Test("a run that cron starts while an earlier one works says nothing and sends nothing")
    func leavesRunningAlone() async throws {
        let stall = #"{"rules": [{"match": "slow", "attempts": [1], "fault": {"kind": "stall"}}]}"#
        let simulator = try await SimulatorProgram(script: stall)
        let work = try Workspace(
            job: """
                model: m
                prompts: [first, slow, third]
                schedule: {cron: "* * * * *"}
                """
        )
        try work.write(Workspace.key, to: "key")
        let setup = install("job.yaml", simulator)
        let cron = try await startCron(work, setup: setup, start: "2026-11-24 12:00:50", speed: 60)
        while try simulator.totals().completed < 2 {
            try Task.checkCancellation()
            await Task.yield()
        }
        let ticks = try await lines(work, "ticks", atLeast: 1).count
        _ = try await lines(work, "ticks", atLeast: ticks + 3)
        #expect(try simulator.totals().requests == 3)
        #expect(!work.exists("finished"))
        #expect(try work.read("log").isEmpty)

        // The first one dies; the next minute takes up what it left.
        let status = try JSONValue(parsing: await work.genbatch("status", "job.yaml", "--json").output)
        let pid = try #require(status["runner"]?["pid"]?.int64, "\(status)")
        kill(pid_t(pid), SIGKILL)
        let finished = try await lines(work, "finished", atLeast: 1)
        #expect(finished.first == "0 1", "\(finished)")
        cron.send(SIGTERM)
        _ = await cron.ended()
        #expect(try simulator.totals().requests == 4)
        let log = try work.read("log")
        // The shell may say that it was killed.
        #expect(!log.contains("genbatch"), "\(log)")
        #expect(try work.checkpoint().states() == ["done": 3])
    }

    // Fault matrix: F84.
    @Test("the nightly job sums up what is new; nights that were missed are caught up once, quietly")
    func catchesUp() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace()
        let jobs = BuiltProducts.package.appendingPathComponent("jobs")
        let job = try String(contentsOf: jobs.appendingPathComponent("nightly-summaries.yaml"), encoding: .utf8)
        try work.write(job, to: "nightly-summaries.yaml")
        let articles = try FileManager.default.contentsOfDirectory(atPath: jobs.appendingPathComponent("articles").path)
        for name in articles {
            let text = try String(contentsOf: jobs.appendingPathComponent("articles/\(name)"), encoding: .utf8)
            try work.write(text, to: "articles/\(name)")
        }
        try work.write(Workspace.key, to: "key")

        func night(_ date: String, _ number: Int, setup: String = "") async throws -> Substring {
            let cron = try await startCron(work, setup: setup, start: "\(date) 02:14:40", speed: 20)
            let finished = try await lines(work, "finished", atLeast: number)
            cron.send(SIGTERM)
            _ = await cron.ended()
            #expect(finished.count == number)
            return finished[number - 1]
        }
        let first = try await night("2026-11-24", 1, setup: install("nightly-summaries.yaml", simulator))
        #expect(first == "0 \(articles.count)")
        #expect(try work.read("out/nightly-summaries.jsonl").split(separator: "\n").count == articles.count)

        // Nothing is new.
        #expect(try await night("2026-11-25", 2) == "0 0")
        #expect(try simulator.totals().requests == articles.count)

        // Three nights without cron, with two new files and one that changed.
        try work.write("A report of the tides.\n", to: "articles/tides.txt")
        try work.write("A report of the winds.\n", to: "articles/winds.txt")
        try work.write("Another text altogether.\n", to: "articles/\(articles.sorted()[0])")
        #expect(try await night("2026-11-29", 3) == "0 3")
        #expect(try simulator.totals().requests == articles.count + 3)
        #expect(try work.read("out/nightly-summaries.jsonl").split(separator: "\n").count == articles.count + 2)
        #expect(try work.read("log").isEmpty)
    }
}
