internal import BatchCore
internal import JSON
internal import SQLite

/// Compares the items of a job with those of the checkpoint, and makes the checkpoint's follow.
///
/// Runs in one transaction. Nothing is kept for an item in memory but one bit, and an item that is as it was is not
/// written. In a job that was not edited the rows come in the order of the job, so the next row is tried before its key
/// is looked up.
final class Registration {
    /// An item of the checkpoint beside the one of the job under the same key.
    private struct Known {
        let id: Int64
        let position: Int64?
        let state: ItemState
        let isSameRequest: Bool
        /// Whether the columns of its prompt are the same too: inputs and paths of media do not affect the answer.
        let isSamePrompt: Bool
        let isSameOrigin: Bool
    }

    /// One item of the job as columns.
    private struct Columns {
        var fingerprint: [UInt8] = []
        var turns = JSONWriter(reserving: 1024)
        var input = JSONWriter(reserving: 1024)

        mutating func take(_ item: SourceItem) {
            fingerprint = ItemFingerprint(of: item.request).bytes
            turns.removeAll()
            ItemCoding.write(item.request.turns, to: &turns)
            input.removeAll()
            input.write(.object(item.input))
        }
    }

    private static let selectKnown = """
        SELECT id, key, position, state, fingerprint, turns, input, origin FROM item CROSS JOIN prompt ON item_id = id
        """

    private let database: CheckpointDatabase
    private let scan: Statement
    private let lookUp: Statement
    private let insert: Statement
    private let change: Statement
    private let touch: Statement
    private let insertPrompt: Statement
    private let changePrompt: Statement
    private let leave: Statement
    private let occurrence: Statement
    /// Items with higher numbers were added by this registration.
    private let highestID: Int64
    private var seen: BitSet
    private var positions: PositionSequence
    private var hasScanRow = false
    private var columns = Columns()
    private var plan = RunPlan()

