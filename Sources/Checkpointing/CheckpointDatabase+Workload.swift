internal import BatchCore
internal import SQLite

extension CheckpointDatabase {
    /// Adds up what is to be sent.
    ///
    /// Of items of one turn without media only the length is read; the others are looked at one by one.
    ///
    /// - Parameter limit: How many items at most, the first ones; `nil` for all.
    /// - Returns: The sum.
    /// - Throws: An `SQLiteError`, or what is wrong with an item.
    func workload(limit: Int?) throws -> Workload {
        let rows = try connection.prepare(
            """
            SELECT variant_id, checks IS NOT NULL, plain_bytes, CASE WHEN plain_bytes IS NULL THEN turns END,
                CASE WHEN plain_bytes IS NULL THEN (
                    SELECT count(DISTINCT turn) FROM attempt
                    WHERE attempt.item_id = item.id AND attempt.generation = item.generation AND status = 'answered'
                ) END
            FROM item CROSS JOIN prompt ON prompt.item_id = item.id
            WHERE state = 'pending' AND position IS NOT NULL AND \(pendingCondition)
            ORDER BY position LIMIT ?1
            """
        )
        try rows.bind(limit ?? -1, at: 1)
        var workload = Workload()
        // Not added up by SQLite, which would sort all of them first.
        var plainItems: [PlainItems.Kind: PlainItems] = [:]
        func addPlainItems() throws {
            for (kind, items) in plainItems {
                workload.add(
                    items.count,
                    textBytes: items.bytes,
                    longest: items.longest,
                    like: try request(ofVariant: kind.variant),
                    hasOwnChecks: items.areChecked
                )
            }
            plainItems.removeAll(keepingCapacity: true)
        }
        while try rows.step() {
            let variant = rows.integer(at: 0)
            let isChecked = rows.integer(at: 1) != 0
            if let bytes = rows.optionalInteger(at: 2).map({ Int($0) }) {
                let kind = PlainItems.Kind(variant: variant, size: bytes / Workload.sizeStep)
                plainItems[kind, default: PlainItems()].add(bytes, isChecked: isChecked)
                // A job may have a variant for every item.
                if plainItems.count == VariantTable.capacity {
                    try addPlainItems()
                }
            } else {
                var request = try request(ofVariant: variant)
                request.turns = try rows.withBytes(at: 3) { try ItemCoding.turns($0) }
                workload.add(request, answeredTurns: Int(rows.integer(at: 4)), hasOwnChecks: isChecked)
            }
        }
        try addPlainItems()
        return workload
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

/// Items of one turn without media.
private struct PlainItems {
    /// Those that ask alike and are about as long.
    struct Kind: Hashable {
        let variant: Int64
        let size: Int
    }

    private(set) var count = 0
    private(set) var bytes = 0
    private(set) var longest = 0
    /// Whether some of them have checks of their own.
    private(set) var areChecked = false

    mutating func add(_ bytes: Int, isChecked: Bool) {
        count += 1
        self.bytes += bytes
        longest = max(longest, bytes)
        areChecked = areChecked || isChecked
    }
}
