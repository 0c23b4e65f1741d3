/// A moment in Unix time as people and other programs read it.
package enum Timestamp {
    /// RFC 3339 in UTC with milliseconds, for example `2026-11-22T17:54:27.120Z`.
    package static func rfc3339(unixMilliseconds: Int64) -> String {
        let day: Int64 = 86_400_000
        let inDay = ((unixMilliseconds % day) + day) % day
        let (year, month, dayOfMonth) = civilDate(daysSince1970: (unixMilliseconds - inDay) / day)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
        let (hours, minutes) = (inDay / 3_600_000, inDay / 60_000 % 60)
        return
            "\(date)T\(padded(hours, 2)):\(padded(minutes, 2)):\(padded(inDay / 1000 % 60, 2)).\(padded(inDay % 1000, 3))Z"
    }

    /// The Gregorian date of a day, by the method of https://howardhinnant.github.io/date_algorithms.html: years begin
    /// in March there, so that the leap day is the last.
    static func civilDate(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
