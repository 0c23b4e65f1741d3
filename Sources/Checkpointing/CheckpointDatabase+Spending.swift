internal import BatchCore
internal import SQLite

/// What was spent so far, for caps on it: asked once in a run.
extension CheckpointDatabase {
    /// Requests that say what the next ones will spend.
    private static let remembered = 1000

    static let tokens = """
        coalesce(total_tokens, input_tokens + coalesce(output_tokens, 0) + coalesce(reasoning_output_tokens, 0)
            + coalesce(tool_use_input_tokens, 0))
        """

    func pendingModels() throws -> [String] {
        let rows = try connection.prepare(
            """
            SELECT DISTINCT model FROM variant
            WHERE id IN (SELECT variant_id FROM item WHERE state = 'pending' AND position IS NOT NULL)
            ORDER BY model
            """
        )
        var models: [String] = []
        while try rows.step() {
            models.append(rows.text(at: 0))
        }
        return models
    }

    func spendingHistory() throws -> SpendingHistory {
        var history = SpendingHistory()
        let sums = try connection.prepare(
            """
            SELECT model, sum(cost_microdollars), sum(\(Self.tokens)),
                sum(possibly_billed AND cost_microdollars IS NULL), sum(possibly_billed AND \(Self.tokens) IS NULL)
            FROM attempt JOIN variant ON variant.id = variant_id GROUP BY model
            """
        )
        while try sums.step() {
            let model = sums.text(at: 0)
            history.spent += Spending(
                cost: MicroDollars(sums.optionalInteger(at: 1) ?? 0),
                tokens: Int(sums.optionalInteger(at: 2) ?? 0)
            )
            history.unknownCosts[model] = Int(sums.integer(at: 3))
            history.unknownTokens[model] = Int(sums.integer(at: 4))
        }
        let newest = try connection.prepare(
            """
            SELECT model, cost_microdollars, \(Self.tokens) FROM attempt JOIN variant ON variant.id = variant_id
            WHERE \(Self.tokens) > 0 AND cost_microdollars IS NOT NULL
            ORDER BY attempt.id DESC LIMIT \(Self.remembered)
            """
        )
        while try newest.step() {
            let spending = Spending(cost: MicroDollars(newest.integer(at: 1)), tokens: Int(newest.integer(at: 2)))
            history.newest[newest.text(at: 0), default: []].append(spending)
        }
        return history
    }
}
