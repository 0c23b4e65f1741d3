package import BatchCore
internal import JSON
internal import SQLite

/// An item as the checkpoint holds it now.
package struct StoredItem: Sendable, Equatable {
    package let id: ItemID
    package let key: String
    /// `running` if a request of it is noted as in flight.
    package let state: ItemState
    /// 1, and 1 more each time its request was changed.
    package let generation: Int
    /// Requests that came to an end, in all runs.
    package let attempts: Int
    /// `file:line` in its source.
    package let origin: String
    /// Whether it has left the job since.
    package let isOrphaned: Bool
    package let request: ItemRequest
    /// What is wanted of its answers, over what the job says.
    package let checks: AnswerChecks
    /// What the templates saw, as a JSON object.
    package let input: String
    /// SHA-256 of the canonical request, in hexadecimal.
    package let fingerprint: String
}

extension StoredItem {
    /// What ``init(_:)`` reads; to be followed by a condition.
    static let query = """
        SELECT item.id, item.key, CASE WHEN in_flight.item_id IS NULL THEN item.state ELSE 'running' END,
            item.generation, item.attempts, item.origin, item.position IS NULL, variant.model,
            variant.system_instruction, variant.config, prompt.turns, prompt.input, item.fingerprint, prompt.checks
        FROM item
        CROSS JOIN prompt ON prompt.item_id = item.id
        CROSS JOIN variant ON variant.id = item.variant_id
        LEFT JOIN in_flight ON in_flight.item_id = item.id
        """

    init(_ row: borrowing Statement) throws {
        id = ItemID(row.integer(at: 0))
        key = row.text(at: 1)
        state = ItemState(rawValue: row.text(at: 2)) ?? .pending
        generation = Int(row.integer(at: 3))
        attempts = Int(row.integer(at: 4))
        origin = row.text(at: 5)
        isOrphaned = row.integer(at: 6) == 1
        request = ItemRequest(
            model: row.text(at: 7),
            systemInstruction: row.optionalText(at: 8),
            config: try row.withBytes(at: 9) { bytes in
                var reader = JSONReader(bytes)
                return try reader.readValue().object ?? [:]
            },
            turns: try row.withBytes(at: 10) { try ItemCoding.turns($0) }
        )
        input = row.text(at: 11)
        fingerprint = ItemFingerprint.hexadecimal(row.blob(at: 12))
        checks = try row.withBytes(at: 13) { try ItemCoding.checks($0) }
    }
}
