internal import BatchCore
internal import JSON
internal import SQLite

/// The one writing connection with its statements; used by one thread at a time.
final class CheckpointDatabase {
    let connection: Connection
    let variants: VariantTable
    /// Requests that were in flight when the last run died: they may be billed twice.
    private(set) var lostAttempts = 0
    /// The run that attempts belong to.
    var runID: Int64?

    /// What holds for the items that are handed out, in SQL.
    private(set) var pendingCondition = "1"

    /// Of the items that were handed out and have not come to an end.
    private var versions: [ItemID: ItemVersion] = [:]

    private var usage: UsageSums
    private let insertInFlight: Statement
    private let deleteInFlight: Statement
    private let updateItem: Statement
    private let attempts: AttemptWriter
    private var selectPending: Statement
    private var selectPendingOfModels: Statement
    private let selectAnswers: Statement
    private let selectKey: Statement
    private let selectVersion: Statement

    /// Opens the file, which exists and is ours or empty, and brings its schema up to date.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - busyTimeout: How long the lock of another program is waited for.
    ///   - reservesLogIndex: Whether the blocks of the disk are smaller than SQLite thinks.
    /// - Throws: An `SQLiteError`, or what keeps the schema from being brought up to date.
    init(path: String, busyTimeout: Duration, reservesLogIndex: Bool) throws {
        connection = try Connection(path: path, mode: .readWrite, busyTimeout: busyTimeout)
        // A page size counts before the first table only. FULL: an answer that was told to be saved survives a power
        // cut; the other two make it so on macOS. The log is cut back after the registration of a big job.
        // The cache is full from some ten thousand items on, whatever its size; more of it does not pay.
        try connection.execute(
            """
            PRAGMA page_size = 16384;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            PRAGMA fullfsync = ON;
            PRAGMA checkpoint_fullfsync = ON;
            PRAGMA trusted_schema = OFF;
            PRAGMA secure_delete = OFF;
            PRAGMA cache_size = -8192;
            PRAGMA journal_size_limit = 67108864;
            """
        )
        if reservesLogIndex {
            try connection.reserveLogIndex()
        }
        try Schema.migrator.migrate(connection)
        variants = try VariantTable(connection)
        usage = try UsageSums(connection)
        insertInFlight = try connection.prepare(
            "INSERT INTO in_flight (item_id, run_id, reserved_microdollars, reserved_tokens) VALUES (?1, ?2, ?3, ?4)"
        )
        deleteInFlight = try connection.prepare("DELETE FROM in_flight WHERE item_id = ?1")
        updateItem = try connection.prepare("UPDATE item SET state = ?2, attempts = attempts + ?3 WHERE id = ?1")
        attempts = try AttemptWriter(connection)
        selectPending = try connection.prepare(PendingQuery.all())
        selectPendingOfModels = try connection.prepare(PendingQuery.ofModels())
        selectAnswers = try connection.prepare(
            """
            SELECT attempt.turn, parts, text FROM attempt CROSS JOIN response ON attempt_id = attempt.id
            WHERE attempt.item_id = ?1 AND attempt.generation = ?2 AND status = 'answered'
            ORDER BY attempt.turn, attempt.id
            """
        )
        selectKey = try connection.prepare("SELECT key FROM item WHERE id = ?1")
        selectVersion = try connection.prepare("SELECT generation, variant_id FROM item WHERE id = ?1")
        try noteLost()
    }

    // MARK: Writing

    /// Commits the changes of a group, all or none.
    func commit(_ group: ArraySlice<CommitQueue.Entry>) throws {
        try transaction {
            for entry in group {
                switch entry {
                case .begin(let departure): try begin(departure)
                case .record(let settlement): try record(settlement.outcome)
                case .work: preconditionFailure("work is done alone")
                }
            }
        }
    }

    /// Commits how the run ended, and what all requests used.
    func endRun(_ summary: RunSummary) throws {
        try transaction {
            try finishRun(summary)
            try usage.store()
        }
    }

    /// What is added up in memory goes back with a transaction that fails.
    private func transaction(_ body: () throws -> Void) throws {
        let usageBefore = usage
        do {
            try connection.transaction { try body() }
        } catch {
            usage = usageBefore
            throw error
        }
    }

    /// To be told before items may change.
    func forgetVersions() {
        versions = [:]
    }

    private func begin(_ departure: Departure) throws {
        try insertInFlight.bind(departure.item.value, at: 1)
        try insertInFlight.bind(runID, at: 2)
        try insertInFlight.bind(departure.reserved?.cost.amount, at: 3)
        try insertInFlight.bind(departure.reserved?.tokens, at: 4)
        try insertInFlight.run()
    }

    private func record(_ outcome: ItemOutcome) throws {
        try deleteInFlight.bind(outcome.item.value, at: 1)
        try deleteInFlight.run()
        try updateItem.bind(outcome.item.value, at: 1)
        try updateItem.bind(outcome.state.rawValue, at: 2)
        try updateItem.bind(outcome.attempt == nil ? 0 : 1, at: 3)
        try updateItem.run()
        guard connection.changes == 1 else {
            throw CheckpointError.damaged(
                path: connection.path,
                detail: "item \(outcome.item.value) is no longer in it"
            )
        }
        if let attempt = outcome.attempt {
            let version = try version(of: outcome.item)
            let id = try attempts.insert(attempt, of: outcome.item, in: version, run: runID)
            try usage.note(attempt, id, of: version.variant)
        }
        if outcome.state != .pending {
            versions[outcome.item] = nil
        }
    }

