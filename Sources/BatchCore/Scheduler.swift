/// Keeps a bounded number of items in flight until the job has nothing left to run.
///
/// Items come from the checkpoint in windows, so memory does not grow with the job. Items that wait for a retry or for
/// quota hold no slot, and their number is bounded too: when many wait, the service is in trouble and nothing new is
/// started. Every announcement follows the commit of what it announces.
package actor Scheduler {
    /// An item on its way through a run.
    private struct Work: Sendable {
        var item: PendingItem
        var machine: ItemMachine
    }

    private let job: Job
    private let store: any CheckpointStore
    private let generator: any Generating
    private let clock: any RunClock
    private let observer: any RunObserver
    private let itemLimit: Int
    private let longestWaitingList: Int
    private var random: any RandomNumberGenerator & Sendable

    private var ready: [Work] = []
    private var waiting = WaitingList<Work>()
    private var lastFetched: ItemID?
    private var isExhausted = false
    /// Items that hold a slot.
    private var inFlight = 0
    /// Items on their way: in flight, or answered and not yet committed.
    private var unsettled = 0
    private var startedItems = 0
    private var gates: [String: QuotaGate] = [:]
    /// Models whose items are left for a later run, with the reason.
    private var closedModels: [String: GenerationError] = [:]
    private var isStopping = false
    private var isAborted = false
    private var checkpointError: (any Error)?
    private var summary = RunSummary()
    private var changeSignal: CheckedContinuation<Void, Never>?
    private var hasChanged = false

    /// - Parameters:
    ///   - job: Its limits and policies are followed.
    ///   - store: Where items come from and results go.
    ///   - generator: Who answers.
    ///   - clock: Time.
    ///   - observer: Who is told.
    ///   - itemLimit: The most items to start; `nil` for all.
    ///   - random: Where jitter comes from.
    package init(
        job: Job,
        store: any CheckpointStore,
        generator: any Generating,
        clock: any RunClock,
        observer: any RunObserver,
        itemLimit: Int? = nil,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.job = job
        self.store = store
        self.generator = generator
        self.clock = clock
        self.observer = observer
        self.itemLimit = itemLimit ?? .max
        self.random = random
        longestWaitingList = max(64, 4 * job.limits.concurrency)
    }

    /// Runs everything that is pending.
    ///
    /// - Returns: What became of it, after the last commit.
    /// - Throws: What the checkpoint threw. Nothing more is sent then.
    package func run() async throws -> RunSummary {
        let start = clock.now()
        await withDiscardingTaskGroup { group in
            while !isFinished {
                if isAborted {
                    group.cancelAll()
                }
                if let work = await nextWork() {
                    inFlight += 1
                    unsettled += 1
                    group.addTask { await self.process(work) }
                } else if !isFinished {
                    await waitForChange()
                }
            }
        }
        if let checkpointError {
            throw checkpointError
        }
        if summary.ending == .completed, !isExhausted || !ready.isEmpty {
            summary.ending = .limitReached
        }
        summary.elapsed = clock.now() - start
        return summary
    }

    /// Starts nothing new and lets what is in flight come to its end.
    package func stop() {
        guard !isStopping else { return }
        end(.interrupted)
        observer.observe(.stopping(inFlight: inFlight))
    }

    /// Cuts what is in flight; those items are pending again.
    package func abort() {
        stop()
        isAborted = true
        signalChange()
    }

    // MARK: What to run next

    private var isFinished: Bool {
        unsettled == 0
            && (isStopping || (ready.isEmpty && waiting.isEmpty && (isExhausted || startedItems >= itemLimit)))
    }

    /// The next item that may be sent now; `nil` if there is no slot or nothing is due.
    private func nextWork() async -> Work? {
        do {
            while !isStopping, inFlight < job.limits.concurrency, let work = try await nextCandidate() {
                if let work = try await admit(work) { return work }
            }
        } catch {
            unsettled += 1
            checkpointFailed(error)
        }
        return nil
    }

    /// An item whose wait is over, else one that has not been sent in this run.
    private func nextCandidate() async throws -> Work? {
        if let work = waiting.popDue(at: clock.now()) { return work }
        guard waiting.count < longestWaitingList, !ready.isEmpty || startedItems < itemLimit else { return nil }
        if ready.isEmpty {
            try await fetchWindow()
        }
        guard let work = ready.popLast() else { return nil }
        startedItems += 1
        return work
    }

    /// Lets an item pass, or puts it aside: for a later run if its model is closed, for later if its gate is.
    private func admit(_ work: Work) async throws -> Work? {
        let model = work.item.request.model
        if let reason = closedModels[model] {
            try await postpone(work, because: reason)
            return nil
        }
        if let gate = gates[model], gate.opensAt > clock.now() {
            waiting.insert(work, due: gate.opensAt)
            return nil
        }
        return work
    }

    private func fetchWindow() async throws {
        guard !isExhausted else { return }
        let window = min(max(2 * job.limits.concurrency, 64), 1024, itemLimit - startedItems)
        let items = try await store.pendingItems(after: lastFetched, limit: window)
        lastFetched = items.last?.id ?? lastFetched
        isExhausted = items.count < window
        // Taken from the end, so that taking costs nothing.
        ready = items.reversed().map { item in
            let machine = ItemMachine(
                turns: item.request.turns.count,
                answeredTurns: item.answeredTurns.count,
                job: job
            )
            return Work(item: item, machine: machine)
        }
    }

    private func postpone(_ work: Work, because reason: GenerationError) async throws {
        try await store.record(ItemOutcome(item: work.item.id, state: .deferred))
        summary.deferred += 1
        observer.observe(.itemDeferred(work.item.id, key: work.item.key, reason: reason.message))
    }

    // MARK: One item

    /// What the scheduler does once everything about an item is committed.
    private enum Aftermath: Sendable {
        case done
        case failed
        case deferred
        case interrupted
        case putAside(Work, due: Duration)
    }

    private nonisolated func process(_ work: Work) async {
        do {
            await retire(try await carryThrough(work))
        } catch {
            await checkpointFailed(error)
        }
    }

    /// Sends the turns of an item until it is finished, put aside or interrupted.
    private nonisolated func carryThrough(_ start: Work) async throws -> Aftermath {
        var work = start
        while true {
            try await store.begin(work.item.id)
            let attempt = await send(&work)
            switch attempt.result {
            case .answered(let answer):
                work.item.answeredTurns.append(answer.parts)
                let action = work.machine.answered()
                let goesOn = await answered(answer, by: work.item.request.model, wantsNextTurn: action == .nextTurn)
                let state: ItemState = action == .done ? .done : goesOn ? .running : .pending
                try await store.record(ItemOutcome(item: work.item.id, state: state, attempt: attempt))
                if goesOn { continue }
                return announce(answer, attempt, of: work, isDone: action == .done)
            case .failed(let error):
                let action = await failed(error, &work)
                return try await settle(error, action, attempt, of: work)
            case .interrupted:
                await release()
                try await store.record(ItemOutcome(item: work.item.id, state: .pending, attempt: attempt))
                observer.observe(.itemInterrupted(work.item.id, key: work.item.key))
                return .interrupted
            }
        }
    }

    /// Sends one turn and waits for what comes of it.
    private nonisolated func send(_ work: inout Work) async -> AttemptRecord {
        work.item.attempts += 1
        let turn = work.machine.turn
        let meter = StreamMeter()
        observer.observe(
            .itemStarted(
                work.item.id,
                key: work.item.key,
                model: work.item.request.model,
                attempt: work.item.attempts,
                turn: turn,
                meter: meter
            )
        )
        let request = GenerationRequest(
            item: work.item.request,
            answeredTurns: work.item.answeredTurns,
            stream: job.stream,
            timeouts: job.timeouts
        )
        var timings = AttemptTimings(startedAtMilliseconds: clock.unixMilliseconds(), total: .zero)
        let start = clock.now()
        let result: AttemptRecord.Result
        do {
            let generated = try await generator.generate(request, meter: meter)
            timings.firstChunk = generated.firstChunk
            result = work.machine.refusal(of: generated.answer).map { .failed($0) } ?? .answered(generated.answer)
        } catch let error as GenerationError {
            result = .failed(error)
        } catch {
            result = .interrupted
        }
        timings.total = clock.now() - start
        return AttemptRecord(number: work.item.attempts, turn: turn, timings: timings, result: result)
    }

    private nonisolated func announce(
        _ answer: Answer,
        _ attempt: AttemptRecord,
        of work: Work,
        isDone: Bool
    ) -> Aftermath {
        guard isDone else {
            observer.observe(.itemInterrupted(work.item.id, key: work.item.key))
            return .interrupted
        }
        observer.observe(
            .itemDone(
                work.item.id,
                key: work.item.key,
                answer: answer,
                attempts: attempt.number,
                timings: attempt.timings
            )
        )
        return .done
    }

    /// Commits a failed attempt with what follows from it, then announces it.
    private nonisolated func settle(
        _ error: GenerationError,
        _ action: ItemMachine.Action,
        _ attempt: AttemptRecord,
        of work: Work
    ) async throws -> Aftermath {
        let (id, key) = (work.item.id, work.item.key)
        func record(_ state: ItemState) async throws {
            try await store.record(ItemOutcome(item: id, state: state, attempt: attempt))
        }
        switch action {
        case .retry(let delay):
            try await record(.pending)
            observer.observe(.attemptFailed(id, key: key, attempt: attempt.number, error: error, retryIn: delay))
            return .putAside(work, due: clock.now() + delay)
        case .waitForGate:
            try await record(.pending)
            return .putAside(work, due: .zero)
        case .deferModel:
            try await record(.deferred)
            observer.observe(.itemDeferred(id, key: key, reason: error.message))
            return .deferred
        case .stopRun:
            try await record(.pending)
            observer.observe(.itemInterrupted(id, key: key))
            return .interrupted
        case .fail:
            try await record(.failed)
            observer.observe(.itemFailed(id, key: key, attempts: attempt.number, error: error))
            return .failed
        case .nextTurn, .done:
            preconditionFailure("a failure is not answered with \(action)")
        }
    }

    // MARK: State

    /// Notes an answer, and frees the slot unless a further turn takes it: waiting for the disk is not being in flight.
    ///
    /// - Returns: Whether the next turn is to be sent.
    private func answered(_ answer: Answer, by model: String, wantsNextTurn: Bool) -> Bool {
        summary.requests += 1
        summary.usage += answer.usage
        gates[model]?.succeeded()
        let goesOn = wantsNextTurn && !isStopping
        if !goesOn {
            release()
        }
        return goesOn
    }

    /// Notes a failure, decides what follows and frees the slot.
    private func failed(_ error: GenerationError, _ work: inout Work) -> ItemMachine.Action {
        let model = work.item.request.model
        summary.requests += 1
        summary.usage += error.usage
        let action = work.machine.failed(error, using: &random)
        switch action {
        case .retry:
            summary.retries += 1
        case .waitForGate:
            let jitter = Double.random(in: 0...1, using: &random)
            let pause = gates[model, default: QuotaGate()]
                .close(now: clock.now(), requested: error.retryDelay, jitter: jitter)
            if let pause {
                observer.observe(.quotaWait(model: model, duration: pause, reason: error.message))
            }
        case .deferModel:
            closedModels[model] = error
        case .fail:
            summary.failuresByClass[error.failureClass, default: 0] += 1
        case .stopRun:
            end(.stopped(error))
        case .nextTurn, .done:
            break
        }
        release()
        return action
    }

    private func release() {
        inFlight -= 1
        signalChange()
    }

    private func retire(_ aftermath: Aftermath) {
        unsettled -= 1
        switch aftermath {
        case .done: summary.done += 1
        case .failed: summary.failed += 1
        case .deferred: summary.deferred += 1
        case .interrupted: summary.interrupted += 1
        case .putAside(let work, let due): waiting.insert(work, due: due)
        }
        signalChange()
    }

    /// Without the checkpoint nothing may be sent: what came back could not be kept.
    private func checkpointFailed(_ error: any Error) {
        unsettled -= 1
        checkpointError = checkpointError ?? error
        isStopping = true
        isAborted = true
        signalChange()
    }

    private func end(_ ending: RunSummary.Ending) {
        if !isStopping {
            summary.ending = ending
        }
        isStopping = true
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
        // A due item that has no slot waits for the slot, which is a change of its own.
        let timer = inFlight < job.limits.concurrency && !isStopping ? waiting.nextDue.map(startTimer) : nil
        if !hasChanged {
            await withCheckedContinuation { changeSignal = $0 }
        }
        hasChanged = false
        timer?.cancel()
    }

    private func startTimer(_ due: Duration) -> Task<Void, Never> {
        Task { [clock] in
            // Cancelled when something else happened first; then there is nothing to tell.
            guard (try? await clock.sleep(until: due)) != nil else { return }
            signalChange()
        }
    }
}
