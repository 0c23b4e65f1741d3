import TestSupport
import Testing

@testable import BatchCore

@Suite("Backlog")
struct BacklogTests {
    private let job = Job(name: "test")

    /// Fills the window with as many items as are missing, from a job of endless length.
    private func refill(_ backlog: inout Backlog) throws {
        let count = try #require(backlog.missingItems)
        let first = (backlog.lastFetched?.value ?? 0) + 1
        backlog.refill(with: items(from: first, count: count), asked: count, job: job)
    }

    private func putNextAside(in backlog: inout Backlog, until due: Duration) {
        if let work = backlog.next(at: .zero) {
            backlog.putAside(work, until: due)
        }
    }

    private func items(from first: Int64, count: Int) -> [PendingItem] {
        (first..<first + Int64(count)).map { .plain(String($0), number: $0) }
    }

    @Test("a window holds twice the items in flight, within bounds", arguments: [(1, 64), (100, 200), (10_000, 1024)])
    func windowSize(concurrency: Int, size: Int) {
        #expect(Backlog(concurrency: concurrency, longestWait: 64, itemLimit: .max).missingItems == size)
        #expect(Backlog(concurrency: concurrency, longestWait: 64, itemLimit: 5).missingItems == 5)
        #expect(Backlog(concurrency: concurrency, longestWait: 64, itemLimit: 0).missingItems == nil)
    }

    @Test("a new window is asked for when the one before is used up, after its last item")
    func windows() throws {
        var backlog = Backlog(concurrency: 1, longestWait: 64, itemLimit: .max)
        try refill(&backlog)
        #expect(backlog.lastFetched == ItemID(64))
        for number in 1...64 {
            #expect(backlog.missingItems == nil)
            #expect(backlog.next(at: .zero)?.item.key == String(number))
        }
        #expect(!backlog.isEmpty)
        try refill(&backlog)
        #expect(backlog.next(at: .zero)?.item.key == "65")
    }

    @Test("a short window is the last")
    func lastWindow() throws {
        var backlog = Backlog(concurrency: 1, longestWait: 64, itemLimit: .max)
        backlog.refill(with: items(from: 1, count: 1), asked: 64, job: job)
        #expect(!backlog.isEmpty)
        _ = backlog.next(at: .zero)
        #expect(backlog.isEmpty)
        #expect(backlog.missingItems == nil)
        #expect(!backlog.isCutByLimit)
    }

    @Test("when as many items wait as may, no other is started until one is due")
    func longestWait() throws {
        var backlog = Backlog(concurrency: 100, longestWait: 10, itemLimit: .max)
        try refill(&backlog)
        for second in 1...10 {
            putNextAside(in: &backlog, until: .seconds(second))
        }
        #expect(backlog.next(at: .zero) == nil)
        #expect(backlog.nextDue == .seconds(1))
        #expect(backlog.next(at: .seconds(1))?.item.key == "1")
        #expect(backlog.next(at: .seconds(1))?.item.key == "11")
    }

    @Test("no window is fetched to be kept while others wait")
    func noWindowWhileOthersWait() throws {
        var backlog = Backlog(concurrency: 1, longestWait: 64, itemLimit: .max)
        try refill(&backlog)
        for _ in 1...64 {
            putNextAside(in: &backlog, until: .seconds(1))
        }
        #expect(backlog.missingItems == nil)
        _ = backlog.next(at: .seconds(1))
        #expect(backlog.missingItems == 64)
    }

    @Test("the limit counts items, not their attempts")
    func itemLimit() throws {
        var backlog = Backlog(concurrency: 1, longestWait: 64, itemLimit: 2)
        try refill(&backlog)
        putNextAside(in: &backlog, until: .zero)
        #expect(backlog.next(at: .zero)?.item.key == "1")
        #expect(!backlog.isCutByLimit)
        #expect(backlog.next(at: .zero)?.item.key == "2")
        #expect(backlog.isCutByLimit)
        #expect(backlog.isEmpty)
    }
}
