import BatchCore
import Foundation
import GeminiSimulator
import GenAI
import GenAIGenerating
import JSON
import TestSupport
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A scenario over real sockets: schedulers with the client against the simulator, whose minute is a few seconds.
struct SocketRun {
    private let scenario: QuotaScenario
    private let service: SimulatedService
    private let time = FastTime()
    private let counts: [SuccessCount]

    init(_ scenario: QuotaScenario) {
        self.scenario = scenario
        service = scenario.service()
        counts = (0..<scenario.processes).map { _ in SuccessCount() }
    }

    /// Runs it for half an hour of the limiter's time.
    ///
    /// - Returns: The answers as the schedulers counted them, and the rest as the simulator did.
    func run() async throws -> QuotaSimulation.Outcome {
        let simulator = try await Simulator.start(configuration())
        do {
            let outcome = try await run(against: simulator.baseURL)
            try await simulator.shutdown()
            return outcome
        } catch {
            try await simulator.shutdown()
            throw error
        }
    }

    private func run(against baseURL: String) async throws -> QuotaSimulation.Outcome {
        let schedulers = try (0..<scenario.processes).map { try scheduler($0, against: baseURL) }
        return try await time.passing {
            try await withThrowingTaskGroup(of: RunSummary.self) { group in
                for scheduler in schedulers {
                    group.addTask { try await scheduler.run() }
                }
                try await time.clock.sleep(until: .seconds(QuotaSimulation.halfAnHour / 2))
                let early = counts.map(\.value)
                try await time.clock.sleep(until: .seconds(QuotaSimulation.halfAnHour))
                var outcome = try await outcome(early: early, at: baseURL)
                for scheduler in schedulers {
                    scheduler.abort()
                }
                for try await summary in group {
                    outcome.lost += summary.failed
                    #expect(summary.ending == .interrupted, "the items did not last: \(summary)")
                    #expect(summary.deferred == 0)
                }
                return outcome
            }
        }
    }

    // MARK: The two sides

    private func configuration() throws -> SimulatorConfiguration {
        var configuration = SimulatorConfiguration()
        let speed = Double(FastTime.speed)
        // The service asks for the time of each request that has arrived, and tells of each whose answer leaves.
        configuration.time = { [time] in
            time.arrived()
            return time.slow
        }
        configuration.log = { [time] _ in time.left() }
        configuration.quota = RequestQuota(
            stages: service.stages.map { .init(start: .seconds($0.start / speed), limit: $0.limit) },
            window: .seconds(60 / speed)
        )
        let rules = service.troubles.map { trouble in
            """
            {"fromMilliseconds": \(Int(trouble.start * 1000 / speed)), \
            "untilMilliseconds": \(Int(trouble.end * 1000 / speed)), "probability": \(trouble.share), \
            "fault": {"kind": "status", "status": 503}}
            """
        }
        configuration.script = try FaultScript(parsing: Array("{\"rules\": [\(rules.joined(separator: ","))]}".utf8))
        configuration.firstChunkLatency = .seconds(service.latency / speed)
        configuration.jitter = 0.5
        configuration.chunks = 1
        return configuration
    }

    private func scheduler(_ process: Int, against baseURL: String) throws -> Scheduler {
        let concurrency = QuotaSimulation.concurrency
        let options = HTTPOptions(baseURL: baseURL, concurrency: concurrency)
        let client = try Client(apiKey: "AIza-test-key", options: options)
        let uploads = MediaUploads(client: client, register: InMemoryUploadRegister(), clock: time.clock)
        return Scheduler(
            job: Job(name: "agreement", limits: Limits(concurrency: concurrency)),
            store: InMemoryStore(items(of: process)),
            generator: FastGenerator(base: GenAIGenerator(client: client, uploads: uploads), time: time),
            clock: time.clock,
            observer: counts[process],
            random: SeededGenerator(seed: UInt64(process + 1))
        )
    }

    /// More than enough, whatever its share.
    private func items(of process: Int) -> [PendingItem] {
        let count = Int(service.quotaIntegral(until: QuotaSimulation.halfAnHour))
        return (1...count).map { number in
            let turn = ItemRequest.Turn(text: "Question \(number) of \(process)")
            return PendingItem(
                id: ItemID(Int64(number)),
                key: String(number),
                request: ItemRequest(model: "m", turns: [turn])
            )
        }
    }

    // MARK: What came of it

    /// Counts; no time passes any more, since the service takes its answers to this for some that the client waits for.
    private func outcome(early: [Int], at baseURL: String) async throws -> QuotaSimulation.Outcome {
        let successes = counts.map(\.value)
        let late = zip(successes, early).map { $0 - $1 }
        var outcome = QuotaSimulation.Outcome(successes: successes, lateSuccesses: late)
        let totals = try #require(try await get("\(baseURL)/simulator/requests?match=none")["totals"])
        outcome.refusals = Int(totals["statuses"]?["429"]?.int64 ?? 0)
        outcome.outages = Int(totals["statuses"]?["503"]?.int64 ?? 0)
        outcome.quota = Double(try #require(try await get("\(baseURL)/simulator/stats")["quota"]?["allowed"]?.int64))
        return outcome
    }

    private func get(_ address: String) async throws -> JSONValue {
        let (data, _) = try await URLSession.shared.data(from: try #require(URL(string: address)))
        return try JSONValue(parsing: Array(data))
    }
}

/// Counts the answers of one scheduler.
private final class SuccessCount: RunObserver {
    private let count = Tally()

    var value: Int { count.value }

    func observe(_ event: RunEvent) {
        if case .itemDone = event {
            count.raise()
        }
    }
}
