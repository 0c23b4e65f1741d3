import JSON

/// How one request ended.
package enum Outcome: String, Sendable, CaseIterable {
    /// An answer was sent whole.
    case completed
    /// The client left before the end.
    case cancelled
    /// A fault of the script took the answer away.
    case faulted
    /// The request was refused with an error of its own making, or by a quota.
    case refused
}

/// What the simulator received, item by item.
///
/// An item is told by its whole request: model, history, options and all. Sending the same request again counts for
/// the same item.
struct Ledger {
    /// The counts of one item.
    struct Entry: Sendable {
        let item: UInt64
        let model: String
        /// The beginning of the last user content.
        let text: String
        var requests = 0
        /// Requests that a quota did not turn away: what the attempts of a fault script count.
        var attempts = 0
        var outcomes = Counts<Outcome>()
        var statuses = Counts<Int>()
    }

    /// A few counters by key; few enough that a scan is the quickest way.
    struct Counts<Key: Hashable & Sendable>: Sendable {
        private(set) var pairs: [(key: Key, count: Int)] = []

        mutating func add(_ key: Key) {
            if let index = pairs.firstIndex(where: { $0.key == key }) {
                pairs[index].count += 1
            } else {
                pairs.append((key, 1))
            }
        }
    }

    /// Where an entry stands; worthless after a reset.
    struct Place: Sendable {
        fileprivate let index: Int
        fileprivate let epoch: Int
    }

    static let textLimit = 200

    private(set) var entries: [Entry] = []
    private(set) var totals = Entry(item: 0, model: "", text: "")
    private var indexes: [UInt64: Int] = [:]
    private var epoch = 0

    /// Notes one request that arrived.
    mutating func receive(item: UInt64, model: String, text: @autoclosure () -> String) -> Place {
        let index: Int
        if let known = indexes[item] {
            index = known
        } else {
            index = entries.count
            indexes[item] = index
            entries.append(Entry(item: item, model: model, text: text()))
        }
        entries[index].requests += 1
        totals.requests += 1
        return Place(index: index, epoch: epoch)
    }

    /// Notes that a request got past the quotas.
    ///
    /// - Returns: Which attempt of its item it is, from 1.
    mutating func admit(_ place: Place) -> Int {
        guard place.epoch == epoch else { return 1 }
        totals.attempts += 1
        entries[place.index].attempts += 1
        return entries[place.index].attempts
    }

    /// Notes how a request ended; what was received before a reset is forgotten.
    mutating func finish(_ place: Place, status: Int, outcome: Outcome) {
        guard place.epoch == epoch else { return }
        entries[place.index].outcomes.add(outcome)
        entries[place.index].statuses.add(status)
        totals.outcomes.add(outcome)
        totals.statuses.add(status)
    }

    mutating func reset() {
        self = Ledger(epoch: epoch + 1)
    }

    init() {}

    private init(epoch: Int) {
        self.epoch = epoch
    }
}

extension Ledger.Entry {
    /// Writes the counts as members of the object being written.
    func writeCounts(into writer: inout JSONWriter) {
        writer.member("requests", requests)
        writer.member("attempts", attempts)
        for outcome in Outcome.allCases {
            writer.key(named: outcome.rawValue)
            writer.integer(outcomes.pairs.first { $0.key == outcome }?.count ?? 0)
        }
        writer.key("statuses")
        writer.object { writer in
            for (status, count) in statuses.pairs.sorted(by: { $0.key < $1.key }) {
                writer.key(named: String(status))
                writer.integer(count)
            }
        }
    }
}
