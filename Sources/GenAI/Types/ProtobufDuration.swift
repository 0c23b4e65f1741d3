/// Durations as protobuf writes them in JSON: decimal seconds with `s`, such as `45.837906927s`.
extension Duration {
    /// Reads a duration.
    ///
    /// Absurd values are cut to about 30 years, so that sums with it cannot overflow.
    package init?(protobuf text: String) {
        let number = text.dropLast().split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let isDecimal = number.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        guard text.hasSuffix("s"), isDecimal, let whole = number.first else { return nil }
        let fraction = number.count > 1 ? number[1].prefix(9) : ""
        let nanoseconds = Int64(fraction + String(repeating: "0", count: 9 - fraction.count)) ?? 0
        self = .seconds(min(Int64(whole) ?? .max, 1_000_000_000)) + .nanoseconds(nanoseconds)
    }

    /// The text of a duration that is not negative, to the nanosecond.
    package var protobufText: String {
        let (seconds, attoseconds) = components
        let nanoseconds = String(attoseconds / 1_000_000_000)
        let digits = String(repeating: "0", count: max(0, 9 - nanoseconds.count)) + nanoseconds
        let fraction = digits.reversed().drop { $0 == "0" }.reversed()
        return "\(seconds)" + (fraction.isEmpty ? "" : "." + String(fraction)) + "s"
    }
}
