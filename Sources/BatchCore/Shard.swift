internal import Crypto

/// One of several equal parts of a job, each run by a process of its own.
///
/// Which part an item is in follows from its key alone: neither an edit of other items nor a change of order moves it.
package struct Shard: Sendable, Hashable, CustomStringConvertible {
    package static let maximumCount = 10_000

    /// From 0.
    package let number: Int
    /// How many parts there are.
    package let count: Int

    /// - Returns: `nil` unless `number` is from 0 to `count - 1`, and `count` from 1 to ``maximumCount``.
    package init?(_ number: Int, of count: Int) {
        guard (1...Self.maximumCount).contains(count), (0..<count).contains(number) else { return nil }
        self.number = number
        self.count = count
    }

    /// Reads what ``description`` writes.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]), let count = Int(parts[1]) else { return nil }
        self.init(number, of: count)
    }

    /// For example `0/4`.
    package var description: String { "\(number)/\(count)" }

    /// Whether an item belongs to this part.
    ///
    /// Equal items have equal keys in the job, so that all of them are in one part, which numbers them as the whole job
    /// would.
    package func contains(_ key: SourceItem.Key) -> Bool {
        Self.number(of: key.text, amongst: count) == number
    }

    /// The first 8 bytes of the key's SHA-256 as a number, most significant byte first, modulo the number of parts.
    private static func number(of key: String, amongst count: Int) -> Int {
        let hash = SHA256.hash(data: Array(key.utf8)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(hash % UInt64(count))
    }
}

extension SourceItem.Key {
    fileprivate var text: String {
        switch self {
        case .explicit(let id): id
        case .content(let hash): hash
        }
    }
}
