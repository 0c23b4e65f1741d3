@testable import BatchCore

/// The retry of Google's SDK when it is switched on: five attempts, 1 s doubling to 60 s and up to a second on top; what
/// the server says about the delay is ignored.
struct SDKRetryPolicy: PacingPolicy {
    let sleepsInSlot = true

    mutating func failed(
        _ error: GenerationError,
        attempt: Int,
        sentAt: Double,
        now: Double,
        random: inout some RandomNumberGenerator
    ) -> PolicyFollowUp {
        guard attempt < 5 else { return .lost }
        let delay = min(60, Double(1 << (attempt - 1))) + Double.random(in: 0...1, using: &random)
        return .retry(at: now + delay, usesAttempt: true)
    }
}

/// Full jitter: eight attempts, each after a random part of 1 s doubling to 60 s.
struct FullJitterPolicy: PacingPolicy {
    let sleepsInSlot = true

    mutating func failed(
        _ error: GenerationError,
        attempt: Int,
        sentAt: Double,
        now: Double,
        random: inout some RandomNumberGenerator
    ) -> PolicyFollowUp {
        guard attempt < 8 else { return .lost }
        let ceiling = min(60, Double(1 << (attempt - 1)))
        return .retry(at: now + Double.random(in: 0...ceiling, using: &random), usesAttempt: true)
    }
}

/// Each request sleeps for itself as long as the server says, ten seconds if it says nothing, and tries again for ever.
struct SleepingPolicy: PacingPolicy {
    let sleepsInSlot = true

    mutating func failed(
        _ error: GenerationError,
        attempt: Int,
        sentAt: Double,
        now: Double,
        random: inout some RandomNumberGenerator
    ) -> PolicyFollowUp {
        .retry(at: now + (error.retryDelay?.inSeconds ?? 10), usesAttempt: true)
    }
}

/// Congestion control as in TCP, on the number of requests in flight: one more per round, half after a failure.
struct WindowPolicy: PacingPolicy {
    let sleepsInSlot = false
    private var window = 10.0
    private var inFlight = 0
    private var lastCut = -Double.infinity

    mutating func admit(inputTokens: Int, isRetry: Bool, now: Double) -> PolicyAdmission {
        guard Double(inFlight) < window else { return .wait(until: nil) }
        inFlight += 1
        return .now
    }

    mutating func answered(sentAt: Double, wasRetry: Bool, extraTokens: Int) {
        inFlight -= 1
        window += 1 / window
    }

    mutating func failed(
        _ error: GenerationError,
        attempt: Int,
        sentAt: Double,
        now: Double,
        random: inout some RandomNumberGenerator
    ) -> PolicyFollowUp {
        inFlight -= 1
        if sentAt > lastCut {
            lastCut = now
            window = max(1, window / 2)
        }
        let ceiling = min(60, Double(1 << min(attempt - 1, 6)))
        return .retry(at: now + Double.random(in: 0...ceiling, using: &random), usesAttempt: true)
    }
}
