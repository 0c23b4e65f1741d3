#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A user's crontab, of which only the lines between genbatch's own marks are ever changed.
struct Crontab {
    /// A job that it runs.
    struct Entry {
        let name: String
        let jobPath: String
        let schedule: String
        fileprivate let lines: Range<Int>
    }

    private static let begin = ScheduledRun.marker + "begin "
    private static let end = ScheduledRun.marker + "end "
    private static let schedule = ScheduledRun.marker + "schedule "

    /// Bytes, since other lines may be in any encoding.
    private(set) var lines: [ArraySlice<UInt8>]

    init(_ bytes: [UInt8]) {
        lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // What follows the last line break is no line.
        if lines.last?.isEmpty == true { lines.removeLast() }
    }

    var bytes: [UInt8] { Array(lines.map { $0 + [UInt8(ascii: "\n")] }.joined()) }

    /// The jobs that it runs.
    ///
    /// - Throws: A ``CommandFailure`` if a mark has no partner.
    func entries() throws -> [Entry] {
        var entries: [Entry] = []
        var start: (line: Int, identity: String)?
        var schedule = ""
        for (number, line) in lines.enumerated() {
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix(Self.begin) {
                guard start == nil else { throw Self.damaged(line: number) }
                start = (number, String(text.dropFirst(Self.begin.count)))
                schedule = ""
            } else if text.hasPrefix(Self.end) {
                guard let begun = start, begun.identity == text.dropFirst(Self.end.count) else {
                    throw Self.damaged(line: number)
                }
                entries.append(Self.entry(begun.identity, schedule, begun.line..<(number + 1)))
                start = nil
            } else if text.hasPrefix(Self.schedule) {
                schedule = String(text.dropFirst(Self.schedule.count))
            }
        }
        if let start { throw Self.damaged(line: start.line) }
        return entries
    }

    /// Puts a job where it was, or at the end.
    mutating func put(_ block: CronBlock) throws {
        let old = try entries().filter { $0.jobPath == block.jobPath }
        let place = old.first?.lines.lowerBound ?? lines.count
        for entry in old.reversed() { lines.removeSubrange(entry.lines) }
        lines.insert(contentsOf: block.lines.map { Array($0.utf8)[...] }, at: place)
    }

    /// Takes a job out; `false` if it is not in.
    mutating func remove(jobPath: String) throws -> Bool {
        let old = try entries().filter { $0.jobPath == jobPath }
        for entry in old.reversed() { lines.removeSubrange(entry.lines) }
        return !old.isEmpty
    }

    /// A name holds no slash, and a path begins with one.
    private static func entry(_ identity: String, _ schedule: String, _ lines: Range<Int>) -> Entry {
        let slash = identity.firstIndex(of: "/") ?? identity.endIndex
        let name = identity[..<slash].dropLast()
        return Entry(name: String(name), jobPath: String(identity[slash...]), schedule: schedule, lines: lines)
    }

    private static func damaged(line: Int) -> CommandFailure {
        CommandFailure(
            .unusableConfiguration,
            "line \(line + 1) of the crontab is a mark of genbatch without its partner; mend it with `crontab -e`"
        )
    }
}

extension Crontab {
    /// The user's, as it is now.
    ///
    /// - Throws: A ``CommandFailure`` if it cannot be read.
    static func load() throws -> Crontab {
        let outcome = try run(["crontab", "-l"])
        if outcome.status != 0 {
            guard outcome.errors.hasPrefix("no crontab for") else { throw failure("read", outcome) }
            return Crontab([])
        }
        return Crontab(outcome.output)
    }

    /// Whether there is a program to ask for it.
    static var isAvailable: Bool {
        (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":")
            .contains { access("\($0)/crontab", X_OK) == 0 }
    }

    /// Changes the user's while no other genbatch does; `crontab` replaces it whole or not at all.
    static func change<Result>(_ body: (inout Crontab) throws -> Result) throws -> Result {
        let folder = try UserFolders.state()
        try WholeFile.createFolder(folder)
        let lock = open("\(folder)/crontab.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX) == 0 else {
            throw CommandFailure(
                .cannotCreateOutput,
                "cannot lock \(folder)/crontab.lock: \(String(cString: strerror(errno)))"
            )
        }
        defer { close(lock) }
        var crontab = try load()
        let before = crontab.lines
        let result = try body(&crontab)
        guard crontab.lines != before else { return result }
        let outcome = try run(["crontab", "-"], input: crontab.bytes)
        guard outcome.status == 0 else { throw failure("write", outcome) }
        return result
    }

    private static func run(_ words: [String], input: [UInt8] = []) throws -> ChildProgram.Outcome {
        guard isAvailable else {
            throw CommandFailure(
                .unusableConfiguration,
                "there is no program `crontab` in PATH; install cron, or use --systemd"
            )
        }
        return try ChildProgram.run(words, input: input)
    }

    private static func failure(_ operation: String, _ outcome: ChildProgram.Outcome) -> CommandFailure {
        let words = outcome.errors.split(whereSeparator: \.isNewline).joined(separator: "; ")
        return CommandFailure(
            .inputOutputError,
            "cannot \(operation) the crontab: `crontab` ended with \(outcome.status) and said: \(words)"
        )
    }
}
