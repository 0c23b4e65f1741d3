import Foundation
import Testing

@testable import BatchCore

/// The comparison in docs/quota.md; `make quota-table` writes it anew.
@Suite("Quota: the table", .timeLimit(.minutes(2)))
struct QuotaTableTests {
    private static let document = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/quota.md").standardizedFileURL
    private static let (begin, end) = ("<!-- begin of the table -->\n", "<!-- end of the table -->\n")

    private typealias Policy = (name: String, make: @Sendable () -> any PacingPolicy)

    private static let policies: [Policy] = [
        ("genbatch", { LimiterPolicy() }),
        ("retry of the SDK", { SDKRetryPolicy() }),
        ("full jitter", { FullJitterPolicy() }),
        ("each request sleeps", { SleepingPolicy() }),
        ("AIMD on what is in flight", { WindowPolicy() }),
    ]

    @Test("the document shows what the simulation gives for the limiter")
    func documentIsUpToDate() throws {
        let text = try String(contentsOf: Self.document, encoding: .utf8)
        for scenario in QuotaScenario.all {
            let row = Self.row(of: scenario, Self.policies[0])
            #expect(text.contains(row), "run `make quota-table`")
        }
    }

    @Test("the document is written anew", .enabled(if: ProcessInfo.processInfo.environment["QUOTA_TABLE"] == "write"))
    func writeDocument() throws {
        let text = try String(contentsOf: Self.document, encoding: .utf8)
        let start = try #require(text.range(of: Self.begin)).upperBound
        let stop = try #require(text.range(of: Self.end)).lowerBound
        try text.replacingCharacters(in: start..<stop, with: Self.table())
            .write(to: Self.document, atomically: true, encoding: .utf8)
    }

    private static func table() -> String {
        let rows = QuotaScenario.all.flatMap { scenario in policies.map { row(of: scenario, $0) } }
        return """
            | situation | policy | goodput | 429 per answer | 503 per answer | lost | t90 | fairness |
            | --- | --- | --- | --- | --- | --- | --- | --- |

            """ + rows.joined()
    }

    private static func row(of scenario: QuotaScenario, _ policy: Policy) -> String {
        let outcome = scenario.run(seed: 1, policy: policy.make)
        let cells = [
            scenario.name, policy.name, decimal(outcome.goodput, 2), decimal(outcome.refusalsPerSuccess, 3),
            decimal(outcome.outagesPerSuccess, 3), "\(outcome.lost)", time(outcome.timeTo90),
            scenario.processes == 1 ? "–" : decimal(outcome.fairness, 2),
        ]
        return "| \(cells.joined(separator: " | ")) |\n"
    }

    private static func decimal(_ number: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", number)
    }

    private static func time(_ seconds: Double) -> String {
        seconds == 0 ? "–" : seconds.isFinite ? "\(Int(seconds.rounded())) s" : "never"
    }
}
