internal import BatchCore
internal import SQLite

/// What an item asks, which the next comparison with its job may change.
struct ItemVersion {
    let generation: Int64
    let variant: Int64
}

/// Writes what came of requests; inside a transaction.
final class AttemptWriter {
    private let connection: Connection
    private let insertAttempt: Statement
    private let insertResponse: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        // VALUES and not SELECT, which may mean many rows: for those SQLite copies every page that a statement changes.
        insertAttempt = try connection.prepare(
            """
            INSERT INTO attempt (item_id, generation, variant_id, run_id, number, turn, repair, status, started_at_ms,
                first_chunk_ms, duration_ms, class, http_status, message, retry_delay_ms, quota_id, quota_value,
                partial_text, possibly_billed, \(ItemCoding.usageColumns), service_tier, cost_microdollars,
                reserved_microdollars, reserved_tokens)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
                ?23, ?24, ?25, ?26, ?27, ?28, ?29)
            """
        )
        insertResponse = try connection.prepare(
            """
            INSERT INTO response (attempt_id, item_id, generation, turn, text, parts, finish_reason, model_version,
                response_id, candidates, metadata)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            """
        )
    }

    /// Writes an attempt, with its answer if it has one.
    ///
    /// - Parameters:
    ///   - attempt: What came of the request.
    ///   - item: The item that it was sent for.
    ///   - version: What the item asked then.
    ///   - run: The run that sent it.
    /// - Returns: The number of its row.
    /// - Throws: An `SQLiteError`.
    func insert(
        _ attempt: AttemptRecord,
        of item: ItemID,
        in version: ItemVersion,
        run: Int64?
    ) throws(SQLiteError) -> Int64 {
        // Most columns of most attempts are NULL.
        insertAttempt.forgetParameters()
        try insertAttempt.bind(item.value, at: 1)
        try insertAttempt.bind(version.generation, at: 2)
        try insertAttempt.bind(version.variant, at: 3)
        try insertAttempt.bind(run, at: 4)
        try insertAttempt.bind(attempt.number, at: 5)
        try insertAttempt.bind(attempt.turn, at: 6)
        try insertAttempt.bind(attempt.isRepair, at: 7)
        try insertAttempt.bind(attempt.timings.startedAtMilliseconds, at: 9)
        try insertAttempt.bind(attempt.timings.firstChunk?.milliseconds, at: 10)
        try insertAttempt.bind(attempt.timings.total.milliseconds, at: 11)
        try insertAttempt.bind(attempt.serviceTier?.rawValue, at: 26)
        try insertAttempt.bind(attempt.cost?.amount, at: 27)
        if let counted = attempt.counted {
            try insertAttempt.bind(counted.cost.amount, at: 28)
            try insertAttempt.bind(counted.tokens, at: 29)
        }
        switch attempt.result {
        case .answered(let answer):
            try insertAttempt(as: "answered", answer.usage)
            let id = connection.lastInsertedRowID
            try insert(answer, to: id, turn: attempt.turn, of: item, in: version)
            return id
        case .failed(let error):
            try bind(error)
            try insertAttempt(as: "failed", error.usage, isPossiblyBilled: error.isPossiblyBilled)
        case .interrupted:
            // What we cut ourselves was at work on the server.
            try insertAttempt(as: "interrupted", TokenUsage())
        }
        return connection.lastInsertedRowID
    }

    private func bind(_ error: GenerationError) throws(SQLiteError) {
        try insertAttempt.bind(error.failureClass.rawValue, at: 12)
        try insertAttempt.bind(error.httpStatus, at: 13)
        try insertAttempt.bind(error.message, at: 14)
        try insertAttempt.bind(error.retryDelay?.milliseconds, at: 15)
        try insertAttempt.bind(error.quotas.first?.id, at: 16)
        try insertAttempt.bind(error.quotas.first?.limit, at: 17)
        try insertAttempt.bind(error.partialText, at: 18)
    }

    private func insertAttempt(
        as status: String,
        _ usage: TokenUsage,
        isPossiblyBilled: Bool = true
    ) throws(SQLiteError) {
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
    ) throws(SQLiteError) {
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
}
