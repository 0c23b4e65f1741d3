/// Keeps a bounded number of items in flight until the job has nothing left to run.
///
/// Items come from the checkpoint in windows, so memory does not grow with the job. Items that wait for a retry or for
/// quota hold no slot, and their number is bounded too, as is that of answers on their way to the disk. Every
/// announcement follows the commit of what it announces.
///
/// One scheduler carries out one run.
package actor Scheduler {
    let job: Job
    let store: any CheckpointStore
    let generator: any Generating
    let clock: any RunClock
    let observer: any RunObserver
    private let register: (any QuotaRegister)?
    /// The most items that wait for their moment, and the most that wait for their commit.
    private let longestQueue: Int
    private var random: any RandomNumberGenerator & Sendable

    private var backlog: Backlog
    /// Items that hold a slot.
    private var inFlight = 0
    /// Items on their way: in flight, or with a commit under way.
    private var unsettled = 0
    private var breaker = OutageBreaker()
    private var isStopping = false
    private var isAborted = false
    private var checkpointError: (any Error)?
    private var summary = RunSummary()
    private var answeringModels = AnsweringModels()
    /// Workers without work: the last one first, whose memory is still at hand.
    private var idle: [CheckedContinuation<Lane.Next?, Never>] = []
    /// Whether there will be no work any more.
    private var isOver = false
    private var changeSignal: CheckedContinuation<Void, Never>?
    private var hasChanged = false
    private var alarm: (due: Duration, task: Task<Void, Never>)?

    /// - Parameters:
    ///   - job: Its limits and policies are followed.
    ///   - store: Where items come from and results go.
    ///   - generator: Who answers.
    ///   - clock: Time.
    ///   - observer: Who is told.
    ///   - register: What is known of quotas from other runs, and for others; `nil` for nothing.
    ///   - history: What earlier runs of the job spent; needed only if its spending is limited.
    ///   - itemLimit: The most items to start; `nil` for all.
    ///   - random: Where jitter comes from.
    package init(
        job: Job,
        store: any CheckpointStore,
        generator: any Generating,
        clock: any RunClock,
        observer: any RunObserver,
        register: (any QuotaRegister)? = nil,
        history: SpendingHistory = SpendingHistory(),
        itemLimit: Int? = nil,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.job = job
        self.store = store
        self.generator = generator
        self.clock = clock
        self.observer = observer
        self.register = register
        self.random = random
        longestQueue = max(64, 4 * job.limits.concurrency)
        backlog = Backlog(
            job: job,
            longestWait: longestQueue,
            itemLimit: itemLimit ?? .max,
            budget: Budget(
                limits: job.limits.spending,
                shared: job.limits.sharedSpending,
                prices: job.prices,
                history: history,
                at: clock.unixMilliseconds()
            )
        )
    }

    /// Runs everything that is pending; called once.
    ///
    /// Cancelling the task is the same as ``abort()``.
    ///
    /// - Returns: What became of it, after the last commit.
    /// - Throws: What the checkpoint threw. Nothing more is sent then.
    package func run() async throws -> RunSummary {
        let start = clock.now()
        noteSpendingOfAll()
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                await runItems(in: &group)
            }
        } onCancel: {
            // The loop may be waiting for something that comes in a minute; it looks for the cancellation itself.
            Task { await signalChange() }
        }
        alarm?.task.cancel()
        for lane in backlog.lanes {
            notePace(of: lane)
        }
        if let checkpointError {
            throw checkpointError
        }
        if summary.ending == .completed, backlog.isCutByLimit,
            try await !store.pendingItems(after: nil, limit: 1, of: .all).isEmpty
        {
            summary.ending = .limitReached
        }
        summary.elapsed = clock.now() - start
        summary.priceDate = job.prices.date
        return summary
    }

    /// Starts nothing new and lets what is in flight come to its end.
    package func stop() {
        guard !isStopping else { return }
        end(.interrupted)
        observer.observe(.stopping(inFlight: inFlight))
    }

    /// Starts nothing new because the time of the run is over.
    package func stopForTime() {
        end(.outOfTime)
    }

    /// Cuts what is in flight; those items are pending again.
    package func abort() {
        stop()
        isAborted = true
        signalChange()
    }

    // MARK: What to send next

    private func runItems(in group: inout DiscardingTaskGroup) async {
        while true {
            // Once: it signals a change, and a loop that signals itself would never let go of the actor.
            if Task.isCancelled, !isAborted {
                abort()
            }
            do {
                try await startItems(in: &group)
            } catch {
                stopForCheckpoint(error)
            }
            if isAborted {
                group.cancelAll()
            }
            if unsettled == 0, isStopping || backlog.isEmpty {
                return sendWorkersHome()
            }
            await waitForChange()
        }
    }

    /// Whether one more item may be on its way.
    private var hasRoom: Bool {
        !isStopping && inFlight < job.limits.concurrency && unsettled - inFlight < longestQueue
    }

    /// Starts all items that may be sent now.
    private func startItems(in group: inout DiscardingTaskGroup) async throws {
        while hasRoom {
            noteSpendingOfAll()
            if let next = backlog.next(at: clock.moment) {
                start(next, in: &group)
            } else if let missing = backlog.missing {
                let items = try await store.pendingItems(
                    after: missing.after,
                    limit: missing.count,
                    of: missing.models
                )
                for request in backlog.newModels(in: items) {
                    let learned = await register?.quota(of: request.model, tier: request.serviceTier)
                    backlog.openLane(
                        of: request.model,
                        tier: request.serviceTier,
                        learned: learned ?? LearnedQuota(),
                        now: clock.moment
                    )
                }
                backlog.refill(with: items, for: missing)
            } else {
                return
            }
        }
    }

    private func start(_ next: Lane.Next, in group: inout DiscardingTaskGroup) {
        unsettled += 1
        switch next {
        case .send:
            inFlight += 1
        case .postpone(let work, .refused(let error)):
            summary.closedModels[work.item.request.model] = error
        case .postpone(_, .capped(let cap)):
            summary.cap = cap
        }
        if let worker = idle.popLast() {
            worker.resume(returning: next)
        } else {
            group.addTask { await self.work(beginningWith: next) }
        }
    }

    /// Waits for more work; `nil` if there is none any more.
    func nextWork() async -> Lane.Next? {
        if isOver { return nil }
        return await withCheckedContinuation { idle.append($0) }
    }

    private func sendWorkersHome() {
        isOver = true
        for worker in idle {
            worker.resume(returning: nil)
        }
        idle = []
    }

    // MARK: What follows from an attempt

    /// Whether an item that was begun is still to be sent: a stop may have come while its commit was under way.
    func maySend() -> Bool {
        guard !isStopping, !Task.isCancelled else {
            release()
            return false
        }
        summary.requests += 1
        return true
    }

    /// Decides what follows from an attempt, and frees the slot: waiting for the disk is not being in flight.
    func conclude(_ attempt: AttemptRecord, sentAt: Duration, of sent: Work) -> Conclusion {
        var work = sent
        account(for: attempt, of: work.item.request)
        backlog.settle(work, attempt)
        work.untoldCost.add(attempt.cost)
        let conclusion =
            switch attempt.result {
            case .answered(let answer): conclude(answer, attempt, sentAt: sentAt, of: &work)
            case .failed(let error): conclude(error, attempt, sentAt: sentAt, of: &work)
            case .interrupted: interrupted(work)
            }
        // The next turn of a chat goes on in the slot that it has.
        if case .nextTurn = conclusion.aftermath { return conclusion }
        release()
        return conclusion
    }

    private func noteSpendingOfAll() {
        guard !job.limits.sharedSpending.isEmpty, let spent = register?.spentByAll() else { return }
        backlog.note(spentByAllToday: spent.day, inMonth: spent.month)
    }

    private func account(for attempt: AttemptRecord, of request: ItemRequest) {
        summary.cost.add(attempt.cost)
        if attempt.reachedService {
            let reserved = attempt.spending.cost - (attempt.cost ?? .zero)
            let use = QuotaNote.used(attempt.usage ?? TokenUsage(), cost: attempt.cost, reserved: reserved)
            register?.note(use, of: request.model, tier: request.serviceTier)
        }
        guard let answered = attempt.modelVersion,
            answeringModels.isNews(answered, askedFor: request.model)
        else { return }
        observer.observe(.otherModel(asked: request.model, answered: answered, isPriced: attempt.cost != nil))
    }

    private func conclude(
        _ answer: Answer,
        _ attempt: AttemptRecord,
        sentAt: Duration,
        of work: inout Work
    ) -> Conclusion {
        summary.usage += answer.usage
        let (sent, wasRetry) = (work, work.machine.isRetry)
        backlog.withLane(of: work) { $0.answered(sent, usage: answer.usage, wasRetry: wasRetry, sentAt: sentAt) }
        breaker.reached(now: clock.now())
        if work.machine.answered() == .nextTurn {
            work.item.answeredTurns.append(answer.parts)
            return Conclusion(state: .pending, event: nil, aftermath: .nextTurn(work))
        }
        let event = RunEvent.itemDone(
            work.item.id,
            key: work.item.key,
            answer: answer,
            attempts: attempt.number,
            timings: attempt.timings,
            cost: work.untoldCost
        )
        return Conclusion(state: .done, event: event, aftermath: .done)
    }

    private func conclude(
        _ error: GenerationError,
        _ attempt: AttemptRecord,
        sentAt: Duration,
        of work: inout Work
    ) -> Conclusion {
        let (id, key) = (work.item.id, work.item.key)
        summary.usage += error.usage
        func tryAgain(at due: Duration) -> Conclusion {
            let event = RunEvent.attemptFailed(
                id,
                key: key,
                attempt: attempt.number,
                error: error,
                retryIn: max(due - clock.now(), .zero),
                cost: work.untoldCost
            )
            work.untoldCost = CostSum()
            return Conclusion(state: .pending, event: event, aftermath: .putAside(work, due: due))
        }
        let now = clock.now()
        if error.isServiceTrouble {
            if breaker.failed(sentAt: sentAt, now: now) {
                end(.stopped(error.afterLongOutage))
            }
        } else {
            breaker.reached(now: now)
        }
        let wasRetry = work.machine.isRetry
        let isServiceDown = backlog.withLane(of: work) { $0.isServiceDown(now: now) }
        switch work.machine.failed(error, isServiceDown: isServiceDown, using: &random) {
        case .waitForGate, .deferModel:
            if let opensAt = refused(work, error, sentAt: sentAt, now: now) { return tryAgain(at: opensAt) }
            summary.closedModels[work.item.request.model] = error
            return Conclusion(
                state: .deferred,
                event: .itemDeferred(id, key: key, reason: error.message),
                aftermath: .deferred
            )
        case .retry(let delay):
            backlog.withLane(of: work) { $0.ended(work, attempt, wasRetry: wasRetry, sentAt: sentAt) }
            summary.retries += isStopping ? 0 : 1
            return tryAgain(at: now + delay)
        case .stopRun:
            end(.stopped(error))
            return interrupted(work)
        case .fail:
            backlog.withLane(of: work) { $0.ended(work, attempt, wasRetry: wasRetry, sentAt: sentAt) }
            return Conclusion(
                state: .failed,
                event: .itemFailed(id, key: key, attempts: attempt.number, error: error, cost: work.untoldCost),
                aftermath: .failed(error.failureClass)
            )
        case .nextTurn, .done:
            preconditionFailure("a failure was taken for an answer")
        }
    }

    private func interrupted(_ work: Work) -> Conclusion {
        backlog.withLane(of: work) { $0.ended() }
        // If nobody asked for a stop, the process is on its way down, and further items would fare the same.
        end(.interrupted)
        return Conclusion(
            state: .pending,
            event: .itemInterrupted(work.item.id, key: work.item.key),
            aftermath: .interrupted
        )
    }

    /// Takes account of a refusal for quota.
    ///
    /// - Returns: When the item may be sent again; `nil` if its model is closed for this run.
    private func refused(_ work: Work, _ error: GenerationError, sentAt: Duration, now: Duration) -> Duration? {
        let jitter = Double.random(in: 0...1, using: &random)
        let (pause, isSpendLimitLikely) = backlog.withLane(of: work) { lane in
            (lane.refused(error, sentAt: sentAt, now: now, jitter: jitter), lane.isSpendLimitLikely)
        }
        noteRefusal(error, of: work, isFinal: pause == nil)
        guard let pause else { return nil }
        if pause.isNew {
            notePace(of: backlog.lanes[work.lane])
            let advice = isSpendLimitLikely ? "; the limit of money spent in ten minutes is the likely reason" : ""
            observer.observe(
                .quotaWait(
                    model: work.item.request.model,
                    duration: pause.opensAt - now,
                    reason: (error.exceededLimit ?? error.message) + advice
                )
            )
        }
        return pause.opensAt
    }

    private func notePace(of lane: Lane) {
        register?.note(.pace(lane.learned), of: lane.model, tier: lane.tier)
    }

    /// Keeps for other runs what a refusal says about the quota.
    private func noteRefusal(_ error: GenerationError, of work: Work, isFinal: Bool) {
        let (model, tier) = (work.item.request.model, work.item.request.serviceTier)
        guard error.failureClass == .rateDay else { return }
        if let limit = error.quotas.first(where: { $0.isPerDay && !$0.isOfTokens })?.limit, limit > 0 {
            register?.note(.dailyLimit(limit), of: model, tier: tier)
        }
        if isFinal {
            register?.note(.spentForToday, of: model, tier: tier)
        }
    }

    /// Notes what became of an item once all about it is committed.
    func retire(_ aftermath: Aftermath) {
        unsettled -= 1
        switch aftermath {
        case .done:
            summary.done += 1
        case .failed(let failureClass):
            summary.failed += 1
            summary.failuresByClass[failureClass, default: 0] += 1
        case .deferred:
            summary.deferred += 1
        case .interrupted:
            summary.interrupted += 1
        case .unsent:
            break
        case .putAside(let work, let due):
            backlog.putAside(work, until: due)
        case .nextTurn(let work):
            release()
            if isStopping {
                summary.interrupted += 1
                observer.observe(.itemInterrupted(work.item.id, key: work.item.key))
            } else {
                backlog.putAside(work, until: .zero)
            }
        }
        signalChange()
    }

    /// Gives up an item whose commit failed, and the run with it.
    func retire(failedCommit error: any Error) {
        unsettled -= 1
        stopForCheckpoint(error)
    }

    // MARK: Ending

    /// Without the checkpoint nothing may be sent: what came back could not be kept.
    private func stopForCheckpoint(_ error: any Error) {
        checkpointError = checkpointError ?? error
        isStopping = true
        isAborted = true
        signalChange()
    }

    /// Lets nothing new start; the first reason is the one that counts.
    private func end(_ ending: RunSummary.Ending) {
        guard !isStopping else { return }
        summary.ending = ending
        isStopping = true
        signalChange()
    }

    private func release() {
        inFlight -= 1
        signalChange()
    }

    // MARK: Waiting

    private func signalChange() {
        hasChanged = true
        changeSignal?.resume()
        changeSignal = nil
    }

    /// Waits until a slot is free, an item is due or the run is to end.
    private func waitForChange() async {
        setAlarm()
        if !hasChanged {
            await withCheckedContinuation { changeSignal = $0 }
        }
        hasChanged = false
    }

    /// Sees to it that the loop is woken when the first waiting item is due.
    ///
    /// A due item without a slot waits for the slot, which is a change of its own. An alarm that is set for earlier is
    /// left as it is: one needless turn costs less than setting alarms whenever something happens.
    private func setAlarm() {
        guard hasRoom, let due = backlog.nextDue else { return }
        if let alarm, alarm.due <= due { return }
        alarm?.task.cancel()
        let task = Task {
            // Cancelled when another one takes its place or the run is over.
            guard (try? await clock.sleep(until: due)) != nil, !Task.isCancelled else { return }
            alarm = nil
            signalChange()
        }
        alarm = (due, task)
    }
}
