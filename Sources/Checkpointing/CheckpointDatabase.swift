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
    private let insertAttempt: Statement
    private let insertResponse: Statement
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
        insertInFlight = try connection.prepare("INSERT INTO in_flight (item_id, run_id) VALUES (?1, ?2)")
        deleteInFlight = try connection.prepare("DELETE FROM in_flight WHERE item_id = ?1")
        updateItem = try connection.prepare("UPDATE item SET state = ?2, attempts = attempts + ?3 WHERE id = ?1")
        // VALUES and not SELECT, which may mean many rows: for those SQLite copies every page that a statement changes.
        insertAttempt = try connection.prepare(
            """
            INSERT INTO attempt (item_id, generation, variant_id, run_id, number, turn, repair, status, started_at_ms,
                first_chunk_ms, duration_ms, class, http_status, message, retry_delay_ms, quota_id, quota_value,
                partial_text, possibly_billed, \(ItemCoding.usageColumns), service_tier, cost_microdollars)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
                ?23, ?24, ?25, ?26, ?27)
            """
        )
        insertResponse = try connection.prepare(
            """
            INSERT INTO response (attempt_id, item_id, generation, turn, text, parts, finish_reason, model_version,
                response_id, candidates, metadata)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            """
        )
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
        let usageBefore = usage
        do {
            try connection.transaction {
                for entry in group {
                    switch entry {
                    case .begin(let pending): try begin(pending.change)
                    case .record(let pending): try record(pending.change)
                    case .work: preconditionFailure("work is done alone")
                    }
                }
            }
        } catch {
            usage = usageBefore
            throw error
        }
    }

    /// To be told before items may change.
    func forgetVersions() {
        versions = [:]
    }

    private func begin(_ item: ItemID) throws {
        try insertInFlight.bind(item.value, at: 1)
        try insertInFlight.bind(runID, at: 2)
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
            try insert(attempt, of: outcome.item, in: try version(of: outcome.item))
        }
        if outcome.state != .pending {
            versions[outcome.item] = nil
        }
    }

    private func insert(_ attempt: AttemptRecord, of item: ItemID, in version: ItemVersion) throws {
        let timings = attempt.timings
        // Most columns of most attempts are NULL.
        insertAttempt.forgetParameters()
        try insertAttempt.bind(item.value, at: 1)
        try insertAttempt.bind(version.generation, at: 2)
        try insertAttempt.bind(version.variant, at: 3)
        try insertAttempt.bind(runID, at: 4)
        try insertAttempt.bind(attempt.number, at: 5)
        try insertAttempt.bind(attempt.turn, at: 6)
        try insertAttempt.bind(attempt.isRepair, at: 7)
        try insertAttempt.bind(timings.startedAtMilliseconds, at: 9)
        try insertAttempt.bind(timings.firstChunk?.milliseconds, at: 10)
        try insertAttempt.bind(timings.total.milliseconds, at: 11)
        try insertAttempt.bind(attempt.serviceTier?.rawValue, at: 26)
        try insertAttempt.bind(attempt.cost?.amount, at: 27)
        switch attempt.result {
        case .answered(let answer):
            try insertAttempt(as: "answered", answer.usage)
            try insert(answer, to: connection.lastInsertedRowID, turn: attempt.turn, of: item, in: version)
        case .failed(let error):
            try bind(error)
            try insertAttempt(as: "failed", error.usage, isPossiblyBilled: error.isPossiblyBilled)
        case .interrupted:
            // What we cut ourselves was at work on the server.
            try insertAttempt(as: "interrupted", TokenUsage())
        }
        // An answer has the number of its attempt.
        try usage.note(attempt, connection.lastInsertedRowID, of: version.variant)
    }

    private func bind(_ error: GenerationError) throws {
        try insertAttempt.bind(error.failureClass.rawValue, at: 12)
        try insertAttempt.bind(error.httpStatus, at: 13)
        try insertAttempt.bind(error.message, at: 14)
        try insertAttempt.bind(error.retryDelay?.milliseconds, at: 15)
        try insertAttempt.bind(error.quotas.first?.id, at: 16)
        try insertAttempt.bind(error.quotas.first?.limit, at: 17)
        try insertAttempt.bind(error.partialText, at: 18)
    }

    private func insertAttempt(as status: String, _ usage: TokenUsage, isPossiblyBilled: Bool = true) throws {
        try insertAttempt.bind(status, at: 8)
        try insertAttempt.bind(isPossiblyBilled, at: 19)
        try ItemCoding.bind(usage, to: insertAttempt, from: 20)
        try insertAttempt.run()
    }

    private func insert(
        _ answer: Answer,
        to attempt: Int64,
        turn: Int,
        of item: ItemID,
        in version: ItemVersion
    ) throws {
        try insertResponse.bind(attempt, at: 1)
        try insertResponse.bind(item.value, at: 2)
        try insertResponse.bind(version.generation, at: 3)
        try insertResponse.bind(turn, at: 4)
        try insertResponse.bind(answer.structuredParts, at: 6)
        try insertResponse.bind(answer.finishReason, at: 7)
        try insertResponse.bind(answer.modelVersion, at: 8)
        try insertResponse.bind(answer.responseID, at: 9)
        try insertResponse.bind(answer.candidates, at: 10)
        try insertResponse.bind(answer.metadata, at: 11)
        try insertResponse.run(withText: answer.text, at: 5)
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

    /// Adds up what all requests used; inside a transaction.
    func sumUp() throws {
        try usage.store()
    }

    /// Notes what an earlier run left in flight as lost; those items are pending.
    private func noteLost() throws {
        lostAttempts = try connection.transaction {
            try connection.execute(
                """
                INSERT INTO attempt (item_id, generation, variant_id, run_id, number, turn, status, possibly_billed)
                SELECT id, generation, variant_id, run_id, attempts + 1,
                    (SELECT count(DISTINCT turn) FROM attempt a
                        WHERE a.item_id = item.id AND a.generation = item.generation AND a.status = 'answered'),
                    'lost', 1
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

/// What an item asks, which the next comparison with its job may change.
private struct ItemVersion {
    let generation: Int64
    let variant: Int64
}
