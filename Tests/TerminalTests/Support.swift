import BatchCore
import Foundation
import JSON
import Synchronization

@testable import Terminal

/// A clock that moves only by hand.
final class ManualClock: RunClock {
    /// 2026-11-22T17:33:05Z.
    static let unixStart: Int64 = 1_795_368_785_000

    private let time = Mutex(Duration.seconds(1000))

    func now() -> Duration { time.withLock { $0 } }

    func unixMilliseconds() -> Int64 {
        Self.unixStart + Int64((now() - .seconds(1000)) / .milliseconds(1))
    }

    func sleep(until moment: Duration) async throws {
        throw CancellationError()
    }

    func advance(by duration: Duration) {
        time.withLock { $0 += duration }
    }
}

extension NextCommands {
    static let sample = NextCommands(
        resume: "genbatch resume job.yaml",
        export: "genbatch export job.yaml",
        failures: "genbatch failures job.yaml"
    )
}

/// Events of made-up items, numbered from 1.
extension RunEvent {
    static func planned(new: Int, done: Int = 0) -> RunEvent {
        var plan = RunPlan()
        plan.new = new
        plan.done = done
        return .planned(plan)
    }

    static func started(
        _ number: Int,
        key: String? = nil,
        attempt: Int = 1,
        turn: Int = 0,
        meter: StreamMeter = StreamMeter()
    ) -> RunEvent {
        .itemStarted(
            ItemID(Int64(number)),
            key: key ?? "item-\(number)",
            model: "gemini-x",
            attempt: attempt,
            turn: turn,
            meter: meter
        )
    }

    static func done(_ number: Int, usage: TokenUsage = TokenUsage()) -> RunEvent {
        let answer = Answer(text: "yes", parts: "[]", finishReason: "STOP", usage: usage)
        let timings = AttemptTimings(startedAtMilliseconds: 0, firstChunk: .milliseconds(612), total: .seconds(3))
        return .itemDone(
            ItemID(Int64(number)),
            key: "item-\(number)",
            answer: answer,
            attempts: 1,
            timings: timings,
            cost: CostSum(known: MicroDollars(1500))
        )
    }

    static func failed(
        _ number: Int,
        _ failureClass: FailureClass = .safety,
        message: String = "the answer was blocked"
    ) -> RunEvent {
        let error = GenerationError(failureClass, message)
        return .itemFailed(ItemID(Int64(number)), key: "item-\(number)", attempts: 1, error: error, cost: CostSum())
    }

    static func retried(_ number: Int, usage: TokenUsage = TokenUsage()) -> RunEvent {
        let error = GenerationError(.overloaded, "overloaded", usage: usage)
        return .attemptFailed(
            ItemID(Int64(number)),
            key: "item-\(number)",
            attempt: 1,
            error: error,
            retryIn: .seconds(1),
            cost: CostSum()
        )
    }
}

/// A pipe of which the test reads what was written to the other end.
final class TestPipe {
    let pipe = Pipe()

    var writeDescriptor: Int32 { pipe.fileHandleForWriting.fileDescriptor }

    /// All that was written; closes the writing end first.
    func readAll() throws -> String {
        try pipe.fileHandleForWriting.close()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        return String(decoding: data, as: UTF8.self)
    }
}
