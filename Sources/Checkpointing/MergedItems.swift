internal import BatchCore
internal import SQLite

/// Takes the items of one checkpoint, attached as `source`, into the one that is being merged.
///
/// One item is in memory at a time. The checkpoints come with the newest job first, so that of two requests under one key
/// the one that is there already is the newer.
final class MergedItems {
    /// Items that were there already.
    private(set) var shared = 0

    private let items: Statement
    private let insertItem: Statement
    private let insertPrompt: Statement
    private let updateItem: Statement
    private let ourStanding: Statement
    private let theirStanding: Statement
    private let attempts: MergedAttempts
    private let connection: Connection

    init(_ connection: Connection) throws {
        self.connection = connection
        items = try connection.prepare(
            """
            SELECT theirs.id, ours.id, ours.fingerprint = theirs.fingerprint
            FROM source.item theirs LEFT JOIN main.item ours ON ours.key = theirs.key ORDER BY theirs.id
            """
        )
        insertItem = try connection.prepare(
            """
            INSERT INTO main.item (key, position, state, generation, attempts, variant_id, fingerprint, origin)
            SELECT key, position, state, generation,
                attempts + EXISTS (SELECT 1 FROM source.in_flight WHERE item_id = theirs.id),
                (SELECT id FROM temp.variant_of WHERE source = variant_id), fingerprint, origin
            FROM source.item theirs WHERE id = ?1
            """
        )
        insertPrompt = try connection.prepare(
            """
            INSERT INTO main.prompt (item_id, turns, plain_bytes, input, checks)
            SELECT ?2, turns, plain_bytes, input, checks FROM source.prompt WHERE item_id = ?1
            """
        )
        updateItem = try connection.prepare(
            """
            UPDATE main.item SET state = ?2, generation = ?3,
                attempts = (SELECT count(*) FROM main.attempt WHERE item_id = ?1)
            WHERE id = ?1
            """
        )
        ourStanding = try connection.prepare(Standing.query("main"))
        theirStanding = try connection.prepare(Standing.query("source"))
        attempts = try MergedAttempts(connection)
    }

    func run() throws {
        while try items.step() {
            let source = items.integer(at: 0)
            if let item = items.optionalInteger(at: 1) {
                shared += 1
                try merge(source, into: item, isSameRequest: items.integer(at: 2) == 1)
            } else {
                try add(source)
            }
        }
    }

    private func add(_ source: Int64) throws {
        try insertItem.bind(source, at: 1)
        try insertItem.run()
        let item = connection.lastInsertedRowID
        try insertPrompt.bind(source, at: 1)
        try insertPrompt.bind(item, at: 2)
        try insertPrompt.run()
        _ = try attempts.add(of: source, to: item, besides: [:], generations: .kept)
    }

    private func merge(_ source: Int64, into item: Int64, isSameRequest: Bool) throws {
        let ours = try Standing(ourStanding, of: item)
        let theirs = try Standing(theirStanding, of: source)
        let isTheirs = isSameRequest && theirs.isBetter(than: ours)
        // The answers to what is asked now have the highest generation; those to another request stay below it.
        let generation = max(ours.generation, isSameRequest ? theirs.generation : theirs.generation + 1)
        try attempts.raiseGeneration(of: item, from: ours.generation, to: generation)

        let known = try attempts.known(of: item)
        let theirAttempts = try attempts.add(
            of: source,
            to: item,
            besides: known,
            generations: isSameRequest ? .renamed(from: theirs.generation, to: generation) : .kept
        )
        // Of several answers to one turn the last one is shown, in views and exports.
        try attempts.putLast(isTheirs ? theirAttempts : known.values.map(\.id).sorted(), of: item)
        try updateItem.bind(item, at: 1)
        try updateItem.bind((isTheirs ? theirs : ours).state.rawValue, at: 2)
        try updateItem.bind(generation, at: 3)
        try updateItem.run()
    }
}

/// How far an item has come in one checkpoint.
private struct Standing {
    let state: ItemState
    let generation: Int64
    private let answeredTurns: Int64
    /// When the answer that counts was complete, in Unix milliseconds; later than any if that is unknown.
    private let finishedAt: Int64

    static func query(_ schema: String) -> String {
        """
        SELECT state, generation,
            (SELECT count(DISTINCT turn) FROM \(schema).attempt a
                WHERE a.item_id = item.id AND a.generation = item.generation AND a.status = 'answered'),
            (SELECT a.started_at_ms + a.duration_ms FROM \(schema).attempt a
                WHERE a.item_id = item.id AND a.generation = item.generation AND a.status = 'answered'
                ORDER BY a.id DESC LIMIT 1)
        FROM \(schema).item WHERE id = ?1
        """
    }

    init(_ statement: borrowing Statement, of item: Int64) throws {
        try statement.bind(item, at: 1)
        defer { statement.reset() }
        _ = try statement.step()
        state = ItemState(rawValue: statement.text(at: 0)) ?? .pending
        generation = statement.integer(at: 1)
        answeredTurns = statement.integer(at: 2)
        finishedAt = statement.optionalInteger(at: 3) ?? .max
    }

    func isBetter(than other: Standing) -> Bool {
        if rank != other.rank { return rank > other.rank }
        return finishedAt < other.finishedAt
    }

    /// What is done is best.
    ///
    /// What failed is not sent again by itself, unless another one got further in its chat.
    private var rank: (Int, Int64, Int) {
        let order: [ItemState] = [.pending, .deferred, .failed, .done]
        return (state == .done ? 1 : 0, answeredTurns, order.firstIndex(of: state) ?? 0)
    }
}
