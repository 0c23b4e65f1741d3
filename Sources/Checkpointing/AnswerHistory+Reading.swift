package import BatchCore
internal import SQLite

extension AnswerHistory {
    /// Old attempts say little, and looking for a model among millions takes long.
    private static let attemptsLookedAt = 100_000

    /// Reads what the last answers of models were like.
    ///
    /// - Parameters:
    ///   - connection: To a checkpoint.
    ///   - models: The models that are asked.
    /// - Returns: The histories of those that have answered often enough.
    /// - Throws: An `SQLiteError`.
    static func read(_ connection: Connection, of models: [String]) throws(SQLiteError) -> [String: AnswerHistory] {
        let rows = try connection.prepare(
            """
            SELECT output_tokens + coalesce(reasoning_output_tokens, 0), duration_ms, service_tier
            FROM attempt CROSS JOIN variant ON variant.id = attempt.variant_id
            WHERE status = 'answered' AND model = ?1 AND output_tokens IS NOT NULL AND duration_ms IS NOT NULL
                AND attempt.id > (SELECT max(id) FROM attempt) - \(attemptsLookedAt)
            ORDER BY attempt.id DESC LIMIT \(mostAnswers)
            """
        )
        var histories: [String: AnswerHistory] = [:]
        for model in models {
            try rows.bind(model, at: 1)
            defer { rows.reset() }
            var outputs: [Int] = []
            var milliseconds: [ServiceTier: [Int]] = [:]
            while try rows.step() {
                outputs.append(Int(rows.integer(at: 0)))
                let tier = rows.optionalText(at: 2).flatMap(ServiceTier.init) ?? .standard
                milliseconds[tier, default: []].append(Int(rows.integer(at: 1)))
            }
            histories[model] = AnswerHistory(outputs: outputs, milliseconds: milliseconds)
        }
        return histories
    }
}

extension CheckpointReader {
    /// What the requests of all runs count as under caps, as far as it is known.
    package func spent() throws(CheckpointError) -> Spending {
        do {
            return try CheckpointDatabase.spent(connection)
        } catch {
            throw CheckpointError(error, path: path)
        }
    }

    /// What the last answers of models were like, of those that have answered often enough.
    package func answerHistories(of models: [String]) throws(CheckpointError) -> [String: AnswerHistory] {
        do {
            return try AnswerHistory.read(connection, of: models)
        } catch {
            throw CheckpointError(error, path: path)
        }
    }
}
