import BatchCore
import Foundation
import Testing

@Suite("Time zones")
struct TimeZoneRulesTests {
    static let names = [
        "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "Africa/Casablanca",
        "Asia/Kolkata", "Asia/Tehran", "Asia/Gaza", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham",
        "America/Nuuk", "Antarctica/Troll", "Etc/UTC",
    ]

    static func rules(_ name: String) throws -> TimeZoneRules {
        let bytes = try #require(FileManager.default.contents(atPath: "/usr/share/zoneinfo/\(name)"))
        return try #require(TimeZoneRules(tzif: Array(bytes)), "\(name)")
    }

    static func seconds(_ rfc3339: String) throws -> Int64 {
        try #require(Timestamp.unixMilliseconds(rfc3339: rfc3339)) / 1000
    }

    private static func moments(
        _ cron: String,
        in zone: String,
        after start: String,
        count: Int
    ) throws -> [String] {
        let moments = try CronExpression(parsing: cron)
            .moments(after: seconds(start), in: rules(zone), count: count)
        return moments.map { String(Timestamp.rfc3339(unixMilliseconds: $0 * 1000).prefix(16)) }
    }

    @Test("offsets are those that the system's own reader finds, past and to come", arguments: names)
    func findsOffsets(name: String) throws {
        let rules = try Self.rules(name)
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let times = stride(from: 1_000_000_000, to: 2_600_000_000, by: 1_234_567).map { $0 }
        process.arguments = ["TZ=\(name)", "date", "-f", "-", "+%s %z"]
        let input = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(times.map { "@\($0)\n" }.joined().utf8))
        try input.fileHandleForWriting.close()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines.count == times.count)
        for (time, line) in zip(times, lines) {
            let digits = line.suffix(4)
            let minutes = (Int(digits.prefix(2)) ?? 0) * 60 + (Int(digits.suffix(2)) ?? 0)
            let expected = line.contains("-") ? -minutes : minutes
            #expect(rules.offset(at: Int64(time)) / 60 == expected, "\(line)")
        }
    }

    @Test("changes of the clocks are found from the table and from the rule for later years")
    func findsChanges() throws {
        let berlin = try Self.rules("Europe/Berlin")
        for year in [2026, 2055] {
            let start = try Self.seconds("\(year)-01-01T00:00:00Z")
            let first = try #require(berlin.nextChange(after: start))
            let second = try #require(berlin.nextChange(after: first))
            #expect(berlin.offset(at: first - 1) == 3600 && berlin.offset(at: first) == 7200)
            #expect(berlin.offset(at: second) == 3600)
            #expect(berlin.wallTime(at: first) == WallTime(year, 3, year == 2026 ? 29 : 28, 3, 0))
        }
        #expect(try Self.rules("Asia/Kolkata").nextChange(after: Self.seconds("2026-01-01T00:00:00Z")) == nil)
    }

    // Fault matrix: F40.
    @Test("a time that the clocks leave out comes right after the jump")
    func firesAtJump() throws {
        #expect(
            try Self.moments("15 2 * * *", in: "Europe/Berlin", after: "2026-03-28T12:00:00Z", count: 3)
                == ["2026-03-29T01:00", "2026-03-30T00:15", "2026-03-31T00:15"]
        )
        // Two of them are one run.
        #expect(
            try Self.moments("15,45 2 * * *", in: "Europe/Berlin", after: "2026-03-28T12:00:00Z", count: 2)
                == ["2026-03-29T01:00", "2026-03-30T00:15"]
        )
    }

    // Fault matrix: F40.
    @Test("a time that comes twice counts once, unless every hour counts")
    func firesOnceInOverlap() throws {
        #expect(
            try Self.moments("15 2 * * *", in: "Europe/Berlin", after: "2026-10-24T12:00:00Z", count: 2)
                == ["2026-10-25T00:15", "2026-10-26T01:15"]
        )
        // Asked between the two.
        #expect(
            try Self.moments("15 2 * * *", in: "Europe/Berlin", after: "2026-10-25T00:20:00Z", count: 1)
                == ["2026-10-26T01:15"]
        )
        #expect(
            try Self.moments("0,30 * * * *", in: "Europe/Berlin", after: "2026-10-25T00:00:00Z", count: 4)
                == ["2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-25T02:00"]
        )
        #expect(
            try Self.moments("0 * * * *", in: "Europe/Berlin", after: "2026-03-29T00:00:00Z", count: 2)
                == ["2026-03-29T01:00", "2026-03-29T02:00"]
        )
    }

    @Test("zones with the same rules differ by as much all year, others do not")
    func comparesZones() throws {
        let start = try Self.seconds("2026-11-23T00:00:00Z")
        let berlin = try Self.rules("Europe/Berlin")
        #expect(berlin.constantDifference(to: try Self.rules("Europe/Paris"), from: start) == 0)
        #expect(berlin.constantDifference(to: try Self.rules("Europe/London"), from: start) == -3600)
        #expect(berlin.constantDifference(to: .utc, from: start) == nil)
        #expect(berlin.constantDifference(to: try Self.rules("America/New_York"), from: start) == nil)
        #expect(try Self.rules("Asia/Kolkata").constantDifference(to: .utc, from: start) == -19_800)
    }

    @Test("a file that is cut short or something else is refused")
    func refusesOthers() throws {
        let bytes = Array(try #require(FileManager.default.contents(atPath: "/usr/share/zoneinfo/Europe/Berlin")))
        for count in stride(from: 0, to: bytes.count, by: 7) {
            #expect(TimeZoneRules(tzif: Array(bytes[..<count])) == nil, "\(count)")
        }
        #expect(TimeZoneRules(tzif: Array("Europe/Berlin".utf8)) == nil)
    }
}
