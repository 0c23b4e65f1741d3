package import BatchCore
internal import JSON
internal import SQLite

/// Which items a job had when its checkpoint was last compared with it, and which part of them the checkpoint is for.
package struct StoredPlan: Sendable, Equatable {
    /// A ``PlanDigest`` of all items of the job, 32 bytes: equal in all parts of one job.
    package let digest: [UInt8]
    /// How many parts the job is run in; 1 if in one piece.
    package private(set) var shardCount: Int
    /// The parts that are in the checkpoint, from 0.
    package private(set) var shards: Set<Int>

    /// The part that the checkpoint is for, if it is for one only.
    package var shard: Shard? {
        shardCount > 1 && shards.count == 1 ? shards.first.flatMap { Shard($0, of: shardCount) } : nil
    }

    /// The parts that are not in it.
    package var missing: [Shard] {
        (0..<shardCount).filter { !shards.contains($0) }.compactMap { Shard($0, of: shardCount) }
    }

    /// Whether the checkpoint is for just this part, or for all of the job if it is `nil`.
    func isWhole(_ wanted: Shard?) -> Bool {
        shardCount == wanted?.count ?? 1 && shards == [wanted?.number ?? 0]
    }

    /// Takes in the parts that another checkpoint is for.
    ///
    /// Parts of different sizes do not add up: what is made of them is for the job in one piece.
    mutating func join(_ other: StoredPlan) {
        if shardCount == other.shardCount {
            shards.formUnion(other.shards)
        } else {
            (shardCount, shards) = (1, [0])
        }
    }

    /// Refuses a run for which the checkpoint would lose its items, or get those of other parts.
    func check(_ wanted: Shard?, path: String) throws(CheckpointError) {
        if let shard, wanted != shard {
            throw CheckpointError(
                .otherShard,
                path: path,
                message:
                    "\(path) is for shard \(shard) of its job, and \(wanted.map { "shard \($0)" } ?? "all of it") was to be run",
                advice: "run it with --shard \(shard), or name another checkpoint with --db"
            )
        }
        if let wanted, shard == nil, wanted.count > 1 {
            throw CheckpointError(
                .otherShard,
                path: path,
                message: "\(path) is for more of its job than shard \(wanted), which was to be run",
                advice: "run it without --shard, or name another checkpoint with --db"
            )
        }
    }
}

extension StoredPlan {
    /// The parts as the column `shards` has them.
    var shardList: String {
        "[\(shards.sorted().map(String.init).joined(separator: ","))]"
    }

    /// - Returns: `nil` if no job was ever compared with the checkpoint.
    init?(_ connection: Connection) throws {
        let job = try connection.prepare("SELECT plan, shard_count, shards FROM job")
        guard try job.step() else { return nil }
        let shards = try job.withBytes(at: 2) { bytes in
            var reader = JSONReader(bytes)
            return try reader.readValue().array ?? []
        }
        self.init(
            digest: job.blob(at: 0),
            shardCount: Int(job.integer(at: 1)),
            shards: Set(shards.compactMap { $0.int64.map(Int.init) })
        )
    }
}

extension CheckpointReader {
    /// Which part of which items the checkpoint is for; `nil` if no job was ever compared with it.
    package func storedPlan() throws(CheckpointError) -> StoredPlan? {
        do {
            return try StoredPlan(connection)
        } catch {
            throw CheckpointError(error, path: path)
        }
    }
}
