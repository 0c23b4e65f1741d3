package import BatchCore
internal import SQLite

/// An item whose question may have been billed more than once, or will be.
package struct BilledItem: Sendable, Equatable {
    package let key: String
    package let state: ItemState
    /// Requests for it that may have been billed, answered ones included.
    package let requests: Int
    package let answered: Int
    /// In flight when a run was cut off, so that nobody knows what became of them.
    package let lost: Int
}

extension BilledItem {
    /// Items with a turn that was asked for twice or more in requests that may be billed, or that is to be asked again
    /// after such a request without an answer.
    ///
    /// What a run that died has left in flight counts as lost here, as the next run will note it. Only items that have
    /// a request without an answer are looked at closely, as most have none.
    static func query(isRunning: Bool) -> String {
        let inFlight = """
            UNION ALL SELECT item_id, item.generation, -1, 'lost' FROM in_flight JOIN item ON item.id = item_id
            """
        return """
            WITH suspect AS (
                SELECT DISTINCT item_id FROM attempt WHERE possibly_billed = 1 AND status <> 'answered'
                \(isRunning ? "" : "UNION SELECT item_id FROM in_flight")
            ),
            billed (item_id, generation, turn, status) AS (
                SELECT item_id, generation, turn, status FROM attempt
                WHERE possibly_billed = 1 AND item_id IN (SELECT item_id FROM suspect)
                \(isRunning ? "" : inFlight)
            ),
            question AS (
                SELECT item_id, generation, count(*) AS requests, sum(status = 'answered') AS answered,
                    sum(status = 'lost') AS lost
                FROM billed GROUP BY item_id, generation, turn
            )
            SELECT key, state, sum(requests), sum(answered), sum(lost)
            FROM question JOIN item ON item.id = item_id
            WHERE requests > 1
                OR (requests > answered AND question.generation = item.generation
                    AND (state = 'pending' OR state = 'deferred'))
            GROUP BY item_id ORDER BY position IS NULL, position, item_id
            """
    }
}

extension CheckpointReader {
    /// Walks over the items that may have been billed twice, those that have left the job included.
    package func billedTwice(_ body: (BilledItem) throws -> Void) throws {
        do {
            let isRunning = CheckpointLock.holder(forCheckpoint: path) != nil
            try connection.transaction(.read) {
                let rows = try connection.prepare(BilledItem.query(isRunning: isRunning))
                while try rows.step() {
                    try body(
                        BilledItem(
                            key: rows.text(at: 0),
                            state: ItemState(rawValue: rows.text(at: 1)) ?? .pending,
                            requests: Int(rows.integer(at: 2)),
                            answered: Int(rows.integer(at: 3)),
                            lost: Int(rows.integer(at: 4))
                        )
                    )
                }
            }
        } catch let error as SQLiteError {
            throw CheckpointError(error, path: path)
        }
    }
}
