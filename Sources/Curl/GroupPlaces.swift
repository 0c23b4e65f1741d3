internal import Synchronization

/// Gives handles whose connections are not shared their groups: the first one that has room, so that a client which uses little
/// of its concurrency does with one, and finds its connections there whatever handles it lets go meanwhile.
final class GroupPlaces: Sendable {
    /// A place in a group, taken as long as somebody holds it.
    final class Place: Sendable {
        /// The number of the group.
        let group: Int
        private let places: GroupPlaces

        fileprivate init(_ group: Int, of places: GroupPlaces) {
            self.group = group
            self.places = places
        }

        deinit {
            // Maybe while the pool of handles is locked, which nobody locks from within this lock.
            places.counts.withLock { $0[group] -= 1 }
        }
    }

    private let groups: Int
    /// How many places are taken in each group that has been used.
    private let counts = Mutex<[Int]>([])

    /// - Parameter concurrency: How many places are enough; more are spread over the groups that there are then.
    init(concurrency: Int) {
        groups = ConnectionGroup.count(concurrency: concurrency)
    }

    func take() -> Place {
        let group = counts.withLock { counts in
            var group = counts.firstIndex { $0 < ConnectionGroup.size }
            if group == nil, counts.count < groups {
                group = counts.count
                counts.append(0)
            }
            let chosen = group ?? counts.indices.min { counts[$0] < counts[$1] } ?? 0
            counts[chosen] += 1
            return chosen
        }
        return Place(group, of: self)
    }
}
