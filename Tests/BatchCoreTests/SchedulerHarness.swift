import BatchCore
import JSON
import TestSupport

/// A scheduler with a scripted model, a checkpoint in memory and time in the test's hands.
struct SchedulerHarness: Sendable {
    let clock: ManualClock
    let log = EventLog()
    let store: InMemoryStore
    let generator: ScriptedGenerator
    let scheduler: Scheduler

    init(
        _ items: [PendingItem],
        concurrency: Int = 4,
        quota: QuotaLimits = .generous,
        retry: RetryPolicy = RetryPolicy(),
        onTruncation: Job.TruncationPolicy = .accept,
        itemLimit: Int? = nil,
        clock: ManualClock = ManualClock(),
        seed: UInt64 = 1,
        script: @escaping @Sendable (ScriptedGenerator.Call) -> ScriptedGenerator.Reply = { _ in .answer }
    ) {
        self.init(
            InMemoryStore(items),
            job: Job(
                name: "test",
                limits: Limits(concurrency: concurrency, quota: quota),
                retry: retry,
                onTruncation: onTruncation
            ),
            itemLimit: itemLimit,
            clock: clock,
            seed: seed,
            script: script
        )
    }

    init(
        _ store: InMemoryStore,
        job: Job,
        register: (any QuotaRegister)? = nil,
        history: SpendingHistory = SpendingHistory(),
        itemLimit: Int? = nil,
        clock: ManualClock = ManualClock(),
        seed: UInt64 = 1,
        script: @escaping @Sendable (ScriptedGenerator.Call) -> ScriptedGenerator.Reply = { _ in .answer }
    ) {
        self.store = store
        self.clock = clock
        generator = ScriptedGenerator(clock: clock, script: script)
        scheduler = Scheduler(
            job: job,
            store: store,
            generator: generator,
            clock: clock,
            observer: log,
            register: register,
            history: history,
            itemLimit: itemLimit,
            random: SeededGenerator(seed: seed)
        )
    }

    /// Starts the run and leaves time alone.
    func start() -> Task<RunSummary, any Error> {
        Task { [scheduler] in try await scheduler.run() }
    }

    /// Gives way so often that whatever can happen without time passing has happened.
    ///
    /// For claims that nothing happens: they cannot fail wrongly however short this is.
    func settle() async {
        for _ in 0..<2000 {
            await Task.yield()
        }
    }

    /// Runs to the end, with time passing as soon as everything waits for it.
    func finish() async throws -> RunSummary {
        try await clock.driving { [scheduler] in try await scheduler.run() }
    }
}

extension QuotaLimits {
    /// For tests of other things than pace.
    static let generous = QuotaLimits(requestsPerMinute: 1_000_000_000)
}

extension PendingItem {
    /// An item of one turn whose text is its key.
    static func plain(
        _ key: String,
        number: Int64 = 1,
        model: String = "model-a",
        tier: ServiceTier = .standard
    ) -> PendingItem {
        chat(key, number: number, model: model, turns: [key], tier: tier)
    }

    static func chat(
        _ key: String,
        number: Int64 = 1,
        model: String = "model-a",
        turns: [String],
        answeredTurns: [String] = [],
        tier: ServiceTier = .standard
    ) -> PendingItem {
        PendingItem(
            id: ItemID(number),
            key: key,
            request: ItemRequest(
                model: model,
                config: tier == .standard ? [:] : ["service_tier": .string(tier.rawValue)],
                turns: turns.map { ItemRequest.Turn(text: $0) }
            ),
            answeredTurns: answeredTurns
        )
    }
}

/// Plain items with these keys, in this order.
func items(_ keys: String..., model: String = "model-a") -> [PendingItem] {
    keys.enumerated().map { .plain($1, number: Int64($0 + 1), model: model) }
}

/// Plain items with the keys `1`, `2` … as far as a count.
func items(count: Int) -> [PendingItem] {
    (1...count).map { .plain(String($0), number: Int64($0)) }
}

extension GenerationError {
    static let overloaded = GenerationError(.overloaded, "the model is overloaded", httpStatus: 503)
    static let invalid = GenerationError(.invalidRequest, "the request is not valid", httpStatus: 400)
    static let unreachable = GenerationError(.network, "cannot connect to the host")
    static let badKey = GenerationError(.auth, "the key is not valid", httpStatus: 401)
    static let daily = GenerationError(.rateDay, "the daily quota is spent", httpStatus: 429)

    static func quota(retryAfter delay: Duration? = nil) -> GenerationError {
        GenerationError(.rateMinute, "the quota of the minute is spent", httpStatus: 429, retryDelay: delay)
    }
}

extension AttemptRecord {
    var isInterrupted: Bool {
        if case .interrupted = result { true } else { false }
    }

    var isAnswered: Bool {
        if case .answered = result { true } else { false }
    }

    var failureClass: FailureClass? {
        if case .failed(let error) = result { error.failureClass } else { nil }
    }
}
