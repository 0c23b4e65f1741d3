import Testing

@testable import BatchCore

@Suite("Lane")
struct LaneTests {
    private static let shed = GenerationError(.overloaded, "no spare capacity", httpStatus: 503, isShed: true)

    private var lane = Lane(
        model: "model-a",
        tier: .standard,
        limits: Limits(quota: .generous),
        learned: LearnedQuota(),
        now: .zero
    )
    private var budget = Budget(
        limits: SpendingLimits(),
        shared: SpendingCaps(),
        prices: PriceTable(),
        history: SpendingHistory(),
        at: Moment.zero.unixMilliseconds
    )

    private func work(_ tier: ServiceTier) -> Work {
        let item = PendingItem.plain("a", tier: tier)
        let job = Job(name: "test")
        return Work(item: item, machine: ItemMachine(turns: 1, answeredTurns: 0, job: job), lane: 0)
    }

    @Test("a lasting shortage of spare capacity keeps back what needs it, and nothing else")
    mutating func shortage() throws {
        let first = try #require(lane.admit(work(.flex), at: .zero, within: &budget))
        guard case .send = first else {
            Issue.record("nothing is missing yet")
            return
        }
        #expect(lane.refused(Self.shed, sentAt: .zero, now: .zero, jitter: 0) == nil)
        guard case .postpone = lane.admit(work(.flex), at: .zero, within: &budget) else {
            Issue.record("there is no spare capacity")
            return
        }
        guard case .send = lane.admit(work(.standard), at: .zero, within: &budget) else {
            Issue.record("other tiers need no spare capacity")
            return
        }
    }

    @Test("the time in which a pause holds all requests back is no shortage")
    mutating func pauseIsNoShortage() {
        func shed(_ lane: inout Lane, at seconds: Int) -> Bool { lane.shed(now: .seconds(seconds)) }
        #expect(!shed(&lane, at: 0))
        #expect(shed(&lane, at: 600))
        let error = GenerationError.quota(retryAfter: .seconds(600))
        #expect(lane.refused(error, sentAt: .seconds(1), now: .seconds(2), jitter: 0) != nil)
        #expect(!shed(&lane, at: 603))
        #expect(!shed(&lane, at: 1202))
        #expect(shed(&lane, at: 1203))
    }
}
