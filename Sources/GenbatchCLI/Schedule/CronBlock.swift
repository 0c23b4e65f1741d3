internal import BatchCore
internal import JobFiles

/// The lines of one job in a crontab.
struct CronBlock {
    /// Longer commands are refused by Debian's cron (`MAX_COMMAND`), with the end of the string counted.
    private static let longestCommand = 998

    let name: String
    let jobPath: String
    /// What runs the job, and when, for its owner to see.
    let lines: [String]

    /// - Parameters:
    ///   - run: What is to run.
    ///   - log: The file that its messages are added to.
    /// - Throws: A ``CommandFailure`` if cron cannot do it.
    init(_ run: ScheduledRun, log: String) throws {
        name = run.name
        jobPath = run.jobPath
        let place = run.folder.map { "cd \(ShellWord.quoted($0)) && " } ?? ""
        let words = run.words.map(ShellWord.quoted).joined(separator: " ")
        let command = "\(place)\(words) >>\(ShellWord.quoted(log)) 2>&1"
            // cron takes a bare percent sign for the end of the line.
            .replacing("%", with: "\\%")
        guard command.utf8.count <= Self.longestCommand else {
            throw CommandFailure(
                .wrongUsage,
                "the line is too long for cron, which takes \(Self.longestCommand) bytes; use --systemd, or shorter paths"
            )
        }
        let identity = "\(run.name) \(run.jobPath)"
        lines = [
            "\(ScheduledRun.marker)begin \(identity)",
            "\(ScheduledRun.marker)schedule \(run.scheduleText)",
            "\(try Self.fields(run)) \(command)",
            "\(ScheduledRun.marker)end \(identity)",
        ]
    }

    /// The five fields on the clocks of the machine: Debian's cron knows no others.
    private static func fields(_ run: ScheduledRun) throws -> String {
        let machine = TimeZoneDatabase.machine()
        guard let zone = run.schedule.timeZone, run.zone != machine.rules else {
            return run.schedule.cron.text
        }
        let now = SystemClock().unixMilliseconds() / 1000
        guard let difference = run.zone.constantDifference(to: machine.rules, from: now) else {
            throw CommandFailure(
                .unusableConfiguration,
                "cron goes by this machine's time (\(machine.name)), whose clocks are set on other days than those of "
                    + "\(zone); use --systemd, whose timers know time zones, or give the schedule in the machine's time, "
                    + "without `timezone`"
            )
        }
        guard let fields = run.schedule.cron.fields(shiftedBySeconds: difference) else {
            throw CommandFailure(
                .unusableConfiguration,
                "\"\(run.schedule.cron.text)\" of \(zone) cannot be said in this machine's time (\(machine.name)), which cron "
                    + "goes by, with five fields; use --systemd, whose timers know time zones"
            )
        }
        return fields
    }
}
