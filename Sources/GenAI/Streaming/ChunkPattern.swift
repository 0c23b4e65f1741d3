internal import JSON

/// What the chunks of a stream have in common: all their bytes but the text and the counts of the output.
///
/// Chunk after chunk repeats its names, its model and its identifier; comparing them with the chunk before takes a fifth
/// of the time of reading them. A chunk that has the pattern says what the one before it said, apart from its slots.
struct ChunkPattern {
    /// A place at which chunks differ.
    struct Slot {
        enum Kind {
            /// A string: what the only part of the answer says.
            case text(isThought: Bool)
            case count(UsageCounts.Name)
        }

        let kind: Kind
        /// Where it stands in its chunk, quotes included.
        let range: Range<Int>

        init(_ kind: Kind, _ range: Range<Int>) {
            self.kind = kind
            self.range = range
        }

        var isText: Bool {
            if case .text = kind { true } else { false }
        }
    }

    /// What stands in the slots of a chunk, but for the counts.
    struct Match {
        /// The content of the text, as a range of the chunk's bytes; `nil` if the pattern has none.
        var text: Range<Int>?
        var isThought = false
    }

    /// Larger ones hold media, and there is no second one like them.
    private static let longest = 4096

    /// The bytes between the slots, one piece after the other, and where the piece before each slot ends.
    private var literals: [UInt8] = []
    private var slots: [(kind: Slot.Kind, literalEnd: Int)] = []

    /// Takes over the pattern of a chunk that was read.
    ///
    /// - Parameters:
    ///   - chunk: All its bytes.
    ///   - found: Its slots in their order.
    mutating func learn(_ chunk: Span<UInt8>, _ found: [Slot]) {
        forget()
        guard chunk.count <= Self.longest else { return }
        literals.reserveCapacity(chunk.count)
        slots.reserveCapacity(found.count)
        var end = 0
        for slot in found {
            append(chunk.extracting(end..<slot.range.lowerBound))
            slots.append((slot.kind, literals.count))
            end = slot.range.upperBound
        }
        append(chunk.extracting(end..<chunk.count))
    }

    mutating func forget() {
        literals.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
    }

    private mutating func append(_ piece: Span<UInt8>) {
        piece.withUnsafeBufferPointer { literals.append(contentsOf: $0) }
    }

    /// Reads a chunk, if it has the pattern.
    ///
    /// - Parameters:
    ///   - chunk: All its bytes.
    ///   - usage: Takes up the counts. Those before a difference too: up to there the chunk is like the one before, so
    ///     reading it as if it were the first finds the same.
    /// - Returns: `nil` if it has to be read as if it were the first.
    func match(_ chunk: Span<UInt8>, usage: inout UsageCounts) -> Match? {
        guard !literals.isEmpty else { return nil }
        let literals = literals.span
        var match = Match()
        var reader = JSONReader(chunk)
        var start = 0
        for (kind, end) in slots {
            guard reader.skip(literals.extracting(start..<end)) else { return nil }
            start = end
            switch kind {
            case .text(let isThought):
                guard let text = try? reader.skipString() else { return nil }
                match.text = text
                match.isThought = isThought
            case .count(let name):
                guard let count = reader.skipDigits() else { return nil }
                usage[name] = count
            }
        }
        return reader.skip(literals.extracting(start..<literals.count)) && reader.position == chunk.count ? match : nil
    }
}
