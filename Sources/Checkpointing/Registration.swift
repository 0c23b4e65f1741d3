internal import BatchCore
internal import JSON
internal import SQLite

/// Compares the items of a job with those of the checkpoint, and makes the checkpoint's follow.
///
/// Runs in one transaction. An item that is as it was is not written.
final class Registration {
    private let database: CheckpointDatabase
    private let shard: Shard?
    private let matcher: ItemMatcher
    private let insert: Statement
    private let change: Statement
    private let touch: Statement
    private let insertPrompt: Statement
    private let changePrompt: Statement
    private let leave: Statement
    private var positions: PositionSequence
    private var plan = RunPlan()
    private var digest = PlanDigest()
    /// Whether an item refers to a file of this machine.
    private(set) var hasLocalMedia = false

    /// - Parameters:
    ///   - database: The checkpoint.
    ///   - shard: The part of the job that it is for; `nil` for all of it.
    /// - Throws: An `SQLiteError`.
    init(_ database: CheckpointDatabase, shard: Shard?) throws {
        let connection = database.connection
        self.database = database
        self.shard = shard
        matcher = try ItemMatcher(connection, newcomers: .inCheckpoint)
        insert = try connection.prepare(
            """
            INSERT INTO item (key, position, state, generation, attempts, variant_id, fingerprint, origin)
            VALUES (?1, ?2, 'pending', 1, 0, ?3, ?4, ?5)
            ON CONFLICT (key) DO NOTHING
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
        insertPrompt = try connection.prepare(
            "INSERT INTO prompt (item_id, turns, plain_bytes, input, checks) VALUES (?1, ?2, ?3, ?4, ?5)"
        )
        changePrompt = try connection.prepare(
            "UPDATE prompt SET turns = ?2, plain_bytes = ?3, input = ?4, checks = ?5 WHERE item_id = ?1"
        )
        leave = try connection.prepare(
            "UPDATE item SET position = NULL WHERE id = ?1 AND position IS NOT NULL"
        )
        // One look into the index for each state; `max(position)` alone would read the whole table.
        positions = PositionSequence(
            highest: try connection.integer(
                """
                WITH states (state) AS (VALUES ('pending'), ('done'), ('failed'), ('deferred'))
                SELECT max((SELECT max(position) FROM item WHERE item.state = states.state)) FROM states
                """
            ),
            isExact: shard != nil
        )
    }

    /// What to keep about the job after ``run(_:)``.
    var storedPlan: StoredPlan {
        StoredPlan(digest: digest.bytes, shardCount: shard?.count ?? 1, shards: [shard?.number ?? 0])
    }

    /// Takes all items of a source.
    ///
    /// - Returns: How they compare with the checkpoint, orphaned items included.
    /// - Throws: What the source throws, ``CheckpointError/Kind/duplicateKey(_:first:second:)``, or an `SQLiteError`.
    func run(_ source: inout some ItemSource) throws -> RunPlan {
        while let item = try source.next() {
            hasLocalMedia = hasLocalMedia || item.request.hasLocalMedia
            if let shard, !shard.contains(item.key) {
                digest.add(item.key, ItemFingerprint(of: item.request))
                positions.skip()
                continue
            }
            let (key, known) = try matcher.match(item)
            digest.add(item.key, ItemFingerprint(bytes: matcher.columns.fingerprint))
            try keep(item, key: key, known: known)
        }
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

    private func keep(_ item: SourceItem, key: String, known: ItemMatcher.Known?) throws {
        guard let known else {
            plan.new += 1
            return try add(item, key: key)
        }
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
        try insert.bind(blob: matcher.columns.fingerprint, at: 4)
        try insert.bind(item.origin, at: 5)
        try insert.run()
        while database.connection.changes == 0 {
            try insert.bind(try matcher.keyForClash(item), at: 1)
            try insert.run()
        }
        try write(insertPrompt, database.connection.lastInsertedRowID)
    }

    private func replace(_ known: ItemMatcher.Known, with item: SourceItem, position: Int64) throws {
        try change.bind(known.id, at: 1)
        try change.bind(position, at: 2)
        try change.bind(try database.variants.number(for: item.request), at: 3)
        try change.bind(blob: matcher.columns.fingerprint, at: 4)
        try change.bind(item.origin, at: 5)
        try change.run()
        try write(changePrompt, known.id)
    }

    private func write(_ prompt: borrowing Statement, _ id: Int64) throws {
        try prompt.bind(id, at: 1)
        try prompt.bind(utf8: matcher.columns.turns.bytes, at: 2)
        try prompt.bind(matcher.columns.plainBytes, at: 3)
        try prompt.bind(utf8: matcher.columns.input.bytes, at: 4)
        let checks = matcher.columns.checks
        try prompt.bind(checks.isEmpty ? nil : String(decoding: checks, as: UTF8.self), at: 5)
        try prompt.run()
    }

    // MARK: The end

    /// Items that the job no longer has leave its order; they keep their state and their answers.
    private func leaveUnseen() throws {
        for id in matcher.finish() {
            try leave.bind(Int64(id), at: 1)
            try leave.run()
        }
    }
}

extension ItemRequest {
    fileprivate var hasLocalMedia: Bool {
        turns.contains { turn in
            turn.media.contains { reference in
                if case .file = reference.location { return true }
                return false
            }
        }
    }
}

/// Gives the items of a job growing positions, and leaves those that have one already where they are if it can.
///
/// Positions are far apart at first, so that an item put in between does not move all that follow. In a part of a job they
/// follow from the order of the whole job alone, so that the positions of all parts fit together.
struct PositionSequence {
    private static let stride: Int64 = 1024

    private let highest: Int64
    private let isExact: Bool
    private var last: Int64 = 0

    /// - Parameters:
    ///   - highest: The highest position in the checkpoint, 0 if there is none.
    ///   - isExact: Whether the n-th item has to have the position that it would have in a new checkpoint.
    init(highest: Int64, isExact: Bool = false) {
        self.highest = highest
        self.isExact = isExact
    }

    /// Passes over an item that is not in the checkpoint.
    mutating func skip() {
        last += Self.stride
    }

    mutating func next(keeping known: Int64?) -> Int64 {
        if isExact {
            skip()
        } else if let known, known > last {
            last = known
        } else {
            last += last >= highest ? Self.stride : 1
        }
        return last
    }
}
