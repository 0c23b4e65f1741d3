internal import SQLite

/// Takes the attempts and answers of one item from the checkpoint `source` into that of another, each once.
final class MergedAttempts {
    /// The same request in all copies of a checkpoint: the n-th of its item in a run.
    ///
    /// Numbers do not tell, as they go over all runs of one checkpoint. Nor do times, as a request that is in flight in one
    /// copy is answered in another.
    struct Identity: Hashable {
        /// In the new checkpoint.
        let run: Int64?
        /// What tells requests without a run apart.
        let mark: String?
        let place: Int
    }

    struct Known {
        let id: Int64
        /// Nobody knew what became of it when this was noted.
        let isLost: Bool
    }

    /// What becomes of the generations of attempts.
    enum Generations {
        case kept
        /// One of them gets another number.
        case renamed(from: Int64, to: Int64)
    }

    private let connection: Connection
    private let selectOurs: Statement
    private let selectTheirs: Statement
    private let insertAttempt: Statement
    private let insertResponse: Statement
    private let insertLost: Statement
    private let renameAttempt: Statement
    private let renameResponse: Statement
    private let moveAttempt: Statement
    private let moveResponse: Statement
    private let number: Statement

    init(_ connection: Connection) throws {
        self.connection = connection
        let mark = "coalesce(started_at_ms, '') || ' ' || coalesce(response_id, '')"
        selectOurs = try connection.prepare(
            """
            SELECT id, run_id, \(mark), status = 'lost'
            FROM main.attempt LEFT JOIN main.response ON attempt_id = id
            WHERE attempt.item_id = ?1 ORDER BY id
            """
        )
        selectTheirs = try connection.prepare(
            """
            SELECT id, (SELECT id FROM temp.run_of WHERE source = run_id), \(mark), status = 'lost', attempt.generation
            FROM source.attempt LEFT JOIN source.response ON attempt_id = id
            WHERE attempt.item_id = ?1
            UNION ALL
            SELECT NULL, (SELECT id FROM temp.run_of WHERE source = run_id), ' ', 1, NULL
            FROM source.in_flight WHERE item_id = ?1
            ORDER BY 1 NULLS LAST
            """
        )
        let generation = "CASE WHEN generation = ?4 THEN ?5 ELSE generation END"
        let columns = """
            turn, repair, status, started_at_ms, first_chunk_ms, duration_ms, class, http_status, message,
            retry_delay_ms, quota_id, quota_value, partial_text, possibly_billed, \(ItemCoding.usageColumns),
            service_tier, cost_microdollars, reserved_microdollars, reserved_tokens
            """
        insertAttempt = try connection.prepare(
            """
            INSERT OR REPLACE INTO main.attempt (id, item_id, generation, variant_id, run_id, number, \(columns))
            SELECT ?3, ?2, \(generation), (SELECT id FROM temp.variant_of WHERE source = variant_id),
                (SELECT id FROM temp.run_of WHERE source = run_id), number, \(columns)
            FROM source.attempt WHERE id = ?1
            """
        )
        let answer = """
            turn, text, parts, finish_reason, model_version, response_id, candidates, metadata
            """
        insertResponse = try connection.prepare(
            """
            INSERT INTO main.response (attempt_id, item_id, generation, \(answer))
            SELECT ?3, ?2, \(generation), \(answer) FROM source.response WHERE attempt_id = ?1
            """
        )
        insertLost = try connection.prepare(
            """
            INSERT INTO main.attempt (item_id, generation, variant_id, run_id, number, turn, status, possibly_billed,
                reserved_microdollars, reserved_tokens)
            SELECT ?2, \(generation), (SELECT id FROM temp.variant_of WHERE source = variant_id),
                (SELECT id FROM temp.run_of WHERE source = run_id), attempts + 1,
                (SELECT count(DISTINCT turn) FROM source.attempt a
                    WHERE a.item_id = item.id AND a.generation = item.generation AND a.status = 'answered'),
                'lost', 1, reserved_microdollars, reserved_tokens
            FROM source.item JOIN source.in_flight ON item_id = item.id WHERE item.id = ?1
            """
        )
        renameAttempt = try connection.prepare(
            "UPDATE main.attempt SET generation = ?3 WHERE item_id = ?1 AND (generation = ?2 OR id = ?4)"
        )
        renameResponse = try connection.prepare(
            """
            UPDATE main.response SET generation = ?3
            WHERE attempt_id IN (SELECT id FROM main.attempt WHERE item_id = ?1) AND (generation = ?2 OR attempt_id = ?4)
            """
        )
        moveAttempt = try connection.prepare("UPDATE main.attempt SET id = ?2 WHERE id = ?1")
        moveResponse = try connection.prepare("UPDATE main.response SET attempt_id = ?2 WHERE attempt_id = ?1")
        number = try connection.prepare(
            """
            UPDATE main.attempt SET number =
                (SELECT count(*) FROM main.attempt a WHERE a.item_id = attempt.item_id AND a.id <= attempt.id)
            WHERE item_id = ?1
            """
        )
    }

