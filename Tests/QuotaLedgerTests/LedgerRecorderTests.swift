import BatchCore
import Foundation
import QuotaLedger
import SQLite
import Synchronization
import TestSupport
import Testing

@Suite("The ledger's recorder", .timeLimit(.minutes(1)))
struct LedgerRecorderTests {
    /// Never by itself, in the time of a test.
    private static let never = Duration.seconds(3600)

    private func recorder(_ ledger: Ledger, interval: Duration = never) throws -> LedgerRecorder {
        try LedgerRecorder(ledger, now: noon, interval: interval) { Issue.record("\($0)") }
    }

    @Test("ten thousand requests are one transaction")
    func gathers() async throws {
        let fixture = try LedgerFixture()
        let recorder = try recorder(try fixture.open())
        let before = try fixture.transactions()
        for _ in 0..<10_000 {
            recorder.note(.used(use()), of: quota(), at: noon)
        }
        #expect(try fixture.transactions() == before)
        await recorder.flush(at: noon)
        #expect(try fixture.transactions() == before + 1)
        #expect(try fixture.value("SELECT requests FROM daily_use") == 10_000)
        // And nothing is written where nothing was noted.
        await recorder.flush(at: noon)
        #expect(try fixture.transactions() == before + 1)
    }

    @Test("what is noted from many threads is all written")
    func takesFromThreads() async throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        let recorder = try recorder(ledger, interval: .milliseconds(1))
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    for _ in 0..<2000 {
                        recorder.note(.used(use()), of: quota("m\(thread % 2)"), at: noon)
                    }
                }
            }
        }
        await recorder.flush(at: noon)
        #expect(try ledger.totals(at: noon).today.requests == 8000)
        #expect(recorder.totals(at: noon).today.requests == 8000)
    }

    @Test("what is noted is written by itself, and is there after kill -9")
    func survivesKill() async throws {
        let fixture = try LedgerFixture()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = fixture.path as String] in
            let ledger = try Ledger(path: path)
            let recorder = try LedgerRecorder(ledger, now: noon, interval: .milliseconds(10)) { _ in }
            recorder.note(.used(use(requests: 3)), of: quota(), at: noon)
            recorder.note(.dailyQuotaSpent, of: quota(), at: noon)
            while try ledger.totals(at: noon).today.requests == 0 {
                await Task.yield()
            }
            recorder.note(.used(use(requests: 4)), of: quota(), at: noon)
            while try ledger.totals(at: noon).today.requests == 3 {
                await Task.yield()
            }
            kill(getpid(), SIGKILL)
        }
        let knowledge = try fixture.open().knowledge(of: quota(), at: noon)
        #expect(knowledge.today.requests == 7)
        #expect(knowledge.spentUntil != nil)
    }

    @Test("totals hold what is noted at once, and what others wrote with the next write")
    func totals() async throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        try ledger.apply(LedgerChanges((.used(use(micro: 1000)), quota())))
        let recorder = try recorder(ledger)
        #expect(recorder.totals(at: noon).today.cost.known == MicroDollars(1000))
        recorder.note(.used(use(micro: 50, unpriced: 1)), of: quota(), at: noon)
        #expect(recorder.totals(at: noon).today.cost == CostSum(known: MicroDollars(1050), unpricedAttempts: 1))
        try fixture.open().apply(LedgerChanges((.used(use(micro: 7)), quota("n"))))
        await recorder.flush(at: noon)
        #expect(recorder.totals(at: noon).today.cost.known == MicroDollars(1057))
        #expect(recorder.totals(at: noon) == (try ledger.totals(at: noon)))
    }

    @Test("the requests of others are known from the start, and with each write, in all tiers and without one's own")
    func others() async throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        try ledger.apply(LedgerChanges((.used(use(requests: 4)), quota()), (.used(use(requests: 7)), quota("n"))))
        let recorder = try recorder(ledger)
        func others(_ model: String = "m", at now: Int64 = noon) -> Int {
            recorder.requestsOfOthers(of: model, account: quota().account, at: now)
        }
        #expect(others() == 4 && others("n") == 7 && others("o") == 0)
        recorder.note(.used(use(requests: 3)), of: quota(), at: noon)
        #expect(others() == 4)
        await recorder.flush(at: noon)
        #expect(others() == 4)
        try fixture.open().apply(
            LedgerChanges((.used(use(requests: 2)), quota(tier: "flex")), (.used(use()), quota(account: "other")))
        )
        recorder.note(.used(use(requests: 5)), of: quota(), at: noon)
        await recorder.flush(at: noon)
        #expect(others() == 6)
        // Not those of yesterday.
        let tomorrow = noon + 24 * hour
        #expect(others(at: tomorrow) == 0)
        recorder.note(.used(use(requests: 1)), of: quota(), at: tomorrow)
        await recorder.flush(at: tomorrow)
        #expect(others(at: tomorrow) == 0)
    }

    @Test("who asks for the requests of others learns of new ones without writing anything")
    func readsAgain() async throws {
        let fixture = try LedgerFixture()
        let recorder = try recorder(try fixture.open(), interval: .milliseconds(5))
        func others() -> Int { recorder.requestsOfOthers(of: "m", account: quota().account, at: noon) }
        for count in 1...3 {
            try fixture.open().apply(LedgerChanges((.used(use()), quota())))
            while others() < count {
                await Task.yield()
            }
        }
    }

    @Test("totals begin a new day, and a new month, without a write")
    func turnsOfDays() throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        let day = 24 * hour
        try ledger.apply(LedgerChanges((.used(use(requests: 5)), quota())))
        let recorder = try recorder(ledger)
        recorder.note(.used(use(requests: 2)), of: quota(), at: noon)
        recorder.note(.used(use(requests: 1)), of: quota(), at: noon + day)
        #expect(recorder.totals(at: noon).today.requests == 7)
        #expect(recorder.totals(at: noon + day).today.requests == 1)
        #expect(recorder.totals(at: noon + day).month.requests == 8)
        #expect(recorder.totals(at: noon + 9 * day).month.requests == 0)
    }

    @Test("what cannot be written is told once, kept, and written when it can be")
    func keepsWhatFails() async throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        let failures = Mutex<[LedgerError]>([])
        let recorder = try LedgerRecorder(ledger, now: noon, interval: Self.never) { error in
            failures.withLock { $0.append(error) }
        }
        let block = try Connection(path: fixture.path, mode: .readWrite)
        try block.execute("CREATE TRIGGER full BEFORE INSERT ON daily_use BEGIN SELECT raise(ABORT, 'no'); END")
        for _ in 0..<2 {
            recorder.note(.used(use()), of: quota(), at: noon)
            recorder.note(.dailyLimit(9), of: quota(), at: noon)
            await recorder.flush(at: noon)
        }
        #expect(failures.withLock { $0.count } == 1)
        #expect(recorder.totals(at: noon).today.requests == 2)
        #expect(try ledger.totals(at: noon).today.requests == 0)
        try block.execute("DROP TRIGGER full")
        recorder.note(.used(use()), of: quota(), at: noon)
        await recorder.flush(at: noon)
        #expect(
            try ledger.knowledge(of: quota(), at: noon).learned == LearnedQuota(requestsPerDay: 9, requestsToday: 3)
        )
        #expect(recorder.totals(at: noon).today.requests == 3)
        #expect(failures.withLock { $0.count } == 1)
    }
}
