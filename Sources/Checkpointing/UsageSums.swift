internal import SQLite

/// What requests used, added up once: reading each of a million takes a second.
///
/// Requests that were noted never change, so those up to a number are counted for good, in the table `usage_so_far`; the
/// view `usage_by_model` adds those after it. Without the table the view tells the same, later.
struct UsageSums {
    /// So many requests are added up at once: it takes ten milliseconds, and nobody who reads has more of them to add.
    static let step: Int64 = 10_000

    private let connection: Connection
    /// The last request that is counted.
    private var through: Int64

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        through = try connection.integer("SELECT coalesce(max(through), 0) FROM usage_so_far")
    }

    /// Adds up what has come, once it is worth it; inside a transaction.
    mutating func note(_ attempt: Int64) throws(SQLiteError) {
        guard attempt - through >= Self.step else { return }
        try update()
    }

    /// Adds up all that has come; inside a transaction.
    mutating func update() throws(SQLiteError) {
        let last = try connection.integer("SELECT coalesce(max(id), 0) FROM attempt")
        guard last > through else { return }
        try connection.execute(
            """
            INSERT INTO usage_so_far
            SELECT variant_id, \(last), count(*), sum(status = 'answered'), sum(possibly_billed AND status <> 'answered'),
                \(Self.columns.map { "sum(\($0))" }.joined(separator: ", ")), sum(cost_microdollars IS NULL)
            FROM attempt WHERE id > \(through) AND id <= \(last) GROUP BY variant_id
            ON CONFLICT (variant_id) DO UPDATE SET through = excluded.through, requests = requests + excluded.requests,
                answered = answered + excluded.answered,
                possibly_billed_without_answer =
                    possibly_billed_without_answer + excluded.possibly_billed_without_answer,
                \(Self.columns.map(Self.addition).joined(separator: ", ")),
                requests_of_unknown_cost = requests_of_unknown_cost + excluded.requests_of_unknown_cost
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

    private static let columns = [
        "input_tokens", "output_tokens", "reasoning_output_tokens", "cache_read_input_tokens", "tool_use_input_tokens",
        "total_tokens", "cost_microdollars",
    ]

    /// Unknown and something is something; unknown and unknown stays unknown.
    private static func addition(_ column: String) -> String {
        "\(column) = coalesce(\(column) + excluded.\(column), \(column), excluded.\(column))"
    }
}
