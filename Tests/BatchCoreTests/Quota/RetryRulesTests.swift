import Testing

@testable import BatchCore

@Suite("Quota: RetryBudget")
struct RetryBudgetTests {
    private var budget = RetryBudget()

    /// Repeats as often as the budget allows at this moment.
    private mutating func spendAll(now: Duration) -> Int {
        var count = 0
        while budget.opensAt <= now {
            budget.spend(now: now)
            count += 1
        }
        return count
    }

    // Fault matrix: F64.
    @Test("ten repetitions, and one more for five answers")
    mutating func share() {
        #expect(spendAll(now: .seconds(1)) == 10)
        for _ in 1...4 {
            budget.answered(wasRetry: false)
        }
        #expect(budget.opensAt > .seconds(1))
        budget.answered(wasRetry: false)
        budget.answered(wasRetry: false)
        #expect(spendAll(now: .seconds(1)) == 1)
    }

    @Test("a long good time does not pay for a long storm")
    mutating func isCapped() {
        for _ in 1...1000 {
            budget.answered(wasRetry: false)
        }
        #expect(spendAll(now: .seconds(1)) == 10)
    }

    @Test("repetitions that are answered cost nothing")
    mutating func refund() {
        for _ in 1...100 {
            #expect(budget.opensAt <= .seconds(1))
            budget.spend(now: .seconds(1))
            budget.answered(wasRetry: true)
        }
    }

    @Test("with the budget spent, one at a time is sent, ever less often")
    mutating func probes() {
        _ = spendAll(now: .zero)
        var moments: [Duration] = []
        for _ in 1...7 {
            moments.append(budget.opensAt)
            #expect(spendAll(now: budget.opensAt) == 1)
        }
        #expect(moments == [1, 3, 7, 15, 31, 47, 63].map(Duration.seconds))
    }

    @Test("a probe that is answered opens the way for all")
    mutating func recovery() {
        _ = spendAll(now: .zero)
        #expect(spendAll(now: .seconds(1)) == 1)
        budget.answered(wasRetry: true)
        #expect(spendAll(now: .seconds(1)) == 10)
    }

    @Test("the service counts as down until two minutes after the budget ran out")
    mutating func strained() {
        #expect(!budget.isStrained(now: .zero))
        _ = spendAll(now: .seconds(5))
        #expect(budget.isStrained(now: .seconds(5)))
        #expect(budget.isStrained(now: .seconds(10_000)))
        budget.answered(wasRetry: true)
        #expect(budget.isStrained(now: .seconds(124)))
        #expect(!budget.isStrained(now: .seconds(125)))
    }
}

@Suite("Quota: InFlightRamp")
struct InFlightRampTests {
    @Test(
        "twenty at first, then twice as many every quarter of a second",
        arguments: [(0, 20), (249, 20), (250, 40), (500, 80), (1500, 1000), (60_000, 1000)]
    )
    func doubling(milliseconds: Int, most: Int) {
        var ramp = InFlightRamp(most: 1000, isOpen: false, now: .seconds(7))
        let now = Duration.seconds(7) + .milliseconds(milliseconds)
        let (limit, growsAt) = ramp.limit(at: now)
        #expect(limit == most)
        #expect(growsAt.map { $0 > now && $0 <= now + .milliseconds(250) } ?? (most == 1000))
    }

    @Test("a server on this machine is asked for all at once")
    func openRamp() {
        var ramp = InFlightRamp(most: 1000, isOpen: true, now: .seconds(7))
        let first = ramp.limit(at: .seconds(7))
        #expect(first.most == 1000 && first.growsAt == nil)
    }

    @Test("a job that wants less gets it at once", arguments: [1, 19, 20])
    func small(most: Int) {
        var ramp = InFlightRamp(most: most, isOpen: false, now: .zero)
        #expect(ramp.limit(at: .zero) == (most, nil))
    }
}

@Suite("Quota: OutageBreaker")
struct OutageBreakerTests {
    @Test("ten minutes of failures and nothing else stop the run")
    func stops() {
        var breaker = OutageBreaker()
        for second in stride(from: 1, to: 600, by: 16) {
            #expect(breaker.failed(sentAt: .seconds(second - 1), now: .seconds(second)) == false)
        }
        #expect(breaker.failed(sentAt: .seconds(590), now: .seconds(600)) == true)
    }

    @Test("an answer in between starts the count again")
    func reached() {
        var breaker = OutageBreaker()
        #expect(breaker.failed(sentAt: .zero, now: .seconds(1)) == false)
        breaker.reached(now: .seconds(650))
        #expect(breaker.failed(sentAt: .seconds(700), now: .seconds(701)) == false)
        #expect(breaker.failed(sentAt: .seconds(1299), now: .seconds(1299)) == false)
        #expect(breaker.failed(sentAt: .seconds(1300), now: .seconds(1300)) == true)
    }

    @Test("one slow request does not end a run in which others were answered")
    func slowRequest() {
        var breaker = OutageBreaker()
        for second in stride(from: 5, through: 900, by: 5) {
            breaker.reached(now: .seconds(second))
        }
        #expect(breaker.failed(sentAt: .seconds(1), now: .seconds(905)) == false)
    }
}
