import BatchCore
import Checkpointing
import JobFiles
import Synchronization

/// From a pending item to its answer on the disk: scheduler and checkpoint, with a model that answers at once.
struct CommitPath {
    /// How much slower things are while their instructions are counted: what waits for company is to get it all the same.
    private static let slowness = 50

    private let folder: String
    private var job: Job

    init(_ folder: String) throws {
        self.folder = folder
        job = try JobFile.load(path: DataFile.path("jsonl.yaml", in: folder)).job
        job.prices = PriceTable(layers: [try PriceFile.shipped()])
        job.limits.concurrency = 64
        job.limits.quota.requestsPerMinute = QuotaLimits.maximum
    }

    /// Runs items of the checkpoint, which must have so many pending ones.
    func run(_ units: Int) async throws -> Int {
        let path = DataFile.path(DataFile.checkpoint, in: folder)
        var policy = CommitPolicy()
        policy.beginDelay *= Self.slowness
        policy.recordDelay *= Self.slowness
        let checkpoint = try SQLiteCheckpoint(path: path, createIfMissing: false, policy: policy)
        _ = try checkpoint.reopen()
        try await checkpoint.startRun(version: "0")
        let scheduler = Scheduler(
            job: job,
            store: checkpoint,
            generator: InstantGenerator(),
            clock: CountedClock(),
            observer: SilentObserver(),
            itemLimit: units
        )
        let summary = try await scheduler.run()
        try await checkpoint.finishRun(summary)
        await checkpoint.close()
        return summary.done
    }
}

private struct InstantGenerator: Generating {
    private static let result = GenerationResult(
        answer: Answer(
            text: String(repeating: "The tide comes in, and the tide goes out. ", count: 50),
            finishReason: "STOP",
            usage: TokenUsage(promptTokens: 11, outputTokens: 500, thoughtTokens: 100, totalTokens: 611),
            modelVersion: "gemini-2.5-flash",
            responseID: "mAitaLmkHPPlz7IPvtfUuQ4"
        ),
        firstChunk: .milliseconds(1)
    )

    func generate(_ request: GenerationRequest, meter: StreamMeter) async throws -> GenerationResult {
        Self.result
    }
}

/// Time that passes only when somebody looks or waits, so that every run sees the same.
private final class CountedClock: RunClock {
    private let microseconds = Atomic(0)

    func now() -> Duration {
        .microseconds(microseconds.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    func unixMilliseconds() -> Int64 { 1_795_371_234_567 }

    func sleep(until moment: Duration) async throws {
        microseconds.max(Int(moment / .microseconds(1)), ordering: .relaxed)
    }
}

private struct SilentObserver: RunObserver {
    func observe(_ event: RunEvent) {}
}
