/// A day as Google's daily quotas and bills count it: from midnight to midnight in California.
///
/// It knows the rule of daylight saving time that the United States have had since 2007 (from the second Sunday of March,
/// 2:00, to the first Sunday of November, 2:00), so that it needs no time zones of the machine, which may be missing.
package struct PacificDay: Sendable, Hashable, Comparable {
    private static let hour: Int64 = 3_600_000
    private static let day: Int64 = 24 * hour

    /// The date as the number of days since 1970-01-01.
    private let number: Int64

    private init(number: Int64) {
        self.number = number
    }

    /// The day that a moment is in.
    ///
    /// - Parameter unixMilliseconds: Unix time.
    package init(containing unixMilliseconds: Int64) {
        // By standard time, which is at most an hour behind: it can only be too early by one.
        let inStandardTime = unixMilliseconds - 8 * Self.hour
        let days = (inStandardTime - Self.remainder(inStandardTime, Self.day)) / Self.day
        let candidate = PacificDay(number: days)
        self = unixMilliseconds < candidate.endsAt ? candidate : candidate.next
    }

    /// Unix time in milliseconds at which it begins.
    package var startsAt: Int64 {
        number * Self.day + (startsInDaylightTime ? 7 : 8) * Self.hour
    }

    /// Unix time in milliseconds at which the next day begins: 23, 24 or 25 hours after its start.
    package var endsAt: Int64 { next.startsAt }

    /// The first day of its month.
    package var firstOfMonth: PacificDay { PacificDay(number: number - date.day + 1) }

    /// For example `2026-11`.
    package var month: String { String(description.prefix(7)) }

    package static func < (left: PacificDay, right: PacificDay) -> Bool {
        left.number < right.number
    }

    private var next: PacificDay { PacificDay(number: number + 1) }

    private var date: (year: Int64, month: Int64, day: Int64) { Timestamp.civilDate(daysSince1970: number) }

    /// The clocks are changed two hours after midnight, so a day of change still begins in the old time.
    private var startsInDaylightTime: Bool {
        let year = date.year
        let begin = Self.sunday(2, year: year, month: 3)
        let end = Self.sunday(1, year: year, month: 11)
        return begin < number && number <= end
    }

    /// The date of a Sunday of a month, counted from 1.
    private static func sunday(_ ordinal: Int64, year: Int64, month: Int64) -> Int64 {
        let first = Timestamp.daysSince1970(year: year, month: month, day: 1)
        // The first day of 1970 was a Thursday, three days after which the count of weeks begins.
        return first + remainder(3 - first, 7) + 7 * (ordinal - 1)
    }

    /// At least 0, also for times before 1970.
    private static func remainder(_ number: Int64, _ divisor: Int64) -> Int64 {
        ((number % divisor) + divisor) % divisor
    }
}

extension PacificDay: CustomStringConvertible {
    /// For example `2026-11-22`.
    package var description: String {
        let (year, month, day) = date
        return "\(Timestamp.padded(year, 4))-\(Timestamp.padded(month, 2))-\(Timestamp.padded(day, 2))"
    }
}
