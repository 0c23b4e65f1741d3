import BatchCore
import Checkpointing
import JSON
import Testing

@Suite("All requests of a job, one after the other")
struct AttemptStreamTests {
    @Test("every request comes with its item, its model and what it used")
    func handsOutAttempts() async throws {
        let fixture = try Fixture()
        let items = [item("a", model: "m1", input: ["title": "x"]), item("b", model: "m2")]
        try await fixture.run(items) { checkpoint in
            let pending = try await checkpoint.allPending()
            try await checkpoint.begin(pending[0].id)
            let refusal = GenerationError(.rateMinute, "slow down", retryDelay: .seconds(7))
            try await checkpoint.record(failed(pending[0].id, refusal, state: .pending))
            try await checkpoint.begin(pending[0].id)
            try await checkpoint.record(answered(pending[0].id, number: 2, cost: MicroDollars(42)))
            try await checkpoint.begin(pending[1].id)
            try await checkpoint.record(answered(pending[1].id))
        }
        try CheckpointReader(path: fixture.path).snapshot { snapshot in
            var attempts: [AttemptRow] = []
            try snapshot.forEachAttempt { attempts.append($0) }
            #expect(attempts.map(\.key) == ["a", "a", "b"])
            #expect(attempts.map(\.model) == ["m1", "m1", "m2"])
            #expect(attempts.map(\.status) == [.failed, .answered, .answered])
            #expect(attempts.map(\.failureClass) == ["rate_minute", nil, nil])
            #expect(attempts.map(\.retryDelay) == [.seconds(7), nil, nil])
            #expect(attempts.map(\.cost) == [nil, MicroDollars(42), nil])
            #expect(attempts[1].usage == TokenUsage(promptTokens: 10, outputTokens: 5, totalTokens: 15))
            #expect(attempts[1].timings?.total == .milliseconds(1500))
            #expect(try snapshot.busyTimes() == [1_763_834_067_120...1_763_834_068_620])
            let first = try #require(try snapshot.firstItem())
            #expect(first.key == "a")
            #expect(first.input == #"{"title":"x"}"#)
            #expect(try snapshot.turns(of: "b") == [ItemRequest.Turn(text: "prompt of b")])
            #expect(try snapshot.turns(of: "c") == [])
        }
    }

    @Test("a job without items and requests has none of all this")
    func standsEmptyJob() async throws {
        let fixture = try Fixture()
        try await fixture.run([])
        try CheckpointReader(path: fixture.path).snapshot { snapshot in
            try snapshot.forEachAttempt { _ in Issue.record("there is no request") }
            #expect(try snapshot.busyTimes() == [])
            #expect(try snapshot.firstItem()?.key == nil)
        }
    }

    @Test("a selection can be limited to its first items")
    func limitsSelection() async throws {
        let fixture = try Fixture()
        try await fixture.run(["a", "b", "c"].map { item($0) }) { try await $0.finishAll() }
        try CheckpointReader(path: fixture.path).snapshot { snapshot in
            for (limit, keys) in [(0, []), (2, ["a", "b"]), (9, ["a", "b", "c"])] {
                var found: [String] = []
                try snapshot.forEach(ResultSelection(limit: limit)) { found.append($0.key) }
                #expect(found == keys)
            }
        }
    }
}
