/// Why an attempt gave no usable answer; each class has one declared action.
package enum FailureClass: String, Sendable, CaseIterable {
    case invalidRequest = "invalid_request"
    case auth
    case notFound = "not_found"
    case rateMinute = "rate_minute"
    case rateDay = "rate_day"
    case rateUnknown = "rate_unknown"
    case overloaded
    case server
    case network
    case tls
    case timeoutFirstChunk = "timeout_first_chunk"
    case timeoutIdle = "timeout_idle"
    case timeoutItem = "timeout_item"
    case cutStream = "cut_stream"
    case malformed
    case tooLarge = "too_large"
    case blockedPrompt = "blocked_prompt"
    case safety
    case recitation
    case truncated
    case runaway
    case empty
    case check
    case media
}

/// What follows a failed attempt.
package enum FailureAction: String, Sendable {
    /// Another attempt after a growing, jittered delay.
    case retry
    /// One further attempt that tells the model what was wrong with its answer; then the item fails.
    case repair
    /// All items of the model wait until the quota allows more; no attempt is used up.
    case waitForGate = "wait_for_gate"
    /// The model's other items are deferred to a later run, other models go on.
    case deferModel = "defer_model"
    /// The item fails; repeating would give the same.
    case failItem = "fail_item"
    /// Nothing more is sent: every item would fail the same way.
    case stopRun = "stop_run"
}

extension FailureClass {
    /// The one table of what follows which failure.
    package var action: FailureAction {
        switch self {
        case .overloaded, .server, .network, .timeoutFirstChunk, .timeoutIdle, .cutStream, .malformed, .runaway, .empty:
            .retry
        case .check:
            .repair
        case .rateMinute, .rateUnknown:
            .waitForGate
        case .rateDay:
            .deferModel
        case .auth, .notFound, .tls:
            .stopRun
        case .invalidRequest, .timeoutItem, .tooLarge, .blockedPrompt, .safety, .recitation, .truncated, .media:
            .failItem
        }
    }

    /// Whether the service, or the way to it, failed: nothing that the item could help.
    package var isServiceTrouble: Bool {
        switch self {
        case .overloaded, .server, .network, .timeoutFirstChunk, .timeoutIdle, .cutStream: true
        default: false
        }
    }

    /// The most attempts for failures that are billed each time; others follow the job's `retry.attempts` alone.
    package var attemptLimit: Int? {
        switch self {
        case .empty, .malformed, .truncated: 3
        case .runaway: 2
        default: nil
        }
    }
}
