import BatchCore
import Checkpointing
import JSON
import SQLite
import TestSupport
import Testing

@Suite("Running with a checkpoint")
struct RunTests {
    private let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    @Test("what was in flight at a crash is pending again, counted and noted")
    func countsLostAttempts() async throws {
        let items = ["a", "b", "c", "d"].map { item($0) }
        try await fixture.run(items) { checkpoint in
            try await checkpoint.startRun(version: "1")
            let pending = try await checkpoint.allPending()
            for item in pending.prefix(3) {
                try await checkpoint.begin(item.id)
            }
            try await checkpoint.record(answered(pending[0].id))
        }
        let plan = try await fixture.run(items) { checkpoint in
            #expect(checkpoint.possiblyBilledTwice == 2)
            let pending = try await checkpoint.allPending()
            #expect(pending.map(\.key) == ["b", "c", "d"])
            #expect(pending.map(\.attempts) == [1, 1, 0])
        }
        #expect(plan.possiblyBilledTwice == 2)
        #expect(plan.pending == 3)
        let lost = try fixture.value(
            """
            SELECT group_concat(key || number || possibly_billed || run_id, ' ') FROM attempt
            JOIN item ON item.id = item_id WHERE status = 'lost' AND started_at_ms IS NULL
            """
        )
        #expect(lost == "b111 c111")
    }

    @Test("what was lost is told until a run has begun that could tell it")
    func tellsLostUntilARunBegins() async throws {
        let items = [item("a")]
        try await fixture.run(items) { checkpoint in
            try await checkpoint.startRun(version: "1")
            try await checkpoint.begin(checkpoint.allPending()[0].id)
        }
        // As if killed before it could print its plan.
        #expect(try await fixture.run(items).possiblyBilledTwice == 1)
        let told = try await fixture.run(items) { try await $0.startRun(version: "1") }
        #expect(told.possiblyBilledTwice == 1)
        #expect(try await fixture.run(items).possiblyBilledTwice == 0)
        #expect(try fixture.value("SELECT group_concat(lost) FROM run") == "1,0")
    }

    @Test("a chat goes on after the turns that were answered, and nothing between turns counts as lost")
    func continuesChats() async throws {
        let chat = [item("chat", turns: ["one", "two", "three"])]
        try await fixture.run(chat) { checkpoint in
            let id = try await checkpoint.allPending()[0].id
            try await checkpoint.begin(id)
            try await checkpoint.record(answered(id, "first", state: .pending, number: 1, turn: 0))
        }
        try await fixture.run(chat) { checkpoint in
            #expect(checkpoint.possiblyBilledTwice == 0)
            let pending = try await checkpoint.allPending()[0]
            #expect(pending.answeredTurns == [#"[{"text":"first"}]"#])
            #expect(pending.attempts == 1)
            try await checkpoint.begin(pending.id)
            try await checkpoint.record(answered(pending.id, "second", state: .pending, number: 2, turn: 1))
            try await checkpoint.begin(pending.id)
        }
        try await fixture.run(chat) { checkpoint in
            #expect(checkpoint.possiblyBilledTwice == 1)
            let pending = try await checkpoint.allPending()[0]
            #expect(pending.answeredTurns == [#"[{"text":"first"}]"#, #"[{"text":"second"}]"#])
            try await checkpoint.record(answered(pending.id, "third", number: 4, turn: 2))
        }
        #expect(try fixture.value("SELECT turn FROM attempt WHERE status = 'lost'") == 2)
        let row = try #require(try fixture.results().first)
        #expect(row.turns.map(\.answer.text) == ["first", "second", "third"])
        #expect(row.attempts == 4)
    }

    @Test("an edited chat starts again")
    func restartsEditedChats() async throws {
        try await fixture.run([item("chat", turns: ["one", "two"])]) { checkpoint in
            try await checkpoint.record(answered(checkpoint.allPending()[0].id, state: .pending))
        }
        try await fixture.run([item("chat", turns: ["one", "zwei"])]) { checkpoint in
            let answered = try await checkpoint.allPending()[0].answeredTurns
            #expect(answered.isEmpty)
        }
    }

    @Test("an answer comes back with all that it came with")
    func keepsAnswers() async throws {
        let answer = Answer(
            text: "Hello \u{0}\u{2028}\"🦊\"",
            parts: #"[{"text":"Hello","thoughtSignature":"c2ln"}]"#,
            finishReason: "MAX_TOKENS",
            usage: TokenUsage(promptTokens: 1, outputTokens: 2, thoughtTokens: 3, cachedTokens: 4, toolUseTokens: 5),
            modelVersion: "gemini-x",
            responseID: "r1",
            candidates: 2,
            metadata: #"{"groundingMetadata":{}}"#,
            serviceTier: .flex
        )
        let timings = AttemptTimings(
            startedAtMilliseconds: 1_763_834_067_120,
            firstChunk: .milliseconds(12),
            total: .milliseconds(3456)
        )
        try await fixture.run([item("a", input: ["x": 1])]) { checkpoint in
            let id = try await checkpoint.allPending()[0].id
            let result = AttemptRecord.Result.answered(answer)
            let cost = MicroDollars(1234)
            let attempt = AttemptRecord(number: 1, turn: 0, timings: timings, result: result, cost: cost)
            try await checkpoint.begin(id)
            try await checkpoint.record(ItemOutcome(item: id, state: .done, attempt: attempt))
        }
        var expected = ResultRow(
            key: "a",
            state: .done,
            model: "gemini-test",
            origin: "job.yaml:a",
            input: #"{"x":1}"#,
            attempts: 1
        )
        expected.turns = [ResultRow.Turn(answer: answer, timings: timings)]
        expected.cost = CostSum(known: MicroDollars(1234))
        #expect(try fixture.results() == [expected])
    }

