package import BatchCore

/// What requests used, and what they cost.
package struct QuotaUse: Sendable, Equatable {
    /// Requests that were sent, whatever came of them.
    package var requests: Int
    package var inputTokens: Int
    /// With thoughts.
    package var outputTokens: Int
    package var cost: CostSum
    /// What counts under caps beyond what is known of the cost, as the requests may have cost it.
    package var reserved: MicroDollars

    package init(
        requests: Int = 0,
        inputTokens: Int = 0,
        outputTokens: Int = 0,
        cost: CostSum = CostSum(),
        reserved: MicroDollars = .zero
    ) {
        self.requests = requests
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
        self.cost = cost
        self.reserved = reserved
    }

    /// What counts under caps.
    package var counted: MicroDollars { cost.known + reserved }

    package static func += (left: inout QuotaUse, right: QuotaUse) {
        left.requests += right.requests
        left.inputTokens += right.inputTokens
        left.outputTokens += right.outputTokens
        left.cost += right.cost
        left.reserved += right.reserved
    }
}

/// What all jobs of the machine used in the present day and month of California.
package struct LedgerTotals: Sendable, Equatable {
    package let day: PacificDay
    package var today: QuotaUse
    /// The present day included.
    package var month: QuotaUse

    /// Adds what was used on a day, where it belongs.
    mutating func add(_ use: QuotaUse, on other: PacificDay) {
        if other == day {
            today += use
        }
        if other.firstOfMonth == day.firstOfMonth {
            month += use
        }
    }

    /// What is left of them on another day: nothing of the day, and of the month if it is the same.
    func carried(to other: PacificDay) -> LedgerTotals {
        guard other != day else { return self }
        let isSameMonth = other.firstOfMonth == day.firstOfMonth
        return LedgerTotals(day: other, today: QuotaUse(), month: isSameMonth ? month : QuotaUse())
    }
}
