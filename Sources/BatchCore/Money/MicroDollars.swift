/// An amount of US dollars in millionths, so that sums are exact.
package struct MicroDollars: Sendable, Hashable, Comparable {
    package static let zero = MicroDollars(0)

    package var amount: Int64

    package init(_ amount: Int64) {
        self.amount = amount
    }

    /// An amount in dollars as people write it: digits, and at most six after the point, such as `0.075` or `12`.
    ///
    /// `nil` if the text is anything else, or a billion dollars or more.
    package init?(decimal text: some StringProtocol) {
        let halves = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = halves.count == 2 ? Array(halves[1]) : []
        let digits = Array(halves[0]) + fraction
        guard !halves[0].isEmpty, halves.count == 1 || !fraction.isEmpty, fraction.count <= 6,
            halves[0].count <= 9, digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        let number = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
        self.init((fraction.count..<6).reduce(number) { scaled, _ in scaled * 10 })
    }

    package static func < (left: MicroDollars, right: MicroDollars) -> Bool {
        left.amount < right.amount
    }

    package static func + (left: MicroDollars, right: MicroDollars) -> MicroDollars {
        MicroDollars(left.amount + right.amount)
    }

    package static func - (left: MicroDollars, right: MicroDollars) -> MicroDollars {
        MicroDollars(left.amount - right.amount)
    }

    package static func += (left: inout MicroDollars, right: MicroDollars) {
        left.amount += right.amount
    }

    /// Dollars with all six digits after the point, for example `0.012300`: exact, and a number in JSON.
    package var decimal: String {
        let (dollars, rest) = amount.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        let digits = String(rest)
        let sign = amount < 0 ? "-" : ""
        return "\(sign)\(dollars)." + String(repeating: "0", count: 6 - digits.count) + digits
    }
}

extension MicroDollars: CustomStringConvertible {
    /// For people: `$0.0123`, `$1.50`; exact, with two to six digits after the point.
    package var description: String {
        var digits = decimal[...]
        for _ in 0..<4 where digits.hasSuffix("0") {
            digits.removeLast()
        }
        return digits.hasPrefix("-") ? "-$\(digits.dropFirst())" : "$\(digits)"
    }
}

/// The cost of several attempts: what is known of it, and how many are missing in it.
package struct CostSum: Sendable, Equatable {
    /// The sum of the costs that are known.
    package var known: MicroDollars
    /// Attempts whose cost nobody knows: no price, or no token counts.
    package var unpricedAttempts: Int

    package init(known: MicroDollars = .zero, unpricedAttempts: Int = 0) {
        self.known = known
        self.unpricedAttempts = unpricedAttempts
    }

    /// Adds the cost of one attempt; `nil` is unknown.
    package mutating func add(_ cost: MicroDollars?) {
        if let cost {
            known += cost
        } else {
            unpricedAttempts += 1
        }
    }

    package static func += (left: inout CostSum, right: CostSum) {
        left.known += right.known
        left.unpricedAttempts += right.unpricedAttempts
    }

    /// The sum as far as it is known; `nil` if nothing of it is, which is not zero.
    package var amount: MicroDollars? {
        known == .zero && unpricedAttempts > 0 ? nil : known
    }
}
