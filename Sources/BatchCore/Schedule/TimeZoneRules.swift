/// How the clocks of one time zone are set, from a file of the system's time zone database (RFC 9636).
package struct TimeZoneRules: Sendable, Equatable {
    package static let utc = TimeZoneRules(changes: [], first: 0, later: PosixZone(parsing: "UTC0"))

    private struct Change: Sendable, Equatable {
        var time: Int64
        /// Seconds ahead of UTC from then on.
        var offset: Int
    }

    private let changes: [Change]
    /// Before the first change.
    private let firstOffset: Int
    /// After the last one.
    private let later: PosixZone?

    private init(changes: [Change], first: Int, later: PosixZone?) {
        self.changes = changes
        firstOffset = first
        self.later = later
    }

    /// Reads a file; `nil` if it is none of the kind.
    package init?(tzif bytes: [UInt8]) {
        var reader = TZifReader(bytes)
        guard let old = reader.header() else { return nil }
        // The first block has 32-bit times for old programs; the same follows with 64 bits.
        guard old.version >= 2, reader.skip(old.size(ofTime: 4)), let header = reader.header() else { return nil }
        guard let times = reader.integers(header.timeCount, bytes: 8),
            let indices = reader.integers(header.timeCount, bytes: 1),
            let types = reader.types(header.typeCount),
            reader.skip(header.characterCount + header.leapCount * 12 + header.standardCount + header.utcCount),
            let footer = reader.footer(), let first = types.first
        else { return nil }
        var changes: [Change] = []
        for (time, index) in zip(times, indices) {
            guard let offset = types.indices.contains(Int(index)) ? types[Int(index)] : nil else { return nil }
            changes.append(Change(time: time, offset: offset))
        }
        let later = PosixZone(parsing: footer)
        guard footer.isEmpty || later != nil else { return nil }
        self.init(changes: changes, first: first, later: later)
    }

    /// Seconds that clocks are ahead of UTC.
    package func offset(at unixSeconds: Int64) -> Int {
        guard let last = changes.last, unixSeconds < last.time || later == nil else {
            return later?.offset(at: unixSeconds) ?? changes.last?.offset ?? firstOffset
        }
        return changes.last { $0.time <= unixSeconds }?.offset ?? firstOffset
    }

    /// The first moment after another at which clocks are set anew; `nil` if that is never again.
    package func nextChange(after unixSeconds: Int64) -> Int64? {
        var time = unixSeconds
        while let change = nextEntry(after: time) {
            // Some entries only rename the zone.
            if offset(at: change) != offset(at: change - 1) { return change }
            time = change
        }
        return nil
    }

    private func nextEntry(after unixSeconds: Int64) -> Int64? {
        changes.first { $0.time > unixSeconds }?.time
            ?? later?.nextChange(after: max(unixSeconds, changes.last?.time ?? unixSeconds))
    }

    /// What clocks show.
    package func wallTime(at unixSeconds: Int64) -> WallTime {
        WallTime(clockSeconds: unixSeconds + Int64(offset(at: unixSeconds)))
    }

    /// The moment at which clocks first show a time, or would have if they had not been set past it.
    package func firstMoment(of time: WallTime) -> Int64 {
        let clock = time.clockSeconds
        let offsets = [offset(at: clock - 86_400), offset(at: clock + 86_400)]
        let moments = offsets.map { clock - Int64($0) }.filter { $0 + Int64(offset(at: $0)) == clock }
        if let first = moments.min() { return first }
        let beforeChange = clock - Int64(offsets.max() ?? 0)
        return nextChange(after: beforeChange) ?? beforeChange
    }

    /// By how many seconds the clocks of another zone are ahead of these, if that stays the same for years.
    ///
    /// - Parameters:
    ///   - other: The other zone.
    ///   - start: From when on, in Unix seconds.
    ///   - years: For how long.
    /// - Returns: Seconds; `nil` if clocks are not always as far apart.
    package func constantDifference(to other: TimeZoneRules, from start: Int64, years: Int = 10) -> Int? {
        let difference = other.offset(at: start) - offset(at: start)
        let end = start + Int64(years) * 31_556_952
        for zone in [self, other] {
            var time = start
            while let change = zone.nextChange(after: time), change < end {
                guard other.offset(at: change) - offset(at: change) == difference else { return nil }
                time = change
            }
        }
        return difference
    }
}

/// Takes a file of the time zone database apart.
private struct TZifReader {
    struct Header {
        var version: Int
        var utcCount: Int
        var standardCount: Int
        var leapCount: Int
        var timeCount: Int
        var typeCount: Int
        var characterCount: Int

        func size(ofTime bytes: Int) -> Int {
            timeCount * (bytes + 1) + typeCount * 6 + characterCount + leapCount * (bytes + 4) + standardCount
                + utcCount
        }
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    mutating func header() -> Header? {
        guard rest.starts(with: "TZif".utf8), rest.count >= 44 else { return nil }
        let version = rest[rest.startIndex + 4]
        rest = rest.dropFirst(20)
        guard let counts = integers(6, bytes: 4)?.map(Int.init), counts.allSatisfy({ (0...100_000).contains($0) })
        else { return nil }
        return Header(
            version: version == 0 ? 1 : Int(version) - 0x30,
            utcCount: counts[0],
            standardCount: counts[1],
            leapCount: counts[2],
            timeCount: counts[3],
            typeCount: counts[4],
            characterCount: counts[5]
        )
    }

    mutating func skip(_ count: Int) -> Bool {
        guard rest.count >= count else { return false }
        rest = rest.dropFirst(count)
        return true
    }

    /// Signed, but for single bytes; the most significant byte comes first.
    mutating func integers(_ count: Int, bytes: Int) -> [Int64]? {
        guard rest.count >= count * bytes else { return nil }
        return (0..<count).map { _ in
            let digits = rest.prefix(bytes)
            rest = rest.dropFirst(bytes)
            let value = digits.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return bytes == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
        }
    }

    /// The offsets of the kinds of time.
    mutating func types(_ count: Int) -> [Int]? {
        var offsets: [Int] = []
        for _ in 0..<count {
            guard let offset = integers(1, bytes: 4)?.first, skip(2) else { return nil }
            offsets.append(Int(offset))
        }
        return offsets
    }

    /// The line that says how it goes on.
    mutating func footer() -> String? {
        guard rest.first == 0x0A, let end = rest.dropFirst().firstIndex(of: 0x0A) else { return nil }
        return String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
    }
}
