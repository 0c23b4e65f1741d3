/// What a run knows and decides: what is sent next, and whether it goes on.
///
/// It starts and awaits nothing, so the scheduler can ask it under a lock. Whoever is told something from here must not
/// call the scheduler.
struct RunState {
    /// What the scheduler's loop does next.
    enum Step {
        /// There is work for one more worker than there are.
        case employ
        case postpone(Work, because: Postponement)
        case read(Backlog.Request)
        case wait
    }

    /// A task that makes one attempt after the other, while it waits for the next; what is to be put off never comes to it.
    typealias Worker = UnsafeContinuation<Lane.Next?, Never>
    /// The task that tells what has been committed, while it waits for more.
    typealias Teller = UnsafeContinuation<[Conclusion]?, Never>

    private let concurrency: Int
    /// Nothing is started while so many outcomes wait for their commit, to which those in flight may come.
    private let longestQueue: Int
    private let sharesSpending: Bool
    let clock: any RunClock
    let observer: any RunObserver
    let register: (any QuotaRegister)?
    var random: any RandomNumberGenerator & Sendable
    var prices: KnownPrices

    var backlog: Backlog
    /// Items that hold a slot.
    private var inFlight = 0
    /// Items on their way: in flight, with a commit under way, or committed and not told yet.
    private var unsettled = 0
    var breaker = OutageBreaker()
    private(set) var isStopping = false
    private(set) var isAborted = false
    private var checkpointError: (any Error)?
    var summary = RunSummary()
    var answeringModels = AnsweringModels()

    /// Workers without work: the last one first, whose memory is still at hand.
    private var idle: [Worker] = []
    /// What new workers begin with.
    ///
    /// It does not come with them, for they would keep their first item as long as they live.
    private var unclaimed: ArraySlice<Lane.Next> = []
    /// What has been committed, and is to be told.
    private var committed: [Conclusion] = []
    private var teller: Teller?
    /// Whether there will be no work any more.
    private var isOver = false
    /// The scheduler's loop while it waits.
    private var loop: CheckedContinuation<Void, Never>?
    private var hasChanged = false
    var alarm: (due: Duration, task: Task<Void, any Error>)?

    init(
        job: Job,
        longestQueue: Int,
        backlog: Backlog,
        clock: any RunClock,
        observer: any RunObserver,
        register: (any QuotaRegister)?,
        random: any RandomNumberGenerator & Sendable
    ) {
        concurrency = job.limits.concurrency
        self.longestQueue = longestQueue
        sharesSpending = !job.limits.sharedSpending.isEmpty
        self.backlog = backlog
        self.clock = clock
        self.observer = observer
        self.register = register
        self.random = random
        prices = KnownPrices(job.prices)
        noteUseOfOthers()
    }

    // MARK: What to send next

    /// Whether one more item may be on its way.
    private var hasRoom: Bool {
        !isStopping && inFlight < concurrency && unsettled - inFlight < longestQueue
    }

    /// Hands out what may be sent now, as long as there are workers for it.
    mutating func nextStep() -> Step {
        // What has changed until now is taken account of.
        hasChanged = false
        while hasRoom {
            noteUseOfOthers()
            guard let next = backlog.next(at: clock.moment) else {
                return backlog.missing.map { .read($0) } ?? .wait
            }
            unsettled += 1
            if case .postpone(let work, let reason) = next {
                note(reason, of: work)
                return .postpone(work, because: reason)
            }
            inFlight += 1
            guard let worker = idle.popLast() else {
                unclaimed.append(next)
                return .employ
            }
            worker.resume(returning: next)
        }
        return .wait
    }

    private mutating func note(_ reason: Postponement, of work: Work) {
        switch reason {
        case .refused(let error): summary.closedModels[work.request.model] = error
        case .capped(let cap): summary.cap = cap
        }
    }

    /// Keeps a worker until there is work for it.
    mutating func rest(_ worker: Worker) {
        if isOver {
            worker.resume(returning: nil)
        } else if let next = unclaimed.popFirst() {
            worker.resume(returning: next)
        } else {
            idle.append(worker)
        }
    }

