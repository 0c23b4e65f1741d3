package import BatchCore
internal import JSON
internal import SQLite

/// Which failed items are meant.
package struct FailureFilter: Sendable, Equatable {
    /// The classes of their last failures; empty for all.
    package var classes: [FailureClass]
    /// Their names in the job; empty for all.
    package var keys: [String]

    package init(classes: [FailureClass] = [], keys: [String] = []) {
        self.classes = classes
        self.keys = keys
    }

    /// A condition in SQL on columns of these names; ?1 is to be bound to the keys.
    func condition(class failureClass: String, key: String) -> String {
        let names = classes.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return (classes.isEmpty ? "1" : "\(failureClass) IN (\(names))")
            + (keys.isEmpty ? " AND ?1 IS NOT NULL" : " AND \(key) IN (SELECT value FROM json_each(?1))")
    }

    /// What ?1 is bound to.
    var keyList: String { keys.jsonList }
}

extension [String] {
    /// As `json_each` reads it.
    var jsonList: String { JSONValue.array(map(JSONValue.string)).text }
}

/// A failed item with its last failure.
package struct FailedItem: Sendable, Equatable {
    package let key: String
    /// `unknown` if no failure is on record, as after a state that was set by hand.
    package let failureClass: String
    package let httpStatus: Int?
    package let message: String
    package let attempts: Int
}

/// Failed items of the job whose last failures have one class.
package struct FailureGroup: Sendable, Equatable {
    package let failureClass: String
    package internal(set) var count: Int
    /// The first one in the order of the job.
    package let example: FailedItem
    /// The first keys in the order of the job.
    package internal(set) var keys: [String]
}

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

extension CheckpointReader {
    /// Walks over failed items in the order of the job, as they were at one moment.
    ///
    /// - Parameters:
    ///   - filter: Which of them.
    ///   - body: Called for each; one is in memory at a time.
    /// - Throws: What the body throws, or a ``CheckpointError``, also if the job does not have a key of the filter.
    package func failedItems(_ filter: FailureFilter, _ body: (FailedItem) throws -> Void) throws {
        do {
            try connection.transaction(.read) {
                try connection.checkKeys(filter.keys)
                let rows = try connection.prepare(
                    """
                    SELECT key, coalesce(class, 'unknown'), http_status, coalesce(message, ''), attempts FROM failures
                    WHERE \(filter.condition(class: "class", key: "key"))
                    """
                )
                try rows.bind(filter.keyList, at: 1)
                while try rows.step() {
                    try body(
                        FailedItem(
                            key: rows.text(at: 0),
                            failureClass: rows.text(at: 1),
                            httpStatus: rows.optionalInteger(at: 2).map { Int($0) },
                            message: rows.text(at: 3),
                            attempts: Int(rows.integer(at: 4))
                        )
                    )
                }
            }
        } catch let error as SQLiteError {
            throw CheckpointError(error, path: path)
        }
    }

    /// Groups failed items by class.
    ///
    /// - Parameters:
    ///   - filter: Which of them.
    ///   - keyCount: How many keys of each group to keep.
    /// - Returns: The groups, the largest last.
    /// - Throws: A ``CheckpointError``.
    package func failureGroups(_ filter: FailureFilter, keyCount: Int) throws -> [FailureGroup] {
        var groups: [String: FailureGroup] = [:]
        try failedItems(filter) { item in
            var group =
                groups[item.failureClass]
                ?? FailureGroup(failureClass: item.failureClass, count: 0, example: item, keys: [])
            group.count += 1
            if group.keys.count < keyCount {
                group.keys.append(item.key)
            }
            groups[item.failureClass] = group
        }
        return groups.values.sorted { ($0.count, $0.failureClass) < ($1.count, $1.failureClass) }
    }

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

extension Connection {
    /// Refuses keys that the job does not have: most likely they are mistakes in typing.
    func checkKeys(_ keys: [String]) throws {
        let rows = try prepare(
            """
            SELECT DISTINCT value FROM json_each(?1)
            WHERE NOT EXISTS (SELECT 1 FROM item WHERE key = value AND position IS NOT NULL)
            """
        )
        try rows.bind(keys.jsonList, at: 1)
        var unknown: [String] = []
        while try rows.step() {
            unknown.append(rows.text(at: 0))
        }
        guard unknown.isEmpty else {
            let names = unknown.map { "\"\($0)\"" }.joined(separator: ", ")
            throw CheckpointError(
                .unknownKeys(unknown),
                path: path,
                message: "the job has no item \(names)",
                advice: "keys are case-sensitive; nothing was sent or changed"
            )
        }
    }
}
