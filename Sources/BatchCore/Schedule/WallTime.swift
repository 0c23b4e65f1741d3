/// A minute as a clock on the wall shows it: which moment that is depends on where the wall stands.
package struct WallTime: Sendable, Hashable, Comparable {
    package var year: Int
    /// From 1.
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int

    package init(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
    }

    /// The minute that a clock shows, so many seconds after 1970 began on it.
    package init(clockSeconds: Int64) {
        let minutes = clockSeconds.flooredDivision(by: 60)
        let days = minutes.flooredDivision(by: 1440)
        let date = Timestamp.civilDate(daysSince1970: days)
        let inDay = Int(minutes - days * 1440)
        self.init(Int(date.year), Int(date.month), Int(date.day), inDay / 60, inDay % 60)
    }

    /// Seconds since 1970 began on the same clock.
    package var clockSeconds: Int64 {
        daysSince1970 * 86_400 + Int64(hour * 3600 + minute * 60)
    }

    /// 0 is Sunday.
    package var weekday: Int {
        // The first day of 1970 was a Thursday.
        Int((daysSince1970 + 4) - (daysSince1970 + 4).flooredDivision(by: 7) * 7)
    }

    private var daysSince1970: Int64 {
        Timestamp.daysSince1970(year: Int64(year), month: Int64(month), day: Int64(day))
    }

    package static func < (left: WallTime, right: WallTime) -> Bool {
        (left.year, left.month, left.day, left.hour, left.minute)
            < (right.year, right.month, right.day, right.hour, right.minute)
    }

    static func daysInMonth(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension WallTime: CustomStringConvertible {
    /// For example `2026-11-23 02:15`.
    package var description: String {
        let numbers = [(year, 4), (month, 2), (day, 2), (hour, 2), (minute, 2)]
        let texts = numbers.map { Timestamp.padded(Int64($0.0), $0.1) }
        return "\(texts[0])-\(texts[1])-\(texts[2]) \(texts[3]):\(texts[4])"
    }
}

extension Int64 {
    /// Rounded down, also below zero.
    func flooredDivision(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
