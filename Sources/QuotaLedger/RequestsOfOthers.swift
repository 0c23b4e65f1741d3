internal import BatchCore

/// How many requests other runs have sent in a day: what the ledger has, without what this process wrote there.
struct RequestsOfOthers: Sendable {
    /// All requests of a model, whatever their tier.
    struct Key: Hashable {
        let account: String
        let model: String
        let day: PacificDay
    }

    private var own: [Key: Int] = [:]
    private var others: [Key: Int] = [:]

    subscript(key: Key) -> Int { others[key] ?? 0 }

    /// Notes what this process has written.
    mutating func wrote(_ changes: LedgerChanges) {
        for (use, count) in changes.uses where count.requests != 0 {
            own[Key(account: use.name.account, model: use.name.model, day: use.day), default: 0] += count.requests
        }
    }

    /// Takes in what the ledger has of a day.
    mutating func read(_ requests: [Key: Int], of day: PacificDay) {
        own = own.filter { $0.key.day >= day }
        others = [:]
        for (key, count) in requests {
            others[key] = count - (own[key] ?? 0)
        }
    }
}
