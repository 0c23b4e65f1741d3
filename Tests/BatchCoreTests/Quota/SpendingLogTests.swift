import TestSupport
import Testing

@testable import BatchCore

@Suite("Quota: SpendingLog")
struct SpendingLogTests {
    @Test("a window holds what was spent in it, to half a second")
    func window() {
        var log = SpendingLog()
        log.add(3, at: 10.2)
        log.add(4, at: 40)
        #expect(log.spent(within: 60, now: 40) == 7)
        #expect(log.spent(within: 60, now: 70) == 7)
        #expect(log.spent(within: 60, now: 71) == 4)
        #expect(log.spent(within: 30, now: 45) == 4)
        #expect(log.spent(within: 60, now: 45) == 7)
        #expect(log.spent(within: 60, now: 1000) == 0)
    }

    @Test("what is taken back counts no more, and what is older than the log changes nothing")
    func corrections() {
        var log = SpendingLog()
        log.add(100, at: 10)
        log.add(-40, at: 10)
        #expect(log.spent(within: 60, now: 20) == 60)
        log.add(5, at: 300)
        log.add(-60, at: 10)
        #expect(log.spent(within: 60, now: 300) == 5)
    }

    @Test("any window is the sum of its slots, whatever was asked before", arguments: 0..<20)
    func randomWindows(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var log = SpendingLog()
        var spendings: [(slot: Int, amount: Int)] = []
        var now = 0.0
        for _ in 0..<300 {
            now += Double.random(in: 0..<1, using: &random) < 0.05 ? 70 : Double.random(in: 0...1.5, using: &random)
            let amount = Int.random(in: 0...9, using: &random)
            log.add(amount, at: now)
            spendings.append((Int(now / 0.5), amount))
            let window = Double(Int.random(in: 1...240, using: &random)) / 2
            let first = Int(((now - window) / 0.5 + 1e-5).rounded(.down))
            let expected = spendings.filter { $0.slot >= first }.reduce(0) { $0 + $1.amount }
            #expect(log.spent(within: window, now: now) == expected)
        }
    }

    @Test("the moment at which enough has left the window is the first such", arguments: 0..<20)
    func moment(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var log = SpendingLog()
        var now = 100.0
        for _ in 0..<50 {
            now += Double.random(in: 0...2, using: &random)
            log.add(1, at: now)
        }
        let target = Int.random(in: 0...40, using: &random)
        let moment = log.moment(whenSpentIsAtMost: target, within: 60, now: now)
        var later = log
        #expect(later.spent(within: 60, now: moment) <= target)
        if moment > now {
            #expect(log.spent(within: 60, now: moment - 0.4) > target)
        }
    }
}
