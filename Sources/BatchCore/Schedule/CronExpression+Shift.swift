extension CronExpression {
    /// The same times on clocks that are set ahead by so many seconds, or behind if negative, as five fields.
    ///
    /// `nil` if five fields cannot say it.
    package func fields(shiftedBySeconds seconds: Int) -> String? {
        guard seconds != 0 else { return fields(minute.text, hour.text, weekday.text) }
        guard seconds.isMultiple(of: 60) else { return nil }
        let shift = seconds / 60
        let times = hour.numbers.flatMap { hour in minute.numbers.map { hour * 60 + $0 + shift } }
        let days = Set(times.map { Int(Int64($0).flooredDivision(by: 1440)) })
        guard let weekdays = weekdays(shiftedBy: days) else { return nil }
        let inDay = Set(times.map { ($0 % 1440 + 1440) % 1440 })
        let (hours, minutes) = (Set(inDay.map { $0 / 60 }), Set(inDay.map { $0 % 60 }))
        // 2:40 and 3:10, half an hour later, are no longer every named minute of every named hour.
        guard hours.count * minutes.count == inDay.count else { return nil }
        return fields(
            minutes == Set(minute.numbers) ? minute.text : Self.list(minutes),
            hours == Set(hour.numbers) ? hour.text : Self.list(hours),
            weekdays
        )
    }

    /// The days of the week, if all times move by the same number of days; `nil` if the fields cannot say it.
    private func weekdays(shiftedBy days: Set<Int>) -> String? {
        let isEveryDate = day.hasStar && day.isFull(.day) && month.isFull(.month)
        if days == [0] || isEveryDate && weekday.isFull(.weekday) { return weekday.text }
        guard isEveryDate, days.count == 1, let shift = days.first else { return nil }
        return Self.list(Set(weekday.numbers.map { ($0 + shift + 7) % 7 }))
    }

    private func fields(_ minute: String, _ hour: String, _ weekday: String) -> String {
        "\(minute) \(hour) \(day.text) \(month.text) \(weekday)"
    }

    private static func list(_ numbers: Set<Int>) -> String {
        numbers.sorted().map(String.init).joined(separator: ",")
    }
}
