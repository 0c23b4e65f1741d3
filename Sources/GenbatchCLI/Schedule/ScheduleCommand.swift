internal import ArgumentParser
internal import BatchCore
internal import JobFiles

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

struct ScheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Let cron or systemd run a job by itself, as `schedule:` in its file says.",
        discussion: """
            EXAMPLES:
              genbatch schedule print job.yaml --key-file ~/.config/genbatch/key
              genbatch schedule install job.yaml --key-file ~/.config/genbatch/key
              genbatch schedule install job.yaml --key-file key --systemd -- --ping https://hc-ping.com/UUID
              genbatch schedule list
              genbatch schedule remove job.yaml
            """,
        subcommands: [
            SchedulePrintCommand.self, ScheduleInstallCommand.self, ScheduleRemoveCommand.self,
            ScheduleListCommand.self,
        ]
    )
}

/// How a job is to run by itself.
struct ScheduleOptions: ParsableArguments {
    @Flag(help: "A timer of the user's systemd instead of lines in the crontab.")
    var systemd = false

    @Option(
        help: ArgumentHelp("The file with the API key, which scheduled runs need.", valueName: "file"),
        completion: .file()
    )
    var keyFile: String?

    @Option(
        help: ArgumentHelp(
            "Add what a run says to this file (default: NAME.log in ~/.local/state/genbatch; systemd's journal).",
            valueName: "file"
        ),
        completion: .file(extensions: ["log"])
    )
    var log: String?

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("Further options of the run, after `--`.", valueName: "run options")
    )
    var runOptions: [String] = []
}

struct SchedulePrintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "print",
        abstract: "Show what `install` would write, and when the job would run; changes nothing."
    )

    @Argument(help: "The job file.", completion: .file(extensions: ["yaml", "yml"]))
    var job: String

    @OptionGroup var options: ScheduleOptions

    func run() throws {
        let scheduled = try ScheduledRun(job, options)
        if options.systemd {
            let timer = SystemdTimer(scheduled, log: options.log.map(ScheduledRun.absolute))
            let place = "\(try UserFolders.units())/\(timer.unit)"
            try StandardOutput.write(
                "# \(place).service\n\(timer.service)\n# \(place).timer\n\(timer.timer)"
            )
        } else {
            let block = try CronBlock(scheduled, log: ScheduleLog.path(options.log, name: scheduled.name))
            try StandardOutput.write(block.lines.joined(separator: "\n") + "\n")
        }
        scheduled.tellNextTimes()
    }
}

struct ScheduleInstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Have the job run by itself from now on; again to change it."
    )

    @Argument(help: "The job file.", completion: .file(extensions: ["yaml", "yml"]))
    var job: String

    @OptionGroup var options: ScheduleOptions

    func run() throws {
        let scheduled = try ScheduledRun(job, options)
        if options.systemd {
            try installTimer(scheduled)
        } else {
            try installLines(scheduled)
        }
        scheduled.tellNextTimes()
    }

    private func installLines(_ scheduled: ScheduledRun) throws {
        if try SystemdTimer.entries().contains(where: { $0.jobPath == scheduled.jobPath }) {
            throw Self.scheduledTwice(job, by: "systemd")
        }
        let log = try ScheduleLog.path(options.log, name: scheduled.name)
        let block = try CronBlock(scheduled, log: log)
        try ScheduleLog.create(log)
        try Crontab.change { try $0.put(block) }
        StandardError.note("\(scheduled.name) is in the crontab; messages go to \(log)")
    }

    private func installTimer(_ scheduled: ScheduledRun) throws {
        if Crontab.isAvailable, try Crontab.load().entries().contains(where: { $0.jobPath == scheduled.jobPath }) {
            throw Self.scheduledTwice(job, by: "cron")
        }
        let log = options.log.map(ScheduledRun.absolute)
        if let log { try ScheduleLog.create(log) }
        let timer = SystemdTimer(scheduled, log: log)
        try timer.install()
        StandardError.note(
            "\(timer.unit).timer is on; messages: \(log ?? "journalctl --user -u \(timer.unit)"); to run while you are not "
                + "logged in: loginctl enable-linger"
        )
    }

    private static func scheduledTwice(_ job: String, by what: String) -> CommandFailure {
        CommandFailure(
            .unusableConfiguration,
            "\(job) is scheduled with \(what) already; first: genbatch schedule remove \(ShellWord.quoted(job))"
        )
    }
}

struct ScheduleRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Have the job run by itself no more; the job file may be gone."
    )

    @Argument(help: "The job file.", completion: .file(extensions: ["yaml", "yml"]))
    var job: String

    func run() throws {
        let path = ScheduledRun.absolute(job)
        var places: [String] = []
        if Crontab.isAvailable, try Crontab.change({ try $0.remove(jobPath: path) }) { places.append("the crontab") }
        if try SystemdTimer.remove(jobPath: path) { places.append("systemd") }
        StandardError.note(
            places.isEmpty ? "\(job) was not scheduled" : "\(job) is removed from \(places.joined(separator: " and "))"
        )
    }
}

struct ScheduleListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show which jobs run by themselves, and when next."
    )

    @Argument(help: "Only this job file.", completion: .file(extensions: ["yaml", "yml"]))
    var job: String?

    func run() throws {
        let crontab = Crontab.isAvailable ? try Crontab.load().entries() : []
        let entries =
            crontab.map { ($0.name, $0.jobPath, $0.schedule, "cron") }
            + (try SystemdTimer.entries()).map { ($0.name, $0.jobPath, $0.schedule, "systemd") }
        let path = job.map(ScheduledRun.absolute)
        for (name, jobPath, schedule, place) in entries where path == nil || path == jobPath {
            let state = Self.state(jobPath: jobPath, installed: schedule)
            try StandardOutput.write("\(name)  \(place)  \(schedule)  \(state)  \(jobPath)\n")
        }
    }

    /// When it runs next, or why that may be a surprise.
    private static func state(jobPath: String, installed: String) -> String {
        guard access(jobPath, F_OK) == 0 else { return "job file is gone" }
        guard let schedule = try? JobFile.settings(path: jobPath).job.schedule else { return "job file is wrong" }
        guard ScheduledRun.text(of: schedule) == installed else { return "job file says otherwise: install again" }
        guard let zone = try? ScheduledRun.rules(of: schedule),
            let next = schedule.cron.nextMoment(after: SystemClock().unixMilliseconds() / 1000, in: zone)
        else { return "never" }
        return "next \(zone.wallTime(at: next))"
    }
}

extension ScheduledRun {
    func tellNextTimes() {
        for (number, time) in nextTimes().enumerated() {
            StandardError.write("  \(number == 0 ? "next" : "then")  \(time)\n")
        }
    }
}

/// Where the messages of scheduled runs go.
enum ScheduleLog {
    /// What the command line says, else a file in the user's folder for states.
    static func path(_ option: String?, name: String) throws -> String {
        try option.map(ScheduledRun.absolute) ?? "\(UserFolders.state())/\(name).log"
    }

    /// Makes it for its owner alone: the shell would make it for all to read, and would fail without its folder.
    static func create(_ path: String) throws {
        if let slash = path.lastIndex(of: "/") { try WholeFile.createFolder(String(path[..<slash])) }
        let descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(
                .cannotCreateOutput,
                "cannot write to the log \(path): \(String(cString: strerror(errno)))"
            )
        }
        close(descriptor)
    }
}
