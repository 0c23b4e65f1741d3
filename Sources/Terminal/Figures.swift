package import BatchCore

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

    /// A number in about two digits: `950`, `12k`, `1.2M` or `340M`.
    package static func approximate(_ number: Int) -> String {
        let units = ["", "k", "M", "G", "T"]
        var value = Double(number)
        var unit = 0
        // What would be rounded to a thousand is one of the next unit.
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        guard unit > 0, value < 9.95 else { return count(Int(value.rounded())) + units[unit] }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)\(units[unit])"
    }

    /// An estimated amount as people say it: in cents from ten cents on, below in two digits.
    ///
    /// - Parameters:
    ///   - low: The least.
    ///   - high: The most.
    /// - Returns: For example `$0.40–1.10`, or `$0.0012` if both are said alike.
    package static func dollars(from low: MicroDollars, to high: MicroDollars) -> String {
        let (least, most) = ("\(rounded(low))", "\(rounded(high))")
        return least == most ? least : "\(least)–\(most.dropFirst())"
    }

    private static func rounded(_ cost: MicroDollars) -> MicroDollars {
        var step: Int64 = 10_000
        while step > 1, cost.amount < 10 * step {
            step /= 10
        }
        return MicroDollars((cost.amount + step / 2) / step * step)
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
