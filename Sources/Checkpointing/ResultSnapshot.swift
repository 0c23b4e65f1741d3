package import BatchCore
internal import JSON
internal import SQLite

/// The results of a job as they were at one moment, however long reading them takes; see ``CheckpointReader/snapshot(_:)``.
package struct ResultSnapshot {
    let connection: Connection

    /// Hands out items with what came of them, in the order of the job.
    ///
    /// - Parameters:
    ///   - selection: Which items.
    ///   - body: Called for each; one is in memory at a time.
    /// - Throws: What the body throws, or an error of SQLite.
    package func forEach(_ selection: ResultSelection, _ body: (ResultRow) throws -> Void) throws {
        let query = try ResultQuery(connection, selection)
        var left = selection.limit ?? .max
        while left > 0, let row = try query.next() {
            try body(row)
            left -= 1
        }
    }

    /// The names in the inputs of all items, whatever their state, in the order of their first appearance.
    ///
    /// - Parameters:
    ///   - includesOrphaned: Whether items that have left the job count too.
    ///   - limit: Of how many names to remember.
    /// - Returns: `nil` if there are more names than that.
    /// - Throws: An error of SQLite.
    package func inputColumns(includesOrphaned: Bool, limit: Int) throws -> [String]? {
        let inputs = try connection.prepare(
            """
            SELECT prompt.input FROM item CROSS JOIN prompt ON prompt.item_id = item.id
            \(includesOrphaned ? "" : "WHERE item.position IS NOT NULL") ORDER BY item.id
            """
        )
        var columns = InputColumns()
        while try inputs.step() {
            inputs.withBytes(at: 0) { columns.add(namesOf: $0) }
            guard columns.names.count <= limit else { return nil }
        }
        return columns.names
    }

    /// The number of the youngest attempt; they grow.
    package func lastAttempt() throws -> Int64 {
        try connection.integer("SELECT max(id) FROM attempt")
    }
}

/// The names of members, each once.
private struct InputColumns {
    private(set) var names: [String] = []
    private var known: Set<String> = []

    mutating func add(namesOf input: Span<UInt8>) {
        var reader = JSONReader(input)
        // Only what can be read counts; the exporters see the same.
        try? add(&reader)
    }

    private mutating func add(_ reader: inout JSONReader) throws(JSONError) {
        // Rows of one table have the same names in the same places.
        var expected = 0
        try reader.beginObject()
        while let range = try reader.nextKey() {
            if expected >= names.count || !reader.isText(names[expected], at: range) {
                let name = reader.unescapedString(in: range)
                if known.insert(name).inserted {
                    names.append(name)
                }
            }
            expected += 1
            try reader.skipValue()
        }
    }
}
