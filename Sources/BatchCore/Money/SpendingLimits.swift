/// The most that a job may spend, in all its runs together; `nil` is without limit.
package struct SpendingLimits: Sendable, Equatable {
    /// More than anybody has.
    package static let maximumTokens = 1_000_000_000_000_000

    package var cost: MicroDollars?
    /// Input and output together, as the server counts.
    package var totalTokens: Int?

    package init(cost: MicroDollars? = nil, totalTokens: Int? = nil) {
        self.cost = cost
        self.totalTokens = totalTokens
    }

    /// Whether nothing is limited.
    package var isEmpty: Bool { cost == nil && totalTokens == nil }
}

/// What requests spend of what is limited.
package struct Spending: Sendable, Equatable {
    package var cost: MicroDollars
    package var tokens: Int

    package init(cost: MicroDollars = .zero, tokens: Int = 0) {
        self.cost = cost
        self.tokens = tokens
    }

    package static func + (left: Spending, right: Spending) -> Spending {
        Spending(cost: left.cost + right.cost, tokens: left.tokens + right.tokens)
    }

    package static func - (left: Spending, right: Spending) -> Spending {
        Spending(cost: left.cost - right.cost, tokens: left.tokens - right.tokens)
    }

    package static func += (left: inout Spending, right: Spending) {
        left = left + right
    }
}

/// What the requests of earlier runs of a job spent.
package struct SpendingHistory: Sendable, Equatable {
    /// What is known.
    package var spent: Spending
    /// Requests by model that may have been billed, and nobody knows how much: those that were in flight when a run was
    /// killed, for example.
    package var unknownCosts: [String: Int]
    /// The same for tokens.
    package var unknownTokens: [String: Int]
    /// What the newest requests of each model spent, the newest first, for a guess at the next; those alone of which all
    /// is known.
    package var newest: [String: [Spending]]

    package init(
        spent: Spending = Spending(),
        unknownCosts: [String: Int] = [:],
        unknownTokens: [String: Int] = [:],
        newest: [String: [Spending]] = [:]
    ) {
        self.spent = spent
        self.unknownCosts = unknownCosts
        self.unknownTokens = unknownTokens
        self.newest = newest
    }
}
