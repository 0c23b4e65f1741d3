/// The most that all jobs of a user may spend together; `nil` is without limit.
package struct SpendingCaps: Sendable, Equatable {
    /// From midnight to midnight in California, as bills count.
    package var perDay: MicroDollars?
    package var perMonth: MicroDollars?

    package init(perDay: MicroDollars? = nil, perMonth: MicroDollars? = nil) {
        self.perDay = perDay
        self.perMonth = perMonth
    }

    /// Whether nothing is capped.
    package var isEmpty: Bool { perDay == nil && perMonth == nil }
}