    /// Whether an item that was begun is still to be sent: a stop may have come while its commit was under way.
    mutating func maySend() -> Bool {
        guard !isStopping, !Task.isCancelled else {
            release()
            return false
        }
        summary.requests += 1
        return true
    }

    private mutating func noteUseOfOthers() {
        guard let register else { return }
        backlog.noteRequestsOfOthers(in: register)
        guard sharesSpending else { return }
        let spent = register.spentByAll()
        backlog.note(spentByAllToday: spent.day, inMonth: spent.month)
    }

    // MARK: Settled items

    /// Has told what follows for an item that is committed.
    mutating func committed(_ conclusion: Conclusion) {
        committed.append(conclusion)
        if let teller = teller.take() {
            rest(teller: teller)
        }
    }

    /// Keeps the teller until there is something to tell.
    mutating func rest(teller: Teller) {
        if !committed.isEmpty {
            teller.resume(returning: committed)
            committed = []
        } else if isOver {
            teller.resume(returning: nil)
        } else {
            self.teller = teller
        }
    }

    /// Notes what became of an item once all about it is committed.
    mutating func retire(_ aftermath: Aftermath) {
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
                observer.observe(.itemInterrupted(work.id, key: work.key))
            } else {
                backlog.putAside(work, until: .zero)
            }
        }
        signalChange()
    }

    /// Gives up an item whose commit failed, and the run with it.
    mutating func retire(failedCommit error: any Error) {
        unsettled -= 1
        stopForCheckpoint(error)
    }

    /// Frees the slot of an item.
    mutating func release() {
        inFlight -= 1
        signalChange()
    }

    // MARK: Ending

    mutating func stop() {
        guard !isStopping else { return }
        end(.interrupted)
        observer.observe(.stopping(inFlight: inFlight))
    }

    mutating func abort() {
        stop()
        isAborted = true
        signalChange()
    }

    /// Without the checkpoint nothing may be sent: what came back could not be kept.
    mutating func stopForCheckpoint(_ error: any Error) {
        checkpointError = checkpointError ?? error
        isStopping = true
        isAborted = true
        signalChange()
    }

    /// Lets nothing new start; the first reason is the one that counts.
    mutating func end(_ ending: RunSummary.Ending) {
        guard !isStopping else { return }
        summary.ending = ending
        isStopping = true
        signalChange()
    }

    /// Sends all workers and the teller home if nothing is left to do.
    ///
    /// - Returns: Whether that is so.
    mutating func endIfOver() -> Bool {
        isOver = unsettled == 0 && (isStopping || backlog.isEmpty)
        if isOver {
            for worker in idle {
                worker.resume(returning: nil)
            }
            idle = []
            teller.take()?.resume(returning: nil)
        }
        return isOver
    }

    /// Leaves for other runs what was learned.
    ///
    /// - Returns: What became of the run.
    /// - Throws: What the checkpoint threw.
    mutating func finish() throws -> RunSummary {
        alarm?.task.cancel()
        for lane in backlog.lanes {
            notePace(of: lane)
        }
        if let checkpointError {
            throw checkpointError
        }
        return summary
    }

    // MARK: Waiting

    private mutating func signalChange() {
        hasChanged = true
        loop?.resume()
        loop = nil
    }

    /// Keeps the scheduler's loop until something changes, unless it has already.
    mutating func waitForChange(_ loop: CheckedContinuation<Void, Never>) {
        if hasChanged {
            loop.resume()
        } else {
            self.loop = loop
        }
    }

    /// The moment for which an alarm is needed.
    ///
    /// A due item without a slot waits for the slot, which is a change of its own. An alarm that is set for earlier is
    /// left as it is: one needless turn costs less than setting alarms whenever something happens.
    var alarmToSet: Duration? {
        guard hasRoom, let due = backlog.nextDue else { return nil }
        if let alarm, alarm.due <= due { return nil }
        return due
    }

    /// Wakes the loop; called by the task of the alarm, which is cancelled when another one takes its place.
    mutating func alarmRang() {
        guard !Task.isCancelled else { return }
        alarm = nil
        signalChange()
    }
}
