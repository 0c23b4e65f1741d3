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
        // VALUES and not SELECT, which may mean many rows: for those SQLite copies every page that a statement changes.
        insertAttempt = try connection.prepare(
            """
            INSERT INTO attempt (item_id, generation, variant_id, run_id, number, turn, repair, status, started_at_ms,
                first_chunk_ms, duration_ms, class, http_status, message, retry_delay_ms, quota_id, quota_value,
                partial_text, possibly_billed, \(ItemCoding.usageColumns), service_tier, cost_microdollars,
                reserved_microdollars, reserved_tokens)
            VALUES (?1, (SELECT generation FROM item WHERE id = ?1), (SELECT variant_id FROM item WHERE id = ?1),
                ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
                ?24, ?25, ?26, ?27)
            """
        )
        insertResponse = try connection.prepare(
            """
            INSERT INTO response (item_id, generation, attempt_id, turn, text, parts, finish_reason, model_version,
                response_id, candidates, metadata, \(ItemCoding.usageColumns))
            VALUES (?1, (SELECT generation FROM item WHERE id = ?1),
                ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
            """
        )
        selectPending = try connection.prepare(PendingQuery.all())
        selectPendingOfModels = try connection.prepare(PendingQuery.ofModels())
        selectAnswers = try connection.prepare(
            """
            SELECT turn, parts, text FROM response WHERE item_id = ?1 AND generation = ?2 ORDER BY turn, attempt_id
            """
        )
        selectKey = try connection.prepare("SELECT key FROM item WHERE id = ?1")
        try noteLost()
    }

    // MARK: Writing, inside a transaction

    func begin(_ item: ItemID, reserved: Spending?) throws {
        try insertInFlight.bind(item.value, at: 1)
        try insertInFlight.bind(runID, at: 2)
        try insertInFlight.bind(reserved?.cost.amount, at: 3)
        try insertInFlight.bind(reserved?.tokens, at: 4)
        try insertInFlight.run()
    }

    func record(_ outcome: ItemOutcome) throws {
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
        guard let attempt = outcome.attempt else { return }
        try insert(attempt, of: outcome.item)
        if case .answered(let answer) = attempt.result {
            try insert(answer, turn: attempt.turn, of: outcome.item)
        }
        // An answer has the number of its attempt.
        try usage.note(connection.lastInsertedRowID)
    }

    /// Adds up what all requests used; inside a transaction.
    func sumUp() throws {
        try usage.update()
    }

    private func insert(_ attempt: AttemptRecord, of item: ItemID) throws {
        let facts = AttemptFacts(attempt.result)
        let timings = attempt.timings
        try insertAttempt.bind(item.value, at: 1)
        try insertAttempt.bind(runID, at: 2)
        try insertAttempt.bind(attempt.number, at: 3)
        try insertAttempt.bind(attempt.turn, at: 4)
        try insertAttempt.bind(attempt.isRepair, at: 5)
        try insertAttempt.bind(facts.status, at: 6)
        try insertAttempt.bind(timings.startedAtMilliseconds, at: 7)
        try insertAttempt.bind(timings.firstChunk?.milliseconds, at: 8)
        try insertAttempt.bind(timings.total.milliseconds, at: 9)
        try insertAttempt.bind(facts.error?.failureClass.rawValue, at: 10)
        try insertAttempt.bind(facts.error?.httpStatus, at: 11)
        try insertAttempt.bind(facts.error?.message, at: 12)
        try insertAttempt.bind(facts.error?.retryDelay?.milliseconds, at: 13)
        try insertAttempt.bind(facts.error?.quotas.first?.id, at: 14)
        try insertAttempt.bind(facts.error?.quotas.first?.limit, at: 15)
        try insertAttempt.bind(facts.error?.partialText, at: 16)
        try insertAttempt.bind(facts.isPossiblyBilled, at: 17)
        try ItemCoding.bind(facts.usage, to: insertAttempt, from: 18)
        try insertAttempt.bind(attempt.serviceTier?.rawValue, at: 24)
        try insertAttempt.bind(attempt.cost?.amount, at: 25)
        try insertAttempt.bind(attempt.counted?.cost.amount, at: 26)
        try insertAttempt.bind(attempt.counted?.tokens, at: 27)
        try insertAttempt.run()
    }

    private func insert(_ answer: Answer, turn: Int, of item: ItemID) throws {
        try insertResponse.bind(item.value, at: 1)
        try insertResponse.bind(connection.lastInsertedRowID, at: 2)
        try insertResponse.bind(turn, at: 3)
        try insertResponse.bind(answer.text, at: 4)
        try insertResponse.bind(answer.structuredParts, at: 5)
        try insertResponse.bind(answer.finishReason, at: 6)
        try insertResponse.bind(answer.modelVersion, at: 7)
        try insertResponse.bind(answer.responseID, at: 8)
        try insertResponse.bind(answer.candidates, at: 9)
        try insertResponse.bind(answer.metadata, at: 10)
        try ItemCoding.bind(answer.usage, to: insertResponse, from: 11)
        try insertResponse.run()
    }

    /// Notes what an earlier run left in flight as lost; those items are pending.
    private func noteLost() throws {
        lostAttempts = try connection.transaction {
            try connection.execute(
                """
                INSERT INTO attempt (item_id, generation, variant_id, run_id, number, turn, status, possibly_billed,
                    reserved_microdollars, reserved_tokens)
                SELECT id, generation, variant_id, run_id, attempts + 1,
                    (SELECT count(DISTINCT turn) FROM response
                        WHERE item_id = item.id AND generation = item.generation),
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
            let variant = try variants.variant(select.integer(at: 2))
            let request = ItemRequest(
                model: variant.model,
                systemInstruction: variant.systemInstruction,
                config: variant.config,
                turns: try select.withBytes(at: 3) { try ItemCoding.turns($0) }
            )
            let id = ItemID(select.integer(at: 0))
            let isChat = request.turns.count > 1
            items.append(
                PendingItem(
                    id: id,
                    key: select.text(at: 1),
                    request: request,
                    checks: try select.withBytes(at: 6) { try ItemCoding.checks($0) },
                    attempts: Int(select.integer(at: 4)),
                    answeredTurns: isChat ? try answers(to: id, generation: select.integer(at: 5)) : []
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

/// What the columns of an attempt say about its result.
private struct AttemptFacts {
    let status: String
    var error: GenerationError?
    var usage = TokenUsage()
    /// An answer was billed; what we cut ourselves was at work on the server.
    var isPossiblyBilled = true

    init(_ result: AttemptRecord.Result) {
        switch result {
        case .answered(let answer):
            status = "answered"
            usage = answer.usage
        case .failed(let error):
            status = "failed"
            self.error = error
            usage = error.usage
            isPossiblyBilled = error.isPossiblyBilled
        case .interrupted:
            status = "interrupted"
        }
    }
}
