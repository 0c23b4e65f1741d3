internal import BatchCore
internal import SQLite

extension CheckpointDatabase {
    /// Adds up what is to be sent.
    ///
    /// Items of one turn without media are added up by SQLite; the others are looked at one by one.
    ///
    /// - Parameter limit: How many items at most, the first ones; `nil` for all.
    /// - Returns: The sum.
    /// - Throws: An `SQLiteError`, or what is wrong with an item.
    func workload(limit: Int?) throws -> Workload {
        var workload = Workload()
        if try addPlainItems(to: &workload, limit) {
            try addOtherItems(to: &workload, limit)
        }
        return workload
    }

    /// Reads columns of the items to send, each once: SQLite does not take apart what has a limit.
    private func select(_ columns: String) -> String {
        """
        SELECT \(columns) FROM item CROSS JOIN prompt ON prompt.item_id = item.id
        WHERE state = 'pending' AND position IS NOT NULL AND \(pendingCondition)
        ORDER BY position LIMIT ?1
        """
    }

    private static let isPlain = "(json_array_length(turns) = 1 AND json_extract(turns, '$[0].media') IS NULL)"
    private static let isChecked = "checks IS NOT NULL"

    /// - Returns: Whether there are others.
    private func addPlainItems(to workload: inout Workload, _ limit: Int?) throws -> Bool {
        let bytes = "CASE WHEN \(Self.isPlain) THEN length(CAST(json_extract(turns, '$[0].text') AS BLOB)) END"
        let rows = try connection.prepare(
            """
            SELECT variant_id, count(*), sum(bytes), max(bytes), max(is_checked)
            FROM (\(select("variant_id, \(bytes) AS bytes, \(Self.isChecked) AS is_checked")))
            GROUP BY variant_id, bytes / \(Workload.sizeStep)
            """
        )
        try rows.bind(limit ?? -1, at: 1)
        var hasOthers = false
        while try rows.step() {
            guard let bytes = rows.optionalInteger(at: 2) else {
                hasOthers = true
                continue
            }
            let count = Int(rows.integer(at: 1))
            let longest = Int(rows.integer(at: 3))
            let request = try request(ofVariant: rows.integer(at: 0))
            let isChecked = rows.integer(at: 4) != 0
            workload.add(count, textBytes: Int(bytes), longest: longest, like: request, hasOwnChecks: isChecked)
        }
        return hasOthers
    }

    private func addOtherItems(to workload: inout Workload, _ limit: Int?) throws {
        let columns = "\(Self.isPlain) AS is_plain, \(Self.isChecked) AS is_checked"
        let rows = try connection.prepare(
            """
            SELECT variant_id, turns, (
                SELECT count(DISTINCT turn) FROM attempt
                WHERE attempt.item_id = pending.id AND attempt.generation = pending.generation AND status = 'answered'
            ), is_checked
            FROM (\(select("item.id, variant_id, generation, turns, \(columns)"))) AS pending
            WHERE NOT is_plain
            """
        )
        try rows.bind(limit ?? -1, at: 1)
        while try rows.step() {
            var request = try request(ofVariant: rows.integer(at: 0))
            request.turns = try rows.withBytes(at: 1) { try ItemCoding.turns($0) }
            let isChecked = rows.integer(at: 3) != 0
            workload.add(request, answeredTurns: Int(rows.integer(at: 2)), hasOwnChecks: isChecked)
        }
    }

    private func request(ofVariant number: Int64) throws -> ItemRequest {
        let variant = try variants.variant(number)
        return ItemRequest(
            model: variant.model,
            systemInstruction: variant.systemInstruction,
            config: variant.config,
            turns: []
        )
    }
}
