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
