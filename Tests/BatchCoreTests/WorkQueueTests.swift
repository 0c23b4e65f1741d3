import Testing

@testable import BatchCore

@Suite("WorkQueue")
struct WorkQueueTests {
    private func work(_ number: Int) -> Work {
        let machine = ItemMachine(turns: 1, answeredTurns: 0, job: Job(name: "test"))
        return Work(item: .plain(String(number), number: Int64(number)), machine: machine, lane: 0)
    }

    @Test("items come out in the order in which they went in")
    func order() {
        var queue = WorkQueue()
        var (put, taken) = (0, 0)
        for round in 1...100 {
            for _ in 0..<(round % 7) {
                put += 1
                queue.append(work(put))
            }
            for _ in 0..<(round % 5) where !queue.isEmpty {
                taken += 1
                #expect(queue.first?.key == String(taken))
                queue.removeFirst()
            }
            #expect(queue.count == put - taken)
        }
        #expect(queue.first?.key == String(taken + 1))
    }

    @Test("an empty queue has no first item")
    func empty() {
        var queue = WorkQueue()
        #expect(queue.first == nil)
        queue.append(work(1))
        queue.removeFirst()
        #expect(queue.isEmpty)
        #expect(queue.first == nil)
    }
}
