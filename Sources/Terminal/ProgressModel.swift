package import BatchCore

/// Folds the events of a run into what displays show; it is told the time and never asks for it.
package struct ProgressModel: Sendable {
    /// How far back the shown rates look.
    private static let rateSpan = Duration.seconds(10)
    /// How far back the time left looks: longer, or it would jump with every slow item.
    private static let forecastSpan = Duration.seconds(60)
    /// What must have been seen before a forecast is worth showing.
    private static let forecastMinimum = (span: Duration.seconds(5), items: 3)

    private struct Gate {
        var opensAt: Duration
        var reason: String
    }

    private let startedAt: Duration
    private let limit: Int?
    private var plan: RunPlan?
    private var attempts = InFlightList()
    private var done = 0
    private var failed = 0
    private var deferred = 0
    private var retries = 0
    private var promptTokens = 0
    private var cost = CostSum()
    /// Output of attempts that are over.
    private var settledTokens = 0
    private var failures: [FailureClass: Int] = [:]
    private var gates: [String: Gate] = [:]
    private var isStopping = false
    private var itemRate = RateWindow(span: rateSpan)
    private var tokenRate = RateWindow(span: rateSpan)
    private var forecastRate = RateWindow(span: forecastSpan)

    /// Begins with nothing known.
    ///
    /// - Parameters:
    ///   - now: The time on the clock whose moments the other methods are given.
    ///   - limit: The most items this run may start; `nil` for all.
    package init(startedAt now: Duration, limit: Int? = nil) {
        startedAt = now
        self.limit = limit
    }

    /// Takes one event in; the cost does not depend on how many items are in flight.
    package mutating func apply(_ event: RunEvent, at now: Duration) {
        switch event {
        case .planned(let plan):
            self.plan = plan
        case .itemStarted(let id, let key, let model, let attempt, let turn, let meter):
            let entry = InFlightList.Entry(
                id: id,
                key: key,
                model: model,
                attempt: attempt,
                turn: turn,
                meter: meter,
                sentAt: now
            )
            settledTokens += attempts.add(entry)?.meter.outputTokens ?? 0
        case .attemptFailed(let id, _, _, let error, _, let cost):
            retries += 1
            self.cost += cost
            settle(id, error.usage)
        case .itemDone(let id, _, let answer, _, _, let cost):
            done += 1
            self.cost += cost
            settle(id, answer.usage)
        case .itemFailed(let id, _, _, let error, let cost):
            failed += 1
            self.cost += cost
            failures[error.failureClass, default: 0] += 1
            settle(id, error.usage)
        case .itemDeferred(let id, _, _):
            deferred += 1
            settle(id, TokenUsage())
        case .itemInterrupted(let id, _):
            settle(id, TokenUsage())
        case .quotaWait(let model, let duration, let reason):
            gates[model] = Gate(opensAt: now + duration, reason: reason)
        case .otherModel:
            break
        case .stopping, .finished:
            // Nothing waits any more, and what is left is not going to be done by this run.
            gates = [:]
            isStopping = true
        }
    }

    /// Reads the meters of what is in flight and tells where the run stands.
    ///
    /// - Parameters:
    ///   - now: The time, never earlier than before.
    ///   - attemptLimit: How many of the attempts in flight to describe.
    /// - Returns: The state at this moment.
    package mutating func snapshot(at now: Duration, describing attemptLimit: Int) -> ProgressSnapshot {
        var snapshot = ProgressSnapshot()
        snapshot.elapsed = now - startedAt
        snapshot.total = plan.map { min($0.toRun, limit ?? .max) }
        snapshot.doneBefore = plan?.done ?? 0
        snapshot.done = done
        snapshot.failed = failed
        snapshot.deferred = deferred
        snapshot.inFlight = attempts.count
        snapshot.retries = retries
        snapshot.promptTokens = promptTokens
        snapshot.cost = cost
        snapshot.costCap = plan?.costCap
        snapshot.spentBefore = plan?.spentBefore ?? .zero
        snapshot.outputTokens = settledTokens + attempts.sample(at: now)
        noteRates(snapshot, at: now)
        snapshot.itemsPerSecond = itemRate.perSecond(over: .seconds(1))
        snapshot.tokensPerSecond = tokenRate.perSecond(over: .seconds(1))
        snapshot.oldest = attempts.oldest(attemptLimit).map { describe($0, at: now) }
        snapshot.failures = failures.map { .init(failureClass: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.failureClass.rawValue) < ($0.count, $1.failureClass.rawValue) }
        snapshot.quotaWaits = gates.filter { $0.value.opensAt > now }
            .map { .init(model: $0.key, remaining: $0.value.opensAt - now, reason: $0.value.reason) }
            .sorted { ($1.remaining, $0.model) < ($0.remaining, $1.model) }
        snapshot.timeLeft = timeLeft(snapshot)
        return snapshot
    }

    /// Attempts that got chunks since the last call, at most `limit`, taking turns.
    ///
    /// Their counts are those that the last snapshot read.
    mutating func announceChunks(limit: Int) -> [InFlightList.Entry] {
        attempts.announceChunks(limit: limit)
    }

    private mutating func settle(_ id: ItemID, _ usage: TokenUsage) {
        let metered = attempts.remove(id)?.meter.outputTokens ?? 0
        let isCounted = usage.outputTokens != nil || usage.thoughtTokens != nil
        settledTokens += isCounted ? (usage.outputTokens ?? 0) + (usage.thoughtTokens ?? 0) : metered
        promptTokens += usage.promptTokens ?? 0
    }

    private mutating func noteRates(_ snapshot: ProgressSnapshot, at now: Duration) {
        // Reading the job is not part of the pace.
        guard plan != nil else { return }
        itemRate.note(snapshot.settled, at: now)
        tokenRate.note(snapshot.outputTokens, at: now)
        forecastRate.note(snapshot.settled, at: now)
    }

    private func timeLeft(_ snapshot: ProgressSnapshot) -> Duration? {
        guard let total = snapshot.total, snapshot.settled >= Self.forecastMinimum.items, !isStopping,
            let rate = forecastRate.perSecond(over: Self.forecastMinimum.span), rate > 0
        else { return nil }
        let work = Duration.seconds(Double(max(0, total - snapshot.finished)) / rate)
        guard let longest = snapshot.quotaWaits.first, let shortest = snapshot.quotaWaits.last else { return work }
        // What goes on fills the waits of others; what stands still has the work yet to do after its own.
        return snapshot.inFlight > 0 ? max(work, longest.remaining) : max(work + shortest.remaining, longest.remaining)
    }

    private func describe(_ entry: InFlightList.Entry, at now: Duration) -> ProgressSnapshot.Attempt {
        ProgressSnapshot.Attempt(
            key: entry.key,
            number: entry.attempt,
            turn: entry.turn,
            outputTokens: entry.tokens,
            age: now - entry.sentAt,
            silence: entry.lastChunkAt.map { now - $0 }
        )
    }
}
