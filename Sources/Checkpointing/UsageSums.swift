internal import BatchCore
internal import SQLite

/// What requests used, added up once: reading each of a million takes a second.
///
/// Requests that were noted never change, so those up to a number are counted for good, in the table `usage_so_far`; the
/// view `usage_by_model` adds those after it. Without the table the view tells the same, later.
///
/// What a run notes is added up here, and stored now and then; what an earlier one did not come to store is added up by
/// SQLite. A value: whoever rolls a transaction back takes the one of before.
struct UsageSums {
    /// So many requests are kept back at most: nobody who reads has more of them to add up, which takes ten milliseconds.
    static let step: Int64 = 10_000

    private let connection: Connection
    /// The last request that is counted in the table.
    private var through: Int64
    /// What was noted since, by variant.
    private var sums: [Int64: Sum] = [:]

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        through = try connection.integer("SELECT coalesce(max(through), 0) FROM usage_so_far")
    }

    /// Adds up what stands in the file after what is counted, before anything is noted; inside a transaction.
    mutating func update() throws(SQLiteError) {
        let last = try connection.integer("SELECT coalesce(max(id), 0) FROM attempt")
        guard last > through else { return }
        try connection.execute(
            """
            INSERT INTO usage_so_far
            SELECT variant_id, \(last), count(*), sum(status = 'answered'), sum(possibly_billed AND status <> 'answered'),
                \(Self.columns.map { "sum(\($0))" }.joined(separator: ", ")), sum(cost_microdollars IS NULL)
            FROM attempt WHERE id > \(through) AND id <= \(last) GROUP BY variant_id
            \(Self.addition)
            """
        )
        through = last
    }

    /// Forgets what was counted, where requests themselves may have changed.
    mutating func recount() throws(SQLiteError) {
        try connection.execute("DELETE FROM usage_so_far")
        through = 0
        try update()
    }

    /// Takes note of the request that was last inserted, and stores the sums once it is worth it; inside a transaction.
    mutating func note(_ attempt: AttemptRecord, _ id: Int64, of variant: Int64) throws(SQLiteError) {
        sums[variant, default: Sum()].add(attempt)
        guard id - through >= Self.step else { return }
        try store()
    }

    /// Stores what was noted; inside a transaction.
    mutating func store() throws(SQLiteError) {
        guard !sums.isEmpty else { return }
        let last = try connection.integer("SELECT coalesce(max(id), 0) FROM attempt")
        let add = try connection.prepare(
            """
            INSERT INTO usage_so_far VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \(Self.addition)
            """
        )
        for (variant, sum) in sums {
            try add.bind(variant, at: 1)
            try add.bind(last, at: 2)
            try sum.bind(to: add, from: 3)
            try add.run()
        }
        sums = [:]
        through = last
    }

    private static let columns = [
        "input_tokens", "output_tokens", "reasoning_output_tokens", "cache_read_input_tokens", "tool_use_input_tokens",
        "total_tokens", "cost_microdollars",
    ]

    /// Unknown and something is something; unknown and unknown stays unknown.
    private static let addition = """
        ON CONFLICT (variant_id) DO UPDATE SET through = excluded.through, requests = requests + excluded.requests,
            answered = answered + excluded.answered,
            possibly_billed_without_answer =
                possibly_billed_without_answer + excluded.possibly_billed_without_answer,
            \(columns.map { "\($0) = coalesce(\($0) + excluded.\($0), \($0), excluded.\($0))" }.joined(separator: ", ")),
            requests_of_unknown_cost = requests_of_unknown_cost + excluded.requests_of_unknown_cost
        """
}

/// What some requests of one variant used.
private struct Sum {
    private var requests = 0
    private var answered = 0
    private var possiblyBilledWithoutAnswer = 0
    private var tokens = TokenUsage()
    private var cost = CostSum()

    mutating func add(_ attempt: AttemptRecord) {
        requests += 1
        switch attempt.result {
        case .answered(let answer):
            answered += 1
            tokens += answer.usage
        case .failed(let error):
            possiblyBilledWithoutAnswer += error.isPossiblyBilled ? 1 : 0
            tokens += error.usage
        case .interrupted:
            possiblyBilledWithoutAnswer += 1
        }
        cost.add(attempt.cost)
    }

    /// Binds the columns from `requests` to the last.
    func bind(to statement: borrowing Statement, from index: Int32) throws(SQLiteError) {
        try statement.bind(requests, at: index)
        try statement.bind(answered, at: index + 1)
        try statement.bind(possiblyBilledWithoutAnswer, at: index + 2)
        try ItemCoding.bind(tokens, to: statement, from: index + 3)
        try statement.bind(cost.unpricedAttempts < requests ? cost.known.amount : nil, at: index + 9)
        try statement.bind(cost.unpricedAttempts, at: index + 10)
    }
}
