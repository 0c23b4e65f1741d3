import BatchCore
import Foundation
import JSON
import QuotaLedger
import Testing

/// `genbatch quota`: what the ledger knows, in the place where the environment says it is.
@Suite("The quota command", .serialized, .timeLimit(.minutes(1)))
struct QuotaTests {
    private static let place = ".local/state/genbatch/ledger.db"
    private static let flash = QuotaName(account: "a1b2c3d4", model: "gemini-3.8-flash", tier: "standard")
    private static let neon = QuotaName(account: "a1b2c3d4", model: "gemini-4-neon", tier: "flex")

    /// A ledger with what two models used a moment ago.
    private func fill(_ work: Workspace, at place: String = place) throws {
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        var changes = LedgerChanges()
        let cost = CostSum(known: MicroDollars(3_712_345), unpricedAttempts: 2)
        let use = QuotaUse(requests: 9120, inputTokens: 3_461_040, outputTokens: 402_117, cost: cost)
        changes.add(.used(use), of: Self.flash, at: now)
        changes.add(.pace(requestsPerMinute: 294.2, tokensPerMinute: nil), of: Self.flash, at: now)
        changes.add(.dailyLimit(10_000), of: Self.flash, at: now)
        changes.add(.used(QuotaUse(requests: 1)), of: Self.neon, at: now)
        changes.add(.dailyQuotaSpent, of: Self.neon, at: now)
        try Ledger(path: "\(work.path)/\(place)").apply(changes)
    }

    @Test("without a ledger it says so, and makes none")
    func nothingYet() async throws {
        let work = try Workspace()
        let quota = try await work.genbatch("quota")
        #expect(quota.status == 0, "\(quota.errors)")
        #expect(quota.output == "nothing is known yet: the first run makes \(work.path)/\(Self.place)\n")
        #expect(!work.exists(".local"))
    }

    @Test("it shows what was learned and spent, beside what may be spent")
    func shows() async throws {
        let work = try Workspace()
        try fill(work)
        try work.write("limits: {cost_usd_per_day: 20}\n", to: ".config/genbatch/config.yaml")
        let all = try await work.genbatch("quota")
        #expect(all.status == 0, "\(all.errors)")
        let expected = [
            "ledger      \(work.path)/\(Self.place)",
            "today       $3.712345 of $20.00 for 9,121 requests, 2 of them of unknown cost",
            "month       $3.712345 for 9,121 requests, 2 of them of unknown cost", "gemini-3.8-flash, standard",
            "  limit     10,000 requests a day",
            "  today     $3.712345 for 9,120 requests, 2 of them of unknown cost, 3,461,040 input and 402,117 output tokens",
            "gemini-4-neon, flex", "  today     $0.00 for 1 request, 0 input and 0 output tokens",
        ]
        let lines = all.output.split(separator: "\n").map(String.init)
        #expect(lines.filter(expected.contains) == expected, "\(all.output)")
        #expect(lines.contains { $0.hasPrefix("  pace      294 requests a minute, learned ") }, "\(all.output)")
        #expect(lines.contains { $0.hasPrefix("  spent     until ") }, "\(all.output)")
        let one = try await work.genbatch("quota", "gemini-4-neon")
        #expect(one.output.contains("gemini-4-neon, flex") && !one.output.contains("gemini-3.8-flash"))
    }

    @Test("--json has the same for programs, of the folder that XDG_STATE_HOME names")
    func json() async throws {
        let work = try Workspace()
        try fill(work, at: "elsewhere/genbatch/ledger.db")
        var environment = work.environment
        environment["XDG_STATE_HOME"] = "\(work.path)/elsewhere"
        let run = try await work.genbatch("quota", "--json", environment: environment)
        #expect(run.status == 0, "\(run.errors)")
        let quota = try #require(try run.events().first)
        #expect(quota["spending"]?["day"]?["requests"]?.int64 == 9121)
        let spent = #""cost_usd":3.712345,"unpriced_requests":2,"reserved_usd":0.000000,"cap_usd":null"#
        #expect(run.output.contains(spent), "\(run.output)")
        let quotas = try #require(quota["quotas"]?.array)
        #expect(quotas.map { $0["model"]?.string } == ["gemini-3.8-flash", "gemini-4-neon"])
        #expect(quotas.map { $0["requests_per_day"]?.int64 } == [10_000, nil])
        #expect(quotas[1]["spent_until"]?.string == quota["resets_at"]?.string)
    }

    @Test("--forget takes what was learned and leaves what was spent")
    func forgets() async throws {
        let work = try Workspace()
        try fill(work)
        #expect(try await work.genbatch("quota", "--forget", "gemini-3.8-flash").output == "forgot 1 quota\n")
        let after = try await work.genbatch("quota").output
        #expect(!after.contains("294 requests") && !after.contains("10,000"), "\(after)")
        #expect(after.contains("  spent     until ") && after.contains("$3.712345 for 9,120 requests"), "\(after)")
        #expect(try await work.genbatch("quota", "--forget").output == "forgot 1 quota\n")
        #expect(try await work.genbatch("quota", "--forget").output == "nothing was known\n")
    }

    @Test("a ledger that is none, a configuration that is wrong and a missing HOME end with 78 and say what to do")
    func unusable() async throws {
        let work = try Workspace()
        try work.write("not a ledger\n", to: Self.place)
        let damaged = try await work.genbatch("quota")
        #expect(damaged.status == 78)
        #expect(damaged.errors.contains("is no quota ledger") && damaged.errors.contains("move it away"))
        try FileManager.default.removeItem(atPath: "\(work.path)/\(Self.place)")
        try fill(work)
        try work.write("limits: {cost_usd_per_dya: 20}\n", to: ".config/genbatch/config.yaml")
        let wrong = try await work.genbatch("quota")
        #expect(wrong.status == 78)
        #expect(wrong.errors.contains("config.yaml:1:10: error: unknown key \"cost_usd_per_dya\""), "\(wrong.errors)")
        let homeless = try await work.genbatch("quota", environment: ["PATH": "/usr/bin"])
        #expect(homeless.status == 78)
        #expect(homeless.errors.contains("set it, or XDG_STATE_HOME"), "\(homeless.errors)")
    }
}
