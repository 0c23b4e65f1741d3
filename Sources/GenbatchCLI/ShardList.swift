internal import BatchCore

/// Shards in a message, which may be thousands.
enum ShardList {
    private static let shown = 10

    /// For example `1/3, 2/3`, or the first ten of them `and 90 more`.
    static func words(_ shards: [Shard]) -> String {
        let names = shards.prefix(shown).map(\.description).joined(separator: ", ")
        return names + (shards.count > shown ? " and \(shards.count - shown) more" : "")
    }
}
