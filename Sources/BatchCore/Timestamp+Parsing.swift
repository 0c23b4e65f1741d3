extension Timestamp {
    /// The moment that a text in the manner of RFC 3339 names, in whole milliseconds; `nil` if it names none.
    package static func unixMilliseconds(rfc3339 text: String) -> Int64? {
        var rest = text.utf8[...]
        guard let year = number(4, from: &rest, then: "-"), let month = number(2, from: &rest, then: "-"),
            let day = number(2, from: &rest, then: "Tt "), let hours = number(2, from: &rest, then: ":"),
            let minutes = number(2, from: &rest, then: ":"), let seconds = number(2, from: &rest),
            (1...12).contains(month), (1...31).contains(day), hours < 24, minutes < 60, seconds <= 60
        else { return nil }
        var milliseconds: Int64 = 0
        if rest.first == UInt8(ascii: ".") {
            let digits = Array(rest.dropFirst().prefix(while: isDigit))
            rest = rest.dropFirst(1 + digits.count)
            milliseconds = (digits + [0x30, 0x30, 0x30]).prefix(3).reduce(0) { $0 * 10 + Int64($1) - 48 }
        }
        guard let offset = offsetInMinutes(rest) else { return nil }
        let days = daysSince1970(year: year, month: month, day: day)
        return ((days * 24 + hours) * 60 + minutes - offset) * 60_000 + seconds * 1000 + milliseconds
    }

    /// `Z`, or hours and minutes ahead of UTC with their sign.
    private static func offsetInMinutes(_ text: Substring.UTF8View) -> Int64? {
        if text.elementsEqual("Z".utf8) || text.elementsEqual("z".utf8) { return 0 }
        var rest = text.dropFirst()
        guard let sign = text.first, "+-".utf8.contains(sign), let hours = number(2, from: &rest, then: ":"),
            let minutes = number(2, from: &rest), rest.isEmpty
        else { return nil }
        return (hours * 60 + minutes) * (sign == UInt8(ascii: "-") ? -1 : 1)
    }

    /// Takes a number of so many digits, and one of the characters that may follow it.
    private static func number(
        _ count: Int,
        from rest: inout Substring.UTF8View,
        then separators: String = ""
    ) -> Int64? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy(isDigit) else { return nil }
        rest = rest.dropFirst(count)
        if !separators.isEmpty {
            guard let separator = rest.popFirst(), separators.utf8.contains(separator) else { return nil }
        }
        return digits.reduce(0) { $0 * 10 + Int64($1) - 48 }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte)
    }

    /// The other way round, by the same method.
    static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
