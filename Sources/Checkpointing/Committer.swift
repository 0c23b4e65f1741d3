internal import BatchCore
internal import SQLite
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The work of the thread that owns the database: takes what waits in the queue, commits it in groups and replies after
/// the commit.
///
/// A failed commit ends the checkpoint: from then on everything is refused with the first failure, so that nothing is
/// ever told to be saved that is not.
final class Committer {
    private let queue: CommitQueue
    private let database: SharedDatabase
    private let file: CheckpointFile
    private let policy: CommitPolicy
    private let storage: StorageRules
    private var failure: CheckpointError?
    private var rescue: RescueFile?

    init(
        queue: CommitQueue,
        database: SharedDatabase,
        file: CheckpointFile,
        policy: CommitPolicy,
        storage: StorageRules
    ) {
        self.queue = queue
        self.database = database
        self.file = file
        self.policy = policy
        self.storage = storage
    }

    /// Works until the queue is closed and empty.
    func run() {
        while true {
            switch queue.next() {
            case .look(let look): perform(look)
            case .batch(let entries): carryOut(entries)
            case .end: return
            }
        }
    }

    private func carryOut(_ entries: [CommitQueue.Entry]) {
        var start = 0
        for (index, entry) in entries.enumerated() {
            guard case .work(let work) = entry else { continue }
            finish(entries[start..<index])
            perform(work)
            start = index + 1
        }
        finish(entries[start...])
    }

    private func perform(_ work: CommitQueue.Work) {
        do {
            if let failure { throw failure }
            try database.withDatabase { work(.success($0)) }
        } catch {
            work(.failure(CheckpointError(error, path: file.path)))
        }
    }

    /// Commits the changes of a group and replies.
    private func finish(_ group: ArraySlice<CommitQueue.Entry>) {
        guard !group.isEmpty else { return }
        if failure == nil {
            do {
                try commit(group)
            } catch {
                failure = error
            }
        }
        if failure != nil, rescue != nil {
            save(group)
        }
        let result = failure.map { Result<Void, any Error>.failure($0) } ?? .success(())
        for entry in group {
            switch entry {
            case .begin(let departure): departure.caller.resume(with: result)
            case .record(let settlement): settlement.completion(failure)
            case .work: preconditionFailure("work is done alone")
            }
        }
    }

    private func commit(_ group: ArraySlice<CommitQueue.Entry>) throws(CheckpointError) {
        let giveUp = ContinuousClock.now + policy.fullDiskPatience
        while true {
            do {
                try storage.checkSpace(file.path)
                try database.withDatabase { try $0.commit(group) }
                break
            } catch {
                let failure = CheckpointError(error, path: file.path)
                // Only a full disk may heal: after a failed sync nobody knows what the disk has.
                guard failure.kind == .diskFull, ContinuousClock.now < giveUp else { throw failure }
                // Nobody tells when a disk has space again, so it is asked, for as long as the patience lasts. The thread is ours
                // and no task's: requests wait that must not be sent yet, and outcomes, of which there are only so many.
                usleep(200_000)
            }
        }
        guard file.isStillThere else { throw replaced() }
    }

    /// The commit went into a file that has no name any more: what it held is written beside where the file was.
    private func replaced() -> CheckpointError {
        let place: String
        do {
            let rescue = try RescueFile(beside: file)
            place = "answers that were not saved are in \(rescue.path)"
            self.rescue = consume rescue
        } catch {
            place = "answers that were not saved are lost, since \(error.message)"
        }
        return CheckpointError(
            .io,
            path: file.path,
            message: "\(file.path) was removed or replaced while it was in use; \(place)",
            advice: "put the file back, or restore it from a backup, and run the same command again"
        )
    }

    private func save(_ group: ArraySlice<CommitQueue.Entry>) {
        for entry in group {
            guard case .record(let settlement) = entry else { continue }
            let outcome = settlement.outcome
            // The file without a name still knows the keys. If the rescue fails as well, nothing is left to try.
            let key = try? database.withDatabase { try $0.key(of: outcome.item) }
            try? rescue?.append(outcome, key: key ?? "item \(outcome.item.value)")
        }
    }
}

/// The database for the thread that owns it and for the registration, which runs on its caller's: one at a time.
final class SharedDatabase: Sendable {
    private let database: Mutex<CheckpointDatabase?>
    private let path: String

    init(_ database: sending CheckpointDatabase, path: String) {
        self.database = Mutex(database)
        self.path = path
    }

    /// Closes the database; the log is written back into it if nobody reads.
    func close() {
        database.withLock { $0 = nil }
    }

    func withDatabase<Result: Sendable>(_ body: (CheckpointDatabase) throws -> Result) throws -> Result {
        try database.withLock { database in
            guard let database else { throw CheckpointError.closed(path: path) }
            return try body(database)
        }
    }
}
