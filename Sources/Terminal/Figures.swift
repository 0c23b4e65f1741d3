/// Numbers and times as people read them; the same in every display.
package enum Figures {
    /// A whole number in groups of three digits, for example `12,345`.
    package static func count(_ number: Int) -> String {
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

    /// A count with its noun, for example `1 item` or `12 items`.
    package static func count(_ number: Int, _ noun: String) -> String {
        "\(count(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// A size in the largest unit that gives at least 1, for example `17 bytes`, `64.0 MiB` or `2.4 GiB`.
    package static func bytes(_ number: Int64) -> String {
        guard number >= 1024 else { return count(Int(number), "byte") }
        var tenths = number * 10
        var unit = 0
        while tenths >= 10_240, unit < 4 {
            tenths /= 1024
            unit += 1
        }
        return "\(count(Int(tenths / 10))).\(tenths % 10) \(["bytes", "KiB", "MiB", "GiB", "TiB"][unit])"
    }

    /// Something per second, about three digits of it: `0.42`, `7.3` or `1,240`.
    package static func rate(_ perSecond: Double) -> String {
        guard perSecond.isFinite, perSecond > 0 else { return "0" }
        let decimals = perSecond < 0.995 ? 2 : perSecond < 99.5 ? 1 : 0
        let scale = decimals == 2 ? 100 : decimals == 1 ? 10 : 1
        let scaled = Int(min(perSecond * Double(scale), 1e15).rounded())
        guard decimals > 0 else { return count(scaled) }
        let fraction = String(scaled % scale)
        return "\(count(scaled / scale)).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
    }

    /// A time in its two largest units, rounded down: `45s`, `1m 20s`, `2h 5m` or `3d 4h`.
    package static func duration(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400)
        if days > 99 { return "more than 99d" }
        if days > 0 { return "\(days)d \(hours % 24)h" }
        if hours > 0 { return "\(hours)h \(minutes % 60)m" }
        if minutes > 0 { return "\(minutes)m \(seconds % 60)s" }
        return "\(seconds)s"
    }
}

extension Duration {
    /// The length in seconds, for arithmetic with rates.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    /// The length in whole milliseconds, rounded down.
    var inMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
