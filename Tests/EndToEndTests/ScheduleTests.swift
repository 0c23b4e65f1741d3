import Foundation
import JSON
import Testing

/// Fault matrix, rows F82 to F84: jobs that run by themselves.
@Suite("Schedules", .serialized, .timeLimit(.minutes(3)))
struct ScheduleTests {
    private static let job = """
        name: nightly
        model: m
        limits: {concurrency: 4}
        prompts: [first, slow, third]
        schedule: {cron: "15 2 * * *"}
        """
    private static let bareEnvironment = ["LOGNAME": "nobody", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"]

    /// A folder with a key file, and programs that keep a crontab and a list of calls there.
    private func workspace(_ simulator: SimulatorProgram? = nil, job: String = ScheduleTests.job) throws -> Workspace {
        let work = try Workspace(simulator, job: job)
        try work.write(Workspace.key + "\n", to: "key")
        let crontab = try work.write(
            """
            #!/bin/sh
            case $1 in
            -l) [ -f "$HOME/crontab" ] && exec cat "$HOME/crontab"; echo "no crontab for nobody" >&2; exit 1 ;;
            -) cat >"$HOME/crontab.new" && mv "$HOME/crontab.new" "$HOME/crontab" ;;
            esac
            """,
            to: "bin/crontab"
        )
        let systemctl = try work.write("#!/bin/sh\necho \"$*\" >>\"$HOME/systemctl\"\n", to: "bin/systemctl")
        for path in [crontab, systemctl] { chmod(path, 0o755) }
        return work
    }

    private func schedule(_ work: Workspace, _ arguments: String...) async throws -> Workspace.Outcome {
        var environment = work.environment
        environment["PATH"] = "\(work.path)/bin:/usr/bin:/bin"
        return await work.outcome(of: try work.start(["schedule"] + arguments, environment: environment))
    }

    @Test("a job is put into the crontab, changed in its place and taken out, and no other line is touched")
    func editsCrontab() async throws {
        let work = try workspace()
        let before = Array("MAILTO=me\n# caf".utf8) + [0xE9] + Array("\n* * * * * true 100\\%\n".utf8)
        try work.write(before, to: "crontab")
        let first = try await schedule(work, "install", "job.yaml", "--key-file", "key")
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.errors.split(separator: "\n").count { $0.contains(" 02:15 ") } == 5, "\(first.errors)")
        var after = [UInt8](try #require(FileManager.default.contents(atPath: "\(work.path)/crontab")))
        #expect(after.starts(with: before))
        let program = try URL(fileURLWithPath: BuiltProducts.path(of: "genbatch")).path
        let log = "\(work.path)/.local/state/genbatch/nightly.log"
        let block = """
            # genbatch: begin nightly \(work.path)/job.yaml
            # genbatch: schedule 15 2 * * *
            15 2 * * * \(program) run \(work.path)/job.yaml --quiet --skip-if-running \
            --key-file \(work.path)/key >>\(log) 2>&1
            # genbatch: end nightly \(work.path)/job.yaml

            """
        #expect(String(decoding: after.dropFirst(before.count), as: UTF8.self) == block)
        #expect(try FileManager.default.attributesOfItem(atPath: log)[.posixPermissions] as? Int == 0o600)

        // Lines that follow stay behind it when it changes.
        try work.write(after + Array("@reboot true\n".utf8), to: "crontab")
        try work.write(Self.job.replacingOccurrences(of: "15 2 * * *", with: "@daily"), to: "job.yaml")
        let list = try await schedule(work, "list")
        #expect(list.output.contains("nightly  cron  15 2 * * *  job file says otherwise: install again"))
        let second = try await schedule(
            work,
            "install",
            "job.yaml",
            "--key-file",
            "key",
            "--log",
            "my log",
            "--",
            "--on-finish",
            "echo 5% 'x'"
        )
        #expect(second.status == 0, "\(second.errors)")
        after = [UInt8](try #require(FileManager.default.contents(atPath: "\(work.path)/crontab")))
        let text = String(decoding: after.dropFirst(before.count), as: UTF8.self)
        #expect(text.contains("\n@daily cd \(work.path) && \(program) run "), "\(text)")
        #expect(text.contains(#" --on-finish 'echo 5\% '\''x'\''' >>'"# + work.path + "/my log' 2>&1\n"), "\(text)")
        #expect(text.hasSuffix("\n@reboot true\n"))
        #expect(text.split(separator: "\n").count == 5)

        try FileManager.default.removeItem(atPath: "\(work.path)/job.yaml")
        #expect(try await schedule(work, "list").output.contains("job file is gone"))
        let removed = try await schedule(work, "remove", "job.yaml")
        #expect(removed.status == 0 && removed.errors.contains("removed from the crontab"), "\(removed.errors)")
        after = [UInt8](try #require(FileManager.default.contents(atPath: "\(work.path)/crontab")))
        #expect(after == before + Array("@reboot true\n".utf8))
        #expect(try await schedule(work, "remove", "job.yaml").errors.contains("was not scheduled"))
    }

    @Test("a crontab whose marks have lost their partners is left as it is")
    func leavesDamagedCrontab() async throws {
        let work = try workspace()
        for crontab in ["# genbatch: begin nightly /job.yaml\n0 0 * * * true\n", "true\n# genbatch: end a /b\n"] {
            try work.write(crontab, to: "crontab")
            let run = try await schedule(work, "install", "job.yaml", "--key-file", "key")
            #expect(run.status == 78, "\(run.errors)")
            #expect(run.errors.contains("mark of genbatch without its partner"), "\(run.errors)")
            #expect(try work.read("crontab") == crontab)
        }
    }

    @Test("what could not run at night is refused by day")
    func refuses() async throws {
        let work = try workspace()
        let noKey = try await schedule(work, "install", "job.yaml")
        #expect(noKey.status == 78 && noKey.errors.contains("add --key-file FILE"), "\(noKey.errors)")
        let noFile = try await schedule(work, "install", "job.yaml", "--key-file", "nokey")
        #expect(noFile.status == 66, "\(noFile.errors)")
        let wrong = try await schedule(work, "install", "job.yaml", "--key-file", "key", "--", "--wait-lock", "5m")
        #expect(wrong.status == 64 && wrong.errors.contains("--skip-if-running exclude each other"), "\(wrong.errors)")
        let long = try await schedule(
            work,
            "install",
            "job.yaml",
            "--key-file",
            "key",
            "--",
            "--on-finish",
            String(repeating: "x", count: 900)
        )
        #expect(long.status == 64 && long.errors.contains("too long for cron"), "\(long.errors)")
        try work.write("model: m\nprompts: [a]\n", to: "job.yaml")
        let never = try await schedule(work, "install", "job.yaml", "--key-file", "key")
        #expect(never.status == 65 && never.errors.contains("add for example: schedule:"), "\(never.errors)")
        #expect(!work.exists("crontab"))
    }

    @Test("a time zone whose clocks go another way than the machine's is for systemd")
    func knowsTimeZones() async throws {
        // Nowhere else are clocks set like this.
        let zoned = Self.job.replacingOccurrences(of: "*\"}", with: "*\", timezone: Australia/Lord_Howe}")
        let work = try workspace(job: zoned)
        let cron = try await schedule(work, "install", "job.yaml", "--key-file", "key")
        #expect(cron.status == 78 && cron.errors.contains("use --systemd"), "\(cron.errors)")
        let timer = try await schedule(work, "print", "job.yaml", "--key-file", "key", "--systemd")
        #expect(timer.status == 0, "\(timer.errors)")
        #expect(timer.output.contains("\nOnCalendar=*-*-* 02:15:00 Australia/Lord_Howe\n"), "\(timer.output)")
        let times = timer.errors.split(separator: "\n").filter { $0.hasSuffix(" Australia/Lord_Howe") }
        #expect(times.count == 5 && times.allSatisfy { $0.contains(" 02:15 +1") }, "\(timer.errors)")
    }

    @Test("a timer of systemd is written, started and removed")
    func installsTimer() async throws {
        let work = try workspace()
        let options = ["--key-file", "key", "--systemd", "--log", "job.log", "--", "--on-finish", #"echo 5% $X "a\b""#]
        let install = await work.outcome(
            of: try work.start(
                ["schedule", "install", "job.yaml"] + options,
                environment: work.environment.merging(["PATH": "\(work.path)/bin:/usr/bin:/bin"]) { $1 }
            )
        )
        #expect(install.status == 0, "\(install.errors)")
        let folder = ".config/systemd/user"
        let service = try work.read("\(folder)/genbatch-nightly.service")
        #expect(service.contains("\nWorkingDirectory=\(work.path)\n"), "\(service)")
        #expect(service.contains(#" --on-finish "echo 5%% $$X \"a\\b\""#), "\(service)")
        #expect(service.contains("\nStandardError=append:\(work.path)/job.log\n"), "\(service)")
        let timer = try work.read("\(folder)/genbatch-nightly.timer")
        #expect(timer.contains("\nOnCalendar=*-*-* 02:15:00\nPersistent=true\n"), "\(timer)")
        let twice = try await schedule(work, "install", "job.yaml", "--key-file", "key")
        #expect(twice.status == 78 && twice.errors.contains("is scheduled with systemd already"), "\(twice.errors)")
        let list = try await schedule(work, "list", "job.yaml")
        #expect(list.output.hasPrefix("nightly  systemd  15 2 * * *  next "), "\(list.output)")
        let removed = try await schedule(work, "remove", "job.yaml")
        #expect(removed.status == 0, "\(removed.errors)")
        #expect(!work.exists("\(folder)/genbatch-nightly.timer") && !work.exists("\(folder)/genbatch-nightly.service"))
        let calls = try work.read("systemctl").split(separator: "\n")
        #expect(
            calls == [
                "--user daemon-reload", "--user enable --now genbatch-nightly.timer",
                "--user disable --now genbatch-nightly.timer", "--user daemon-reload",
            ]
        )
    }

    @Test("systemd takes the units", .enabled(if: Privileges.hasSystemdAnalyze, "needs systemd-analyze"))
    func unitsAreValid() async throws {
        let cron = "\"*/20 1-3 1,15 feb-nov mon-fri\""
        let work = try workspace(job: Self.job.replacingOccurrences(of: "\"15 2 * * *\"", with: cron))
        let install = try await schedule(work, "install", "job.yaml", "--key-file", "key", "--systemd")
        #expect(install.status == 0, "\(install.errors)")
        let verified = try await work.shell(
            """
            export XDG_RUNTIME_DIR=$HOME; cd .config/systemd/user && systemd-analyze verify --user ./genbatch-nightly.timer
            """
        )
        #expect(verified.status == 0 && !verified.errors.contains("genbatch"), "\(verified.errors)")
        #expect(
            try work.read(".config/systemd/user/genbatch-nightly.timer").contains(
                """
                OnCalendar=*-02,03,04,05,06,07,08,09,10,11-01,15 01,02,03:00,20,40:00
                OnCalendar=Mon,Tue,Wed,Thu,Fri *-02,03,04,05,06,07,08,09,10,11-* 01,02,03:00,20,40:00

                """
            )
        )
    }

    // Fault matrix: F83.
    @Test("the line works in the environment that cron gives, and a missing key is explained there")
    func worksInBareEnvironment() async throws {
        let simulator = try await SimulatorProgram()
        let work = try workspace(simulator)
        let printed = try await schedule(
            work,
            "print",
            "job.yaml",
            "--key-file",
            "key",
            "--",
            "--base-url",
            simulator.baseURL
        )
        #expect(printed.status == 0 && !work.exists("crontab"), "\(printed.errors)")
        let line = try #require(printed.output.split(separator: "\n").first { $0.hasPrefix("15 2") })
        let command = line.split(separator: " ", maxSplits: 5).last.map(String.init) ?? ""
        try FileManager.default.createDirectory(
            atPath: "\(work.path)/.local/state/genbatch",
            withIntermediateDirectories: true
        )
        let environment = Self.bareEnvironment.merging(["HOME": work.path]) { $1 }
        let run = await work.outcome(
            of: try Program("/bin/sh", ["-c", command], environment: environment, folder: "/")
        )
        #expect(run.status == 0 && run.output.isEmpty && run.errors.isEmpty, "\(run.errors)")
        #expect(try work.read(".local/state/genbatch/nightly.log").isEmpty)
        #expect(try work.checkpoint(".genbatch/nightly.db").states() == ["done": 3])

        let noKey = try await work.genbatch("run", "job.yaml", "--quiet", environment: environment)
        #expect(noKey.status == 78, "\(noKey.errors)")
        #expect(
            noKey.errors.hasSuffix("cron does not load your shell profile: use --key-file\n"),
            "\(noKey.errors)"
        )
    }

    @Test("--quiet says nothing when there is nothing to do, and what is wrong when something is")
    func isQuiet() async throws {
        let refusal = #"{"rules": [{"match": "slow", "fault": {"kind": "status", "status": 400}}]}"#
        let simulator = try await SimulatorProgram(script: refusal)
        let work = try workspace(simulator, job: Self.job + "\noutput: {path: out.jsonl}\n")
        let first = try await work.genbatch("run", "job.yaml", "--quiet")
        #expect(first.status == 3 && first.errors.contains("1 failed"), "\(first.errors)")
        try work.write(Self.job.replacingOccurrences(of: "slow, ", with: ""), to: "job.yaml")
        for _ in 1...2 {
            let run = try await work.genbatch("run", "job.yaml", "--quiet")
            #expect(run.status == 0 && run.output.isEmpty && run.errors.isEmpty, "\(run.errors)")
        }
        #expect(try simulator.totals().requests == 3)
    }
}
