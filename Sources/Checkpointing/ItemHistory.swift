package import BatchCore
internal import SQLite

/// An item with every request that was sent for it.
package struct ItemHistory: Sendable, Equatable {
    /// One request, and what came of it.
    package struct Attempt: Sendable, Equatable {
        /// From 1, over all runs.
        package let number: Int
        /// The run that sent it.
        package let run: Int?
        /// The version of the item that it asked, as ``StoredItem/generation``.
        package let generation: Int
        /// Of the conversation, from 0.
        package let turn: Int
        /// Whether it told the model what was wrong with the answer before.
        package let isRepair: Bool
        package let model: String
        /// `answered`, `failed`, `interrupted` by our own stop, or `lost` by a crash.
        package let status: String
        /// Unix time; `nil` for a lost one.
        package let startedAtMilliseconds: Int64?
        package let firstChunkMilliseconds: Int?
        package let durationMilliseconds: Int?
        package let failureClass: String?
        package let httpStatus: Int?
        package let message: String?
        /// The wait that the server asked for.
        package let retryDelayMilliseconds: Int?
        package let quotaID: String?
        package let quotaValue: Int?
        /// What came before the failure; never an answer.
        package let partialText: String?
        package let isPossiblyBilled: Bool
        package let usage: TokenUsage
        /// How it was served, as far as the server told.
        package let serviceTier: ServiceTier?
        /// `nil` is unknown.
        package let cost: MicroDollars?
        package let answer: Answer?
    }

    package let item: StoredItem
    /// In the order in which they ended.
    package let attempts: [Attempt]

    /// What all of them cost, those for earlier versions of the item too.
    package var cost: CostSum {
        attempts.reduce(into: CostSum()) { $0.add($1.cost) }
    }
}

extension ItemHistory.Attempt {
    fileprivate static let query = """
        SELECT attempt.number, attempt.run_id, attempt.generation, attempt.turn, variant.model, attempt.status,
            attempt.started_at_ms, attempt.first_chunk_ms, attempt.duration_ms, attempt.class, attempt.http_status,
            attempt.message, attempt.retry_delay_ms, attempt.quota_id, attempt.quota_value, attempt.partial_text,
            attempt.possibly_billed, attempt.input_tokens, attempt.output_tokens, attempt.reasoning_output_tokens,
            attempt.cache_read_input_tokens, attempt.tool_use_input_tokens, attempt.total_tokens,
            response.text, response.parts, response.finish_reason, response.model_version, response.response_id,
            response.candidates, response.metadata, attempt.service_tier, attempt.cost_microdollars, attempt.repair
        FROM attempt
        CROSS JOIN variant ON variant.id = attempt.variant_id
        LEFT JOIN response ON response.attempt_id = attempt.id
        WHERE attempt.item_id = ?1 ORDER BY attempt.id
        """

    fileprivate init(_ row: borrowing Statement) {
        func number(_ index: Int32) -> Int? { row.optionalInteger(at: index).map { Int($0) } }
        self.number = Int(row.integer(at: 0))
        run = number(1)
        generation = Int(row.integer(at: 2))
        turn = Int(row.integer(at: 3))
        isRepair = row.integer(at: 32) == 1
        model = row.text(at: 4)
        status = row.text(at: 5)
        startedAtMilliseconds = row.optionalInteger(at: 6)
        firstChunkMilliseconds = number(7)
        durationMilliseconds = number(8)
        failureClass = row.optionalText(at: 9)
        httpStatus = number(10)
        message = row.optionalText(at: 11)
        retryDelayMilliseconds = number(12)
        quotaID = row.optionalText(at: 13)
        quotaValue = number(14)
        partialText = row.optionalText(at: 15)
        isPossiblyBilled = row.integer(at: 16) == 1
        usage = ItemCoding.usage(row, from: 17)
        serviceTier = row.optionalText(at: 30).map { ServiceTier(rawValue: $0) }
        cost = row.optionalInteger(at: 31).map { MicroDollars($0) }
        let (usage, serviceTier) = (usage, serviceTier)
        answer = row.optionalText(at: 23).map { text in
            Answer(
                text: text,
                parts: row.optionalText(at: 24),
                finishReason: row.text(at: 25),
                usage: usage,
                modelVersion: row.optionalText(at: 26),
                responseID: row.optionalText(at: 27),
                candidates: Int(row.integer(at: 28)),
                metadata: row.optionalText(at: 29),
                serviceTier: serviceTier
            )
        }
    }
}

extension CheckpointReader {
    /// One item with all that is known about it, also when it has left the job.
    ///
    /// - Parameter key: Its name in the job.
    /// - Returns: `nil` if there is no such item.
    /// - Throws: A ``CheckpointError``.
    package func history(of key: String) throws(CheckpointError) -> ItemHistory? {
        do {
            return try connection.transaction(.read) {
                let row = try connection.prepare("\(StoredItem.query) WHERE item.key = ?1")
                try row.bind(key, at: 1)
                guard try row.step() else { return nil }
                let item = try StoredItem(row)
                let attempts = try connection.prepare(ItemHistory.Attempt.query)
                try attempts.bind(item.id.value, at: 1)
                var history: [ItemHistory.Attempt] = []
                while try attempts.step() {
                    history.append(ItemHistory.Attempt(attempts))
                }
                return ItemHistory(item: item, attempts: history)
            }
        } catch {
            throw CheckpointError(error, path: path)
        }
    }
}
