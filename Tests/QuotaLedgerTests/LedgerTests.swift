import BatchCore
import Foundation
import SQLite
import TestSupport
import Testing

@testable import QuotaLedger

@Suite("The quota ledger", .timeLimit(.minutes(1)))
struct LedgerTests {
    @Test("a ledger is made with its folders, for its owner alone, and recognized by its header")
    func isMade() throws {
        let fixture = try LedgerFixture()
        _ = try fixture.open()
        #expect(try fixture.permissions(fixture.path) == 0o600)
        #expect(try fixture.permissions(fixture.folder) == 0o700)
        #expect(try fixture.value("PRAGMA application_id") == 0x6762_716C)
        #expect(try fixture.value("PRAGMA user_version") == 2)
        // Not a write-ahead log, which two writers can damage where SQLite is old.
        #expect(try fixture.value("PRAGMA journal_mode") == "delete")
    }

    @Test("a ledger of the first version keeps what is in it")
    func isMigrated() throws {
        let fixture = try LedgerFixture()
        try FileManager.default.createDirectory(atPath: fixture.folder, withIntermediateDirectories: true)
        let migrations = [LedgerSchema.migrations[0]]
        let old = try Connection(path: fixture.path, mode: .create)
        try Migrator(applicationID: LedgerSchema.applicationID, migrations: migrations).migrate(old)
        try old.execute("INSERT INTO daily_use VALUES ('2026-11-22', 'a1b2c3', 'm', 'standard', 3, 30, 15, 300, 1)")
        let ledger = try fixture.open()
        #expect(try ledger.knowledge(of: quota(), at: noon).today.requests == 3)
        try ledger.apply(LedgerChanges((.used(use(reserved: 40)), quota())))
        #expect(try ledger.totals(at: noon).today.counted == MicroDollars(440))
        #expect(try fixture.value("SELECT reserved_usd FROM spending") == .real(0.00004))
    }

