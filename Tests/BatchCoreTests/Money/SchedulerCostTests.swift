import BatchCore
import JSON
import TestSupport
import Testing

@Suite struct SchedulerCostTests {
    /// One micro-dollar per token of `cheap`, ten per token of `dear`.
    private static let prices = PriceTable(layers: [
        PriceTable.Layer(
            origin: "test",
            models: [
                "cheap": [ModelPrice(rates: [.input: MicroDollars(1_000_000), .output: MicroDollars(1_000_000)])],
                "dear": [ModelPrice(rates: [.input: MicroDollars(10_000_000), .output: MicroDollars(10_000_000)])],
            ],
            factors: [.flex: 500_000]
        )
    ])
    private static let job = Job(name: "test", limits: Limits(concurrency: 1), prices: prices)

    private static func answer(_ tokens: Int, from model: String? = nil, tier: ServiceTier? = nil) -> Answer {
        Answer(
            text: "a",
            finishReason: "STOP",
            usage: TokenUsage(promptTokens: tokens),
            modelVersion: model,
            serviceTier: tier
        )
    }

    @Test("every attempt is priced, failed ones too, and refused ones cost nothing")
    func attempts() async throws {
        let cut = GenerationError(
            .cutStream,
            "cut",
            usage: TokenUsage(promptTokens: 7),
            isPossiblyBilled: true
        )
        let silent = GenerationError(.timeoutIdle, "silence", isPossiblyBilled: true)
        let harness = SchedulerHarness(InMemoryStore(items("a", model: "cheap")), job: Self.job) { call in
            switch call.attempt {
            case 1: .fail(.overloaded)
            case 2: .fail(cut)
            case 3: .fail(silent)
            default: .say(Self.answer(100))
            }
        }
        let summary = try await harness.finish()
        let costs = harness.store.attempts(of: "a").map(\.cost?.amount)
        #expect(costs == [0, 7, nil, 100])
        #expect(summary.cost == CostSum(known: MicroDollars(107), unpricedAttempts: 1))
    }

    @Test("what answered is priced, and told once for each pair of models")
    func otherModel() async throws {
        let harness = SchedulerHarness(InMemoryStore(items("a", "b", "c", "d", model: "cheap")), job: Self.job) {
            call in
            switch call.text {
            case "a", "b": .say(Self.answer(5, from: "models/dear-001"))
            case "c": .say(Self.answer(5, from: "cheap-002"))
            default: .say(Self.answer(5, from: "unheard-of"))
            }
        }
        let summary = try await harness.finish()
        #expect(summary.cost == CostSum(known: MicroDollars(50 + 50 + 5), unpricedAttempts: 1))
        let told = harness.log.events.compactMap { event -> String? in
            guard case .otherModel(let asked, let answered, let isPriced) = event else { return nil }
            return "\(asked) \(answered) \(isPriced)"
        }
        #expect(told == ["cheap models/dear-001 true", "cheap unheard-of false"])
    }

    @Test("the tier that served counts, else the one that was asked for")
    func tiers() async throws {
        var pending = items("a", "b", model: "cheap")
        pending[0].request.config["service_tier"] = "flex"
        pending[1].request.config["service_tier"] = "flex"
        let harness = SchedulerHarness(InMemoryStore(pending), job: Self.job) { call in
            .say(Self.answer(100, tier: call.text == "a" ? .standard : nil))
        }
        _ = try await harness.finish()
        #expect(harness.store.attempts(of: "a").first?.cost?.amount == 100)
        #expect(harness.store.attempts(of: "b").first?.cost?.amount == 50)
    }

    @Test("an item of the flex tier may take longer")
    func flexTimeouts() async throws {
        var pending = items("a", "b")
        pending[0].request.config["service_tier"] = "flex"
        let harness = SchedulerHarness(InMemoryStore(pending), job: Self.job)
        _ = try await harness.finish()
        let limits = Dictionary(uniqueKeysWithValues: harness.generator.calls.map { ($0.text, $0.timeouts) })
        #expect(limits["a"] == .flex)
        #expect(limits["b"] == Timeouts())
        #expect(Timeouts.flex.firstChunk >= .seconds(900))
    }

    @Test("a shed request is tried again after minutes, and holds up nobody else of its model")
    func shed() async throws {
        let shed = GenerationError(.overloaded, "no capacity", httpStatus: 503, isShed: true)
        let harness = SchedulerHarness(InMemoryStore(items("a", "b", model: "cheap")), job: Self.job) { call in
            call.text == "a" && call.attempt < 6 ? .fail(shed) : .say(Self.answer(1))
        }
        let summary = try await harness.finish()
        #expect(summary.done == 2)
        #expect(harness.generator.texts.prefix(2) == ["a", "b"])
        #expect(summary.retries == 5)
        // Without patience five delays are 1 + 2 + 4 + 8 + 16 seconds at most.
        #expect(summary.elapsed > .seconds(31))
    }

    @Test("a run in which everything is shed for long goes on: the service is there")
    func shedForLong() async throws {
        let shed = GenerationError(.overloaded, "no capacity", httpStatus: 429, isShed: true)
        var job = Self.job
        job.retry.attempts = 20
        let harness = SchedulerHarness(InMemoryStore(items("a", "b", model: "cheap")), job: job) { call in
            call.attempt < 15 ? .fail(shed) : .say(Self.answer(1))
        }
        let summary = try await harness.finish()
        #expect(summary.ending == .completed)
        #expect(summary.done == 2)
        #expect(summary.elapsed > .seconds(600))
    }
}
