/// A time zone in the words of POSIX, such as `CET-1CEST,M3.5.0,M10.5.0/3`: the rule for all years to come.
struct PosixZone: Sendable, Equatable {
    private struct Summer: Sendable, Equatable {
        var offset: Int
        var start: Rule
        var end: Rule
    }

    /// A moment of every year, on the clocks that hold until then.
    private struct Rule: Sendable, Equatable {
        enum Day: Sendable, Equatable {
            /// The first, second … or last (5) such day of the week in a month.
            case weekday(month: Int, week: Int, weekday: Int)
            /// From 1; 29 February is never counted.
            case day(Int)
            /// From 0; 29 February is.
            case dayWithLeap(Int)
        }

        var day: Day
        /// From midnight; may be negative or days long.
        var seconds = 7200

        func clockSeconds(in year: Int) -> Int64 {
            let midnight: Int64
            switch day {
            case .weekday(let month, let week, let weekday):
                let first = WallTime(year, month, 1)
                let days = (weekday - first.weekday + 7) % 7 + (week - 1) * 7
                let isPast = days >= WallTime.daysInMonth(month, of: year)
                midnight = first.clockSeconds + Int64(isPast ? days - 7 : days) * 86_400
            case .day(let number):
                let isAfterLeapDay = number >= 60 && WallTime.daysInMonth(2, of: year) == 29
                midnight = WallTime(year, 1, 1).clockSeconds + Int64(isAfterLeapDay ? number : number - 1) * 86_400
            case .dayWithLeap(let number):
                midnight = WallTime(year, 1, 1).clockSeconds + Int64(number) * 86_400
            }
            return midnight + Int64(seconds)
        }
    }

    /// Seconds ahead of UTC.
    private let standardOffset: Int
    private let summer: Summer?

    /// `nil` if the text is not of this kind.
    init?(parsing text: String) {
        var reader = Reader(rest: Array(text.utf8)[...])
        guard reader.skipName(), let behind = reader.time() else { return nil }
        standardOffset = -behind
        guard !reader.rest.isEmpty else {
            summer = nil
            return
        }
        guard reader.skipName() else { return nil }
        var offset = standardOffset + 3600
        if reader.rest.first != UInt8(ascii: ",") {
            guard let behind = reader.time() else { return nil }
            offset = -behind
        }
        guard let start = Self.rule(&reader), let end = Self.rule(&reader), reader.rest.isEmpty else { return nil }
        summer = Summer(offset: offset, start: start, end: end)
    }

    func offset(at unixSeconds: Int64) -> Int {
        guard let summer else { return standardOffset }
        let year = WallTime(clockSeconds: unixSeconds).year
        let nearby = [year - 1, year, year + 1].flatMap { changes(in: $0, summer) }.sorted { $0.time < $1.time }
        return nearby.last { $0.time <= unixSeconds }?.offset ?? standardOffset
    }

    func nextChange(after unixSeconds: Int64) -> Int64? {
        guard let summer else { return nil }
        let year = WallTime(clockSeconds: unixSeconds).year
        return [year - 1, year, year + 1].flatMap { changes(in: $0, summer).map(\.time) }
            .filter { $0 > unixSeconds }.min()
    }

    private func changes(in year: Int, _ summer: Summer) -> [(time: Int64, offset: Int)] {
        [
            (summer.start.clockSeconds(in: year) - Int64(standardOffset), summer.offset),
            (summer.end.clockSeconds(in: year) - Int64(summer.offset), standardOffset),
        ]
    }

    private static func rule(_ reader: inout Reader) -> Rule? {
        guard reader.skip(","), let day = day(&reader) else { return nil }
        var rule = Rule(day: day)
        if reader.skip("/") {
            guard let seconds = reader.time() else { return nil }
            rule.seconds = seconds
        }
        return rule
    }

    private static func day(_ reader: inout Reader) -> Rule.Day? {
        if reader.skip("M") {
            guard let month = reader.number(in: 1...12), reader.skip("."), let week = reader.number(in: 1...5),
                reader.skip("."), let weekday = reader.number(in: 0...6)
            else { return nil }
            return .weekday(month: month, week: week, weekday: weekday)
        }
        if reader.skip("J") { return reader.number(in: 1...365).map { .day($0) } }
        return reader.number(in: 0...365).map { .dayWithLeap($0) }
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest = rest.dropFirst()
            return true
        }

        /// Letters, or anything in angle brackets.
        mutating func skipName() -> Bool {
            if skip("<") {
                guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
                rest = rest[(end + 1)...]
                return true
            }
            let letters = rest.prefix { (0x41...0x5A).contains($0 & 0xDF) }
            rest = rest.dropFirst(letters.count)
            return letters.count >= 3
        }

        mutating func number(in range: ClosedRange<Int>) -> Int? {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest.dropFirst(digits.count)
            guard (1...3).contains(digits.count) else { return nil }
            let number = digits.reduce(0) { $0 * 10 + Int($1) - 0x30 }
            return range.contains(number) ? number : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds; up to a week, as the database uses it.
        mutating func time() -> Int? {
            let sign = skip("-") ? -1 : 1
            if sign == 1 { _ = skip("+") }
            guard let hours = number(in: 0...167) else { return nil }
            var seconds = hours * 3600
            for unit in [60, 1] where skip(":") {
                guard let count = number(in: 0...59) else { return nil }
                seconds += count * unit
            }
            return sign * seconds
        }
    }
}
