package import BatchCore
internal import SQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Makes one checkpoint of several of the same job, which are not changed: of its shards, or of copies that went apart.
///
/// All that any of them has is in the new one: items under one key become one item, attempts and answers are all kept,
/// each once. Of equal requests the one that is done wins, and if both are, the one that was answered first.
package struct CheckpointMerge {
    /// What came of it.
    package struct Report: Sendable, Equatable {
        /// Items of the job in the new checkpoint, and how many of them are done.
        package internal(set) var items = 0
        package internal(set) var done = 0
        /// Items that more than one of the checkpoints had.
        package internal(set) var shared = 0
        /// Requests that were in flight when a run died, so that nobody knows what became of them.
        package internal(set) var lost = 0
        /// Parts of the job that none of the checkpoints is for.
        package internal(set) var missing: [Shard] = []
        /// Checkpoints of other items, or of other parts, than the newest: merged because it was insisted on.
        package internal(set) var different: [String] = []
        /// Checkpoints without the log that they were last written by, so that answers are likely to be missing.
        package internal(set) var lackingLog: [String] = []
        package internal(set) var bytes: Int64 = 0
    }

    private let inputs: [MergeInput]
    /// What the new checkpoint is for.
    private let plan: StoredPlan
    private let connection: Connection
    private var report: Report

    /// Merges checkpoints into a new one.
    ///
    /// - Parameters:
    ///   - paths: The checkpoints, which no run may hold; the same one may come twice.
    ///   - destination: The new checkpoint, which must not exist; it appears when it is whole and on the disk.
    ///   - isForced: Whether to go on if they are not of one job, or not all of it.
    /// - Returns: What came of it.
    /// - Throws: A ``CheckpointError``; nothing stands under the name then.
    package static func run(
        _ paths: [String],
        to destination: String,
        isForced: Bool = false
    ) throws(CheckpointError) -> Report {
        var status = stat()
        guard lstat(destination, &status) != 0 else {
            throw CheckpointReader.refused(destination, "it exists", advice: "name another file")
        }
        try CheckpointReader.checkNoLog(of: destination)
        var inputs: [MergeInput] = []
        for path in paths {
            inputs.append(try MergeInput(path: path))
        }
        // The newest job first: where they differ, it says what the items are.
        inputs.sort { $0.updatedAt > $1.updatedAt }
        let (plan, report) = try check(inputs, isForced: isForced)

        let temporary = "\(destination).partial-\(System.processID)"
        defer { unlink(temporary) }
        do {
            try Connection.createPrivateFile(temporary)
        } catch {
            throw CheckpointReader.cannotCreate(error, destination)
        }
        do {
            var merge = try CheckpointMerge(inputs, plan, into: temporary, report)
            try merge.copy()
            merge.report.bytes = try merge.finish()
            try Connection.putInPlace(temporary, as: destination)
            return merge.report
        } catch {
            throw CheckpointError(error, path: destination)
        }
    }

    private init(_ inputs: [MergeInput], _ plan: StoredPlan, into path: String, _ report: Report) throws {
        self.inputs = inputs
        self.plan = plan
        self.report = report
        connection = try Connection(path: path, mode: .readWrite)
        // Nobody knows the file yet, and it is synchronized before anybody does.
        try connection.execute(
            """
            PRAGMA page_size = 16384;
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            PRAGMA trusted_schema = OFF;
            PRAGMA cache_size = -8192;
            """
        )
        try Schema.migrator.migrate(connection)
    }

    // MARK: Rules

    private static func check(
        _ inputs: [MergeInput],
        isForced: Bool
    ) throws(CheckpointError) -> (StoredPlan, Report) {
        guard let newest = inputs.first else { preconditionFailure("there is nothing to merge") }
        var report = Report()
        var plan = newest.plan
        for input in inputs {
            if input.lacksLog { report.lackingLog.append(input.path) }
            let isAlike = input.plan.digest == plan.digest && input.plan.shardCount == newest.plan.shardCount
            guard isAlike || isForced else { throw different(input, from: newest) }
            if !isAlike { report.different.append(input.path) }
            plan.join(input.plan)
        }
        report.missing = plan.missing
        guard isForced || report.missing.isEmpty else { throw incomplete(report.missing) }
        return (plan, report)
    }

    private static func different(_ input: MergeInput, from newest: MergeInput) -> CheckpointError {
        let (plan, other) = (input.plan, newest.plan)
        let reason =
            plan.digest != other.digest
            ? "was made for other items or settings than \(newest.path): the job was edited in between"
            : "is of a job in \(words(plan.shardCount)), and \(newest.path) of one in \(words(other.shardCount))"
        return CheckpointError(
            .notOneJob,
            path: input.path,
            message: "\(input.path) \(reason)",
            advice: "run every shard with the same job file and the same number of shards, or merge all the same with "
                + "--force: then the job that was run last says what the items are"
        )
    }

    private static func incomplete(_ missing: [Shard]) -> CheckpointError {
        let names = missing.prefix(10).map(\.description).joined(separator: ", ")
        let more = missing.count > 10 ? " and \(missing.count - 10) more" : ""
        return CheckpointError(
            .notOneJob,
            path: "",
            message: "no checkpoint of shard \(names)\(more) is among those to be merged",
            advice: "name it too, run it with --shard \(missing[0]), or merge what there is with --force"
        )
    }

    private static func words(_ shardCount: Int) -> String {
        shardCount == 1 ? "one piece" : "\(shardCount) shards"
    }

    // MARK: Copying

    private mutating func copy() throws {
        try copyRuns()
        for (index, input) in inputs.enumerated() {
            try input.withSource(in: connection) {
                try connection.transaction {
                    if index == 0 { try copyJob() }
                    try copyShared()
                    let items = try MergedItems(connection)
                    try items.run()
                    report.shared += items.shared
                }
            }
        }
    }

    private func copyJob() throws {
        let job = try connection.prepare(
            """
            INSERT INTO job (id, name, path, folder, yaml, created_at_ms, updated_at_ms, plan, shard_count, shards)
            SELECT id, name, path, folder, yaml, created_at_ms, updated_at_ms, plan, ?1, ?2 FROM source.job
            """
        )
        try job.bind(plan.shardCount, at: 1)
        try job.bind(plan.shardList, at: 2)
        try job.run()
    }

    /// Brings the runs of all checkpoints into the order of time, since the last one is what `status` tells of.
    ///
    /// A run is known by its process and its start. Copies of a checkpoint have the same ones, some of them unfinished.
    private func copyRuns() throws {
        let columns = """
            started_at_ms, ended_at_ms, ending, message, version, host, pid, done, failed, deferred, interrupted,
            requests, retries
            """
        try connection.execute(
            """
            CREATE TEMP TABLE all_run AS SELECT \(columns) FROM run WHERE 0;
            CREATE UNIQUE INDEX temp.all_run_identity ON all_run (started_at_ms, host, pid);
            """
        )
        for input in inputs {
            try input.withSource(in: connection) {
                try connection.execute(
                    """
                    DELETE FROM temp.all_run WHERE ended_at_ms IS NULL AND (started_at_ms, host, pid) IN (
                        SELECT started_at_ms, host, pid FROM source.run WHERE ended_at_ms IS NOT NULL
                    );
                    INSERT OR IGNORE INTO temp.all_run SELECT \(columns) FROM source.run;
                    """
                )
            }
        }
        try connection.execute(
            "INSERT INTO run (\(columns)) SELECT \(columns) FROM temp.all_run ORDER BY started_at_ms, host, pid"
        )
    }

    /// Copies what items share, and notes which row is which.
    private func copyShared() throws {
        try connection.execute(
            """
            INSERT OR IGNORE INTO variant (model, system_instruction, config, digest)
            SELECT model, system_instruction, config, digest FROM source.variant;

            DROP TABLE IF EXISTS temp.variant_of;
            CREATE TEMP TABLE variant_of (source INTEGER PRIMARY KEY, id INTEGER NOT NULL);
            INSERT INTO temp.variant_of SELECT theirs.id, ours.id
            FROM source.variant theirs JOIN main.variant ours ON ours.digest = theirs.digest;

            DROP TABLE IF EXISTS temp.run_of;
            CREATE TEMP TABLE run_of (source INTEGER PRIMARY KEY, id INTEGER NOT NULL);
            INSERT INTO temp.run_of SELECT theirs.id, ours.id
            FROM source.run theirs JOIN main.run ours
            ON ours.started_at_ms = theirs.started_at_ms AND ours.host = theirs.host AND ours.pid = theirs.pid;

            INSERT INTO upload SELECT * FROM source.upload WHERE true
            ON CONFLICT DO UPDATE SET name = excluded.name, uri = excluded.uri, expires_at_ms = excluded.expires_at_ms
            WHERE excluded.expires_at_ms > upload.expires_at_ms;
            """
        )
    }

    /// Counts what has become of it.
    ///
    /// - Returns: The size of the new file.
    private mutating func finish() throws -> Int64 {
        try connection.execute(
            """
            CREATE TEMP TABLE lost AS
            SELECT run_id, count(*) AS count FROM attempt WHERE status = 'lost' AND run_id IS NOT NULL GROUP BY run_id;
            UPDATE run SET lost = lost.count FROM temp.lost WHERE lost.run_id = run.id;
            """
        )
        var usage = try UsageSums(connection)
        try usage.update()
        report.items = Int(try connection.integer("SELECT count(position) FROM item"))
        report.done = Int(try connection.integer("SELECT count(position) FROM item WHERE state = 'done'"))
        report.lost = Int(try connection.integer("SELECT count(*) FROM attempt WHERE status = 'lost'"))
        return try connection.integer("PRAGMA page_count") * connection.integer("PRAGMA page_size")
    }
}
