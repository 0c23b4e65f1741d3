package import BatchCore
internal import SQLite

/// What figures over all requests of a job are made of.
extension ResultSnapshot {
    /// Hands out every request of every run, roughly in the order in which they ended; one is in memory at a time.
    ///
    /// - Parameter body: Called for each, those of items that have left the job included.
    /// - Throws: What the body throws, or an error of SQLite.
    package func forEachAttempt(_ body: (AttemptRow) throws -> Void) throws {
        // In the order of the table: nothing is sorted, and items are found by number.
        let rows = try connection.prepare(
            """
            SELECT item.key, variant.model, attempt.status, attempt.started_at_ms, attempt.first_chunk_ms,
                attempt.duration_ms, \(ItemCoding.usageColumns), attempt.cost_microdollars, attempt.class,
                attempt.quota_id, attempt.quota_value, attempt.retry_delay_ms
            FROM attempt
            CROSS JOIN item ON item.id = attempt.item_id
            CROSS JOIN variant ON variant.id = attempt.variant_id
            ORDER BY attempt.id
            """
        )
        while try rows.step() {
            try body(
                AttemptRow(
                    key: rows.text(at: 0),
                    model: rows.text(at: 1),
                    status: AttemptRow.Status(rawValue: rows.text(at: 2)) ?? .lost,
                    timings: timings(rows),
                    usage: ItemCoding.usage(rows, from: 6),
                    cost: rows.optionalInteger(at: 12).map { MicroDollars($0) },
                    failureClass: rows.optionalText(at: 13),
                    quotaID: rows.optionalText(at: 14),
                    quotaLimit: rows.optionalInteger(at: 15).map { Int($0) },
                    retryDelay: rows.optionalInteger(at: 16).map { .milliseconds($0) }
                )
            )
        }
    }

    private func timings(_ row: borrowing Statement) -> AttemptTimings? {
        guard let start = row.optionalInteger(at: 3) else { return nil }
        return AttemptTimings(
            startedAtMilliseconds: start,
            firstChunk: row.optionalInteger(at: 4).map { .milliseconds($0) },
            total: .milliseconds(row.optionalInteger(at: 5) ?? 0)
        )
    }

    /// From the first request to the last answer of each run, in Unix time in milliseconds; runs without requests are
    /// missing.
    ///
    /// - Throws: An error of SQLite.
    package func busyTimes() throws -> [ClosedRange<Int64>] {
        let rows = try connection.prepare(
            """
            SELECT min(started_at_ms), max(started_at_ms + max(ifnull(duration_ms, 0), 0))
            FROM attempt WHERE started_at_ms IS NOT NULL GROUP BY run_id ORDER BY 1
            """
        )
        var times: [ClosedRange<Int64>] = []
        while try rows.step() {
            times.append(rows.integer(at: 0)...rows.integer(at: 1))
        }
        return times
    }

    /// The key and the input of the first item of the job; `nil` if it has none.
    ///
    /// - Throws: An error of SQLite.
    package func firstItem() throws -> (key: String, input: String)? {
        let rows = try connection.prepare(
            """
            SELECT item.key, prompt.input FROM item CROSS JOIN prompt ON prompt.item_id = item.id
            WHERE item.id = (
                SELECT id FROM item WHERE position = (SELECT min(position) FROM item)
            )
            """
        )
        return try rows.step() ? (rows.text(at: 0), rows.text(at: 1)) : nil
    }

    /// What the user says in one item, in order; nothing if there is no such item.
    ///
    /// - Throws: An error of SQLite, or of what cannot be read.
    package func turns(of key: String) throws -> [ItemRequest.Turn] {
        let rows = try connection.prepare(
            "SELECT turns FROM prompt WHERE item_id = (SELECT id FROM item WHERE key = ?1)"
        )
        try rows.bind(key, at: 1)
        return try rows.step() ? try rows.withBytes(at: 0) { try ItemCoding.turns($0) } : []
    }
}