    @Test("failures keep their facts, and the last one is shown until the item is done")
    func keepsFailures() async throws {
        let error = GenerationError(
            .rateMinute,
            "quota exceeded",
            httpStatus: 429,
            retryDelay: .milliseconds(45_838),
            quotas: [ExceededQuota(id: "PerMinute", limit: 60)],
            partialText: "half",
            usage: TokenUsage(promptTokens: 9),
            isPossiblyBilled: true
        )
        try await fixture.run([item("a"), item("b")]) { checkpoint in
            let pending = try await checkpoint.allPending()
            for item in pending {
                try await checkpoint.begin(item.id)
                try await checkpoint.record(failed(item.id, error, state: .pending))
                try await checkpoint.begin(item.id)
            }
            try await checkpoint.record(failed(pending[0].id, GenerationError(.safety, "blocked"), number: 2))
            try await checkpoint.record(answered(pending[1].id, number: 2))
        }
        let rows = try fixture.results()
        #expect(rows.map(\.failure) == [ResultRow.Failure(failureClass: "safety", message: "blocked"), nil])
        let stored = try fixture.value(
            """
            SELECT class || http_status || retry_delay_ms || quota_id || quota_value || partial_text || possibly_billed
                || input_tokens FROM attempt LIMIT 1
            """
        )
        #expect(stored == "rate_minute42945838PerMinute60half19")
    }

    @Test("attempts that we cut ourselves are noted and leave the item pending")
    func keepsInterrupted() async throws {
        try await fixture.run([item("a")]) { checkpoint in
            let id = try await checkpoint.allPending()[0].id
            let timings = AttemptTimings(startedAtMilliseconds: 1, total: .seconds(1))
            let attempt = AttemptRecord(number: 1, turn: 0, timings: timings, result: .interrupted)
            try await checkpoint.begin(id)
            try await checkpoint.record(ItemOutcome(item: id, state: .pending, attempt: attempt))
        }
        #expect(try fixture.value("SELECT status || possibly_billed FROM attempt") == "interrupted1")
        #expect(try await fixture.run([item("a")]).pending == 1)
    }

    @Test("an item that is not in the file ends the checkpoint, and nothing after it is saved")
    func refusesUnknownItems() async throws {
        try await fixture.run([item("a")]) { checkpoint in
            let id = try await checkpoint.allPending()[0].id
            let error = await #expect(throws: CheckpointError.self) {
                try await checkpoint.record(answered(ItemID(99)))
            }
            #expect(error?.kind == .damaged)
            await #expect(throws: CheckpointError.self) { try await checkpoint.record(answered(id)) }
            await #expect(throws: CheckpointError.self) { try await checkpoint.allPending() }
        }
        #expect(try fixture.value("SELECT state FROM item") == "pending")
    }

    @Test("a closed checkpoint refuses everything, and can be closed again")
    func refusesAfterClose() async throws {
        let checkpoint = try fixture.open()
        await checkpoint.close()
        await checkpoint.close()
        let error = await #expect(throws: CheckpointError.self) { try await checkpoint.begin(ItemID(1)) }
        #expect(error?.kind == .closed)
        var source = ListSource([item("a")])
        #expect(throws: CheckpointError.self) { try checkpoint.register(&source, job: Fixture.job) }
    }

    @Test("a run is noted with the reasons for which it left items")
    func notesReasons() async throws {
        try await fixture.run([item("a")]) { checkpoint in
            try await checkpoint.startRun(version: "1.2.3")
            var summary = RunSummary()
            summary.closedModels = ["m": GenerationError(.rateDay, "the quota is spent")]
            try await checkpoint.finishRun(summary)
        }
        let run = try CheckpointReader(path: fixture.path).status().lastRun
        #expect(run?.ending == "completed")
        #expect(run?.message == "m: the quota is spent")
    }

    @Test("runs are noted with their end")
    func notesRuns() async throws {
        try await fixture.run([item("a")]) { checkpoint in
            try await checkpoint.startRun(version: "1.2.3")
            #expect(try fixture.value("SELECT version || ending FROM run") == .null)
            var summary = RunSummary()
            summary.ending = .stopped(GenerationError(.auth, "the key was rejected"))
            (summary.done, summary.requests) = (3, 4)
            try await checkpoint.finishRun(summary)
        }
        let run = try CheckpointReader(path: fixture.path).status().lastRun
        #expect(run?.number == 1)
        #expect(run?.ending == "stopped")
        #expect(run?.message == "the key was rejected")
        #expect(run?.endedAtMilliseconds != nil)
        #expect(try fixture.value("SELECT version || done || requests FROM run") == "1.2.334")
    }
}
