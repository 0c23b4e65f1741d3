import BatchCore
import GenAIGenerating
import TestSupport

/// Time for the limiter that runs many times as fast as the machine's.
///
/// It moves in small steps, and only while nothing is under way between client and service: a machine that is busy slows it
/// down, and neither side notices.
struct FastTime: Sendable {
    /// Seconds of the limiter in one of the service.
    static let speed = 60
    private static let step = Duration.milliseconds(4)

    let clock = ManualClock()
    /// Requests and answers that have left one side and not reached the other.
    private let underWay = Watched(0)

    /// The same moment on the service's own clock.
    var slow: Duration { clock.now() / Self.speed }

    func left() {
        underWay.change { $0 += 1 }
    }

    func arrived() {
        underWay.change { $0 -= 1 }
    }

    /// Lets time pass as long as the body runs.
    func passing<Result: Sendable>(during body: @Sendable () async throws -> Result) async throws -> Result {
        let driver = Task {
            while true {
                // Waits for nobody: the service keeps the machine's time, and this one has to pass in step with it.
                try await Task.sleep(for: Self.step)
                try await underWay.wait { $0 == 0 }
                clock.advance(by: Self.step * Self.speed)
            }
        }
        defer { driver.cancel() }
        return try await body()
    }
}

/// Tells the time when something is under way, and hands the service's delays to a limiter whose time is fast.
struct FastGenerator: Generating {
    let base: GenAIGenerator
    let time: FastTime

    func generate(_ request: GenerationRequest, meter: StreamMeter) async throws -> GenerationResult {
        time.left()
        defer { time.arrived() }
        do {
            return try await base.generate(request, meter: meter)
        } catch var error as GenerationError {
            error.retryDelay = error.retryDelay.map { $0 * FastTime.speed }
            throw error
        }
    }
}
