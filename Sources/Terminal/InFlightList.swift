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

    /// Side by side, so that one pass over ten thousand of them takes a fraction of a millisecond.
    private var entries: [Entry] = []
    /// Where in ``entries`` each item is.
    private var places: [ItemID: Int] = [:]
    /// Every entry's sequence number and item, ascending, with those of removed entries until the next clean-up.
    private var order: [(sequence: Int, id: ItemID)] = []
    private var nextSequence = 0
    private var lastAnnounced = -1

    var count: Int { entries.count }

    /// Adds an attempt and returns the one it replaces: the turn of a chat before it.
    mutating func add(_ entry: Entry) -> Entry? {
        if order.count > 2 * entries.count + 64 {
            order = order.filter { current($0) != nil }
        }
        var entry = entry
        entry.sequence = nextSequence
        order.append((nextSequence, entry.id))
        nextSequence += 1
        if let place = places[entry.id] {
            defer { entries[place] = entry }
            return entries[place]
        }
        places[entry.id] = entries.count
        entries.append(entry)
        return nil
    }

    mutating func remove(_ id: ItemID) -> Entry? {
        guard let place = places.removeValue(forKey: id) else { return nil }
        entries.swapAt(place, entries.count - 1)
        let removed = entries.removeLast()
        if place < entries.count {
            places[entries[place].id] = place
        }
        return removed
    }

    /// Reads all meters.
    ///
    /// - Parameter now: The time on the clock of the display.
    /// - Returns: The output tokens of all attempts in flight.
    mutating func sample(at now: Duration) -> Int {
        var total = 0
        for place in entries.indices {
            let chunks = entries[place].meter.chunkCount
            if chunks != entries[place].chunks {
                entries[place].chunks = chunks
                entries[place].lastChunkAt = now
                entries[place].tokens = entries[place].meter.outputTokens
            }
            total += entries[place].tokens
        }
        return total
    }

    /// The attempts that were sent first, at most `limit`.
    func oldest(_ limit: Int) -> [Entry] {
        var found: [Entry] = []
        for sent in order {
            guard found.count < limit else { break }
            if let index = current(sent) {
                found.append(entries[index])
            }
        }
        return found
    }

    /// Attempts that got chunks since they were last returned here, at most `limit`, taking turns.
    mutating func announceChunks(limit: Int) -> [Entry] {
        let start = order.firstIndex { $0.sequence > lastAnnounced } ?? 0
        var found: [Entry] = []
        for sent in order[start...] + order[..<start] {
            guard found.count < limit else { break }
            guard let index = current(sent), entries[index].chunks > entries[index].announcedChunks else { continue }
            entries[index].announcedChunks = entries[index].chunks
            lastAnnounced = sent.sequence
            found.append(entries[index])
        }
        return found
    }

    /// Where the attempt is that was sent then; `nil` if it is over.
    private func current(_ sent: (sequence: Int, id: ItemID)) -> Int? {
        guard let place = places[sent.id], entries[place].sequence == sent.sequence else { return nil }
        return place
    }
}
