import TestSupport
import Testing

@testable import BatchCore

@Suite("WaitingList")
struct WaitingListTests {
    @Test("an empty list has nothing due")
    func empty() {
        var list = WaitingList<Int>()
        #expect(list.isEmpty)
        #expect(list.nextDue == nil)
        #expect(list.popDue(at: .seconds(1000)) == nil)
    }

    @Test("nothing comes before its moment")
    func notYet() {
        var list = WaitingList<String>()
        list.insert("later", due: .seconds(5))
        #expect(list.popDue(at: .milliseconds(4999)) == nil)
        #expect(list.count == 1)
        #expect(list.popDue(at: .seconds(5)) == "later")
        #expect(list.isEmpty)
    }

    @Test("things come in the order of their moments, and of their arrival if they are due together", arguments: 0..<20)
    func order(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var list = WaitingList<(due: Int, arrival: Int)>()
        var expected: [(due: Int, arrival: Int)] = []
        for arrival in 0..<Int.random(in: 1...300, using: &random) {
            let entry = (due: Int.random(in: 0...20, using: &random), arrival: arrival)
            list.insert(entry, due: .seconds(entry.due))
            expected.append(entry)
        }
        expected.sort { ($0.due, $0.arrival) < ($1.due, $1.arrival) }
        for entry in expected {
            #expect(list.nextDue == .seconds(entry.due))
            #expect(list.popDue(at: .seconds(20)).map { [$0.due, $0.arrival] } == [entry.due, entry.arrival])
        }
        #expect(list.isEmpty)
    }

    @Test("things that are put in between are found", arguments: 0..<20)
    func interleaved(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var list = WaitingList<Int>()
        var model: [Int] = []
        for now in 0..<500 {
            if Bool.random(using: &random) {
                let due = now + Int.random(in: 0...30, using: &random)
                list.insert(due, due: .seconds(due))
                model.append(due)
            }
            while let due = list.popDue(at: .seconds(now)) {
                #expect(due == model.min())
                model.remove(at: model.firstIndex(of: due) ?? 0)
            }
            #expect(model.allSatisfy { $0 > now })
            #expect(list.count == model.count)
        }
    }
}
