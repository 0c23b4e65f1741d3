import BatchCore
import Testing

@Suite("The balance of items")
struct ItemBalanceTests {
    private var plan: RunPlan {
        var plan = RunPlan()
        (plan.new, plan.pending, plan.deferred, plan.done, plan.failed) = (3, 2, 1, 10, 4)
        return plan
    }

    private var summary: RunSummary {
        var summary = RunSummary()
        (summary.done, summary.failed, summary.deferred, summary.interrupted) = (2, 1, 1, 1)
        return summary
    }

    @Test("before a run all that is not finished is pending")
    func beginning() {
        let balance = ItemBalance([.done: 10, .failed: 4, .pending: 6])
        #expect(balance.total == 20)
        #expect(balance.left == 6)
        #expect(balance.contradictions(to: plan).isEmpty)
    }

    @Test("after a run what was told and what is kept are the same")
    func end() {
        let balance = ItemBalance([.done: 12, .failed: 5, .deferred: 1, .pending: 2])
        #expect(balance.contradictions(to: plan, and: summary).isEmpty)
        #expect(balance.left == 3)
    }

    @Test(
        "each thing that is not as it was told is named",
        arguments: [
            ([.done: 11, .failed: 5, .deferred: 1, .pending: 3], ["12 done, but the checkpoint has 11"]),
            ([.done: 12, .failed: 5, .deferred: 1, .pending: 1], ["20 in the job, but the checkpoint has 19"]),
            ([.done: 12, .failed: 6, .deferred: 1, .pending: 1], ["5 failed, but the checkpoint has 6"]),
            ([.done: 12, .failed: 5, .pending: 3], ["1 deferred, but the checkpoint has 0"]),
            ([.done: 12, .failed: 5, .deferred: 1, .pending: 1, .running: 1], ["0 running, but the checkpoint has 1"]),
        ] as [([ItemState: Int], [String])]
    )
    func contradictions(counts: [ItemState: Int], expected: [String]) {
        #expect(ItemBalance(counts).contradictions(to: plan, and: summary) == expected)
    }
}
