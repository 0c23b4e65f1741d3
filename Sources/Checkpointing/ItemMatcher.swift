internal import BatchCore
internal import JSON
internal import SQLite

/// Finds what a checkpoint knows under the key of each item of a job, in one pass over both.
///
/// It writes nothing but temporary tables. Nothing is kept for an item in memory but one bit. In a job that was not edited
/// the rows come in the order of the job, so the next row is tried before its key is looked up.
final class ItemMatcher {
    /// An item of the checkpoint beside the one of the job under the same key.
    struct Known {
        let id: Int64
        let position: Int64?
        let state: ItemState
        let isSameRequest: Bool
        /// Whether the columns of its prompt are the same too: inputs and paths of media do not affect the answer.
        let isSamePrompt: Bool
        let isSameOrigin: Bool
    }

    /// Where items that are new go meanwhile.
    enum Newcomers {
        /// Whoever asks adds them to the checkpoint before the next one is matched.
        case inCheckpoint
        /// A temporary table, so that the checkpoint stays as it is.
        case apart
    }

    /// One item of the job as columns.
    struct Columns {
        var fingerprint: [UInt8] = []
        private var canonical = JSONWriter(reserving: 1024)
        var turns = JSONWriter(reserving: 1024)
        /// The length of the text; `nil` if it is not all of the turns.
        var plainBytes: Int?
        var input = JSONWriter(reserving: 1024)
        /// Empty if the item has no checks of its own.
        var checks: [UInt8] = []

        mutating func take(_ item: SourceItem) {
            fingerprint = ItemFingerprint(of: item.request, using: &canonical).bytes
            turns.removeAll()
            ItemCoding.write(item.request.turns, to: &turns)
            plainBytes = item.request.plainText?.utf8.count
            input.removeAll()
            input.write(.object(item.input))
            checks = item.checks.isEmpty ? [] : Array(JSONValue.object(item.checks.members).text.utf8)
        }
    }

    private static let selectKnown = """
        SELECT id, key, position, state, fingerprint, turns, input, origin, checks FROM item CROSS JOIN prompt ON item_id = id
        """

    /// Items with higher numbers are new ones.
    let highestID: Int64
    /// The item that was matched last.
    private(set) var columns = Columns()

    private let connection: Connection
    private let newcomers: Newcomers
    private let scan: Statement
    private let lookUp: Statement
    private let occurrence: Statement
    private let noteNew: Statement
    /// Whether the checkpoint had no items at first, and gets each before the next is matched: then nothing is looked up, as
    /// whoever adds an item to it finds out whether its key is taken.
    private let isFresh: Bool
    private var seen: BitSet
    private var hasScanRow = false