    /// The attempts of an item that were taken in already.
    func known(of item: Int64) throws -> [Identity: Known] {
        try selectOurs.bind(item, at: 1)
        defer { selectOurs.reset() }
        var places = Places()
        var known: [Identity: Known] = [:]
        while try selectOurs.step() {
            known[places.next(selectOurs)] = Known(
                id: selectOurs.integer(at: 0),
                isLost: selectOurs.integer(at: 3) == 1
            )
        }
        return known
    }

    /// Takes in the attempts of an item, what was left in flight as a lost one.
    ///
    /// - Parameters:
    ///   - source: The item in the attached checkpoint.
    ///   - item: The same item in the new one.
    ///   - known: What is there already, and is not taken in again.
    ///   - generations: What becomes of theirs.
    /// - Returns: The numbers of all of its attempts in the new checkpoint, in their order.
    /// - Throws: An `SQLiteError`.
    func add(
        of source: Int64,
        to item: Int64,
        besides known: [Identity: Known],
        generations: Generations
    ) throws -> [Int64] {
        try selectTheirs.bind(source, at: 1)
        defer { selectTheirs.reset() }
        var places = Places()
        var added: [Int64] = []
        while try selectTheirs.step() {
            let attempt = selectTheirs.optionalInteger(at: 0)
            let isLost = selectTheirs.integer(at: 3) == 1
            let known = known[places.next(selectTheirs)]
            if let known, isLost || !known.isLost {
                if case .renamed(let old, let new) = generations, selectTheirs.integer(at: 4) == old {
                    try rename(nil, to: new, of: item, attempt: known.id)
                }
                added.append(known.id)
            } else if let attempt {
                added.append(try copy(attempt, to: item, as: known?.id, generations))
            } else {
                try run(insertLost, source, to: item, as: nil, generations)
                added.append(connection.lastInsertedRowID)
            }
        }
        return added
    }

    private func copy(_ attempt: Int64, to item: Int64, as id: Int64?, _ generations: Generations) throws -> Int64 {
        try run(insertAttempt, attempt, to: item, as: id, generations)
        let id = id ?? connection.lastInsertedRowID
        try run(insertResponse, attempt, to: item, as: id, generations)
        return id
    }

    private func run(
        _ statement: borrowing Statement,
        _ source: Int64,
        to item: Int64,
        as id: Int64?,
        _ generations: Generations
    ) throws {
        try statement.bind(source, at: 1)
        try statement.bind(item, at: 2)
        try statement.bind(id, at: 3)
        if case .renamed(let old, let new) = generations {
            try statement.bind(old, at: 4)
            try statement.bind(new, at: 5)
        } else {
            try statement.bind(nil as Int64?, at: 4)
        }
        try statement.run()
    }

    /// Gives the attempts and answers of one generation of an item another one.
    func raiseGeneration(of item: Int64, from old: Int64, to new: Int64) throws {
        guard new != old else { return }
        try rename(old, to: new, of: item, attempt: nil)
    }

    private func rename(_ old: Int64?, to new: Int64, of item: Int64, attempt: Int64?) throws {
        try Self.bind(renameAttempt, [item, old, new, attempt])
        try renameAttempt.run()
        try Self.bind(renameResponse, [item, old, new, attempt])
        try renameResponse.run()
    }

    /// Puts some attempts of an item after all others, if any of those came in between, and counts all of them anew.
    func putLast(_ attempts: [Int64], of item: Int64) throws {
        let others = try known(of: item).values.map(\.id).filter { !attempts.contains($0) }
        if let first = attempts.first, let last = others.max(), last > first {
            var end = try connection.integer("SELECT max(id) FROM main.attempt")
            for attempt in attempts {
                end += 1
                try Self.bind(moveAttempt, [attempt, end])
                try moveAttempt.run()
                try Self.bind(moveResponse, [attempt, end])
                try moveResponse.run()
            }
        }
        try number.bind(item, at: 1)
        try number.run()
    }

    private static func bind(_ statement: borrowing Statement, _ values: [Int64?]) throws {
        for (index, value) in values.enumerated() {
            try statement.bind(value, at: Int32(index + 1))
        }
    }

    /// Counts the attempts of one item by run.
    private struct Places {
        private var counts: [Identity: Int] = [:]

        mutating func next(_ row: borrowing Statement) -> Identity {
            let run = row.optionalInteger(at: 1)
            let kind = Identity(run: run, mark: run == nil ? row.text(at: 2) : nil, place: 0)
            counts[kind, default: 0] += 1
            return Identity(run: kind.run, mark: kind.mark, place: counts[kind, default: 0])
        }
    }
}
