/// When a job runs, as crontabs write it: minute, hour, day of the month, month, day of the week; or `@daily` and the like.
///
/// It knows neither zone nor clock: it is given the time and names the next one.
package struct CronExpression: Sendable, Equatable {
    private static let nicknames = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]
    private static let kinds: [CronField.Kind] = [.minute, .hour, .day, .month, .weekday]
    /// After so many years every date has come that ever comes: 29 February on each day of the week.
    private static let horizonYears = 40

    package let text: String
    package let minute: CronField
    package let hour: CronField
    package let day: CronField
    package let month: CronField
    package let weekday: CronField

    /// Reads an expression.
    ///
    /// - Throws: A ``CronError`` that says what is wrong and where, also if no day is ever named.
    package init(parsing text: String) throws(CronError) {
        self.text = text
        let fields = try Self.fields(of: text)
        minute = fields[0]
        hour = fields[1]
        day = fields[2]
        month = fields[3]
        weekday = fields[4]
        guard next(after: WallTime(2000, 1, 1)) != nil else {
            throw CronError("there is no day \(day.text) in month \(month.text), so it would never run", column: 1)
        }
    }

    private static func fields(of text: String) throws(CronError) -> [CronField] {
        let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        if let name = words.first, name.hasPrefix("@") {
            let column = column(of: name, in: text)
            guard words.count == 1, let meaning = nicknames[name.lowercased()] else {
                throw CronError(
                    "\"\(words.joined(separator: " "))\" names no time of the day; "
                        + "there are @hourly, @daily, @weekly, @monthly and @yearly",
                    column: column
                )
            }
            return try fields(of: meaning)
        }
        guard words.count == kinds.count else {
            let place = words.count > kinds.count ? column(of: words[kinds.count], in: text) : max(1, text.count)
            throw CronError(
                "there must be five fields (minute, hour, day of the month, month, day of the week), not \(words.count)",
                column: place
            )
        }
        var fields: [CronField] = []
        for (word, kind) in zip(words, kinds) {
            fields.append(try CronField(word, kind, column: column(of: word, in: text)))
        }
        return fields
    }

    private static func column(of word: Substring, in text: String) -> Int {
        text.distance(from: text.startIndex, to: word.startIndex) + 1
    }

    /// The first minute after another that the expression names; `nil` if none ever comes.
    package func next(after time: WallTime) -> WallTime? {
        var time = WallTime(clockSeconds: time.clockSeconds + 60)
        let lastYear = time.year + Self.horizonYears
        while time.year <= lastYear {
            guard let month = month.numbers.first(where: { $0 >= time.month }) else {
                time = WallTime(time.year + 1, 1, 1)
                continue
            }
            if month > time.month { time = WallTime(time.year, month, 1) }
            guard fires(onDayOf: time), let found = timeOfDay(from: time) else {
                time = Self.startOfNextDay(time)
                continue
            }
            return found
        }
        return nil
    }

    /// As in Vixie's cron: if both fields of days say something, one of them is enough.
    private func fires(onDayOf time: WallTime) -> Bool {
        let (isDay, isWeekday) = (day.numbers.contains(time.day), weekday.numbers.contains(time.weekday))
        return day.hasStar || weekday.hasStar ? isDay && isWeekday : isDay || isWeekday
    }

    private func timeOfDay(from time: WallTime) -> WallTime? {
        for hour in hour.numbers where hour >= time.hour {
            let earliest = hour == time.hour ? time.minute : 0
            if let minute = minute.numbers.first(where: { $0 >= earliest }) {
                return WallTime(time.year, time.month, time.day, hour, minute)
            }
        }
        return nil
    }

    private static func startOfNextDay(_ time: WallTime) -> WallTime {
        if time.day < WallTime.daysInMonth(time.month, of: time.year) {
            return WallTime(time.year, time.month, time.day + 1)
        }
        return time.month < 12 ? WallTime(time.year, time.month + 1, 1) : WallTime(time.year + 1, 1, 1)
    }
}
