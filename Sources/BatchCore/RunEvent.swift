/// What happens in a run, for displays and event streams.
///
/// Items are announced as done or failed after their commit. Costs are what the attempts since the last event about the
/// item cost: the turns of a chat have no events of their own.
///
/// By reference: they are handed on many times.
package indirect enum RunEvent: Sendable {
    /// Before the first request: how the job and the checkpoint compare.
    case planned(RunPlan)
    case itemStarted(ItemID, key: String, model: String, attempt: Int, turn: Int, meter: StreamMeter)
    /// An attempt failed and the item will be tried again: after its own delay, or when its model's quota allows.
    case attemptFailed(ItemID, key: String, attempt: Int, error: GenerationError, retryIn: Duration, cost: CostSum)
    case itemDone(ItemID, key: String, answer: Answer, attempts: Int, timings: AttemptTimings, cost: CostSum)
    case itemFailed(ItemID, key: String, attempts: Int, error: GenerationError, cost: CostSum)
    /// The item cannot run now; the next run takes it up.
    case itemDeferred(ItemID, key: String, reason: String)
    /// An attempt was cut by our own stop; the item is pending again.
    case itemInterrupted(ItemID, key: String)
    /// The model's items wait for quota.
    case quotaWait(model: String, duration: Duration, reason: String)
    /// Another model than the one that was asked has answered; told once in a run for each pair.
    case otherModel(asked: String, answered: String, isPriced: Bool)
    /// A stop was asked for: nothing new is sent.
    case stopping(inFlight: Int)
    case finished(RunSummary)
}

/// How a job compares with its checkpoint before a run.
///
/// Every item of the job is in exactly one of the first six.
package struct RunPlan: Sendable, Equatable {
    /// Not in the checkpoint before.
    package var new = 0
    /// Known under this key with another content: runs again, the old answer stays in the history.
    package var changed = 0
    /// Known and not finished: left over from an earlier run.
    package var pending = 0
    package var done = 0
    package var failed = 0
    package var deferred = 0
    /// In the checkpoint but no longer in the job; not part of ``total``.
    package var orphaned = 0
    /// Items that were in flight when an earlier run died, and so may be billed twice.
    package var possiblyBilledTwice = 0
    /// What the command line chose; `nil` if it is the whole job.
    package var choice: Choice?
    /// What all runs of the job may cost; `nil` if nothing says so.
    package var costCap: MicroDollars?
    /// What earlier runs cost, as far as it is known; told if there is a cap.
    package var spentBefore = MicroDollars.zero
    /// What sending it is likely to take; `nil` if nobody has worked it out.
    package var forecast: Forecast?

    package init() {}

    package var total: Int { new + changed + pending + done + failed + deferred }
    /// What is not finished.
    package var unfinished: Int { new + changed + pending + deferred }
    /// What this run will send.
    package var toRun: Int { choice?.toRun ?? unfinished }

    /// The items that were chosen, by what they are; the others are left as they are.
    package struct Choice: Sendable, Equatable {
        package var toRun = 0
        package var done = 0
        package var failed = 0

        package init() {}
    }
}

/// How a run ended.
package struct RunSummary: Sendable, Equatable {
    package enum Ending: Sendable, Equatable {
        /// Everything that could run has run.
        case completed
        /// `--limit` was reached.
        case limitReached
        /// The time that the run may take is over; the rest is pending.
        case outOfTime
        /// A signal asked for it; the rest is pending.
        case interrupted
        /// Every further item would fail the same way.
        case stopped(GenerationError)
    }

    package var ending = Ending.completed
    /// Items finished in this run, by what became of them.
    package var done = 0
    package var failed = 0
    package var deferred = 0
    package var interrupted = 0
    package var failuresByClass: [FailureClass: Int] = [:]
    package var requests = 0
    package var retries = 0
    package var usage = TokenUsage()
    /// The models whose items were left for a later run, with the reason.
    package var closedModels: [String: GenerationError] = [:]
    /// The cap on spending that was reached.
    package var cap: Cap?
    /// By how much a cap may have been exceeded at most; `nil` if nothing is capped.
    package var mostBeyondCap: Spending?
    /// What all attempts of the run cost, failed ones included.
    package var cost = CostSum()
    /// The day of the prices that it was worked out with, as `2026-11-19`.
    package var priceDate: String?
    package var elapsed = Duration.zero
    /// What the checkpoint has after the run; `nil` if it was not asked.
    package var balance: ItemBalance?

    package init() {}

    /// Why items were left for a later run: a reason for each model, and one for a cap.
    package var reasonsForDeferral: [String] {
        let models = closedModels.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.message)" }
        return models + [cap?.message].compactMap(\.self)
    }
}
