/// Moments as RFC 3339 writes them.
enum Timestamp {
    /// A moment in UTC with milliseconds, for example `2026-11-22T17:33:05.120Z`.
    static func text(unixMilliseconds: Int64) -> String {
        let (days, milliseconds) = flooredDivision(unixMilliseconds, by: 86_400_000)
        let (year, month, day) = civilDate(daysSince1970: days)
        let (seconds, fraction) = (milliseconds / 1000, milliseconds % 1000)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let time = "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        return "\(date)T\(time).\(padded(fraction, 3))Z"
    }

    /// The date in the Gregorian calendar, after Howard Hinnant's `civil_from_days`.
    ///
    /// https://howardhinnant.github.io/date_algorithms.html
    private static func civilDate(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // Years of this calculation begin in March, so that a leap day is the last of its year.
        let (era, dayOfEra) = flooredDivision(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func flooredDivision(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func padded(_ number: Int64, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
