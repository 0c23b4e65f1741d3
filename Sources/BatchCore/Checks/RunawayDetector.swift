/// Tells an answer that repeats itself without end, as models do that have got stuck, while it streams in.
///
/// A runaway goes on until its output limit, at the price of a whole book, so there is no hurry: the thresholds are far
/// above what tables, rules of dashes, code and lists of equal rows need.
///
/// It is shown all the text there is after each chunk and looks at its end every 2 KiB, so it keeps nothing but where
/// it has looked; a chunk of 400 bytes costs some 0.5 µs.
package struct RunawayDetector: Sendable {
    /// The longest stretch whose repetition is found, in bytes: 500 characters of most scripts.
    package static let longestStretch = 1536
    /// What repetitions have to fill in all, in bytes.
    ///
    /// Some 12,000 tokens, of 65,536 that most models may write; what people ask to be monotonous hardly comes so far.
    package static let leastBytes = 48 << 10
    /// How often a stretch has to be there in a row.
    package static let leastRepetitions = 16

    private static let interval = 2048

    private var looksAt = leastBytes

    package init() {}

    /// Whether a text ends in a loop.
    ///
    /// - Parameter text: The whole text so far, in UTF-8. One that is shorter than the last one begins a new text.
    /// - Returns: Whether it is time to cut it.
    package mutating func isLooping(_ text: Span<UInt8>) -> Bool {
        if looksAt > text.count + Self.interval {
            self = RunawayDetector()
        }
        guard text.count >= looksAt else { return false }
        looksAt = text.count + Self.interval
        return text.withUnsafeBytes(Self.endsInLoop)
    }

    /// Tries each distance at which the last bytes have been before, from the shortest.
    private static func endsInLoop(_ text: UnsafeRawBufferPointer) -> Bool {
        let longest = min(longestStretch, text.count / leastRepetitions)
        let last = text.count - 8
        let word = text.loadUnaligned(fromByteOffset: last, as: UInt64.self)
        var distance = 1
        while distance <= longest {
            guard text.loadUnaligned(fromByteOffset: last - distance, as: UInt64.self) == word else {
                distance += 1
                continue
            }
            let needed = max(leastBytes, leastRepetitions * distance)
            guard needed <= text.count, isLikely(text, distance, needed) else {
                distance += 1
                continue
            }
            let same = bytesInCommon(text, distance, limit: needed - distance)
            if same + distance >= needed { return true }
            // What is the same over a distance for so many bytes, and not for one more, has no longer period up to that
            // number either (Fine and Wilf).
            distance = max(distance, same) + 1
        }
        return false
    }

    /// Whether some bytes of what would have to be the same are: fifteen words rule nearly everything out.
    private static func isLikely(_ text: UnsafeRawBufferPointer, _ distance: Int, _ needed: Int) -> Bool {
        let reach = needed - distance - 8
        return (1...15).allSatisfy { step in
            let start = text.count - 8 - step * reach / 15
            return text.loadUnaligned(fromByteOffset: start, as: UInt64.self)
                == text.loadUnaligned(fromByteOffset: start - distance, as: UInt64.self)
        }
    }

    /// How many bytes at the end are the same as those at a distance before them.
    private static func bytesInCommon(_ text: UnsafeRawBufferPointer, _ distance: Int, limit: Int) -> Int {
        var count = 0
        while count < limit, text[text.count - 1 - count] == text[text.count - 1 - count - distance] {
            count += 1
        }
        return count
    }
}
