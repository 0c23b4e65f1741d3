/// Things that wait for their moment: the earliest first, and of those due together the one that came first.
struct WaitingList<Element> {
    private struct Entry {
        let due: Duration
        let arrival: Int
        let element: Element

        static func < (left: Entry, right: Entry) -> Bool {
            (left.due, left.arrival) < (right.due, right.arrival)
        }
    }

    /// A binary heap: every entry comes before its two children.
    private var heap: [Entry] = []
    private var arrivals = 0

    var isEmpty: Bool { heap.isEmpty }
    var count: Int { heap.count }
    /// When the first one is due.
    var nextDue: Duration? { heap.first?.due }

    mutating func insert(_ element: Element, due: Duration) {
        arrivals += 1
        heap.append(Entry(due: due, arrival: arrivals, element: element))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out the first one if it is due.
    mutating func popDue(at now: Duration) -> Element? {
        guard let first = heap.first, first.due <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown()
        return first.element
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[smallest] {
                smallest = child
            }
            guard smallest != parent else { return }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
