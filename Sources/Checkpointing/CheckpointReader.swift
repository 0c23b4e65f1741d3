package import BatchCore
internal import JSON
internal import SQLite

/// Reads a checkpoint, also while another process runs the job and from media that cannot be written.
package final class CheckpointReader {
    /// With links resolved.
    package let path: String
    let connection: Connection
    /// Whether the file is read as one that nobody changes, without locks.
    let isImmutable: Bool

    /// - Parameter path: The database file.
    /// - Throws: A ``CheckpointError``; nothing is made and nothing is changed.
    package init(path: String) throws(CheckpointError) {
        let file = CheckpointFile(path: path)
        if file.hasLog {
            try StorageRules().checkReading(file.path)
        }
        guard try file.inspect() == .checkpoint else { throw .missing(path: file.path) }
        self.path = file.path
        do {
            (connection, isImmutable) = try Self.open(file)
        } catch {
            throw CheckpointError(error, path: file.path)
        }
    }

    /// Opens for reading among others if that can be, else as a file that nobody changes.
    ///
    /// In a folder that may not be written, or on a full disk, SQLite cannot make the index of the log that readers and
    /// writers share; but then nobody writes, and without a log the file is all there is.
    private static func open(_ file: CheckpointFile) throws -> (Connection, isImmutable: Bool) {
        // Before the attempt, which may leave an empty one.
        let isAll = !file.hasLogContents
        let shared = try Connection(path: file.path, mode: .readOnly)
        do {
            _ = try shared.integer("SELECT count(*) FROM job")
            return (shared, false)
        } catch {
            guard [.cannotOpen, .readOnly, .full, .inputOutput].contains(error.code), isAll else { throw error }
            return (try Connection(path: file.path, mode: .immutable), true)
        }
    }

    /// The job as it was registered last; `nil` if none ever was.
    package func storedJob() throws(CheckpointError) -> StoredJob? {
        try read {
            let job = try connection.prepare("SELECT name, path, folder, yaml FROM job")
            guard try job.step() else { return nil }
            return StoredJob(
                name: job.text(at: 0),
                path: job.text(at: 1),
                folder: job.text(at: 2),
                yaml: job.text(at: 3)
            )
        }
    }

    /// Counts of one moment.
    package func status() throws(CheckpointError) -> CheckpointStatus {
        let holder = CheckpointLock.holder(forCheckpoint: path)
        var status = try read {
            try connection.transaction(.read) {
                var status = CheckpointStatus()
                status.plan = try StoredPlan(connection)
                try countItems(&status)
                try countFailures(&status)
                status.usage = try usage()
                status.possiblyBilledTwice = Int(
                    try connection.integer("SELECT count(*) FROM (\(BilledItem.query(isRunning: holder != nil)))")
                )
                status.lastRun = try lastRun()
                return status
            }
        }
        status.lockHolder = holder
        return status
    }

    /// Hands out items with what came of them, in the order of the job, as they were at one moment.
    ///
    /// - Parameters:
    ///   - states: Which items.
    ///   - includeOrphaned: Whether those that have left the job come too, at the end.
    ///   - body: Called for each; one is in memory at a time.
    /// - Throws: What the body throws, or a ``CheckpointError``.
    package func results(
        states: Set<ItemState> = Set(ItemState.allCases),
        includeOrphaned: Bool = false,
        _ body: (ResultRow) throws -> Void
    ) throws {
        let selection = ResultSelection(states: states, includesOrphaned: includeOrphaned)
        try snapshot { try $0.forEach(selection, body) }
    }

    /// Looks at results more than once, all at the same moment.
    ///
    /// - Parameter body: What to do with them; they are not valid afterwards.
    /// - Returns: What the body returned.
    /// - Throws: What the body throws, or a ``CheckpointError``.
    package func snapshot<Value>(_ body: (ResultSnapshot) throws -> Value) throws -> Value {
        do {
            return try connection.transaction(.read) {
                try body(ResultSnapshot(connection: connection))
            }
        } catch let error as SQLiteError {
            throw CheckpointError(error, path: path)
        }
    }

    // MARK: Counting

    private func countItems(_ status: inout CheckpointStatus) throws {
        let rows = try connection.prepare("SELECT state, count(position), count(*) FROM item GROUP BY state")
        while try rows.step() {
            let ofTheJob = Int(rows.integer(at: 1))
            if let state = ItemState(rawValue: rows.text(at: 0)), ofTheJob > 0 {
                status.items[state] = ofTheJob
            }
            status.orphaned += Int(rows.integer(at: 2)) - ofTheJob
        }
        let inFlight = Int(try connection.integer("SELECT count(*) FROM in_flight"))
        if inFlight > 0 {
            status.items[.running] = inFlight
            let pending = (status.items[.pending] ?? 0) - inFlight
            status.items[.pending] = pending > 0 ? pending : nil
        }
    }

    private func countFailures(_ status: inout CheckpointStatus) throws {
        let rows = try connection.prepare(
            """
            SELECT (
                SELECT class FROM attempt
                WHERE item_id = item.id AND generation = item.generation AND status = 'failed' ORDER BY id DESC LIMIT 1
            ), count(*)
            FROM item WHERE state = 'failed' AND position IS NOT NULL GROUP BY 1
            """
        )
        while try rows.step() {
            if let failureClass = rows.optionalText(at: 0) {
                status.failuresByClass[failureClass] = Int(rows.integer(at: 1))
            }
        }
    }

    private func usage() throws -> [CheckpointStatus.ModelUsage] {
        let rows = try connection.prepare(
            """
            SELECT model, requests, answered, possibly_billed_without_answer, \(ItemCoding.usageColumns),
                cost_microdollars, requests_of_unknown_cost
            FROM usage_by_model
            """
        )
        var usage: [CheckpointStatus.ModelUsage] = []
        while try rows.step() {
            usage.append(
                CheckpointStatus.ModelUsage(
                    model: rows.text(at: 0),
                    requests: Int(rows.integer(at: 1)),
                    answered: Int(rows.integer(at: 2)),
                    possiblyBilledWithoutAnswer: Int(rows.integer(at: 3)),
                    tokens: ItemCoding.usage(rows, from: 4),
                    cost: ItemCoding.cost(rows, from: 10)
                )
            )
        }
        return usage
    }

    private func lastRun() throws -> CheckpointStatus.Run? {
        let run = try connection.prepare(
            "SELECT id, started_at_ms, ended_at_ms, ending, message, host, pid FROM run ORDER BY id DESC LIMIT 1"
        )
        guard try run.step() else { return nil }
        return CheckpointStatus.Run(
            number: Int(run.integer(at: 0)),
            startedAtMilliseconds: run.integer(at: 1),
            endedAtMilliseconds: run.optionalInteger(at: 2),
            ending: run.optionalText(at: 3),
            message: run.optionalText(at: 4),
            host: run.text(at: 5),
            pid: Int32(clamping: run.integer(at: 6))
        )
    }

    private func read<Value>(_ body: () throws -> Value) throws(CheckpointError) -> Value {
        do {
            return try body()
        } catch {
            throw CheckpointError(error, path: path)
        }
    }
}
