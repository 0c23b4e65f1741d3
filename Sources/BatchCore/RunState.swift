/// What a run knows and decides: what is sent next, and whether it goes on.
///
/// It starts and awaits nothing, so the scheduler can ask it under a lock. Whoever is told something from here must not
/// call the scheduler.
struct RunState {
    /// What the scheduler's loop does next.
    enum Step {
        /// Has a new worker begin with this; those who are there have work.
        case employ(Lane.Next)
        case read(Backlog.Request)
        case wait
    }

    /// A task that carries out one thing after the other; resumed by whoever takes it out of ``idle``.
    typealias Worker = UnsafeContinuation<Lane.Next?, Never>

    private let concurrency: Int
    /// The most items that wait for their commit.
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
    /// Items on their way: in flight, or with a commit under way.
    private var unsettled = 0
    var breaker = OutageBreaker()
    private(set) var isStopping = false
    private(set) var isAborted = false
    private var checkpointError: (any Error)?
    var summary = RunSummary()
    var answeringModels = AnsweringModels()

    /// What has been committed, and is to be told and done by the scheduler's loop.
    private var settled: [Conclusion] = []
    /// Workers without work: the last one first, whose memory is still at hand.
    private var idle: [Worker] = []
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
            guard let next = start() else { return backlog.missing.map { .read($0) } ?? .wait }
            guard let worker = idle.popLast() else { return .employ(next) }
            worker.resume(returning: next)
        }
        return .wait
    }

    /// What may be sent or put off now, if there is anything; it is on its way from here on.
    private mutating func start() -> Lane.Next? {
        noteUseOfOthers()
        guard let next = backlog.next(at: clock.moment) else { return nil }
        unsettled += 1
        switch next {
        case .send:
            inFlight += 1
        case .postpone(let work, .refused(let error)):
            summary.closedModels[work.request.model] = error
        case .postpone(_, .capped(let cap)):
            summary.cap = cap
        }
        return next
    }

    /// Gives a worker work, or keeps it until there is some.
    mutating func occupy(_ worker: Worker) {
        if isOver {
            worker.resume(returning: nil)
        } else if hasRoom, let next = start() {
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

    /// Keeps what is committed until the loop tells it.
    mutating func settled(_ conclusion: Conclusion) {
        settled.append(conclusion)
        signalChange()
    }

    mutating func takeSettled() -> [Conclusion] {
        defer { settled = [] }
        return settled
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

    /// Sends all workers home if nothing is left to do.
    ///
    /// - Returns: Whether that is so.
    mutating func endIfOver() -> Bool {
        isOver = unsettled == 0 && (isStopping || backlog.isEmpty)
        if isOver {
            for worker in idle {
                worker.resume(returning: nil)
            }
            idle = []
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
        if hasChanged || !settled.isEmpty {
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
