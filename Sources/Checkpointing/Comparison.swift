package import BatchCore
internal import SQLite

/// Compares the items of a job with those of a checkpoint as ``Registration`` does, and changes nothing.
final class Comparison {
    private let connection: Connection
    private let matcher: ItemMatcher
    private let selectItem: Statement
    private let selectKey: Statement
    private let countAnsweredTurns: Statement
    private let explainedKey: String?
    private let sampleSize: Int
    private var result = JobComparison()

    init(_ connection: Connection, explaining key: String?, sampling sampleSize: Int) throws {
        self.connection = connection
        explainedKey = key
        self.sampleSize = sampleSize
        matcher = try ItemMatcher(connection, newcomers: .apart)
        selectItem = try connection.prepare("\(StoredItem.query) WHERE item.id = ?1")
        selectKey = try connection.prepare("SELECT key FROM item WHERE id = ?1")
        countAnsweredTurns = try connection.prepare(
            """
            SELECT count(DISTINCT turn) FROM attempt
            WHERE item_id = ?1 AND generation = (SELECT generation FROM item WHERE id = ?1) AND status = 'answered'
            """
        )
    }

    func run(_ source: inout some ItemSource, shard: Shard?) throws -> JobComparison {
        while let item = try source.next() {
            if let shard, !shard.contains(item.key) { continue }
            let (key, known) = try matcher.match(item)
            try take(item, key: key, known: known)
        }
        for id in matcher.finish() {
            try takeOrphan(Int64(id))
        }
        result.inFlight = Int(try connection.integer("SELECT count(*) FROM in_flight"))
        return result
    }

    private func take(_ item: SourceItem, key: String, known: ItemMatcher.Known?) throws {
        let group = Self.group(of: known)
        result.note(key, in: group)
        switch group {
        case .new:
            count(item, answeredTurns: 0)
        case .changed:
            count(item, answeredTurns: 0)
            if let stored = try known.flatMap({ try self.stored($0.id) }) {
                for topic in Set(item.request.differences(from: stored.request).map(\.topic)) {
                    result.reasons[topic, default: 0] += 1
                }
            }
        case .pending, .deferred:
            let isChat = item.request.turns.count > 1
            count(item, answeredTurns: isChat ? try known.map { try answeredTurns(of: $0.id) } ?? 0 : 0)
        case .done, .failed, .orphaned:
            break
        }
        if key == explainedKey {
            let stored = try known.flatMap { try self.stored($0.id) }
            result.explanation = JobComparison.Explanation(key: key, group: group, source: item, stored: stored)
        }
    }

    private func takeOrphan(_ id: Int64) throws {
        try selectKey.bind(id, at: 1)
        defer { selectKey.reset() }
        guard try selectKey.step() else { return }
        let key = selectKey.text(at: 0)
        result.note(key, in: .orphaned)
        if key == explainedKey {
            result.explanation = JobComparison.Explanation(key: key, group: .orphaned, stored: try stored(id))
        }
    }

    private static func group(of known: ItemMatcher.Known?) -> JobComparison.Group {
        guard let known else { return .new }
        guard known.isSameRequest else { return .changed }
        return switch known.state {
        case .pending, .running: .pending
        case .done: .done
        case .failed: .failed
        case .deferred: .deferred
        }
    }

    private func count(_ item: SourceItem, answeredTurns: Int) {
        let request = item.request
        result.workload.add(request, answeredTurns: answeredTurns, hasOwnChecks: !item.checks.isEmpty)
        guard sampleSize > 0 else { return }
        result.samplers[request.model, default: Sampler(size: sampleSize)].add(request)
    }

    private func answeredTurns(of id: Int64) throws -> Int {
        try countAnsweredTurns.bind(id, at: 1)
        defer { countAnsweredTurns.reset() }
        return try countAnsweredTurns.step() ? Int(countAnsweredTurns.integer(at: 0)) : 0
    }

    private func stored(_ id: Int64) throws -> StoredItem? {
        try selectItem.bind(id, at: 1)
        defer { selectItem.reset() }
        return try selectItem.step() ? try StoredItem(selectItem) : nil
    }
}

extension CheckpointReader {
    /// Compares a job with the checkpoint, also while another process runs it; nothing is changed.
    ///
    /// - Parameters:
    ///   - source: All items of the job in its order.
    ///   - shard: The part of the job that is compared; `nil` for all of it.
    ///   - key: An item to look at closely.
    ///   - sampleSize: How many of the items to send are kept as samples, of each model.
    /// - Returns: What a run would find, at one moment.
    /// - Throws: What the source throws, or a ``CheckpointError``.
    package func compare(
        _ source: inout some ItemSource,
        shard: Shard? = nil,
        explaining key: String? = nil,
        sampling sampleSize: Int = 0
    ) throws -> JobComparison {
        var comparison: JobComparison
        do {
            comparison = try connection.transaction(.read) {
                try StoredPlan(connection)?.check(shard, path: path)
                return try Comparison(connection, explaining: key, sampling: sampleSize).run(&source, shard: shard)
            }
        } catch let error as SQLiteError {
            throw CheckpointError(error, path: path)
        }
        comparison.lockHolder = CheckpointLock.otherHolder(forCheckpoint: path)
        if comparison.lockHolder == nil {
            comparison.plan.possiblyBilledTwice = comparison.inFlight
        }
        return comparison
    }
}