    init(_ connection: Connection, newcomers: Newcomers) throws {
        self.connection = connection
        self.newcomers = newcomers
        // Counts the equal content keys of this pass: on disk, since there may be as many as items.
        try connection.execute(
            """
            DROP TABLE IF EXISTS temp.occurrence;
            CREATE TEMP TABLE occurrence (key TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
            DROP TABLE IF EXISTS temp.newcomer;
            CREATE TEMP TABLE newcomer (key TEXT PRIMARY KEY, origin TEXT NOT NULL) WITHOUT ROWID;
            """
        )
        occurrence = try connection.prepare(
            """
            INSERT INTO temp.occurrence (key, count) VALUES (?1, 2)
            ON CONFLICT (key) DO UPDATE SET count = count + 1 RETURNING count
            """
        )
        noteNew = try connection.prepare("INSERT INTO temp.newcomer (key, origin) VALUES (?1, ?2)")
        scan = try connection.prepare("\(Self.selectKnown) WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
        var lookUp = "\(Self.selectKnown) WHERE key = ?1"
        if newcomers == .apart {
            lookUp += """
                 UNION ALL SELECT \(Int64.max), key, NULL, 'pending', NULL, NULL, NULL, origin, NULL
                FROM temp.newcomer WHERE key = ?1
                """
        }
        self.lookUp = try connection.prepare(lookUp)
        highestID = try connection.integer("SELECT max(id) FROM item")
        isFresh = highestID == 0 && newcomers == .inCheckpoint
        seen = BitSet(count: Int(highestID) + 1)
        try moveScan(to: 1)
    }

    /// Finds the item of the checkpoint that goes with an item of the job.
    ///
    /// - Returns: The item's key, and what is known under it; `nil` if it is new. In a checkpoint that was empty the key of a
    ///   new item may be taken by an earlier one: ``keyForClash(_:)`` gives another.
    /// - Throws: ``CheckpointError/Kind/duplicateKey(_:first:second:)``, or an `SQLiteError`.
    func match(_ item: SourceItem) throws -> (key: String, known: Known?) {
        columns.take(item)
        if isFresh { return (item.key.text, nil) }
        var key: String
        var known: Known?
        switch item.key {
        case .explicit(let id):
            key = id
            known = try find(key, item)
            if let known, isSeen(known) { throw try duplicate(key, item) }
        case .content(let content):
            key = content
            known = try find(key, item)
            while let other = known, isSeen(other) {
                key = try keyForClash(item)
                known = try find(key, item)
            }
        }
        if let known {
            seen.insert(Int(known.id))
        } else if newcomers == .apart {
            try noteNew.bind(key, at: 1)
            try noteNew.bind(item.origin, at: 2)
            try noteNew.run()
        }
        return (key, known)
    }

    /// Another key for a new item whose key turned out to be taken by an earlier item of the job.
    ///
    /// - Throws: ``CheckpointError/Kind/duplicateKey(_:first:second:)`` if the job gave the key, or an `SQLiteError`.
    func keyForClash(_ item: SourceItem) throws -> String {
        switch item.key {
        case .explicit(let id): throw try duplicate(id, item)
        case .content(let content): return "\(content)#\(try nextOccurrence(of: content))"
        }
    }

    /// Ends the pass; the rows that were not read are left.
    ///
    /// - Returns: The numbers of the items that the job does not have, among some that no item has.
    func finish() -> some Sequence<Int> {
        scan.reset()
        return seen.missing(from: 1)
    }

    // MARK: Finding

    private func find(_ key: String, _ item: SourceItem) throws -> Known? {
        if hasScanRow, scan.column(1, equals: key) {
            let known = compare(scan, item)
            hasScanRow = try scan.step()
            return known
        }
        try lookUp.bind(key, at: 1)
        defer { lookUp.reset() }
        guard try lookUp.step() else { return nil }
        let known = compare(lookUp, item)
        if known.id <= highestID, !isSeen(known) {
            try moveScan(to: known.id + 1)
        }
        return known
    }

    private func compare(_ row: borrowing Statement, _ item: SourceItem) -> Known {
        Known(
            id: row.integer(at: 0),
            position: row.optionalInteger(at: 2),
            state: ItemState(rawValue: row.text(at: 3)) ?? .pending,
            isSameRequest: row.column(4, equals: columns.fingerprint),
            isSamePrompt: row.column(5, equals: columns.turns.bytes) && row.column(6, equals: columns.input.bytes)
                && row.column(8, equals: columns.checks),
            isSameOrigin: row.column(7, equals: item.origin)
        )
    }

    private func moveScan(to id: Int64) throws {
        scan.reset()
        try scan.bind(id, at: 1)
        try scan.bind(highestID, at: 2)
        hasScanRow = try scan.step()
    }

    private func isSeen(_ known: Known) -> Bool {
        known.id > highestID || seen.contains(Int(known.id))
    }

    private func nextOccurrence(of key: String) throws -> Int64 {
        try occurrence.bind(key, at: 1)
        defer { occurrence.reset() }
        return try occurrence.step() ? occurrence.integer(at: 0) : 2
    }

    private func duplicate(_ key: String, _ item: SourceItem) throws -> CheckpointError {
        try lookUp.bind(key, at: 1)
        defer { lookUp.reset() }
        let first = try lookUp.step() ? lookUp.text(at: 7) : ""
        return CheckpointError(
            .duplicateKey(key, first: first, second: item.origin),
            path: connection.path,
            message: "\(item.origin): the id \"\(key)\" is taken by the item at \(first)",
            advice: "give each item an id of its own"
        )
    }
}

extension SourceItem.Key {
    fileprivate var text: String {
        switch self {
        case .explicit(let text), .content(let text): text
        }
    }
}

/// A set of small numbers, one bit each.
struct BitSet {
    private var words: [UInt64]
    private let count: Int

    /// - Parameter count: One more than the highest number.
    init(count: Int) {
        self.count = count
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
    }

    mutating func insert(_ number: Int) {
        words[number / 64] |= 1 << UInt64(number % 64)
    }

    func contains(_ number: Int) -> Bool {
        words[number / 64] & (1 << UInt64(number % 64)) != 0
    }

    func missing(from first: Int) -> some Sequence<Int> {
        (first..<max(first, count)).lazy.filter { !contains($0) }
    }
}
