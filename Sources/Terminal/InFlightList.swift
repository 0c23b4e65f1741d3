internal import BatchCore

/// The attempts in flight, in the order in which they were sent.
///
/// Adding and removing cost the same with ten as with ten thousand of them; one pass over all of them, without sorting,
/// reads the meters.
struct InFlightList: Sendable {
    struct Entry: Sendable {
        let id: ItemID
        let key: String
        let model: String
        let attempt: Int
        let turn: Int
        let meter: StreamMeter
        let sentAt: Duration
        /// When the number of chunks was last seen to grow, on the clock of the display.
        ///
        /// The meter's own time may have another origin.
        fileprivate(set) var lastChunkAt: Duration?
        fileprivate(set) var tokens = 0
        fileprivate(set) var chunks = 0
        fileprivate var announcedChunks = 0
        fileprivate var sequence = 0

        init(
            id: ItemID,
            key: String,
            model: String,
            attempt: Int,
            turn: Int,
            meter: StreamMeter,
            sentAt: Duration
        ) {
            self.id = id
            self.key = key
            self.model = model
            self.attempt = attempt
            self.turn = turn
            self.meter = meter
            self.sentAt = sentAt
        }
    }

    private var entries: [ItemID: Entry] = [:]
    /// Every entry's sequence number and item, ascending, with those of removed entries until the next clean-up.
    private var order: [(sequence: Int, id: ItemID)] = []
    private var nextSequence = 0
    private var lastAnnounced = -1

    var count: Int { entries.count }

    /// Adds an attempt and returns the one it replaces: the turn of a chat before it.
    mutating func add(_ entry: Entry) -> Entry? {
        if order.count > 2 * entries.count + 64 {
            order = order.filter { entries[$0.id]?.sequence == $0.sequence }
        }
        var entry = entry
        entry.sequence = nextSequence
        order.append((nextSequence, entry.id))
        nextSequence += 1
        return entries.updateValue(entry, forKey: entry.id)
    }

    mutating func remove(_ id: ItemID) -> Entry? {
        entries.removeValue(forKey: id)
    }

    /// Reads all meters.
    ///
    /// - Parameter now: The time on the clock of the display.
    /// - Returns: The output tokens of all attempts in flight.
    mutating func sample(at now: Duration) -> Int {
        var total = 0
        for index in entries.values.indices {
            let meter = entries.values[index].meter
            let (chunks, tokens) = (meter.chunkCount, meter.outputTokens)
            if chunks != entries.values[index].chunks {
                entries.values[index].chunks = chunks
                entries.values[index].lastChunkAt = now
            }
            entries.values[index].tokens = tokens
            total += tokens
        }
        return total
    }

    /// The attempts that were sent first, at most `limit`.
    func oldest(_ limit: Int) -> [Entry] {
        var found: [Entry] = []
        for place in order {
            guard found.count < limit else { break }
            if let entry = current(place) {
                found.append(entry)
            }
        }
        return found
    }

    /// Attempts that got chunks since they were last returned here, at most `limit`, taking turns.
    mutating func announceChunks(limit: Int) -> [Entry] {
        let start = order.firstIndex { $0.sequence > lastAnnounced } ?? 0
        var found: [Entry] = []
        for place in order[start...] + order[..<start] {
            guard found.count < limit else { break }
            guard let entry = current(place), entry.chunks > entry.announcedChunks else { continue }
            entries[place.id]?.announcedChunks = entry.chunks
            lastAnnounced = place.sequence
            found.append(entry)
        }
        return found
    }

    private func current(_ place: (sequence: Int, id: ItemID)) -> Entry? {
        guard let entry = entries[place.id], entry.sequence == place.sequence else { return nil }
        return entry
    }
}
