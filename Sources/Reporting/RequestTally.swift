internal import BatchCore

/// What a group of requests came to: those of a model, or of one value of a matrix axis.
struct RequestTally {
    private(set) var requests = 0
    private(set) var answered = 0
    private(set) var failed = 0
    private(set) var tokens = TokenUsage()
    private(set) var cost = CostSum()
    private(set) var latency = LogHistogram()
    private(set) var firstChunk = LogHistogram()

    mutating func add(_ attempt: AttemptRow) {
        requests += 1
        tokens += attempt.usage
        cost.add(attempt.cost)
        switch attempt.status {
        case .answered: answered += 1
        case .failed: failed += 1
        case .interrupted, .lost: break
        }
        guard attempt.status == .answered, let timings = attempt.timings else { return }
        latency.add(timings.total)
        timings.firstChunk.map { firstChunk.add($0) }
    }
}

/// Groups of requests by name; beyond a number of names the others are one group, so that memory has an end.
struct TallyTable {
    static let limit = 100
    static let others = "(others)"

    private var tallies: [String: RequestTally] = [:]

    mutating func add(_ attempt: AttemptRow, to name: String) {
        let isKnown = tallies[name] != nil || tallies.count < Self.limit
        tallies[isKnown ? name : Self.others, default: RequestTally()].add(attempt)
    }

    /// By name, the others last.
    var rows: [(name: String, tally: RequestTally)] {
        tallies.map { (name: $0.key, tally: $0.value) }
            .sorted { ($0.name == Self.others ? 1 : 0, $0.name) < ($1.name == Self.others ? 1 : 0, $1.name) }
    }
}
