@testable import BatchCore

/// When requests go and what follows their failures, as a simulation sees it; times are in seconds.
protocol PacingPolicy {
    /// Whether an item that waits for another attempt keeps its slot meanwhile.
    var sleepsInSlot: Bool { get }
    /// When its process begins.
    var start: Double { get }
    mutating func admit(inputTokens: Int, isRetry: Bool, now: Double) -> PolicyAdmission
    mutating func answered(sentAt: Double, wasRetry: Bool, extraTokens: Int)
    mutating func failed(
        _ error: GenerationError,
        attempt: Int,
        sentAt: Double,
        now: Double,
        random: inout some RandomNumberGenerator
    ) -> PolicyFollowUp
}

/// What most policies do: they send as much as they have slots for, and learn nothing from success.
extension PacingPolicy {
    var start: Double { 0 }

    mutating func admit(inputTokens: Int, isRetry: Bool, now: Double) -> PolicyAdmission {
        .now
    }

    mutating func answered(sentAt: Double, wasRetry: Bool, extraTokens: Int) {}
}

enum PolicyAdmission {
    case now
    case wait(until: Double?)
}

enum PolicyFollowUp {
    case retry(at: Double, usesAttempt: Bool)
    /// The item fails.
    case lost
    /// The rest is for a later run.
    case stop
}

/// Ours: the limiter with the job's retry policy, put together as the scheduler does it.
struct LimiterPolicy: PacingPolicy {
    private var limiter: RateLimiter
    private let retry = RetryPolicy()
    let sleepsInSlot = false
    let start: Double

    init(limits: QuotaLimits = QuotaLimits(), learned: LearnedQuota = LearnedQuota(), start: Double = 0) {
        limiter = RateLimiter(
            limits: limits,
            learned: learned,
            concurrency: QuotaSimulation.concurrency,
            now: .seconds(start)
        )
        self.start = start
    }

    mutating func admit(inputTokens: Int, isRetry: Bool, now: Double) -> PolicyAdmission {
        switch limiter.admit(inputTokens: inputTokens, isRetry: isRetry, now: .seconds(now)) {
        case .now: .now
        case .wait(let until): .wait(until: until?.inSeconds)
        case .spentForToday: .wait(until: nil)
        }
    }

    mutating func answered(sentAt: Double, wasRetry: Bool, extraTokens: Int) {
        limiter.answered(sentAt: .seconds(sentAt), wasRetry: wasRetry, extraTokens: extraTokens)
    }

    mutating func failed(
        _ error: GenerationError,
        attempt: Int,
        sentAt: Double,
        now: Double,
        random: inout some RandomNumberGenerator
    ) -> PolicyFollowUp {
        if error.failureClass == .overloaded {
            limiter.ended()
            let delay = retry.delay(
                afterAttempt: limiter.isServiceDown(now: .seconds(now)) ? min(attempt, retry.attempts - 1) : attempt,
                requested: error.retryDelay,
                using: &random
            )
            return delay.map { .retry(at: now + $0.inSeconds, usesAttempt: true) } ?? .lost
        }
        let refusal = limiter.refused(
            error,
            sentAt: .seconds(sentAt),
            now: .seconds(now),
            jitter: Double.random(in: 0...1, using: &random)
        )
        return switch refusal {
        case .wait(let until, _): .retry(at: until.inSeconds, usesAttempt: false)
        case .leaveForLater: .stop
        }
    }
}
