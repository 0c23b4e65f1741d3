internal import SQLite

/// A checkpoint that is to be merged: whole, used by nobody, and open for reading.
struct MergeInput {
    let reader: CheckpointReader
    let plan: StoredPlan
    /// When its items were last compared with the job, in Unix milliseconds.
    let updatedAt: Int64
    /// Whether what was committed last is likely to be missing, as in a copy made with `cp`.
    let lacksLog: Bool

    var path: String { reader.path }

    /// Opens a checkpoint and reads all of it once.
    ///
    /// - Throws: A ``CheckpointError`` if it cannot be merged; it is as it was.
    init(path: String) throws(CheckpointError) {
        let file = CheckpointFile(path: path)
        if let holder = CheckpointLock.holder(forCheckpoint: file.path) {
            throw CheckpointLock.inUse(holder, path: file.path)
        }
        // Before it is opened, which makes an empty log.
        let isLogMissing = file.usesLog && !file.hasLog
        reader = try CheckpointReader(path: path)
        if let damage = try reader.damage(isQuick: false) {
            throw .damaged(path: file.path, detail: damage)
        }
        guard let plan = try reader.storedPlan() else {
            throw CheckpointError(
                .notOneJob,
                path: file.path,
                message: "\(file.path) holds no job yet",
                advice: "leave it out, or run the job with it first"
            )
        }
        self.plan = plan
        do {
            updatedAt = try reader.connection.integer("SELECT updated_at_ms FROM job")
            let wasCut = try reader.connection.integer(
                "SELECT ended_at_ms IS NULL FROM run ORDER BY id DESC LIMIT 1"
            )
            lacksLog = isLogMissing && wasCut == 1
        } catch {
            throw CheckpointError(error, path: file.path)
        }
    }

    /// Makes its tables readable as `source` in another database while a body runs.
    func withSource(in connection: Connection, _ body: () throws -> Void) throws {
        do {
            try connection.attach(path, as: "source", isImmutable: reader.isImmutable)
            try body()
            try connection.execute("DETACH source")
        } catch let error as SQLiteError where [.corrupt, .constraint, .cannotOpen, .busy].contains(error.code) {
            // The new file is written by nobody else and by its own rules: these are about the one that is read.
            guard error.code == .constraint else { throw CheckpointError(error, path: path) }
            throw CheckpointError.damaged(path: path, detail: error.message)
        }
    }
}
