import BatchCore
import Foundation
import Testing

@Suite("Days in California")
struct PacificDayTests {
    private static let hour: Int64 = 3_600_000

    /// A moment that a text in the manner of RFC 3339 names.
    private func moment(_ text: String) throws -> Int64 {
        try #require(Timestamp.unixMilliseconds(rfc3339: text))
    }

    // Fault matrix: F40.
    @Test(
        "half a minute before midnight a quota comes back in half a minute, also when the clocks change",
        arguments: [
            // The nights before and after both changes of three years.
            ("2026-03-07T23:59:30-08:00", "2026-03-07"), ("2026-03-08T23:59:30-07:00", "2026-03-08"),
            ("2026-10-31T23:59:30-07:00", "2026-10-31"), ("2026-11-01T23:59:30-08:00", "2026-11-01"),
            ("2027-03-13T23:59:30-08:00", "2027-03-13"), ("2027-03-14T23:59:30-07:00", "2027-03-14"),
            ("2027-11-06T23:59:30-07:00", "2027-11-06"), ("2027-11-07T23:59:30-08:00", "2027-11-07"),
            ("2032-03-13T23:59:30-08:00", "2032-03-13"), ("2032-03-14T23:59:30-07:00", "2032-03-14"),
            ("2032-11-06T23:59:30-07:00", "2032-11-06"), ("2032-11-07T23:59:30-08:00", "2032-11-07"),
        ]
    )
    func resetsAtMidnight(text: String, date: String) throws {
        let now = try moment(text)
        let day = PacificDay(containing: now)
        #expect(day.description == date)
        #expect(day.endsAt == now + 30_000)
        // Never twice, never skipped: the next day begins there, and ends a day later.
        let next = PacificDay(containing: day.endsAt)
        #expect(next > day)
        #expect(next.startsAt == day.endsAt)
        #expect(PacificDay(containing: day.endsAt - 1) == day)
    }

    @Test(
        "days of change have 23 and 25 hours",
        arguments: [
            ("2026-03-08T12:00:00-07:00", 23), ("2026-11-01T12:00:00-08:00", 25), ("2026-11-22T12:00:00-08:00", 24),
            ("2026-03-07T12:00:00-08:00", 24), ("2026-03-09T12:00:00-07:00", 24), ("2026-10-31T12:00:00-07:00", 24),
            ("2028-02-29T12:00:00-08:00", 24),
        ] as [(String, Int64)]
    )
    func lengths(text: String, hours: Int64) throws {
        let day = PacificDay(containing: try moment(text))
        #expect(day.endsAt - day.startsAt == hours * Self.hour)
    }

    @Test("every half hour from 2007 to 2037 is in the day that the system's time zones tell")
    func agreesWithTimeZones() throws {
        let zone = try #require(TimeZone(identifier: "America/Los_Angeles"))
        var time = try moment("2007-01-01T08:00:00Z")
        let end = try moment("2038-01-01T08:00:00Z")
        var wrong: [Int64] = []
        while time < end {
            let offset = Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time / 1000)))) * 1000
            let expected = Timestamp.rfc3339(unixMilliseconds: time + offset).prefix(10)
            let day = PacificDay(containing: time)
            if day.description != expected || !(day.startsAt...day.endsAt - 1).contains(time) {
                wrong.append(time)
            }
            time += Self.hour / 2
        }
        #expect(wrong == [])
    }

    @Test("days follow one another without a gap, through leap days and turns of the year")
    func follow() throws {
        var day = PacificDay(containing: try moment("2007-01-01T12:00:00Z"))
        for _ in 0..<12_000 {
            let next = PacificDay(containing: day.endsAt)
            #expect(next.startsAt == day.endsAt && next > day && next.description > day.description)
            day = next
        }
        #expect(day.description == "2039-11-09")
    }

    @Test(
        "a day knows its month",
        arguments: [
            ("2026-11-01T06:59:59Z", "2026-10", "2026-10-01"), ("2026-11-01T07:00:00Z", "2026-11", "2026-11-01"),
            ("2027-01-01T07:59:59Z", "2026-12", "2026-12-01"), ("2028-03-01T07:59:59Z", "2028-02", "2028-02-01"),
        ]
    )
    func months(text: String, month: String, first: String) throws {
        let day = PacificDay(containing: try moment(text))
        #expect(day.month == month)
        #expect(day.firstOfMonth.description == first)
    }
}
