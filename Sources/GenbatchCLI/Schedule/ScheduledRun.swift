internal import ArgumentParser
internal import BatchCore
internal import Foundation
internal import JobFiles

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A job that is to run by itself: when, and with which command.
struct ScheduledRun {
    /// The first words of the lines in a crontab or unit that say whose it is.
    static let marker = "# genbatch: "

    let name: String
    /// Absolute, links kept: a link may be moved to another version.
    let jobPath: String
    let schedule: JobSchedule
    let zone: TimeZoneRules
    /// The folder that relative paths among the options of the run start from; `nil` if there are no such options.
    let folder: String?
    let words: [String]

    /// - Throws: A ``CommandFailure`` or ``JobFileError`` if the job cannot be run in this way.
    init(_ jobFile: String, _ options: ScheduleOptions) throws {
        let job = try JobFile.settings(path: jobFile).job
        guard let schedule = job.schedule else {
            throw CommandFailure(
                .invalidJob,
                "\(jobFile) does not say when it is to run; add for example: schedule: {cron: \"15 2 * * *\"}"
            )
        }
        name = job.name
        jobPath = Self.absolute(jobFile)
        self.schedule = schedule
        zone = try Self.rules(of: schedule)
        folder = options.runOptions.isEmpty ? nil : FileManager.default.currentDirectoryPath
        let key = options.keyFile.map { ["--key-file", Self.absolute($0)] } ?? []
        let arguments = [jobPath, "--quiet", "--skip-if-running"] + key + options.runOptions
        try Self.checkKey(Self.command(arguments).options.connection, job, options.keyFile)
        words = [try Self.program(), "run"] + arguments
        guard !(words + [name]).contains(where: { $0.contains(where: \.isNewline) }) else {
            throw CommandFailure(.wrongUsage, "a line break in a path or option cannot be scheduled; rename the file")
        }
    }

    /// When it runs next, for people: in the job's time zone.
    func nextTimes(count: Int = 5) -> [String] {
        let name = schedule.timeZone ?? TimeZoneDatabase.machine().name
        return schedule.cron.moments(after: SystemClock().unixMilliseconds() / 1000, in: zone, count: count)
            .map { "\(zone.wallTime(at: $0)) \(Self.offset(zone.offset(at: $0))) \(name)" }
    }

    /// The schedule as the job file has it.
    var scheduleText: String { Self.text(of: schedule) }

    static func text(of schedule: JobSchedule) -> String {
        schedule.cron.text + (schedule.timeZone.map { " in \($0)" } ?? "")
    }

    /// The rules of the schedule's time zone.
    static func rules(of schedule: JobSchedule) throws -> TimeZoneRules {
        guard let name = schedule.timeZone else { return TimeZoneDatabase.machine().rules }
        do {
            return try TimeZoneDatabase.rules(of: name)
        } catch {
            throw CommandFailure(.unusableConfiguration, error.description)
        }
    }

    static func absolute(_ path: String) -> String {
        let whole = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        return URL(fileURLWithPath: whole).standardizedFileURL.path
    }

    /// The command as it will be read then.
    private static func command(_ arguments: [String]) throws -> RunCommand {
        do {
            return try RunCommand.parse(arguments)
        } catch {
            let reason = RunCommand.message(for: error)
            throw CommandFailure(.wrongUsage, "the options after -- do not suit a scheduled run: \(reason)")
        }
    }

    /// Nobody is there at night to say that there is no key.
    private static func checkKey(_ connection: ConnectionOptions, _ job: Job, _ keyFile: String?) throws {
        if let keyFile {
            _ = try KeyFile.read(keyFile)
            return
        }
        let isSignIn = (connection.backend ?? job.backend?.kind) == .vertex
        guard !isSignIn, connection.keyFile == nil, !connection.simulate else { return }
        throw CommandFailure(
            .unusableConfiguration,
            "a scheduled run has no key: neither cron nor systemd loads your shell profile; put the key into a file that "
                + "only you can read and add --key-file FILE"
        )
    }

    private static func program() throws -> String {
        guard let path = Bundle.main.executableURL?.path, path.hasPrefix("/") else {
            throw CommandFailure(.internalError, "cannot find out where genbatch itself is")
        }
        return path
    }

    private static func offset(_ seconds: Int) -> String {
        let minutes = abs(seconds) / 60
        let digits = [minutes / 60, minutes % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return (seconds < 0 ? "-" : "+") + digits.joined(separator: ":")
    }
}

/// The folders of a user, by the XDG base directory specification: relative ones do not count.
enum UserFolders {
    static func state() throws -> String { try folder("XDG_STATE_HOME", "/.local/state") + "/genbatch" }

    static func units() throws -> String { try folder("XDG_CONFIG_HOME", "/.config") + "/systemd/user" }

    private static func folder(_ variable: String, _ belowHome: String) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        if let folder = environment[variable], folder.hasPrefix("/") { return folder }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw CommandFailure(.unusableConfiguration, "HOME is not set; set it, or \(variable)")
        }
        return home + belowHome
    }
}
