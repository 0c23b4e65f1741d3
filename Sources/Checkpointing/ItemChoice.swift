internal import BatchCore
internal import SQLite

/// Which items of a job a run sends, among those that are to run.
package enum ItemChoice: Sendable, Equatable {
    case all
    /// Those with these keys.
    case keys([String])
    /// Failed ones, which are pending again; edited ones among them as they are now.
    case failed(FailureFilter)
}

/// What was chosen stands in a temporary table, which ends with the connection.
extension CheckpointDatabase {
    /// Runs a body that makes the checkpoint follow a job, and carries the choice out; inside a transaction.
    ///
    /// What failed is chosen before, since an item that was edited since is not failed any more, and taken up after, since
    /// an item that has left the job is not to run.
    ///
    /// - Returns: What the body returned, with the choice in it.
    /// - Throws: ``CheckpointError/Kind/unknownKeys(_:)``, or what the body throws.
    func choosing(_ choice: ItemChoice, _ body: () throws -> RunPlan) throws -> RunPlan {
        forgetVersions()
        switch choice {
        case .all:
            return try body()
        case .keys(let keys):
            var plan = try body()
            try connection.checkKeys(keys)
            try choose("SELECT id FROM item WHERE key IN (SELECT value FROM json_each(?1))", keys: keys.jsonList)
            try note(&plan)
            return plan
        case .failed(let filter):
            let lastClass = """
                (SELECT class FROM attempt WHERE item_id = item.id AND generation = item.generation
                    AND status = 'failed' ORDER BY attempt.id DESC LIMIT 1)
                """
            let condition = filter.condition(class: lastClass, key: "key")
            try choose("SELECT id FROM item WHERE state = 'failed' AND \(condition)", keys: filter.keyList)
            var plan = try body()
            try connection.checkKeys(filter.keys)
            try connection.execute(
                """
                UPDATE item SET state = 'pending'
                WHERE state = 'failed' AND position IS NOT NULL AND id IN (SELECT id FROM temp.chosen)
                """
            )
            let count = connection.changes
            plan.failed -= count
            plan.pending += count
            try note(&plan)
            return plan
        }
    }

    private func choose(_ query: String, keys: String) throws {
        try connection.execute("DROP TABLE IF EXISTS temp.chosen; CREATE TEMP TABLE chosen (id INTEGER PRIMARY KEY)")
        let statement = try connection.prepare("INSERT INTO temp.chosen (id) \(query)")
        try statement.bind(keys, at: 1)
        try statement.run()
    }

    /// Sees to it that nothing else is handed out, and counts what was chosen.
    private func note(_ plan: inout RunPlan) throws {
        try restrictPendingItems(to: "item.id IN (SELECT chosen.id FROM temp.chosen)")
        let rows = try connection.prepare(
            """
            SELECT state, count(*) FROM temp.chosen CROSS JOIN item USING (id) WHERE position IS NOT NULL GROUP BY state
            """
        )
        var chosen = RunPlan.Choice()
        while try rows.step() {
            let count = Int(rows.integer(at: 1))
            switch ItemState(rawValue: rows.text(at: 0)) {
            case .done: chosen.done = count
            case .failed: chosen.failed = count
            default: chosen.toRun += count
            }
        }
        plan.choice = chosen
    }
}
