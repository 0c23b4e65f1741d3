internal import BatchCore
internal import JobFiles

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The units of one job for a user's systemd.
struct SystemdTimer {
    let unit: String
    let service: String
    let timer: String
    private let jobPath: String

    /// - Parameters:
    ///   - run: What is to run.
    ///   - log: The file that its messages are added to; `nil` for the journal.
    init(_ run: ScheduledRun, log: String?) {
        unit = Self.unit(name: run.name)
        jobPath = run.jobPath
        let head = [
            "\(ScheduledRun.marker)begin \(run.name) \(run.jobPath)",
            "\(ScheduledRun.marker)schedule \(run.scheduleText)",
            "[Unit]",
        ]
        let output = log.map { log in
            ["StandardOutput", "StandardError"].map { "\($0)=append:\(Self.literal(log))" }
        }
        let name = Self.literal(run.name)
        service = Self.text(
            head + ["Description=genbatch job \(name)", "", "[Service]", "Type=oneshot"]
                + (run.folder.map { ["WorkingDirectory=\(Self.literal($0))"] } ?? [])
                + ["ExecStart=\(run.words.map(Self.quoted).joined(separator: " "))"] + (output ?? [])
        )
        timer = Self.text(
            head + ["Description=Times of the genbatch job \(name)", "", "[Timer]"]
                + Self.calendar(run.schedule).map { "OnCalendar=\($0)" }
                // A time that was missed while the machine was off is made up for, once.
                + ["Persistent=true", "", "[Install]", "WantedBy=timers.target"]
        )
    }

    /// The name of the units of a job.
    static func unit(name: String) -> String {
        let letters = name.unicodeScalars.map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                || "-_.".unicodeScalars.contains(scalar) ? Character(scalar) : "_"
        }
        return "genbatch-" + String(letters)
    }

    /// Writes the units and starts the timer.
    ///
    /// - Throws: A ``CommandFailure`` if a file cannot be written, is another job's, or systemd refuses.
    func install() throws {
        let folder = try UserFolders.units()
        try WholeFile.createFolder(folder)
        let place = "\(folder)/\(unit)"
        if WholeFile.read("\(place).timer") != nil {
            guard let owner = Self.entry("\(place).timer")?.jobPath, owner == jobPath else {
                throw CommandFailure(
                    .cannotCreateOutput,
                    "\(place).timer is not of this job; give the job another `name`, or remove that one first"
                )
            }
        }
        try WholeFile.write(service, to: "\(place).service", mode: 0o644)
        try WholeFile.write(timer, to: "\(place).timer", mode: 0o644)
        try Self.systemctl("daemon-reload")
        try Self.systemctl("enable", "--now", "\(unit).timer")
    }

    /// Stops the timers of a job and removes its units; `false` if there are none.
    static func remove(jobPath: String) throws -> Bool {
        let entries = try entries().filter { $0.jobPath == jobPath }
        for entry in entries {
            try systemctl("disable", "--now", "\(entry.unit).timer")
            for suffix in ["timer", "service"] { unlink("\(try UserFolders.units())/\(entry.unit).\(suffix)") }
        }
        if !entries.isEmpty { try systemctl("daemon-reload") }
        return !entries.isEmpty
    }

    struct Entry {
        let unit: String
        let name: String
        let jobPath: String
        let schedule: String
    }

    /// The jobs that have timers.
    static func entries() throws -> [Entry] {
        let folder = try UserFolders.units()
        return FolderListing.names(in: folder).filter { $0.hasPrefix("genbatch-") && $0.hasSuffix(".timer") }.sorted()
            .compactMap { entry("\(folder)/\($0)") }
    }

    private static func entry(_ path: String) -> Entry? {
        let lines = (WholeFile.read(path) ?? "").split(separator: "\n", maxSplits: 2)
        let (begin, schedule) = (ScheduledRun.marker + "begin ", ScheduledRun.marker + "schedule ")
        guard lines.count == 3, lines[0].hasPrefix(begin), lines[1].hasPrefix(schedule),
            let slash = lines[0].firstIndex(of: "/"), let file = path.split(separator: "/").last
        else { return nil }
        return Entry(
            unit: String(file.dropLast(".timer".count)),
            name: String(lines[0][..<slash].dropFirst(begin.count).dropLast()),
            jobPath: String(lines[0][slash...]),
            schedule: String(lines[1].dropFirst(schedule.count))
        )
    }

    private static func systemctl(_ words: String...) throws {
        let outcome = try ChildProgram.run(["systemctl", "--user"] + words)
        guard outcome.status == 0 else {
            let said = outcome.errors.split(whereSeparator: \.isNewline).joined(separator: "; ")
            throw CommandFailure(
                .unusableConfiguration,
                "`systemctl --user \(words.joined(separator: " "))` ended with \(outcome.status) and said: \(said)"
            )
        }
    }

    private static func text(_ lines: [String]) -> String {
        lines.joined(separator: "\n") + "\n"
    }

    /// Percent signs stand for something in units.
    private static func literal(_ text: String) -> String {
        text.replacing("%", with: "%%")
    }

    private static func quoted(_ word: String) -> String {
        let text = literal(word).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("$", with: "$$")
        return word == text && ShellWord.quoted(word) == word ? word : "\"\(text)\""
    }
}

extension SystemdTimer {
    /// The times in systemd's words; two if either of two fields of days is enough.
    static func calendar(_ schedule: JobSchedule) -> [String] {
        let cron = schedule.cron
        let zone = schedule.timeZone.map { " \($0)" } ?? ""
        let time = "\(list(cron.hour, 24)):\(list(cron.minute, 60)):00\(zone)"
        let (month, day) = (list(cron.month, 12), list(cron.day, 31))
        let weekdays = weekdays(cron.weekday)
        guard !cron.day.hasStar, !cron.weekday.hasStar else { return ["\(weekdays)*-\(month)-\(day) \(time)"] }
        return ["*-\(month)-\(day) \(time)", "\(weekdays)*-\(month)-* \(time)"]
    }

    private static func list(_ field: CronField, _ count: Int) -> String {
        guard field.numbers.count < count else { return "*" }
        return field.numbers.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ",")
    }

    private static func weekdays(_ field: CronField) -> String {
        guard field.numbers.count < 7 else { return "" }
        let names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        return field.numbers.map { names[$0] }.joined(separator: ",") + " "
    }
}
