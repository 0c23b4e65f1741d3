internal import BatchCore
internal import SQLite

/// The statements of a ledger, on one connection.
///
/// With a rollback journal: several processes write, which damages a database with a write-ahead log now and then where
/// SQLite is older than 3.51.3. Transactions are short, so that waiting for one another costs next to nothing.
struct LedgerDatabase {
    /// Longer than many transactions of ours take on a slow disk: SQLite serves those who wait in no order.
    private static let busyTimeout = Duration.seconds(15)
    /// Plans change: a limit that nobody has named for so long is found out anew, at the cost of one refused request.
    private static let dailyLimitLifetime: Int64 = 7 * 24 * 3_600_000

    private let connection: Connection

    /// Opens a file, brings it up to date and looks whether it is whole.
    ///
    /// - Parameter path: A file that exists; an empty one becomes an empty ledger.
    /// - Throws: A ``LedgerError``, a `SQLiteError`, or a `NewerSchema`.
    init(path: String) throws {
        connection = try Connection(path: path, mode: .readWrite, busyTimeout: Self.busyTimeout)
        // One view of it: another process may be making it just now.
        try connection.transaction(.read) { [connection] in
            let application = try connection.integer("PRAGMA application_id")
            let isEmpty = try application == 0 && connection.integer("SELECT count(*) FROM sqlite_schema") == 0
            guard isEmpty || application == LedgerSchema.applicationID else {
                throw LedgerError.notALedger(path: path, detail: "it is the database of another program")
            }
        }
        if let problem = try connection.integrityProblem(isQuick: true) {
            throw LedgerError.damaged(path: path, detail: problem)
        }
        try connection.execute("PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL")
        try LedgerSchema.migrator.migrate(connection)
    }

    /// Writes a page as it is: only so it shows that the file and its folder may be written.
    func proveWritable() throws {
        try connection.transaction {
            let version = try connection.integer("PRAGMA user_version")
            try connection.execute("PRAGMA user_version = \(version)")
        }
    }

    // MARK: Writing

    func apply(_ changes: LedgerChanges) throws {
        try connection.transaction {
            try add(changes.uses)
            try learn(changes.learned)
        }
    }

    private func add(_ uses: [LedgerChanges.UseKey: QuotaUse]) throws {
        let statement = try connection.prepare(
            """
            INSERT INTO daily_use (
                account, model, tier, day, requests, input_tokens, output_tokens, cost_microdollars, unpriced_requests,
                reserved_microdollars
            )
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            ON CONFLICT DO UPDATE SET
                requests = requests + excluded.requests,
                input_tokens = input_tokens + excluded.input_tokens,
                output_tokens = output_tokens + excluded.output_tokens,
                cost_microdollars = cost_microdollars + excluded.cost_microdollars,
                unpriced_requests = unpriced_requests + excluded.unpriced_requests,
                reserved_microdollars = reserved_microdollars + excluded.reserved_microdollars
            """
        )
        for (key, use) in uses {
            try Self.bind(key.name, to: statement)
            try statement.bind(key.day.description, at: 4)
            try statement.bind(use.requests, at: 5)
            try statement.bind(use.inputTokens, at: 6)
            try statement.bind(use.outputTokens, at: 7)
            try statement.bind(use.cost.known.amount, at: 8)
            try statement.bind(use.cost.unpricedAttempts, at: 9)
            try statement.bind(use.reserved.amount, at: 10)
            try statement.run()
        }
    }

    private func learn(_ learned: [QuotaName: LedgerChanges.Learned]) throws {
        let statement = try connection.prepare(
            """
            INSERT INTO quota (
                account, model, tier, requests_per_minute, tokens_per_minute, pace_learned_at_ms, requests_per_day,
                daily_limit_learned_at_ms, spent_until_ms
            )
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT DO UPDATE SET
                requests_per_minute = coalesce(excluded.requests_per_minute, requests_per_minute),
                tokens_per_minute = coalesce(excluded.tokens_per_minute, tokens_per_minute),
                pace_learned_at_ms = coalesce(excluded.pace_learned_at_ms, pace_learned_at_ms),
                requests_per_day = coalesce(excluded.requests_per_day, requests_per_day),
                daily_limit_learned_at_ms = coalesce(excluded.daily_limit_learned_at_ms, daily_limit_learned_at_ms),
                spent_until_ms = coalesce(excluded.spent_until_ms, spent_until_ms)
            """
        )
        for (name, facts) in learned {
            try Self.bind(name, to: statement)
            try statement.bind(facts.requestsPerMinute.map(SQLiteValue.real) ?? .null, at: 4)
            try statement.bind(facts.tokensPerMinute.map(SQLiteValue.real) ?? .null, at: 5)
            try statement.bind(facts.paceLearnedAt, at: 6)
            try statement.bind(facts.requestsPerDay, at: 7)
            try statement.bind(facts.dailyLimitLearnedAt, at: 8)
            try statement.bind(facts.spentUntil, at: 9)
            try statement.run()
        }
    }

    /// Deletes what was learned, of one model or of all.
    ///
    /// - Returns: How many quotas are forgotten.
    func forget(model: String?) throws -> Int {
        try connection.transaction {
            let statement = try connection.prepare("DELETE FROM quota WHERE ?1 IS NULL OR model = ?1")
            try statement.bind(model, at: 1)
            try statement.run()
            return connection.changes
        }
    }

