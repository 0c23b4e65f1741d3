import BatchCore
import Testing

@Suite("Cron expressions")
struct CronExpressionTests {
    private static func next(_ text: String, after time: WallTime, count: Int = 1) throws -> [String] {
        let cron = try CronExpression(parsing: text)
        var times: [WallTime] = []
        while times.count < count, let next = cron.next(after: times.last ?? time) { times.append(next) }
        return times.map(\.description)
    }

    @Test(
        "an expression names the minutes that cron would run at",
        arguments: [
            ("15 2 * * *", ["2026-11-24 02:15", "2026-11-25 02:15"]),
            ("*/20 * * * *", ["2026-11-23 02:20", "2026-11-23 02:40"]),
            ("0-30/15 9-10 * * *", ["2026-11-23 09:00", "2026-11-23 09:15", "2026-11-23 09:30", "2026-11-23 10:00"]),
            ("0 3 1 * *", ["2026-12-01 03:00", "2027-01-01 03:00"]),
            ("0 3 * * mon,WED", ["2026-11-23 03:00", "2026-11-25 03:00", "2026-11-30 03:00"]),
            ("0 3 * * 7", ["2026-11-29 03:00"]),
            ("0 3 * * fri-7", ["2026-11-27 03:00", "2026-11-28 03:00", "2026-11-29 03:00", "2026-12-04 03:00"]),
            ("30 4 29 feb *", ["2028-02-29 04:30", "2032-02-29 04:30"]),
            ("59 23 31 12 *", ["2026-12-31 23:59", "2027-12-31 23:59"]),
            ("15,2 2 * * *", ["2026-11-24 02:02", "2026-11-24 02:15"]),
            ("@hourly", ["2026-11-23 03:00"]),
            ("@daily", ["2026-11-24 00:00"]),
            ("@weekly", ["2026-11-29 00:00"]),
            ("@Monthly", ["2026-12-01 00:00"]),
            ("@yearly", ["2027-01-01 00:00", "2028-01-01 00:00"]),
        ]
    )
    func namesTimes(text: String, times: [String]) throws {
        #expect(try Self.next(text, after: WallTime(2026, 11, 23, 2, 15), count: times.count) == times)
    }

    @Test("of two fields of days one is enough, but with a star in either both must hold")
    func joinsDays() throws {
        let start = WallTime(2026, 11, 23)
        #expect(
            try Self.next("0 0 1,15 * fri", after: start, count: 4)
                == ["2026-11-27 00:00", "2026-12-01 00:00", "2026-12-04 00:00", "2026-12-11 00:00"]
        )
        // Odd days that are Fridays.
        #expect(
            try Self.next("0 0 */2 * fri", after: start, count: 2) == ["2026-11-27 00:00", "2026-12-11 00:00"]
        )
    }

    @Test(
        "what is wrong is told with its column",
        arguments: [
            ("60 2 * * *", 1, "the minute must be from 0 to 59, not \"60\""),
            ("15 2-25 * * *", 6, "the hour must be from 0 to 23, not \"25\""),
            ("15 2 * dez *", 8, "the month must be from 1 to 12 or a name such as feb, not \"dez\""),
            ("15 2 * * mon,tu", 14, "the day of the week must be from 0 to 7 or a name such as mon, not \"tu\""),
            ("*/0 2 * * *", 3, "the step of the minute must be from 1 to 59, not \"0\""),
            ("5/10 2 * * *", 1, "a step needs a range before it, as in */5 or 0-30/5"),
            ("30-10 2 * * *", 1, "the range 30-10 of the minute runs backwards; write it as a list"),
            ("15,,20 2 * * *", 4, "the minute must be from 0 to 59, not \"\""),
            (
                "15 2 * *", 8,
                "there must be five fields (minute, hour, day of the month, month, day of the week), not 4"
            ),
            (
                "0 15 2 * * *", 12,
                "there must be five fields (minute, hour, day of the month, month, day of the week), not 6"
            ),
            (
                " @reboot", 2,
                "\"@reboot\" names no time of the day; there are @hourly, @daily, @weekly, @monthly and @yearly"
            ),
            ("0 0 31 2,4 *", 1, "there is no day 31 in month 2,4, so it would never run"),
        ]
    )
    func refuses(text: String, column: Int, message: String) throws {
        let error = try #require(throws: CronError.self) { try CronExpression(parsing: text) }
        #expect(error.message == message)
        #expect(error.column == column)
    }

    @Test(
        "an expression is moved to clocks that are set ahead, or said to be impossible",
        arguments: [
            ("15 2 * * *", 0, "15 2 * * *"),
            ("15 2 * * *", -3600, "15 1 * * *"),
            ("15 2 * * *", -3 * 3600, "15 23 * * *"),
            ("15 2 * * mon-fri", -3 * 3600, "15 23 * * 0,1,2,3,4"),
            ("15 2 * * mon-fri", -3600, "15 1 * * mon-fri"),
            ("15 2 1 * *", -3 * 3600, nil),
            ("15 2 * jun *", -3 * 3600, nil),
            ("15 1,4 * * mon", -3 * 3600, nil),
            ("*/15 * * * *", 7200, "*/15 * * * *"),
            ("15 2 * * *", 19_800, "45 7 * * *"),
            ("0,45 2 * * *", 1800, nil),
            ("0,30 * * * *", 1800, "0,30 * * * *"),
            ("15 2 * * *", -1, nil),
        ] as [(String, Int, String?)]
    )
    func moves(text: String, seconds: Int, fields: String?) throws {
        #expect(try CronExpression(parsing: text).fields(shiftedBySeconds: seconds) == fields)
    }
}
