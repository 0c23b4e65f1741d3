import BatchCore
import Checkpointing
import JobFiles

/// From a job file and its data to items, and on into a checkpoint.
struct ItemPath {
    private let folder: String
    private let job: JobFile

    init(_ folder: String, _ name: String) throws {
        self.folder = folder
        job = try JobFile.load(path: DataFile.path("\(name).yaml", in: folder))
    }

    func read(_ units: Int) throws -> Int {
        var items = FirstItems(items: try job.makeItems(), left: units)
        var count = 0
        while try items.next() != nil {
            count += 1
        }
        return count
    }

    /// Makes the checkpoint, which must not be there.
    func register(_ units: Int) async throws -> Int {
        var items = FirstItems(items: try job.makeItems(), left: units)
        let checkpoint = try SQLiteCheckpoint(path: DataFile.path(DataFile.checkpoint, in: folder))
        let stored = StoredJob(
            name: job.job.name,
            path: job.path,
            folder: job.folder,
            yaml: String(decoding: try job.textToKeep(), as: UTF8.self)
        )
        let plan = try checkpoint.register(&items, job: stored)
        await checkpoint.close()
        return plan.new
    }
}

/// Only the first items of a job: the same files serve for any number.
private struct FirstItems: ItemSource {
    let items: JobItems
    var left: Int

    mutating func next() throws -> SourceItem? {
        guard left > 0 else { return nil }
        left -= 1
        return try items.next()
    }
}
