internal import Crypto

/// A hash of all items of a job, whatever their order: equal for all who run the same prompts with the same settings.
package struct PlanDigest: Sendable {
    /// The fingerprints of the items, each times a number that follows from its key, added up.
    ///
    /// A sum and not an exclusive or: of two equal items none would be left.
    private var sum = SIMD4<UInt64>()
    private var count: UInt64 = 0

    package init() {}

    package mutating func add(_ key: SourceItem.Key, _ fingerprint: ItemFingerprint) {
        // Odd, so that the product still tells all of the fingerprint.
        sum &+= fingerprint.words &* SIMD4(repeating: Self.number(of: key) | 1)
        count += 1
    }

    /// The 64 bits of FNV-1a: fast, and the same on every machine.
    private static func number(of key: SourceItem.Key) -> UInt64 {
        let (kind, text): (UInt64, String) =
            switch key {
            case .explicit(let id): (0, id)
            case .content(let content): (1, content)
            }
        return text.utf8.reduce(0xCBF2_9CE4_8422_2325 ^ kind) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// 32 bytes.
    package var bytes: [UInt8] {
        let numbers = sum.indices.map { sum[$0] } + [count]
        let bytes = numbers.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 8)) } }
        return Array(SHA256.hash(data: bytes))
    }
}

extension ItemFingerprint {
    /// The bytes as numbers, which are the same on every machine.
    fileprivate var words: SIMD4<UInt64> {
        var words = SIMD4<UInt64>()
        bytes.withUnsafeBytes { bytes in
            for index in words.indices {
                words[index] = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
            }
        }
        return words
    }
}
