import BatchCore
import GenAIGenerating
import TestSupport

/// Time for the limiter that runs many times as fast as the machine's.
///
/// It moves in small steps that are never made up for: a machine that is too busy to make them in time slows it down, so
/// that client and server miss nothing by it.
struct FastTime: Sendable {
    /// Seconds of the limiter in one of the service.
    static let speed = 30
    private static let step = Duration.milliseconds(4)

    let clock = ManualClock()

    /// The same moment on the service's own clock.
    @Sendable func slow() -> Duration {
        clock.now() / Self.speed
    }

    /// Lets time pass as long as the body runs.
    func passing<Result: Sendable>(during body: @Sendable () async throws -> Result) async throws -> Result {
        let driver = Task {
            var last = SuspendingClock.now
            while true {
                try await Task.sleep(for: Self.step, clock: .suspending)
                let now = SuspendingClock.now
                clock.advance(by: min(last.duration(to: now), Self.step * 2) * Self.speed)
                last = now
            }
        }
        defer { driver.cancel() }
        return try await body()
    }
}

/// Hands the service's delays to a limiter whose time is fast.
struct FastGenerator: Generating {
    let base: GenAIGenerator

    func generate(_ request: GenerationRequest, meter: StreamMeter) async throws -> GenerationResult {
        do {
            return try await base.generate(request, meter: meter)
        } catch var error as GenerationError {
            error.retryDelay = error.retryDelay.map { $0 * FastTime.speed }
            throw error
        }
    }
}
