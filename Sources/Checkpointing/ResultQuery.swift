internal import BatchCore
internal import JSON
internal import SQLite

/// Walks over items with their answers, in the order of the job or of their last attempts; inside a transaction.
final class ResultQuery {
    private let selection: ResultSelection
    private let items: Statement
    private let answers: Statement
    private let failure: Statement
    private let cost: Statement

    init(_ connection: Connection, _ selection: ResultSelection) throws {
        self.selection = selection
        // Only numbers are sorted, out of the index: `LIMIT -1` keeps the inner query in one piece, and `CROSS JOIN` in
        // front. Sorting the items themselves would write all prompts to a temporary file.
        items = try connection.prepare(
            """
            SELECT item.id, item.key,
                CASE WHEN EXISTS (SELECT 1 FROM in_flight WHERE item_id = item.id) THEN 'running' ELSE item.state END,
                variant.model, item.origin, prompt.input, item.attempts,
                item.generation, item.position IS NULL
            FROM (\(Self.ids(selection)) LIMIT -1) AS ordered
            CROSS JOIN item ON item.id = ordered.id
            CROSS JOIN prompt ON prompt.item_id = item.id
            CROSS JOIN variant ON variant.id = item.variant_id
            """
        )
        if let attempt = selection.afterAttempt {
            try items.bind(attempt, at: 1)
        }
        answers = try connection.prepare(
            """
            SELECT a.turn, r.text, r.parts, r.finish_reason, r.model_version, r.response_id, r.candidates, r.metadata,
                a.started_at_ms, a.first_chunk_ms, a.duration_ms, \(ItemCoding.usageColumns), a.service_tier
            FROM attempt a CROSS JOIN response r ON r.attempt_id = a.id
            WHERE a.item_id = ?1 AND a.generation = ?2 AND a.status = 'answered'
            ORDER BY a.turn, a.id
            """
        )
        failure = try connection.prepare(
            """
            SELECT class, message, http_status FROM attempt
            WHERE item_id = ?1 AND generation = ?2 AND status = 'failed'
            ORDER BY id DESC LIMIT 1
            """
        )
        cost = try connection.prepare(
            """
            SELECT sum(cost_microdollars), count(*) - count(cost_microdollars) FROM attempt
            WHERE item_id = ?1 AND generation = ?2
            """
        )
    }

    func next() throws -> ResultRow? {
        while try items.step() {
            let state = ItemState(rawValue: items.text(at: 2)) ?? .pending
            let isWanted =
                selection.states.contains(state)
                && selection.conditions.allSatisfy { condition in
                    items.withBytes(at: 5) { condition.holds(for: $0) }
                }
            if isWanted { return try row(in: state) }
        }
        return nil
    }

    /// The numbers of the items in their order.
    private static func ids(_ selection: ResultSelection) -> String {
        // Those in flight are stored as pending.
        let stored = Set(selection.states.map { $0 == .running ? .pending : $0 })
        let names = stored.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
        let places = selection.includesOrphaned ? "" : "AND position IS NOT NULL"
        guard selection.afterAttempt != nil else {
            return "SELECT id FROM item WHERE state IN (\(names)) \(places) ORDER BY position IS NULL, position, id"
        }
        return """
            SELECT item.id FROM (SELECT item_id, max(id) AS last FROM attempt WHERE id > ?1 GROUP BY item_id) AS changed
            CROSS JOIN item ON item.id = changed.item_id
            WHERE state IN (\(names)) \(places) ORDER BY changed.last
            """
    }

    private func row(in state: ItemState) throws -> ResultRow {
        var row = ResultRow(
            key: items.text(at: 1),
            state: state,
            model: items.text(at: 3),
            origin: items.text(at: 4),
            input: items.text(at: 5),
            attempts: Int(items.integer(at: 6)),
            isOrphaned: items.integer(at: 8) == 1
        )
        if row.attempts > 0 {
            let (item, generation) = (items.integer(at: 0), items.integer(at: 7))
            row.turns = try turns(of: item, generation)
            row.cost = try cost(of: item, generation)
            row.failure = row.state == .done ? nil : try lastFailure(of: item, generation)
        }
        return row
    }

    /// The last answer to each turn.
    private func turns(of item: Int64, _ generation: Int64) throws -> [ResultRow.Turn] {
        try answers.bind(item, at: 1)
        try answers.bind(generation, at: 2)
        defer { answers.reset() }
        var turns: [ResultRow.Turn] = []
        while try answers.step() {
            let turn = ResultRow.Turn(answer: answer(), timings: timings())
            if answers.integer(at: 0) < turns.count {
                turns[turns.count - 1] = turn
            } else {
                turns.append(turn)
            }
        }
        return turns
    }

    private func answer() -> Answer {
        let text = answers.text(at: 1)
        return Answer(
            text: text,
            parts: answers.optionalText(at: 2),
            finishReason: answers.text(at: 3),
            usage: ItemCoding.usage(answers, from: 11),
            modelVersion: answers.optionalText(at: 4),
            responseID: answers.optionalText(at: 5),
            candidates: Int(answers.integer(at: 6)),
            metadata: answers.optionalText(at: 7),
            serviceTier: answers.optionalText(at: 17).map { ServiceTier(rawValue: $0) }
        )
    }

    private func timings() -> AttemptTimings {
        AttemptTimings(
            startedAtMilliseconds: answers.integer(at: 8),
            firstChunk: answers.optionalInteger(at: 9).map { .milliseconds($0) },
            total: .milliseconds(answers.integer(at: 10))
        )
    }

    private func cost(of item: Int64, _ generation: Int64) throws -> CostSum {
        try cost.bind(item, at: 1)
        try cost.bind(generation, at: 2)
        defer { cost.reset() }
        guard try cost.step() else { return CostSum() }
        return ItemCoding.cost(cost, from: 0)
    }

    private func lastFailure(of item: Int64, _ generation: Int64) throws -> ResultRow.Failure? {
        try failure.bind(item, at: 1)
        try failure.bind(generation, at: 2)
        defer { failure.reset() }
        guard try failure.step() else { return nil }
        return ResultRow.Failure(
            failureClass: failure.text(at: 0),
            message: failure.text(at: 1),
            httpStatus: failure.optionalInteger(at: 2).map { Int($0) }
        )
    }
}
