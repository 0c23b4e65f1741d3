package import BatchCore
internal import SQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A checkpoint in one SQLite file, locked against other runs until it is closed.
///
/// Writes are committed in groups by a thread of its own; a call returns, or completes, after the commit that holds its
/// effect. After a write has failed, everything is refused with that failure: what was told to be saved is, and nothing else
/// is told.
package final class SQLiteCheckpoint: CheckpointStore, UploadRegister {
    /// What stood under the name before.
    package enum Origin: Sendable {
        case created
        /// A file without contents: worth a notice, since somebody may have expected more in it.
        case emptyFile
        case existing
    }

    /// With links resolved.
    package let path: String
    package let origin: Origin
    /// Items that were in flight when an earlier run died: pending again, and maybe billed twice.
    package let possiblyBilledTwice: Int

    private let queue: CommitQueue
    private let database: SharedDatabase

    /// Opens a checkpoint for a run, or makes one.
    ///
    /// - Parameters:
    ///   - path: The database file; beside it come `-wal` and `-shm` while it is open, and `.lock`.
    ///   - createIfMissing: Whether to make the file, and its folder, if there is none.
    ///   - policy: When waiting operations are committed.
    ///   - storage: What its disk has to be like.
    /// - Throws: A ``CheckpointError``; the file is as it was, byte for byte, if it is in use, newer or not ours.
    package convenience init(
        path: String,
        createIfMissing: Bool = true,
        policy: CommitPolicy = CommitPolicy(),
        storage: StorageRules = StorageRules()
    ) throws(CheckpointError) {
        try self.init(
            file: CheckpointFile(path: path),
            createIfMissing: createIfMissing,
            policy: policy,
            storage: storage
        ) {}
    }

    /// Who runs a job with a checkpoint now; `nil` if nobody does.
    package static func holder(path: String) -> LockHolder? {
        CheckpointLock.holder(forCheckpoint: CheckpointFile(path: path).path)
    }

    /// Makes a checkpoint in a private folder of its own, removed when it is closed: to look at a job without keeping
    /// anything.
    package static func temporary() throws(CheckpointError) -> SQLiteCheckpoint {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/genbatch-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CheckpointError(systemError: errno, operation: "create a folder in", path: parent)
        }
        let folder = template.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { String(cString: $0) } ?? parent
        }
        let file = CheckpointFile(path: folder + "/check.db")
        // Nothing that is paid for is kept in it: any disk is good enough.
        var storage = StorageRules()
        storage.allowsNetworkFileSystem = true
        return try SQLiteCheckpoint(file: file, createIfMissing: true, policy: CommitPolicy(), storage: storage) {
            for suffix in ["", "-wal", "-shm", ".lock"] {
                unlink(file.path + suffix)
            }
            rmdir(folder)
        }
    }

    private init(
        file: CheckpointFile,
        createIfMissing: Bool,
        policy: CommitPolicy,
        storage: StorageRules,
        atEnd: @escaping @Sendable () -> Void
    ) throws(CheckpointError) {
        var file = file
        // Before the file is opened, which maps the index of its log.
        try storage.check(file.path)
        let contents = try file.inspect()
        if contents == .missing {
            guard createIfMissing else { throw .missing(path: file.path) }
            try file.createFolder()
        }
        let lock = try CheckpointLock(forCheckpoint: file.path)
        if contents == .missing {
            try file.create()
        }
        let opened: CheckpointDatabase
        do {
            opened = try CheckpointDatabase(
                path: file.path,
                busyTimeout: policy.busyTimeout,
                reservesLogIndex: storage.hasSmallBlocks(file.path)
            )
        } catch {
            throw CheckpointError(error, path: file.path)
        }
        file.remember()
        path = file.path
        origin =
            switch contents {
            case .missing: .created
            case .empty: .emptyFile
            case .checkpoint: .existing
            }
        possiblyBilledTwice = opened.lostAttempts
        let database = SharedDatabase(opened, path: file.path)
        let queue = try CommitQueue(policy: policy)
        self.database = database
        self.queue = queue
        try OwnedThread.start { [file] in
            Committer(queue: queue, database: database, file: file, policy: policy, storage: storage).run()
            database.close()
            lock.release()
            atEnd()
            queue.end()
        }
    }

    deinit {
        queue.close()
    }

    // MARK: Registration

    /// Compares a job with the checkpoint, and makes the checkpoint follow: all of it or nothing.
    ///
    /// It blocks the calling thread until the end, and other operations meanwhile. Items that are as they were are not
    /// written; memory does not grow with their number but by one bit each. If the inputs are those of the last time, the
    /// source is not even asked.
    ///
    /// - Parameters:
    ///   - source: All items of the job in its order.
    ///   - job: What to keep of the job itself.
    ///   - shard: The part of the job that the checkpoint is for; items of the others are left out.
    ///   - choice: Which of the items to run are to be handed out from now on.
    ///   - keepsInputs: Whether the job's inputs may be known by what is told of them; asked after they were read.
    /// - Returns: What is new, changed, done …, items that have left the job included.
    /// - Throws: What the source throws, or a ``CheckpointError``; the checkpoint is as it was before.
    package func register(
        _ source: inout some ItemSource,
        job: StoredJob,
        shard: Shard? = nil,
        choice: ItemChoice = .all,
        keepsInputs: () -> Bool = { true }
    ) throws -> RunPlan {
        do {
            return try database.withDatabase { database in
                do {
                    return try database.connection.transaction {
                        var plan = try database.choosing(choice) {
                            try StoredPlan(database.connection)?.check(shard, path: path)
                            if try database.isUpToDate(with: job, shard: shard) { return try database.reopen() }
                            let registration = try Registration(database, shard: shard)
                            let plan = try registration.run(&source)
                            var job = job
                            // Of local media only their content tells whether they have changed.
                            if registration.hasLocalMedia || !keepsInputs() {
                                job.inputs = nil
                            }
                            try database.store(job, registration.storedPlan)
                            return plan
                        }
                        plan.possiblyBilledTwice = possiblyBilledTwice
                        return plan
                    }
                } catch {
                    database.variants.forget()
                    throw error
                }
            }
        } catch let error as SQLiteError {
            throw CheckpointError(error, path: path)
        }
    }

    /// Makes a checkpoint ready to be run as it stands, without its job file: deferred items are pending again.
    ///
    /// - Parameter choice: Which of the items to run are to be handed out from now on.
    /// - Returns: What it holds.
    /// - Throws: A ``CheckpointError``.
    package func reopen(choice: ItemChoice = .all) throws(CheckpointError) -> RunPlan {
        do {
            var plan = try database.withDatabase { database in
                try database.connection.transaction { try database.choosing(choice) { try database.reopen() } }
            }
            plan.possiblyBilledTwice = possiblyBilledTwice
            return plan
        } catch {
            throw CheckpointError(error, path: path)
        }
    }

    /// Makes failed items pending, so that the next run sends them; nothing else is changed.
    ///
    /// - Parameter filter: Which of them.
    /// - Returns: How many there were.
    /// - Throws: A ``CheckpointError``.
    package func takeUp(_ filter: FailureFilter) throws(CheckpointError) -> Int {
        do {
            let plan = try database.withDatabase { database in
                try database.connection.transaction { try database.choosing(.failed(filter)) { RunPlan() } }
            }
            return plan.pending
        } catch {
            throw CheckpointError(error, path: path)
        }
    }

    // MARK: Forecasting

    /// Adds up what a run has to send, after the checkpoint was made to follow the job.
    ///
    /// - Parameter limit: How many items at most, the first ones; `nil` for all.
    /// - Returns: The sum, and what the last answers of its models were like.
    /// - Throws: What is wrong with an item, or a ``CheckpointError``.
    package func workload(limit: Int?) throws -> (workload: Workload, histories: [String: AnswerHistory]) {
        do {
            return try database.withDatabase { database in
                let workload = try database.workload(limit: limit)
                return (workload, try AnswerHistory.read(database.connection, of: workload.models))
            }
        } catch let error as SQLiteError {
            throw CheckpointError(error, path: path)
        }
    }

    // MARK: Runs

    /// Notes that a run begins; attempts recorded from now on belong to it.
    package func startRun(version: String) async throws(CheckpointError) {
        try await perform { try $0.startRun(version: version) }
    }

    /// Notes how the run ended.
    package func finishRun(_ summary: RunSummary) async throws(CheckpointError) {
        try await perform { try $0.endRun(summary) }
    }

    /// Counts the items of the job by state, as they are committed.
    package func balance() async throws(CheckpointError) -> ItemBalance {
        try await perform { try $0.balance() }
    }

    /// What the requests of all runs spent.
    package func spendingHistory() async throws(CheckpointError) -> SpendingHistory {
        try await perform { try $0.spendingHistory() }
    }

    /// What the last run had set aside for the requests that it left in flight, if it was killed; asked before the next one
    /// begins.
    package func lostReservations() async throws(CheckpointError) -> [LostReservation] {
        try await perform { try $0.lostReservations() }
    }

    // MARK: CheckpointStore

    package func pendingItems(
        after: ItemID?,
        limit: Int,
        of models: ModelSelection
    ) async throws(CheckpointError) -> [PendingItem] {
        // What was handed out is told by its place: nothing has to be committed to know what comes after it.
        try await perform({ try $0.pendingItems(after: after, limit: limit, of: models) }, by: queue.add(look:))
    }

    // An error with a type would take up memory for each item that waits here.
    package func begin(_ id: ItemID, reserving reserved: Spending? = nil) async throws {
        try await withUnsafeThrowingContinuation { caller in
            let departure = Departure(item: id, reserved: reserved, caller: caller)
            if !queue.add(.begin(departure)) {
                caller.resume(throwing: CheckpointError.closed(path: path))
            }
        }
    }

    package func record(_ outcome: ItemOutcome, completion: @escaping @Sendable ((any Error)?) -> Void) {
        if !queue.add(.record(Settlement(outcome: outcome, completion: completion))) {
            completion(CheckpointError.closed(path: path))
        }
    }

    // MARK: UploadRegister

    package func upload(for key: MediaUpload.Key) async throws(CheckpointError) -> MediaUpload? {
        try await perform { try $0.upload(for: key) }
    }

    package func keep(_ upload: MediaUpload) async throws(CheckpointError) {
        try await perform { try $0.keep(upload) }
    }

    // MARK: The end

    /// Commits what waits, closes the file and lets go of the lock.
    package func close() async {
        await withCheckedContinuation { continuation in
            queue.close { continuation.resume() }
        }
    }

    private func perform<Value: Sendable>(
        _ work: @escaping @Sendable (CheckpointDatabase) throws -> Value
    ) async throws(CheckpointError) -> Value {
        try await perform(work) { queue.add(.work($0)) }
    }

    private func perform<Value: Sendable>(
        _ work: @escaping @Sendable (CheckpointDatabase) throws -> Value,
        by add: (@escaping CommitQueue.Work) -> Bool
    ) async throws(CheckpointError) -> Value {
        let path = path
        let result: Result<Value, CheckpointError> = await withCheckedContinuation { continuation in
            let isAdded = add { database in
                do {
                    continuation.resume(returning: .success(try work(database.get())))
                } catch {
                    continuation.resume(returning: .failure(CheckpointError(error, path: path)))
                }
            }
            if !isAdded {
                continuation.resume(returning: .failure(.closed(path: path)))
            }
        }
        return try result.get()
    }
}
