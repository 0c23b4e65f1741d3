import TestSupport
import Testing

@testable import BatchCore

@Suite("Backlog")
struct BacklogTests {
    private func backlog(
        concurrency: Int = 1,
        longestWait: Int = 64,
        itemLimit: Int = .max,
        quota: QuotaLimits = .generous
    ) -> Backlog {
        let job = Job(name: "test", limits: Limits(concurrency: concurrency, quota: quota))
        let budget = Budget(
            limits: job.limits.spending,
            shared: job.limits.sharedSpending,
            prices: job.prices,
            history: SpendingHistory(),
            at: Moment.zero.unixMilliseconds
        )
        return Backlog(job: job, longestWait: longestWait, itemLimit: itemLimit, budget: budget)
    }

    /// Fills the window with as many items as are missing, from a job of endless length.
    private func refill(_ backlog: inout Backlog, model: String = "model-a") throws {
        let missing = try #require(backlog.missing)
        let first = (missing.after?.value ?? 0) + 1
        refill(&backlog, with: items(from: first, count: missing.count, model: model), for: missing)
    }

    private func refill(
        _ backlog: inout Backlog,
        with items: [PendingItem],
        for missing: Backlog.Request,
        now: Duration = .zero
    ) {
        for request in backlog.newModels(in: items) {
            backlog.openLane(of: request.model, tier: .standard, learned: LearnedQuota(), now: .at(now))
        }
        backlog.refill(with: items, for: missing)
    }

    private func items(from first: Int64, count: Int, model: String = "model-a") -> [PendingItem] {
        (first..<first + Int64(count)).map { .plain(String($0), number: $0, model: model) }
    }

    /// The item to send, which gives its place among those in flight back at once.
    private func send(from backlog: inout Backlog, at now: Duration = .zero) -> Work? {
        guard case .send(let work) = backlog.next(at: .at(now)) else { return nil }
        backlog.withLane(of: work) { $0.ended() }
        return work
    }

    private func putNextAside(in backlog: inout Backlog, until due: Duration) {
        if let work = send(from: &backlog) {
            backlog.putAside(work, until: due)
        }
    }

    @Test("a window holds twice the items in flight, within bounds", arguments: [(1, 64), (100, 200), (10_000, 1024)])
    func windowSize(concurrency: Int, size: Int) {
        #expect(backlog(concurrency: concurrency).missing?.count == size)
        #expect(backlog(concurrency: concurrency, itemLimit: 5).missing?.count == 5)
        #expect(backlog(concurrency: concurrency, itemLimit: 0).missing == nil)
    }

    @Test("a new window is asked for when the one before is used up, after its last item")
    func windows() throws {
        var backlog = backlog()
        try refill(&backlog)
        for number in 1...64 {
            #expect(backlog.missing == nil)
            #expect(send(from: &backlog)?.key == String(number))
        }
        #expect(!backlog.isEmpty)
        #expect(backlog.missing?.after == ItemID(64))
        try refill(&backlog)
        #expect(send(from: &backlog)?.key == "65")
    }

    @Test("a short window is the last")
    func lastWindow() throws {
        var backlog = backlog()
        refill(&backlog, with: items(from: 1, count: 1), for: try #require(backlog.missing))
        #expect(!backlog.isEmpty)
        _ = send(from: &backlog)
        #expect(backlog.isEmpty)
        #expect(backlog.missing == nil)
        #expect(!backlog.isCutByLimit)
    }

    @Test("when as many items wait as may, no other is started until one is due")
    func longestWait() throws {
        var backlog = backlog(concurrency: 100, longestWait: 10)
        try refill(&backlog)
        for second in 1...10 {
            putNextAside(in: &backlog, until: .seconds(second))
        }
        #expect(backlog.next(at: .zero) == nil)
        #expect(backlog.nextDue == .seconds(1))
        #expect(send(from: &backlog, at: .seconds(1))?.key == "1")
        #expect(send(from: &backlog, at: .seconds(1))?.key == "11")
    }

    @Test("what waits for quota is bounded, and does not keep other models from being read")
    func fullModelIsReadApart() throws {
        var backlog = backlog(longestWait: 100, quota: QuotaLimits(requestsPerMinute: 10))
        try refill(&backlog)
        let first = (1...10).map { _ in send(from: &backlog)?.key }
        #expect(first == (1...10).map(String.init))
        #expect(backlog.next(at: .zero) == nil)
        #expect(backlog.missing?.models == .all)
        try refill(&backlog)
        #expect(backlog.next(at: .zero) == nil)
        // 118 items of the model wait now: the rest is for the others.
        let others = try #require(backlog.missing)
        #expect(others.models == .except(["model-a"]))
        #expect(others.after == ItemID(128))
        refill(&backlog, with: items(from: 1000, count: 1, model: "model-b"), for: others)
        #expect(send(from: &backlog)?.key == "1000")
        #expect(backlog.missing == nil)
        #expect(!backlog.isEmpty)
    }

    @Test("a model that was read apart goes on in the order of the job")
    func readApartInOrder() throws {
        var backlog = backlog(longestWait: 64, quota: QuotaLimits(requestsPerMinute: 600))
        var now = Duration.zero
        var keys: [String] = []
        while keys.count < 300 {
            if let work = send(from: &backlog, at: now) {
                keys.append(work.key)
            } else if let missing = backlog.missing {
                let count = missing.models == .except(["model-a"]) ? 0 : missing.count
                let first = (missing.after?.value ?? 0) + 1
                refill(&backlog, with: items(from: first, count: count), for: missing, now: now)
            } else {
                now = try #require(backlog.nextDue)
            }
        }
        #expect(keys == (1...300).map(String.init))
    }

    @Test("the limit counts items, not their attempts")
    func itemLimit() throws {
        var backlog = backlog(itemLimit: 2)
        try refill(&backlog)
        putNextAside(in: &backlog, until: .zero)
        #expect(send(from: &backlog)?.key == "1")
        #expect(send(from: &backlog)?.key == "2")
        #expect(backlog.isCutByLimit)
        #expect(backlog.isEmpty)
    }

    @Test("the models take turns")
    func turns() throws {
        var backlog = backlog()
        let mixed = items(from: 1, count: 4, model: "model-a") + items(from: 5, count: 4, model: "model-b")
        refill(&backlog, with: mixed, for: try #require(backlog.missing))
        for _ in 1...8 {
            putNextAside(in: &backlog, until: .seconds(1))
        }
        let models = (1...4).map { _ in send(from: &backlog, at: .seconds(1))?.request.model ?? "" }
        #expect(models[0] != models[1])
        #expect(Array(models[..<2]) == Array(models[2...]))
    }
}

extension Moment {
    static let zero = Moment.at(.zero)

    static func at(_ moment: Duration) -> Moment {
        Moment(monotonic: moment, unixMilliseconds: ManualClock.epoch + Int64(moment / .milliseconds(1)))
    }
}
