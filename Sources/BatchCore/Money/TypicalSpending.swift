/// What requests of one model usually spend at most: the 95th percentile of the newest ones.
struct TypicalSpending: Sendable {
    static let remembered = 128
    /// With fewer, the largest of them says little about the next.
    private static let fewest = 20
    private static let share = 0.95
    /// Sorting after each request would cost more than it tells.
    private static let refreshInterval = 8

    private(set) var newest: [Spending] = []
    private var next = 0
    private var changes = 0
    private var high: Spending?

    init(_ newest: [Spending] = []) {
        for spending in newest {
            add(spending)
        }
        refresh()
    }

    mutating func add(_ spending: Spending) {
        if newest.count < Self.remembered {
            newest.append(spending)
        } else {
            newest[next] = spending
            next = (next + 1) % Self.remembered
        }
        changes += 1
        if changes >= Self.refreshInterval || newest.count <= Self.fewest {
            refresh()
        }
    }

    /// What to set aside for a request.
    ///
    /// - Parameters:
    ///   - guess: What is believed of it without knowing others; the least as long as few are known.
    ///   - input: What its input alone spends, which is known: the least in any case.
    /// - Returns: What nineteen of twenty do not exceed.
    func expected(guess: Spending, input: Spending) -> Spending {
        guard let high else { return guess }
        let least = newest.count < Self.fewest ? guess : input
        return Spending(cost: max(high.cost, least.cost), tokens: max(high.tokens, least.tokens))
    }

    private mutating func refresh() {
        changes = 0
        guard !newest.isEmpty else { return }
        let place = min(newest.count - 1, Int(Double(newest.count) * Self.share))
        high = Spending(
            cost: newest.map(\.cost).sorted()[place],
            tokens: newest.map(\.tokens).sorted()[place]
        )
    }
}
