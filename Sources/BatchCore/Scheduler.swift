internal import Synchronization

/// Keeps a bounded number of items in flight until the job has nothing left to run.
///
/// Items come from the checkpoint in windows, so memory does not grow with the job. Items that wait for a retry or for
/// quota hold no slot, and their number is bounded too, as is that of answers on their way to the disk. Every
/// announcement follows the commit of what it announces.
///
/// One scheduler carries out one run.
package final class Scheduler: Sendable {
    let job: Job
    let store: any CheckpointStore
    let generator: any Generating
    let clock: any RunClock
    let observer: any RunObserver
    let register: (any QuotaRegister)?
    /// Asked several times for each item, for a moment each: changing over to an actor would cost more than what it does.
    let state: Mutex<RunState>

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
        let longestQueue = max(64, 4 * job.limits.concurrency)
        let backlog = Backlog(
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
        state = Mutex(
            RunState(
                job: job,
                longestQueue: longestQueue,
                backlog: backlog,
                clock: clock,
                observer: observer,
                register: register,
                random: random
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
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                await runItems(in: &group)
            }
        } onCancel: {
            abort()
        }
        var (summary, isCutByLimit) = try state.withLock { state in try (state.finish(), state.backlog.isCutByLimit) }
        if summary.ending == .completed, isCutByLimit,
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
        state.withLock { $0.stop() }
    }

    /// Starts nothing new because the time of the run is over.
    package func stopForTime() {
        state.withLock { $0.end(.outOfTime) }
    }

    /// Cuts what is in flight; those items are pending again.
    package func abort() {
        state.withLock { $0.abort() }
    }

    // MARK: The loop

    private func runItems(in group: inout DiscardingTaskGroup) async {
        group.addTask { await self.tellOfCommits() }
        while true {
            do {
                try await startItems(in: &group)
            } catch {
                state.withLock { $0.stopForCheckpoint(error) }
            }
            let (isAborted, isOver) = state.withLock { ($0.isAborted, $0.endIfOver()) }
            if isAborted {
                group.cancelAll()
            }
            if isOver { return }
            await waitForChange()
        }
    }

    /// Starts all items that may be sent now.
    private func startItems(in group: inout DiscardingTaskGroup) async throws {
        while true {
            switch state.withLock({ $0.nextStep() }) {
            case .employ: group.addTask { await self.work() }
            case .postpone(let work, let reason):
                postpone(work, reason)
                // There may be thousands of them, and streams that are read on this thread.
                await Task.yield()
            case .read(let missing): try await read(missing)
            case .wait: return
            }
        }
    }

    private func read(_ missing: Backlog.Request) async throws {
        let items = try await store.pendingItems(after: missing.after, limit: missing.count, of: missing.models)
        for request in state.withLock({ $0.backlog.newModels(in: items) }) {
            let learned = await register?.quota(of: request.model, tier: request.serviceTier) ?? LearnedQuota()
            let now = clock.moment
            state.withLock {
                $0.backlog.openLane(of: request.model, tier: request.serviceTier, learned: learned, now: now)
            }
            if let closure = learned.closure(at: now.unixMilliseconds), closure.isWaitedFor {
                let reason = "the service told an earlier run that it lets nothing through for so long"
                observer.observe(.quotaWait(model: request.model, duration: closure.rest, reason: reason))
            }
        }
        state.withLock { $0.backlog.refill(with: items, for: missing) }
    }

    // MARK: Workers

    /// Makes one attempt after the other: a task for each would cost more than what it does.
    private func work() async {
        while let attempt = await nextAttempt() {
            await attempt.run()
        }
    }

    /// Waits for an item to send; `nil` if there is none any more.
    private func nextAttempt() async -> Attempt? {
        attempt(
            await withUnsafeContinuation { worker in
                state.withLock { $0.rest(worker) }
            }
        )
    }

    // Not part of the function that waits, where the item would take up memory for each worker.
    @inline(never)
    private func attempt(_ next: Lane.Next?) -> Attempt? {
        guard case .send(let work) = next else { return nil }
        return Attempt(work, of: self)
    }

    /// Leaves an item for a later run.
    private func postpone(_ work: Work, _ reason: Postponement) {
        let event = RunEvent.itemDeferred(work.id, key: work.key, reason: reason.message)
        commit(Conclusion(state: .deferred, event: event, aftermath: .deferred), of: work.id)
    }

    // MARK: Outcomes

    /// Has what follows for an item committed; it is told, and done, when that has happened.
    ///
    /// Nobody waits for it, so an answer on its way to the disk takes up no more than itself.
    func commit(_ conclusion: Conclusion, of id: ItemID, _ attempt: AttemptRecord? = nil) {
        store.record(ItemOutcome(item: id, state: conclusion.state, attempt: attempt)) { failure in
            self.state.withLock { state in
                if let failure {
                    state.retire(failedCommit: failure)
                } else {
                    state.committed(conclusion)
                }
            }
        }
    }

    /// Tells what has been committed, then tidies up; all of it that has come meanwhile at once.
    ///
    /// In a task of its own, for the loop may have to wait until items are read.
    private func tellOfCommits() async {
        while let conclusions = await nextCommits() {
            for conclusion in conclusions {
                if let event = conclusion.event {
                    observer.observe(event)
                }
            }
            state.withLock { state in
                for conclusion in conclusions {
                    state.retire(conclusion.aftermath)
                }
            }
        }
    }

    private func nextCommits() async -> [Conclusion]? {
        await withUnsafeContinuation { teller in
            state.withLock { $0.rest(teller: teller) }
        }
    }

    // MARK: Waiting

    /// Waits until something is settled or tried, an item is due or the run is to end.
    private func waitForChange() async {
        setAlarm()
        await withCheckedContinuation { loop in
            state.withLock { $0.waitForChange(loop) }
        }
    }

    /// Sees to it that the loop is woken when the first waiting item is due.
    private func setAlarm() {
        state.withLock { state in
            guard let due = state.alarmToSet else { return }
            state.alarm?.task.cancel()
            let task = Task {
                try await clock.sleep(until: due)
                self.state.withLock { $0.alarmRang() }
            }
            state.alarm = (due, task)
        }
    }
}
