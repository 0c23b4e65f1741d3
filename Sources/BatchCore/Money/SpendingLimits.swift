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
    /// Requests that may have been billed, and nobody knows how much, as nothing was capped when they were sent: those
    /// that were in flight when a run was killed, for example.
    package struct Unknown: Sendable, Equatable {
        /// How many have an unknown cost.
        package var costs: Int
        /// How many have an unknown number of tokens.
        package var tokens: Int
        /// Of the prompts of all of them.
        package var bytes: Int

        package init(costs: Int = 0, tokens: Int = 0, bytes: Int = 0) {
            self.costs = costs
            self.tokens = tokens
            self.bytes = bytes
        }
    }

    /// What is known, or was set aside.
    package var spent: Spending
    /// By model.
    package var unknown: [String: Unknown]
    /// What the newest requests of each model counted as, the newest first, for a guess at the next; those alone whose
    /// tokens are known.
    package var newest: [String: [Spending]]

    package init(
        spent: Spending = Spending(),
        unknown: [String: Unknown] = [:],
        newest: [String: [Spending]] = [:]
    ) {
        self.spent = spent
        self.unknown = unknown
        self.newest = newest
    }
}
