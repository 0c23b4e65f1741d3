internal import BatchCore
internal import SQLite

/// The rows about the job and its runs: written a few times in a run, so their statements are not kept.
extension CheckpointDatabase {
    /// Keeps the job file; inside a transaction.
    func store(_ job: StoredJob, _ plan: StoredPlan) throws {
        let statement = try connection.prepare(
            """
            INSERT INTO job (id, name, path, folder, yaml, created_at_ms, updated_at_ms, plan, shard_count, shards, inputs)
            VALUES (1, ?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT (id) DO UPDATE SET name = ?1, path = ?2, folder = ?3, yaml = ?4, updated_at_ms = ?5,
                plan = ?6, shard_count = ?7, shards = ?8, inputs = ?9
            """
        )
        try statement.bind(job.name, at: 1)
        try statement.bind(job.path, at: 2)
        try statement.bind(job.folder, at: 3)
        try statement.bind(job.yaml, at: 4)
        try statement.bind(System.now, at: 5)
        try statement.bind(blob: plan.digest, at: 6)
        try statement.bind(plan.shardCount, at: 7)
        try statement.bind(plan.shardList, at: 8)
        try statement.bind(job.inputs.map(SQLiteValue.blob) ?? .null, at: 9)
        try statement.run()
    }

    /// Whether the items of a job are those that the checkpoint was last compared with; inside a transaction.
    ///
    /// That is as good as having compared them now, and is dated so.
    func isUpToDate(with job: StoredJob, shard: Shard?) throws -> Bool {
        guard let inputs = job.inputs, let plan = try StoredPlan(connection), plan.isWhole(shard) else { return false }
        let statement = try connection.prepare("UPDATE job SET updated_at_ms = ?2 WHERE inputs = ?1")
        try statement.bind(blob: inputs, at: 1)
        try statement.bind(System.now, at: 2)
        try statement.run()
        return connection.changes == 1
    }

    /// Counts the items and takes up again what was deferred; inside a transaction.
    func reopen() throws -> RunPlan {
        var plan = RunPlan()
        let rows = try connection.prepare(
            "SELECT state, count(position), count(*) FROM item GROUP BY state"
        )
        while try rows.step() {
            let count = Int(rows.integer(at: 1))
            switch ItemState(rawValue: rows.text(at: 0)) {
            case .done: plan.done = count
            case .failed: plan.failed = count
            case .deferred: plan.deferred = count
            case .pending, .running, nil: plan.pending += count
            }
            plan.orphaned += Int(rows.integer(at: 2)) - count
        }
        try connection.execute(
            "UPDATE item SET state = 'pending' WHERE state = 'deferred' AND position IS NOT NULL"
        )
        return plan
    }

    /// Counts the items of the job by state.
    func balance() throws -> ItemBalance {
        try connection.transaction(.read) {
            var balance = ItemBalance()
            let rows = try connection.prepare("SELECT state, count(position) FROM item GROUP BY state")
            while try rows.step() {
                balance[ItemState(rawValue: rows.text(at: 0)) ?? .pending] += Int(rows.integer(at: 1))
            }
            let running = Int(
                try connection.integer(
                    """
                    SELECT count(*) FROM in_flight CROSS JOIN item ON item.id = item_id
                    WHERE state = 'pending' AND position IS NOT NULL
                    """
                )
            )
            balance[.running] += running
            balance[.pending] -= running
            return balance
        }
    }

    func startRun(version: String) throws {
        let statement = try connection.prepare(
            "INSERT INTO run (started_at_ms, version, host, pid) VALUES (?1, ?2, ?3, ?4)"
        )
        try statement.bind(System.now, at: 1)
        try statement.bind(version, at: 2)
        try statement.bind(System.hostName, at: 3)
        try statement.bind(Int64(System.processID), at: 4)
        try statement.run()
        runID = connection.lastInsertedRowID
    }

    func finishRun(_ summary: RunSummary) throws {
        let statement = try connection.prepare(
            """
            UPDATE run SET ended_at_ms = ?2, ending = ?3, message = ?4, done = ?5, failed = ?6, deferred = ?7,
                interrupted = ?8, requests = ?9, retries = ?10
            WHERE id = ?1
            """
        )
        let (ending, message) = Self.words(for: summary)
        try statement.bind(runID, at: 1)
        try statement.bind(System.now, at: 2)
        try statement.bind(ending, at: 3)
        try statement.bind(message, at: 4)
        try statement.bind(summary.done, at: 5)
        try statement.bind(summary.failed, at: 6)
        try statement.bind(summary.deferred, at: 7)
        try statement.bind(summary.interrupted, at: 8)
        try statement.bind(summary.requests, at: 9)
        try statement.bind(summary.retries, at: 10)
        try statement.run()
    }

    /// The name of the ending, and why items were left, if that has a reason.
    private static func words(for summary: RunSummary) -> (String, String?) {
        let reasons = summary.reasonsForDeferral.joined(separator: "; ")
        let reason = reasons.isEmpty ? nil : reasons
        return switch summary.ending {
        case .completed: ("completed", reason)
        case .limitReached: ("limit_reached", reason)
        case .outOfTime: ("out_of_time", reason)
        case .interrupted: ("interrupted", reason)
        case .stopped(let error): ("stopped", error.message)
        }
    }
}