    @Test("an umask that takes nothing away changes no rights, and rights of folders that are there stay")
    func keepsRights() async throws {
        let fixture = try LedgerFixture()
        await #expect(processExitsWith: .success) { [path = fixture.path as String] in
            umask(0)
            _ = try Ledger(path: path)
        }
        #expect(try fixture.permissions(fixture.path) == 0o600)
        #expect(try fixture.permissions(fixture.folder) == 0o700)
        try FileManager.default.setAttributes([.posixPermissions: 0o750], ofItemAtPath: fixture.folder)
        _ = try fixture.open()
        #expect(try fixture.permissions(fixture.folder) == 0o750)
    }

    @Test("nothing is known of a quota that nobody has used")
    func knowsNothing() throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        let knowledge = try ledger.knowledge(of: quota(), at: noon)
        #expect(knowledge.learned == LearnedQuota())
        #expect(knowledge.spentUntil == nil && knowledge.paceLearnedAt == nil && knowledge.today == QuotaUse())
        #expect(try ledger.knowledge(at: noon) == [])
        #expect(try ledger.totals(at: noon).month == QuotaUse())
    }

    @Test("what one process learned another one begins with, per account, model and tier")
    func remembers() throws {
        let fixture = try LedgerFixture()
        try fixture.open().apply(
            LedgerChanges(
                (.pace(requestsPerMinute: 294.5, tokensPerMinute: 1e6), quota()),
                (.dailyLimit(1000), quota()),
                (.used(use(requests: 7)), quota()),
                (.pace(requestsPerMinute: 60, tokensPerMinute: nil), quota("n"))
            )
        )
        let ledger = try fixture.open()
        let knowledge = try ledger.knowledge(of: quota(), at: noon + hour)
        #expect(
            knowledge.learned
                == LearnedQuota(
                    requestsPerMinute: 294.5,
                    tokensPerMinute: 1e6,
                    requestsPerDay: 1000,
                    requestsToday: 7
                )
        )
        #expect(knowledge.paceLearnedAt == noon)
        #expect(knowledge.today == use(requests: 7))
        #expect(try ledger.knowledge(of: quota("n"), at: noon).learned == LearnedQuota(requestsPerMinute: 60))
        #expect(try ledger.knowledge(of: quota(tier: "flex"), at: noon).learned == LearnedQuota(requestsToday: 7))
        #expect(try ledger.knowledge(of: quota(account: "other"), at: noon).learned == LearnedQuota())
        #expect(try ledger.knowledge(at: noon).map(\.name.model) == ["m", "n"])
    }

    @Test("what is learned later replaces what it is about, and leaves the rest")
    func replaces() throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        try ledger.apply(LedgerChanges((.pace(requestsPerMinute: 100, tokensPerMinute: 5000), quota())))
        try ledger.apply(LedgerChanges((.dailyLimit(50), quota()), at: noon + 1))
        try ledger.apply(LedgerChanges((.pace(requestsPerMinute: 90, tokensPerMinute: nil), quota()), at: noon + 2))
        try ledger.apply(LedgerChanges((.pace(requestsPerMinute: nil, tokensPerMinute: nil), quota()), at: noon + 3))
        let knowledge = try ledger.knowledge(of: quota(), at: noon + 4)
        #expect(knowledge.learned.requestsPerMinute == 90)
        #expect(knowledge.learned.tokensPerMinute == 5000)
        #expect(knowledge.learned.requestsPerDay == 50)
        #expect(knowledge.paceLearnedAt == noon + 2)
    }

    @Test("a daily quota that is spent comes back at midnight in California, and with it the count of the day")
    func spent() throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        let midnight = noon + 12 * hour
        try ledger.apply(LedgerChanges((.dailyQuotaSpent, quota()), (.used(use(requests: 50)), quota())))
        let before = try ledger.knowledge(of: quota(), at: midnight - 1)
        #expect(before.spentUntil == midnight)
        #expect(before.learned.requestsToday == 50)
        let after = try ledger.knowledge(of: quota(), at: midnight)
        #expect(after.spentUntil == nil)
        #expect(after.learned.requestsToday == 0)
    }

    @Test("a request that reached nobody is taken off the day in which it was sent, however late that is known")
    func unsent() throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        let midnight = noon + 12 * hour
        try ledger.apply(LedgerChanges((.used(use(requests: 5)), quota())))
        try ledger.apply(LedgerChanges((.used(use(requests: 2)), quota()), at: midnight))
        try ledger.apply(LedgerChanges((.unsent(sentAt: midnight - 1), quota()), at: midnight + 1))
        #expect(try ledger.knowledge(of: quota(), at: midnight - 1).learned.requestsToday == 4)
        #expect(try ledger.knowledge(of: quota(), at: midnight + 1).learned.requestsToday == 2)
    }

    @Test(
        "a long delay closes a quota for so long, at most until midnight in California",
        arguments: [(1000, 1_000_000), (86_399, 43_200_000), (.max, 43_200_000)] as [(Int64, Int64)]
    )
    func closed(seconds: Int64, milliseconds: Int64) throws {
        let delay = Duration.seconds(seconds)
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        try ledger.apply(LedgerChanges((.closed(delay), quota())))
        #expect(try ledger.knowledge(of: quota(), at: noon).spentUntil == noon + milliseconds)
        #expect(try ledger.knowledge(of: quota(), at: noon + milliseconds).spentUntil == nil)
    }

    // Fault matrix: F40.
    @Test(
        "what is used in the last second of a day counts for that day, also when the clocks change",
        arguments: ["2026-03-08T23:59:59-07:00", "2026-11-01T23:59:59-08:00", "2026-12-31T23:59:59-08:00"]
    )
    func turnsOfDays(text: String) throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        let before = try #require(Timestamp.unixMilliseconds(rfc3339: text))
        try ledger.apply(LedgerChanges((.used(use(requests: 3)), quota()), at: before))
        #expect(try ledger.totals(at: before).today.requests == 3)
        #expect(try ledger.totals(at: before + 1000).today.requests == 0)
        #expect(try ledger.totals(at: before + 1000).month.requests == (text.hasPrefix("2026-12") ? 0 : 3))
    }

    @Test("the requests of the day are those of a model in all tiers, and no others")
    func requestsOfAllTiers() throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        try ledger.apply(
            LedgerChanges(
                (.used(use(requests: 3)), quota(tier: "flex")),
                (.used(use(requests: 2)), quota()),
                (.used(use(requests: 5)), quota("n")),
                (.used(use(requests: 7)), quota(account: "other"))
            )
        )
        try ledger.apply(LedgerChanges((.used(use(requests: 9)), quota()), at: noon - 24 * hour))
        for tier in ["standard", "flex", "priority"] {
            #expect(try ledger.knowledge(of: quota(tier: tier), at: noon).learned.requestsToday == 5)
        }
        let all = try ledger.knowledge(at: noon).filter { $0.name.account != "other" && $0.name.model == "m" }
        #expect(all.map(\.learned.requestsToday) == [5, 5])
        #expect(all.map(\.today.requests) == [3, 2])
    }

    @Test("a daily limit is believed for a week, then found out anew")
    func forgetsOldLimits() throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        let week = 7 * 24 * hour
        try ledger.apply(LedgerChanges((.dailyLimit(50), quota())))
        #expect(try ledger.knowledge(of: quota(), at: noon + week - 1).learned.requestsPerDay == 50)
        #expect(try ledger.knowledge(of: quota(), at: noon + week).learned.requestsPerDay == nil)
        try ledger.apply(LedgerChanges((.dailyLimit(50), quota()), at: noon + week))
        #expect(try ledger.knowledge(of: quota(), at: noon + week + hour).learned.requestsPerDay == 50)
    }

    @Test("days and months add up over models, tiers and accounts, with requests whose cost is unknown")
    func totals() throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        let day = 24 * hour
        try ledger.apply(
            LedgerChanges(
                (.used(use(requests: 2, micro: 1_500_000)), quota()),
                (.used(use(requests: 1, micro: 1)), quota(tier: "flex")),
                (.used(use(requests: 4, micro: 0, unpriced: 4, reserved: 50)), quota("n", account: "other"))
            )
        )
        try ledger.apply(LedgerChanges((.used(use(requests: 8, micro: 700)), quota()), at: noon - 21 * day))
        try ledger.apply(LedgerChanges((.used(use(requests: 16, micro: 9000)), quota()), at: noon - 22 * day))
        try ledger.apply(LedgerChanges((.used(use(requests: 32, micro: 90_000)), quota()), at: noon + day))
        let totals = try ledger.totals(at: noon)
        #expect(totals.today == use(requests: 7, input: 30, output: 15, micro: 1_500_001, unpriced: 4, reserved: 50))
        #expect(totals.today.counted == MicroDollars(1_500_051))
        #expect(totals.month == use(requests: 15, input: 40, output: 20, micro: 1_500_701, unpriced: 4, reserved: 50))
        #expect(totals.day.description == "2026-11-22")
        #expect(try ledger.totals(at: noon - 22 * day).month.requests == 16)
    }

    @Test("forgetting takes what was learned, of one model or of all, and leaves what was spent")
    func forgets() throws {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        try ledger.apply(
            LedgerChanges(
                (.pace(requestsPerMinute: 9, tokensPerMinute: nil), quota()),
                (.dailyQuotaSpent, quota()),
                (.dailyLimit(5), quota("n")),
                (.dailyLimit(5), quota("n", tier: "flex")),
                (.used(use()), quota())
            )
        )
        #expect(try ledger.forget(model: "nobody's") == 0)
        #expect(try ledger.forget(model: "m") == 1)
        let knowledge = try ledger.knowledge(of: quota(), at: noon)
        #expect(knowledge.learned == LearnedQuota(requestsToday: 1) && knowledge.spentUntil == nil)
        #expect(try ledger.knowledge(of: quota("n"), at: noon).learned.requestsPerDay == 5)
        #expect(try ledger.forget(model: nil) == 2)
        #expect(try ledger.totals(at: noon).today == use())
    }

    @Test("looking at a ledger makes none")
    func looksOnly() throws {
        let fixture = try LedgerFixture()
        #expect(try Ledger(existing: fixture.path) == nil)
        #expect(!FileManager.default.fileExists(atPath: fixture.directory.path + "/state"))
        _ = try fixture.open()
        #expect(try Ledger(existing: fixture.path)?.knowledge(at: noon) == [])
    }

    @Test("every query of docs/ledger.md says something true of a real ledger")
    func documentation() throws {
        let fixture = try LedgerFixture()
        let now = Int64(Date().timeIntervalSince1970) * 1000
        try fixture.open().apply(
            LedgerChanges(
                (.used(use(unpriced: 1)), quota()),
                (.pace(requestsPerMinute: 9, tokensPerMinute: nil), quota()),
                (.dailyQuotaSpent, quota()),
                at: now
            )
        )
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let page = try String(contentsOf: root.appendingPathComponent("docs/ledger.md"), encoding: .utf8)
        let queries = page.split(separator: "\n").filter { $0.hasPrefix("sqlite3 ") }
            .compactMap { $0.split(separator: "\"").dropFirst().first.map(String.init) }
            .filter { $0 != ".schema" }
        #expect(queries.count == 6)
        for query in queries {
            let statement = try Connection(path: fixture.path, mode: .readOnly).prepare(query)
            let hasRow = try statement.step()
            #expect(hasRow, "\(query)")
        }
        #expect(try fixture.value("SELECT cost_usd FROM spending") == 0.0001)
    }
}