    // MARK: Reading

    /// What is known of one quota.
    func knowledge(of name: QuotaName, at now: Int64) throws -> QuotaKnowledge {
        let statement = try connection.prepare(
            """
            SELECT \(Self.knowledgeColumns)
            FROM (SELECT ?1 AS account, ?2 AS model, ?3 AS tier) AS name
            \(Self.knowledgeJoins)
            """
        )
        try Self.bind(name, to: statement)
        try statement.bind(PacificDay(containing: now).description, at: 4)
        return try statement.step() ? Self.knowledge(in: statement, at: now) : QuotaKnowledge(name)
    }

    /// What is known of all quotas that were used today, or of which something was learned.
    func knowledge(at now: Int64) throws -> [QuotaKnowledge] {
        let statement = try connection.prepare(
            """
            SELECT \(Self.knowledgeColumns)
            FROM (
                SELECT account, model, tier FROM quota
                UNION SELECT account, model, tier FROM daily_use WHERE day = ?4
            ) AS name
            \(Self.knowledgeJoins)
            ORDER BY name.model, name.tier, name.account
            """
        )
        try statement.bind(PacificDay(containing: now).description, at: 4)
        var all: [QuotaKnowledge] = []
        while try statement.step() {
            all.append(Self.knowledge(in: statement, at: now))
        }
        return all
    }

    func totals(at now: Int64) throws -> LedgerTotals {
        let day = PacificDay(containing: now)
        let statement = try connection.prepare(
            """
            SELECT day, sum(requests), sum(input_tokens), sum(output_tokens), sum(cost_microdollars),
                sum(unpriced_requests), sum(reserved_microdollars)
            FROM daily_use WHERE day BETWEEN ?1 AND ?2 GROUP BY day
            """
        )
        try statement.bind(day.firstOfMonth.description, at: 1)
        try statement.bind(day.description, at: 2)
        var totals = LedgerTotals(day: day, today: QuotaUse(), month: QuotaUse())
        while try statement.step() {
            let use = Self.use(in: statement, from: 1)
            totals.month += use
            if statement.text(at: 0) == day.description {
                totals.today = use
            }
        }
        return totals
    }

    func requests(of day: PacificDay) throws -> [RequestsOfOthers.Key: Int] {
        let statement = try connection.prepare(
            "SELECT account, model, sum(requests) FROM daily_use WHERE day = ?1 GROUP BY account, model"
        )
        try statement.bind(day.description, at: 1)
        var requests: [RequestsOfOthers.Key: Int] = [:]
        while try statement.step() {
            let key = RequestsOfOthers.Key(account: statement.text(at: 0), model: statement.text(at: 1), day: day)
            requests[key] = Int(statement.integer(at: 2))
        }
        return requests
    }

    private static let knowledgeColumns = """
        name.account, name.model, name.tier, requests_per_minute, tokens_per_minute, pace_learned_at_ms, requests_per_day,
            daily_limit_learned_at_ms, spent_until_ms, requests, input_tokens, output_tokens, cost_microdollars,
            unpriced_requests, reserved_microdollars,
            (
                SELECT sum(requests) FROM daily_use
                WHERE day = ?4 AND (daily_use.account, daily_use.model) = (name.account, name.model)
            )
        """
    private static let knowledgeJoins = """
        LEFT JOIN quota ON (quota.account, quota.model, quota.tier) = (name.account, name.model, name.tier)
        LEFT JOIN daily_use ON day = ?4
            AND (daily_use.account, daily_use.model, daily_use.tier) = (name.account, name.model, name.tier)
        """

    private static func knowledge(in row: borrowing Statement, at now: Int64) -> QuotaKnowledge {
        let name = QuotaName(account: row.text(at: 0), model: row.text(at: 1), tier: row.text(at: 2))
        var knowledge = QuotaKnowledge(name)
        knowledge.today = use(in: row, from: 9)
        let isLimitFresh = row.integer(at: 7) > now - dailyLimitLifetime
        knowledge.learned = LearnedQuota(
            requestsPerMinute: real(in: row, at: 3),
            tokensPerMinute: real(in: row, at: 4),
            requestsPerDay: isLimitFresh ? row.optionalInteger(at: 6).map(Int.init) : nil,
            requestsToday: Int(row.integer(at: 15))
        )
        knowledge.paceLearnedAt = row.optionalInteger(at: 5)
        knowledge.spentUntil = row.optionalInteger(at: 8).flatMap { $0 > now ? $0 : nil }
        return knowledge
    }

    private static func use(in row: borrowing Statement, from index: Int32) -> QuotaUse {
        QuotaUse(
            requests: Int(row.integer(at: index)),
            inputTokens: Int(row.integer(at: index + 1)),
            outputTokens: Int(row.integer(at: index + 2)),
            cost: CostSum(
                known: MicroDollars(row.integer(at: index + 3)),
                unpricedAttempts: Int(row.integer(at: index + 4))
            ),
            reserved: MicroDollars(row.integer(at: index + 5))
        )
    }

    private static func real(in row: borrowing Statement, at index: Int32) -> Double? {
        if case .real(let number) = row.value(at: index) { number } else { nil }
    }

    private static func bind(_ name: QuotaName, to statement: borrowing Statement) throws(SQLiteError) {
        try statement.bind(name.account, at: 1)
        try statement.bind(name.model, at: 2)
        try statement.bind(name.tier, at: 3)
    }
}
