/// Which items wait to be sent, in SQL.
///
/// ?1 is the item after which to go on, ?2 the most to return. The columns are those that `CheckpointDatabase` reads.
enum PendingQuery {
    /// The next items of any model.
    ///
    /// - Parameter condition: What further holds for them.
    /// - Returns: The query.
    static func all(where condition: String = "1") -> String {
        """
        SELECT id, key, variant_id, turns, attempts, generation, checks FROM item JOIN prompt ON item_id = id
        WHERE state = 'pending' AND position > coalesce((SELECT position FROM item WHERE id = ?1), -1)
            AND NOT EXISTS (SELECT 1 FROM in_flight WHERE in_flight.item_id = id) AND \(condition)
        ORDER BY position LIMIT ?2
        """
    }

    /// The next items of the models of a JSON list, ?3, or of all others; ?4 tells which.
    ///
    /// Most jobs have no other models than those that are not wanted. That is found out first, without looking at items.
    ///
    /// - Parameter condition: What further holds for them.
    /// - Returns: The query.
    static func ofModels(where condition: String = "1") -> String {
        """
        SELECT item.id, key, variant_id, turns, attempts, generation, checks
        FROM item JOIN prompt ON item_id = item.id JOIN variant ON variant.id = variant_id
        WHERE EXISTS (SELECT 1 FROM variant WHERE (model IN (SELECT value FROM json_each(?3))) = ?4)
            AND state = 'pending' AND position > coalesce((SELECT position FROM item WHERE id = ?1), -1)
            AND (model IN (SELECT value FROM json_each(?3))) = ?4
            AND NOT EXISTS (SELECT 1 FROM in_flight WHERE in_flight.item_id = item.id) AND \(condition)
        ORDER BY position LIMIT ?2
        """
    }
}
