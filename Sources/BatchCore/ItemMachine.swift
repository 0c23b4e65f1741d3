/// What follows each attempt of one item in one run: decides, and leaves doing to the scheduler.
package struct ItemMachine: Sendable {
    /// What the scheduler does after an attempt.
    package enum Action: Sendable, Equatable {
        /// The answer of this turn is kept; the next turn is sent.
        case nextTurn
        case done
        /// Another attempt after a delay.
        case retry(after: Duration)
        /// Another attempt when the model's quota allows; it was not the item's fault and uses nothing up.
        case waitForGate
        /// This item and all others of its model are left for a later run.
        case deferModel
        case fail
        /// Nothing more is sent in this run; the item is pending, since the failure says nothing about it.
        case stopRun
    }

    private let turns: Int
    private let policy: RetryPolicy
    private let onTruncation: Job.TruncationPolicy
    /// The turn to send next, from 0.
    package private(set) var turn: Int
    /// Failed attempts of that turn in this run.
    private var failures = 0
    /// Those among them that were of a class with a limit of its own.
    private var limitedFailures = 0
    /// Whether the last attempt failed by the service's fault, so that the next one takes from the retry budget.
    private(set) var isRetry = false
    /// What the model is told with the next attempt, after an answer to this turn that the checks refused.
    package private(set) var repair: RepairRequest?

    package init(turns: Int, answeredTurns: Int, job: Job) {
        self.turns = turns
        turn = answeredTurns
        policy = job.retry
        onTruncation = job.onTruncation
    }

    /// Decides what follows a complete answer.
    package mutating func answered() -> Action {
        failures = 0
        limitedFailures = 0
        isRetry = false
        repair = nil
        turn += 1
        return turn < turns ? .nextTurn : .done
    }

    /// Why the job does not take a complete answer; `nil` if it does.
    ///
    /// - Parameters:
    ///   - answer: The answer. What the model broke off is refused first: it can hardly pass a check.
    ///   - check: What is wanted of it.
    /// - Returns: The failure of its attempt.
    package func refusal(of answer: Answer, by check: AnswerCheck) -> GenerationError? {
        if answer.isTruncated, onTruncation != .accept {
            return GenerationError(
                .truncated,
                "the answer was cut at the output limit (MAX_TOKENS) and on_truncation is \(onTruncation.rawValue); "
                    + "raise max_output_tokens or lower the thinking level",
                refusing: answer
            )
        }
        let problems = check.problems(in: answer)
        return problems.isEmpty ? nil : GenerationError(.check, problems.joined(separator: "; "), refusing: answer)
    }

    /// Decides what follows a failed attempt.
    ///
    /// - Parameters:
    ///   - error: What happened.
    ///   - isServiceDown: Whether others fail too, so that the item waits for the service instead of failing.
    ///   - isCapacityGone: Whether there has been no spare capacity for long, and for no item of the model.
    ///   - generator: Where jitter comes from.
    /// - Returns: What to do.
    package mutating func failed(
        _ error: GenerationError,
        isServiceDown: Bool,
        isCapacityGone: Bool = false,
        using generator: inout some RandomNumberGenerator
    ) -> Action {
        isRetry = error.isServiceTrouble
        // The plan is without this model; others may be in it.
        if error.isWithoutQuota { return .deferModel }
        let action = error.failureClass.action
        switch action {
        case .deferModel:
            return .deferModel
        case .stopRun:
            return .stopRun
        case .failItem:
            guard error.failureClass == .truncated, onTruncation == .retry else { return .fail }
        case .repair:
            return repairOrGiveUp(error)
        case .retry, .waitForGate:
            // A run does not sleep for hours, whatever the server calls the reason.
            if let delay = error.retryDelay, delay > QuotaPause.longestBelievableDelay { return .deferModel }
            if action == .waitForGate { return .waitForGate }
        }
        let next = retryOrGiveUp(error, isServiceDown: isServiceDown, using: &generator)
        guard error.isShed, next == .fail else { return next }
        // Spare capacity comes back some time, and the item is not to blame until then.
        return isCapacityGone ? .deferModel : .retry(after: policy.patient.longestDelay(using: &generator))
    }

    /// An answer is repaired once: a model that does not understand what is wrong does not understand it twice.
    private mutating func repairOrGiveUp(_ error: GenerationError) -> Action {
        failures += 1
        guard repair == nil, failures < policy.attempts else { return .fail }
        repair = RepairRequest(answer: error.partialText ?? "", problems: error.message)
        return .retry(after: .zero)
    }

    private mutating func retryOrGiveUp(
        _ error: GenerationError,
        isServiceDown: Bool,
        using generator: inout some RandomNumberGenerator
    ) -> Action {
        failures += 1
        var mayRetry = true
        if let limit = error.failureClass.attemptLimit {
            limitedFailures += 1
            mayRetry = limitedFailures < limit
        }
        if mayRetry,
            let delay = (error.isShed ? policy.patient : policy)
                .delay(afterAttempt: failures, requested: error.retryDelay, using: &generator)
        {
            return .retry(after: delay)
        }
        // Nobody was reached in all attempts: that is the network's fault, and every other item would fare the same.
        if error.failureClass == .network, !error.isPossiblyBilled { return .stopRun }
        if isServiceDown, isRetry { return .retry(after: policy.longestDelay(using: &generator)) }
        return .fail
    }
}

extension GenerationError {
    /// A failure for which an answer is to blame that came whole, and was paid for.
    fileprivate init(_ failureClass: FailureClass, _ message: String, refusing answer: Answer) {
        self.init(
            failureClass,
            message,
            partialText: answer.text,
            usage: answer.usage,
            isPossiblyBilled: true,
            modelVersion: answer.modelVersion,
            serviceTier: answer.serviceTier
        )
    }
}