    /// Which version of an item its requests are of: known since it was handed out, if it was.
    private func version(of item: ItemID) throws -> ItemVersion {
        if let version = versions[item] { return version }
        try selectVersion.bind(item.value, at: 1)
        defer { selectVersion.reset() }
        guard try selectVersion.step() else {
            throw CheckpointError.damaged(path: connection.path, detail: "item \(item.value) is no longer in it")
        }
        return ItemVersion(generation: selectVersion.integer(at: 0), variant: selectVersion.integer(at: 1))
    }

    /// Notes what an earlier run left in flight as lost; those items are pending.
    private func noteLost() throws {
        lostAttempts = try connection.transaction {
            try connection.execute(
                """
                INSERT INTO attempt (item_id, generation, variant_id, run_id, number, turn, status, possibly_billed,
                    reserved_microdollars, reserved_tokens)
                SELECT id, generation, variant_id, run_id, attempts + 1,
                    (SELECT count(DISTINCT turn) FROM attempt a
                        WHERE a.item_id = item.id AND a.generation = item.generation AND a.status = 'answered'),
                    'lost', 1, reserved_microdollars, reserved_tokens
                FROM in_flight JOIN item ON item.id = item_id
                """
            )
            let lost = connection.changes
            try connection.execute(
                """
                UPDATE item SET attempts = attempts + 1 WHERE id IN (SELECT item_id FROM in_flight);
                DELETE FROM in_flight;
                UPDATE run SET lost = lost + \(lost) WHERE id = (SELECT max(id) FROM run)
                """
            )
            try usage.update()
            // Also those that were noted by a program which died before it could tell, or begin a run of its own.
            return max(lost, Int(try connection.integer("SELECT lost FROM run ORDER BY id DESC LIMIT 1")))
        }
    }

    // MARK: Reading

    /// Hands out only items that a condition in SQL holds for, from now on.
    func restrictPendingItems(to condition: String) throws {
        selectPending = try connection.prepare(PendingQuery.all(where: condition))
        selectPendingOfModels = try connection.prepare(PendingQuery.ofModels(where: condition))
        pendingCondition = condition
    }

    func pendingItems(after: ItemID?, limit: Int, of models: ModelSelection) throws -> [PendingItem] {
        switch models {
        case .all:
            return try pendingItems(selectPending, after: after, limit: limit)
        case .only(let model):
            try bind([model], areWanted: true)
        case .except(let models):
            try bind(models, areWanted: false)
        }
        return try pendingItems(selectPendingOfModels, after: after, limit: limit)
    }

    private func bind(_ models: [String], areWanted: Bool) throws {
        try selectPendingOfModels.bind(JSONValue.array(models.map { .string($0) }).text, at: 3)
        try selectPendingOfModels.bind(areWanted, at: 4)
    }

    private func pendingItems(_ select: borrowing Statement, after: ItemID?, limit: Int) throws -> [PendingItem] {
        try select.bind(after?.value, at: 1)
        try select.bind(limit, at: 2)
        defer { select.reset() }
        var items: [PendingItem] = []
        while try select.step() {
            let version = ItemVersion(generation: select.integer(at: 5), variant: select.integer(at: 2))
            let variant = try variants.variant(version.variant)
            let request = ItemRequest(
                model: variant.model,
                systemInstruction: variant.systemInstruction,
                config: variant.config,
                turns: try select.withBytes(at: 3) { try ItemCoding.turns($0) }
            )
            let id = ItemID(select.integer(at: 0))
            versions[id] = version
            let isChat = request.turns.count > 1
            items.append(
                PendingItem(
                    id: id,
                    key: select.text(at: 1),
                    request: request,
                    checks: try select.withBytes(at: 6) { try ItemCoding.checks($0) },
                    attempts: Int(select.integer(at: 4)),
                    answeredTurns: isChat ? try answers(to: id, generation: version.generation) : []
                )
            )
        }
        return items
    }

    /// The parts that were answered to the first turns without a gap; the last answer to a turn counts.
    private func answers(to item: ItemID, generation: Int64) throws -> [String] {
        try selectAnswers.bind(item.value, at: 1)
        try selectAnswers.bind(generation, at: 2)
        defer { selectAnswers.reset() }
        var answers: [String] = []
        while try selectAnswers.step() {
            let turn = Int(selectAnswers.integer(at: 0))
            let parts =
                selectAnswers.optionalText(at: 1)
                ?? Answer(text: selectAnswers.text(at: 2), finishReason: "").parts
            if turn == answers.count {
                answers.append(parts)
            } else if turn == answers.count - 1 {
                answers[turn] = parts
            }
        }
        return answers
    }

    func key(of item: ItemID) throws -> String {
        try selectKey.bind(item.value, at: 1)
        defer { selectKey.reset() }
        return try selectKey.step() ? selectKey.text(at: 0) : "item \(item.value)"
    }
}
