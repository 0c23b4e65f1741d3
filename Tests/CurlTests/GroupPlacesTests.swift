import Testing

@testable import Curl

@Suite("Which connections are kept apart")
struct GroupPlacesTests {
    private static let size = ConnectionGroup.size

    @Test("a group is full before the next one is begun, and what is let go is taken again")
    func firstWithRoom() {
        let places = GroupPlaces(concurrency: 2 * Self.size + 1)
        var taken = (0..<Self.size + 1).map { _ in places.take() }
        #expect(taken.dropLast().allSatisfy { $0.group == 0 })
        #expect(taken.last?.group == 1)
        taken.removeFirst(10)
        taken += (0..<11).map { _ in places.take() }
        #expect(taken.suffix(11).map(\.group) == [Int](repeating: 0, count: 10) + [1])
    }

    @Test("a client that makes handles without end, and uses few of them, has one group")
    func fewAtOnce() {
        let places = GroupPlaces(concurrency: 10_000)
        for _ in 0..<10 * Self.size {
            #expect(places.take().group == 0)
        }
    }

    @Test("more than there should be are spread evenly", arguments: [-1, 0, 1, Self.size])
    func beyondConcurrency(concurrency: Int) {
        let one = GroupPlaces(concurrency: concurrency)
        let taken = (0..<2 * Self.size).map { _ in one.take() }
        #expect(taken.allSatisfy { $0.group == 0 })
        let two = GroupPlaces(concurrency: Self.size + 1)
        let spread = (0..<4 * Self.size).map { _ in two.take() }
        #expect(spread.count { $0.group == 0 } == 2 * Self.size)
        #expect(spread.allSatisfy { $0.group < 2 })
    }

    @Test("a concurrency without bound takes no more groups than it uses")
    func noBound() {
        let places = GroupPlaces(concurrency: .max)
        let taken = (0..<3 * Self.size).map { _ in places.take() }
        #expect(Set(taken.map(\.group)) == [0, 1, 2])
    }
}
