internal import Crypto

/// A hash of all items of a job, whatever their order: equal for all who run the same prompts with the same settings.
package struct PlanDigest: Sendable {
    /// The hashes of the items, added up.
    ///
    /// A sum and not an exclusive or: of two equal items none would be left.
    private var sum = [UInt64](repeating: 0, count: 4)
    private var count: UInt64 = 0

    package init() {}

    package mutating func add(_ key: SourceItem.Key, _ fingerprint: ItemFingerprint) {
        var hash = SHA256()
        hash.update(data: fingerprint.bytes)
        switch key {
        case .explicit(let id):
            hash.update(data: [0])
            hash.update(data: Array(id.utf8))
        case .content(let content):
            hash.update(data: [1])
            hash.update(data: Array(content.utf8))
        }
        for (index, byte) in hash.finalize().enumerated() {
            sum[index / 8] &+= UInt64(byte) << UInt64(index % 8 * 8)
        }
        count += 1
    }

    /// 32 bytes.
    package var bytes: [UInt8] {
        let numbers = sum + [count]
        let bytes = numbers.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 8)) } }
        return Array(SHA256.hash(data: bytes))
    }
}
