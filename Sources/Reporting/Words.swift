internal import BatchCore

/// Numbers and times as the page shows them.
enum Words {
    /// In groups of three digits, for example `12,345`.
    static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) {
                text.append(",")
            }
            text.append(digit)
        }
        return text
    }

    static func count(_ number: Int, _ noun: String) -> String {
        "\(count(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// `nil` is unknown.
    static func count(_ number: Int?) -> String {
        number.map { count($0) } ?? "–"
    }

    /// About three digits, for axes: `0.25`, `7.5`, `120`, `12k` or `3.4M`.
    static func short(_ number: Double) -> String {
        switch number {
        case 999_500...: "\(digits(number / 1_000_000))M"
        case 9_995...: "\(digits(number / 1000))k"
        default: digits(number)
        }
    }

    private static func digits(_ number: Double) -> String {
        guard number < 99.95 else { return count(Int(number.rounded())) }
        let scale: Double = number < 0.995 ? 100 : 10
        let scaled = Int((number * scale).rounded())
        guard scaled % Int(scale) != 0 else { return String(scaled / Int(scale)) }
        let fraction = String(scaled % Int(scale))
        let zeros = String(repeating: "0", count: (scale == 100 ? 2 : 1) - fraction.count)
        return "\(scaled / Int(scale)).\(zeros)\(fraction)"
    }

    /// In its two largest units: `340 ms`, `1.2 s`, `3m 20s`, `2h 5m` or `3d 4h`.
    static func duration(milliseconds: Double) -> String {
        if milliseconds < 999.5 { return "\(Int(milliseconds.rounded())) ms" }
        if milliseconds < 59_950 { return "\(digits(milliseconds / 1000)) s" }
        let seconds = Int(milliseconds / 1000)
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400)
        if days > 0 { return "\(days)d" + rest(hours % 24, "h") }
        if hours > 0 { return "\(hours)h" + rest(minutes % 60, "m") }
        return "\(minutes)m" + rest(seconds % 60, "s")
    }

    private static func rest(_ count: Int, _ unit: String) -> String {
        count == 0 ? "" : " \(count)\(unit)"
    }

    static func duration(_ duration: Duration) -> String {
        self.duration(milliseconds: duration.inMilliseconds)
    }

    /// What is known of a cost.
    static func cost(_ sum: CostSum) -> String {
        guard let amount = sum.amount else { return "–" }
        return sum.unpricedAttempts > 0 ? "at least \(amount)" : "\(amount)"
    }

    /// `2026-11-22 17:54 UTC`.
    static func moment(_ milliseconds: Int64) -> String {
        let text = Timestamp.rfc3339(unixMilliseconds: milliseconds)
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) UTC"
    }

    /// The beginning of a text, and whether that is all of it.
    static func beginning(of text: String, bytes: Int) -> (text: String, isWhole: Bool) {
        guard text.utf8.count > bytes else { return (text, true) }
        // Back to the beginning of a character, so that none is cut.
        let index = text.utf8.index(text.startIndex, offsetBy: bytes)
        let end = text.unicodeScalars.index(before: text.unicodeScalars.index(after: index))
        return (String(text[..<end]), false)
    }
}
