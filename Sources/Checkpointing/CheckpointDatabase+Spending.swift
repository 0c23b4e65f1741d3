package import BatchCore
internal import SQLite

/// What was spent so far, for caps on it: asked once in a run.
extension CheckpointDatabase {
    /// Requests that say what the next ones will spend.
    private static let remembered = 1000

    static let tokens = """
        coalesce(total_tokens, input_tokens + coalesce(output_tokens, 0) + coalesce(reasoning_output_tokens, 0)
            + coalesce(tool_use_input_tokens, 0))
        """

    /// What counts of a request under caps.
    private static let countedCost = "coalesce(reserved_microdollars, cost_microdollars)"
    private static let countedTokens = "coalesce(reserved_tokens, \(tokens))"

    func spendingHistory() throws -> SpendingHistory {
        var history = SpendingHistory()
        history.spent = try Self.spent(connection)
        let unknown = try connection.prepare(
            """
            SELECT model, sum(\(Self.countedCost) IS NULL), sum(\(Self.countedTokens) IS NULL),
                sum(length(CAST(turns AS BLOB)) + coalesce(length(CAST(system_instruction AS BLOB)), 0))
            FROM attempt JOIN variant ON variant.id = attempt.variant_id LEFT JOIN prompt USING (item_id)
            WHERE possibly_billed AND (\(Self.countedCost) IS NULL OR \(Self.countedTokens) IS NULL) GROUP BY model
            """
        )
        while try unknown.step() {
            history.unknown[unknown.text(at: 0)] = SpendingHistory.Unknown(
                costs: Int(unknown.integer(at: 1)),
                tokens: Int(unknown.integer(at: 2)),
                bytes: Int(unknown.optionalInteger(at: 3) ?? 0)
            )
        }
        let newest = try connection.prepare(
            """
            SELECT model, \(Self.countedCost), \(Self.countedTokens)
            FROM attempt JOIN variant ON variant.id = variant_id
            WHERE \(Self.tokens) > 0 AND \(Self.countedCost) IS NOT NULL
            ORDER BY attempt.id DESC LIMIT \(Self.remembered)
            """
        )
        while try newest.step() {
            let spending = Spending(cost: MicroDollars(newest.integer(at: 1)), tokens: Int(newest.integer(at: 2)))
            history.newest[newest.text(at: 0), default: []].append(spending)
        }
        return history
    }

    /// The requests that the last run left in flight when it died, with what it had set aside for them; until a run begins.
    ///
    /// A lost request without a start was in flight; one with a start had come back, and its answer was lost by damage later: it
    /// was counted then. That the status is not `answered` follows from its being `lost`, but SQLite needs it in these
    /// words to take the index `attempt_without_answer`, which has only such rows.
    func lostReservations() throws -> [LostReservation] {
        let rows = try connection.prepare(
            """
            SELECT variant_id, reserved_microdollars, reserved_tokens FROM attempt
            WHERE possibly_billed = 1 AND status <> 'answered' AND status = 'lost' AND started_at_ms IS NULL
                AND run_id = (SELECT max(id) FROM run) AND reserved_microdollars IS NOT NULL
            """
        )
        var lost: [LostReservation] = []
        while try rows.step() {
            let variant = try variants.variant(rows.integer(at: 0))
            let request = ItemRequest(model: variant.model, config: variant.config, turns: [])
            let reserved = Spending(cost: MicroDollars(rows.integer(at: 1)), tokens: Int(rows.integer(at: 2)))
            lost.append(LostReservation(model: variant.model, tier: request.serviceTier, reserved: reserved))
        }
        return lost
    }

    /// What all requests count as under caps, as far as it is known.
    static func spent(_ connection: Connection) throws -> Spending {
        let sums = try connection.prepare("SELECT sum(\(countedCost)), sum(\(countedTokens)) FROM attempt")
        guard try sums.step() else { return Spending() }
        return Spending(
            cost: MicroDollars(sums.optionalInteger(at: 0) ?? 0),
            tokens: Int(sums.optionalInteger(at: 1) ?? 0)
        )
    }
}

/// A request of which nobody knows what became of it.
package struct LostReservation: Sendable, Equatable {
    package let model: String
    package let tier: ServiceTier
    package let reserved: Spending

    package init(model: String, tier: ServiceTier, reserved: Spending) {
        self.model = model
        self.tier = tier
        self.reserved = reserved
    }
}