    init(_ database: CheckpointDatabase) throws {
        let connection = database.connection
        self.database = database
        // Counts the equal content keys of this registration: on disk, since there may be as many as items.
        try connection.execute(
            """
            DROP TABLE IF EXISTS temp.occurrence;
            CREATE TEMP TABLE occurrence (key TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
            """
        )
        occurrence = try connection.prepare(
            """
            INSERT INTO temp.occurrence (key, count) VALUES (?1, 2)
            ON CONFLICT (key) DO UPDATE SET count = count + 1 RETURNING count
            """
        )
        scan = try connection.prepare("\(Self.selectKnown) WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
        lookUp = try connection.prepare("\(Self.selectKnown) WHERE key = ?1")
        insert = try connection.prepare(
            """
            INSERT INTO item (key, position, state, generation, attempts, variant_id, fingerprint, origin)
            VALUES (?1, ?2, 'pending', 1, 0, ?3, ?4, ?5)
            """
        )
        change = try connection.prepare(
            """
            UPDATE item SET position = ?2, state = 'pending', generation = generation + 1, variant_id = ?3,
                fingerprint = ?4, origin = ?5
            WHERE id = ?1
            """
        )
        touch = try connection.prepare("UPDATE item SET position = ?2, state = ?3, origin = ?4 WHERE id = ?1")
        insertPrompt = try connection.prepare("INSERT INTO prompt (item_id, turns, input) VALUES (?1, ?2, ?3)")
        changePrompt = try connection.prepare("UPDATE prompt SET turns = ?2, input = ?3 WHERE item_id = ?1")
        leave = try connection.prepare(
            "UPDATE item SET position = NULL WHERE id = ?1 AND position IS NOT NULL"
        )
        highestID = try connection.integer("SELECT max(id) FROM item")
        seen = BitSet(count: Int(highestID) + 1)
        // One look into the index for each state; `max(position)` alone would read the whole table.
        positions = PositionSequence(
            highest: try connection.integer(
                """
                WITH states (state) AS (VALUES ('pending'), ('done'), ('failed'), ('deferred'))
                SELECT max((SELECT max(position) FROM item WHERE item.state = states.state)) FROM states
                """
            )
        )
        try moveScan(to: 1)
    }

    /// Takes all items of a source.
    ///
    /// - Returns: How they compare with the checkpoint, orphaned items included.
    /// - Throws: What the source throws, ``CheckpointError/Kind/duplicateKey(_:first:second:)``, or an `SQLiteError`.
    func run(_ source: inout some ItemSource) throws -> RunPlan {
        while let item = try source.next() {
            try take(item)
        }
        scan.reset()
        try leaveUnseen()
        plan.orphaned = Int(
            try database.connection.integer(
                """
                SELECT count(*) FROM item
                WHERE state IN ('pending', 'done', 'failed', 'deferred') AND position IS NULL
                """
            )
        )
        return plan
    }

    // MARK: One item

    private func take(_ item: SourceItem) throws {
        columns.take(item)
        switch item.key {
        case .explicit(let key):
            let known = try find(key, item)
            if let known, isSeen(known) { throw try duplicate(key, item) }
            try keep(item, key: key, known: known)
        case .content(let content):
            var key = content
            var known = try find(key, item)
            while let other = known, isSeen(other) {
                key = "\(content)#\(try nextOccurrence(of: content))"
                known = try find(key, item)
            }
            try keep(item, key: key, known: known)
        }
    }

    private func keep(_ item: SourceItem, key: String, known: Known?) throws {
        guard let known else {
            plan.new += 1
            return try add(item, key: key)
        }
        seen.insert(Int(known.id))
        let position = positions.next(keeping: known.position)
        guard known.isSameRequest else {
            plan.changed += 1
            return try replace(known, with: item, position: position)
        }
        var state = known.state
        switch known.state {
        case .pending, .running: plan.pending += 1
        case .done: plan.done += 1
        case .failed: plan.failed += 1
        case .deferred:
            plan.deferred += 1
            state = .pending
        }
        if !known.isSamePrompt {
            try write(changePrompt, known.id)
        }
        guard position != known.position || state != known.state || !known.isSameOrigin else { return }
        try touch.bind(known.id, at: 1)
        try touch.bind(position, at: 2)
        try touch.bind(state.rawValue, at: 3)
        try touch.bind(item.origin, at: 4)
        try touch.run()
    }

    private func add(_ item: SourceItem, key: String) throws {
        try insert.bind(key, at: 1)
        try insert.bind(positions.next(keeping: nil), at: 2)
        try insert.bind(try database.variants.number(for: item.request), at: 3)
        try insert.bind(blob: columns.fingerprint, at: 4)
        try insert.bind(item.origin, at: 5)
        try insert.run()
        try write(insertPrompt, database.connection.lastInsertedRowID)
    }

    private func replace(_ known: Known, with item: SourceItem, position: Int64) throws {
        try change.bind(known.id, at: 1)
        try change.bind(position, at: 2)
        try change.bind(try database.variants.number(for: item.request), at: 3)
        try change.bind(blob: columns.fingerprint, at: 4)
        try change.bind(item.origin, at: 5)
        try change.run()
        try write(changePrompt, known.id)
    }

    private func write(_ prompt: borrowing Statement, _ id: Int64) throws {
        try prompt.bind(id, at: 1)
        try prompt.bind(utf8: columns.turns.bytes, at: 2)
        try prompt.bind(utf8: columns.input.bytes, at: 3)
        try prompt.run()
    }

    // MARK: Finding

    private func find(_ key: String, _ item: SourceItem) throws -> Known? {
        if hasScanRow, scan.column(1, equals: key) {
            let known = compare(scan, item)
            hasScanRow = try scan.step()
            return known
        }
        try lookUp.bind(key, at: 1)
        defer { lookUp.reset() }
        guard try lookUp.step() else { return nil }
        let known = compare(lookUp, item)
        if known.id <= highestID, !isSeen(known) {
            try moveScan(to: known.id + 1)
        }
        return known
    }

    private func compare(_ row: borrowing Statement, _ item: SourceItem) -> Known {
        Known(
            id: row.integer(at: 0),
            position: row.optionalInteger(at: 2),
            state: ItemState(rawValue: row.text(at: 3)) ?? .pending,
            isSameRequest: row.column(4, equals: columns.fingerprint),
            isSamePrompt: row.column(5, equals: columns.turns.bytes) && row.column(6, equals: columns.input.bytes),
            isSameOrigin: row.column(7, equals: item.origin)
        )
    }

    private func moveScan(to id: Int64) throws {
        scan.reset()
        try scan.bind(id, at: 1)
        try scan.bind(highestID, at: 2)
        hasScanRow = try scan.step()
    }

    private func isSeen(_ known: Known) -> Bool {
        known.id > highestID || seen.contains(Int(known.id))
    }

    private func nextOccurrence(of key: String) throws -> Int64 {
        try occurrence.bind(key, at: 1)
        defer { occurrence.reset() }
        return try occurrence.step() ? occurrence.integer(at: 0) : 2
    }

    private func duplicate(_ key: String, _ item: SourceItem) throws -> CheckpointError {
        try lookUp.bind(key, at: 1)
        defer { lookUp.reset() }
        let first = try lookUp.step() ? lookUp.text(at: 7) : ""
        return CheckpointError(
            .duplicateKey(key, first: first, second: item.origin),
            path: database.connection.path,
            message: "\(item.origin): the id \"\(key)\" is taken by the item at \(first)",
            advice: "give each item an id of its own"
        )
    }

    // MARK: The end

    /// Items that the job no longer has leave its order; they keep their state and their answers.
    private func leaveUnseen() throws {
        for id in seen.missing(from: 1) {
            try leave.bind(Int64(id), at: 1)
            try leave.run()
        }
    }
}

/// Gives the items of a job growing positions, and leaves those that have one already where they are if it can.
///
/// Positions are far apart at first, so that an item put in between does not move all that follow.
struct PositionSequence {
    private static let stride: Int64 = 1024

    private let highest: Int64
    private var last: Int64 = 0

    /// - Parameter highest: The highest position in the checkpoint, 0 if there is none.
    init(highest: Int64) {
        self.highest = highest
    }

    mutating func next(keeping known: Int64?) -> Int64 {
        if let known, known > last {
            last = known
        } else {
            last += last >= highest ? Self.stride : 1
        }
        return last
    }
}

/// A set of small numbers, one bit each.
struct BitSet {
    private var words: [UInt64]
    private let count: Int

    /// - Parameter count: One more than the highest number.
    init(count: Int) {
        self.count = count
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
    }

    mutating func insert(_ number: Int) {
        words[number / 64] |= 1 << UInt64(number % 64)
    }

    func contains(_ number: Int) -> Bool {
        words[number / 64] & (1 << UInt64(number % 64)) != 0
    }

    func missing(from first: Int) -> some Sequence<Int> {
        (first..<max(first, count)).lazy.filter { !contains($0) }
    }
}
