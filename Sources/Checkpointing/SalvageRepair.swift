internal import SQLite

/// Makes a checkpoint of rows some of which are missing: nothing is done without its answer, and no answer is without
/// what queries join it with.
enum SalvageRepair {
    /// - Parameter connection: The new checkpoint, inside a transaction.
    /// - Throws: A `SQLiteError`.
    static func run(_ connection: Connection) throws(SQLiteError) {
        try connection.execute(Self.items)
        try connection.execute(Self.attempts)
        try connection.execute(Self.variants)
        try connection.execute(Self.prompts)
        try connection.execute(Self.states)
        // What is missing is told by the job alone: it has to be read.
        try connection.execute("UPDATE job SET inputs = NULL")
        var usage = try UsageSums(connection)
        try usage.recount()
    }

    /// Answers whose item is lost get one that has left the job, so that exports with `--orphaned` write them.
    private static let items = """
        INSERT OR IGNORE INTO item (id, key, position, state, generation, attempts, variant_id, fingerprint, origin)
        SELECT item_id, 'salvaged-' || item_id, NULL, 'done', max(generation), count(*),
            coalesce((SELECT max(variant_id) FROM attempt WHERE attempt.item_id = response.item_id), 0),
            zeroblob(32), 'salvaged'
        FROM response WHERE item_id NOT IN (SELECT id FROM item) GROUP BY item_id;
        DELETE FROM attempt WHERE item_id NOT IN (SELECT id FROM item);
        DELETE FROM prompt WHERE item_id NOT IN (SELECT id FROM item);
        DELETE FROM in_flight WHERE item_id NOT IN (SELECT id FROM item);
        """

    private static let attempts = """
        INSERT OR IGNORE INTO attempt (id, item_id, generation, variant_id, number, turn, status, possibly_billed)
        SELECT attempt_id, item_id, generation, (SELECT variant_id FROM item WHERE id = item_id), 1, turn, 'answered', 1
        FROM response;
        UPDATE attempt SET status = 'lost'
        WHERE status = 'answered' AND id NOT IN (SELECT attempt_id FROM response);
        """

    /// An item that is still to be sent cannot be without knowing its model: as one that has changed it is told again
    /// by the job.
    private static let variants = """
        UPDATE item SET fingerprint = zeroblob(32), position = NULL
        WHERE state <> 'done' AND variant_id NOT IN (SELECT id FROM variant);
        INSERT INTO variant (id, model, config, digest)
        SELECT variant_id, 'unknown', '{}', randomblob(32)
        FROM (SELECT variant_id FROM item UNION SELECT variant_id FROM attempt)
        WHERE variant_id NOT IN (SELECT id FROM variant);
        """

    /// Without its text an item can only be shown; with position NULL no run takes it up before the job has told it.
    private static let prompts = """
        UPDATE item SET position = NULL WHERE id NOT IN (SELECT item_id FROM prompt);
        INSERT INTO prompt (item_id, turns, input)
        SELECT id, '[]', '{}' FROM item WHERE id NOT IN (SELECT item_id FROM prompt);
        """

    private static let states = """
        UPDATE item SET state = 'pending'
        WHERE state = 'done' AND (
            SELECT count(DISTINCT turn) FROM attempt a
            WHERE a.item_id = item.id AND a.generation = item.generation AND a.status = 'answered'
        ) < max(1, (SELECT json_array_length(turns) FROM prompt WHERE item_id = item.id));
        """
}
