import BatchCore
import Checkpointing
import SQLite
import Testing

/// What all requests used: added up once, and the same as if every request were read.
@Suite struct UsageTests {
    private static let direct = """
        SELECT json_array(count(*), sum(status = 'answered'), sum(possibly_billed AND status <> 'answered'),
            sum(input_tokens), sum(output_tokens), sum(reasoning_output_tokens), sum(total_tokens),
            sum(cost_microdollars), sum(cost_microdollars IS NULL))
        FROM attempt
        """
    private static let viewed = """
        SELECT json_array(sum(requests), sum(answered), sum(possibly_billed_without_answer), sum(input_tokens),
            sum(output_tokens), sum(reasoning_output_tokens), sum(total_tokens), sum(cost_microdollars),
            sum(requests_of_unknown_cost))
        FROM usage_by_model
        """

    private let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    /// How many requests are added up, when the view was found to tell what they say one by one.
    private func counted() throws -> Int64 {
        #expect(try fixture.value(Self.viewed) == fixture.value(Self.direct))
        let connection = try Connection(path: fixture.path, mode: .readOnly)
        return try connection.integer("SELECT coalesce(sum(requests), 0) FROM usage_so_far")
    }

    @Test("a run adds up its requests at its end, and those that an earlier one left at its beginning")
    func addsUpRuns() async throws {
        let items = (1...6).map { item("key-\($0)", model: $0.isMultiple(of: 2) ? "even" : "odd") }
        let cut = GenerationError(.cutStream, "cut", isPossiblyBilled: true)
        try await fixture.run(items) { checkpoint in
            try await checkpoint.startRun(version: "1")
            let pending = try await checkpoint.allPending()
            try await checkpoint.record(answered(pending[0].id, cost: MicroDollars(7)))
            try await checkpoint.record(answered(pending[1].id, usage: TokenUsage(outputTokens: 3, thoughtTokens: 2)))
            try await checkpoint.record(failed(pending[2].id, cut, state: .pending))
            try await checkpoint.begin(pending[3].id)
            #expect(try counted() == 0, "nobody has added them up yet, and they are told all the same")
        }
        try await fixture.run(items) { checkpoint in
            #expect(try counted() == 4, "with the one that was lost")
            try await checkpoint.startRun(version: "1")
            try await checkpoint.finishAll()
            #expect(try counted() == 4)
            try await checkpoint.finishRun(RunSummary())
            #expect(try counted() == 8)
        }
        #expect(try fixture.value("SELECT group_concat(model || requests) FROM usage_by_model") == "even4,odd4")
    }

    @Test("a long run adds up on the way")
    func addsUpOnTheWay() async throws {
        try await fixture.run([item("a", model: "one"), item("b", model: "other")]) { checkpoint in
            try await checkpoint.startRun(version: "1")
            let pending = try await checkpoint.allPending()
            try await checkpoint.record(answered(pending[0].id))
            #expect(try counted() == 0)
            try await withThrowingTaskGroup { group in
                for number in 1...9998 {
                    let usage = TokenUsage(promptTokens: number)
                    let outcome = answered(pending[1].id, state: .pending, number: number, usage: usage)
                    group.addTask { try await checkpoint.record(outcome) }
                }
                try await group.waitForAll()
            }
            #expect(try counted() == 0)
            try await checkpoint.record(answered(pending[1].id, number: 9999))
            #expect(try counted() == 10_000)
            try await checkpoint.finishRun(RunSummary())
            #expect(try counted() == 10_000)
        }
    }

    @Test("the few attempts that make an item suspect are found without reading the others")
    func findsSuspects() async throws {
        try await fixture.run([item("a")])
        let connection = try Connection(path: fixture.path, mode: .readOnly)
        let plan = try connection.prepare(
            "EXPLAIN QUERY PLAN SELECT DISTINCT item_id FROM attempt WHERE possibly_billed = 1 AND status <> 'answered'"
        )
        var steps: [String] = []
        while try plan.step() {
            steps.append(plan.text(at: 3))
        }
        #expect(steps == ["SCAN attempt USING COVERING INDEX attempt_without_answer"])
    }
}
