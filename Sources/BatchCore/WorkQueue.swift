/// Items in the order they came; taking the first costs nothing, however many there are.
struct WorkQueue {
    /// The places before ``start`` are empty.
    private var places: [Work?] = []
    private var start = 0

    var count: Int { places.count - start }
    var isEmpty: Bool { start == places.count }
    var first: Work? { isEmpty ? nil : places[start] }

    mutating func append(_ work: Work) {
        places.append(work)
    }

    mutating func removeFirst() {
        places[start] = nil
        start += 1
        // Dropping the past only when it is the larger half keeps the cost per item constant.
        if start > places.count / 2 {
            places.removeSubrange(..<start)
            start = 0
        }
    }
}
