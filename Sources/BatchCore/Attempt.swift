internal import Synchronization

/// One attempt for an item, from the note that it begins to what came of it, which the checkpoint is handed.
///
/// All there is of it is in here: what an asynchronous function has in its hands takes up memory as long as it waits, here
/// times the number of streams. What is done before and after a wait is in functions of their own for the same reason.
final class Attempt {
    private let scheduler: Scheduler
    private var work: Work
    private var sentAt = Duration.zero
    private var startedAtMilliseconds: Int64 = 0
    private var firstChunk: Duration?

    init(_ work: Work, of scheduler: Scheduler) {
        self.scheduler = scheduler
        self.work = work
    }

    /// Makes the attempt, and hands what came of it to the checkpoint.
    func run() async {
        do {
            try await scheduler.store.begin(work.id, reserving: work.reservation)
        } catch {
            return fail(error)
        }
        guard startSending() else { return takeBack() }
        do {
            let generated = try await scheduler.generator.generate(request(), meter: announce())
            if !settle(generated) {
                await settleLengthy(generated)
            }
        } catch {
            settle(error)
        }
    }

    // MARK: Before

    /// Gives the item up with the run: what would come back could not be kept.
    @inline(never)
    private func fail(_ error: any Error) {
        scheduler.state.withLock { $0.retire(failedCommit: error) }
    }

    @inline(never)
    private func takeBack() {
        scheduler.commit(Conclusion(state: .pending, event: nil, aftermath: .unsent), of: work.id)
    }

    /// Counts the attempt from now on, if the item is to be sent still.
    @inline(never)
    private func startSending() -> Bool {
        guard scheduler.state.withLock({ $0.maySend() }) else { return false }
        work.attempts += 1
        scheduler.register?.note(.sent, of: work.request.model, tier: work.request.serviceTier)
        sentAt = scheduler.clock.now()
        startedAtMilliseconds = scheduler.clock.unixMilliseconds()
        return true
    }

    // MARK: Sending

    /// Tells that the item is being sent.
    ///
    /// - Returns: What is to be told of its answer as it streams in.
    @inline(never)
    private func announce() -> StreamMeter {
        let meter = StreamMeter()
        scheduler.observer.observe(
            .itemStarted(
                work.id,
                key: work.key,
                model: work.request.model,
                attempt: work.attempts,
                turn: work.machine.turn,
                meter: meter
            )
        )
        return meter
    }

    @inline(never)
    private func request() -> GenerationRequest {
        GenerationRequest(
            item: work.request,
            answeredTurns: work.answeredTurns,
            repair: work.machine.repair,
            stream: scheduler.job.stream,
            cutsRunaways: scheduler.job.checks.merging(work.checks).cutsRunaways,
            timeouts: scheduler.job.timeouts(for: work.request)
        )
    }

    // MARK: What comes of it

    /// Settles an answer, which may not be what the job wants.
    ///
    /// - Returns: `false` if that takes time to find out, which the run's own thread does not have: it may be that of all
    ///   streams.
    @inline(never)
    private func settle(_ generated: GenerationResult) -> Bool {
        firstChunk = generated.firstChunk
        let check = check
        guard !check.takesTime(for: generated.answer) else { return false }
        settle(generated.answer, refusedFor: work.machine.refusal(of: generated.answer, by: check))
        return true
    }

    /// The same on a thread that may take its time.
    @inline(never)
    private func settleLengthy(_ generated: GenerationResult) async {
        let (answer, check, machine) = (generated.answer, check, work.machine)
        let refusal = await withTaskExecutorPreference(globalConcurrentExecutor) {
            machine.refusal(of: answer, by: check)
        }
        settle(answer, refusedFor: refusal)
    }

    /// Merged for the request already, but kept they would take up room during the wait.
    private var check: AnswerCheck {
        AnswerCheck(scheduler.job.checks.merging(work.checks), config: work.request.config)
    }

    @inline(never)
    private func settle(_ answer: Answer, refusedFor error: GenerationError?) {
        settle(error.map { .failed($0) } ?? .answered(answer))
    }

    @inline(never)
    private func settle(_ error: any Error) {
        switch error {
        case let error as GenerationError: settle(.failed(error))
        case is CancellationError: settle(.interrupted)
        default: settle(.failed(.unforeseen(error)))
        }
    }

    /// Decides what follows, and has it done.
    @inline(never)
    private func settle(_ result: AttemptRecord.Result) {
        var timings = AttemptTimings(
            startedAtMilliseconds: startedAtMilliseconds,
            total: scheduler.clock.now() - sentAt
        )
        timings.firstChunk = firstChunk
        var record = AttemptRecord(
            number: work.attempts,
            turn: work.machine.turn,
            isRepair: work.machine.repair != nil,
            timings: timings,
            result: result
        )
        let conclusion = scheduler.state.withLock { $0.conclude(&record, sentAt: sentAt, of: work) }
        scheduler.commit(conclusion, of: work.id, record)
    }
}

extension GenerationError {
    /// Makes a failure of an error that no generator should throw: an item must not get lost by it.
    fileprivate static func unforeseen(_ error: any Error) -> GenerationError {
        GenerationError(
            .malformed,
            "the request ended with an error that was not foreseen (\(error)); please report it",
            isPossiblyBilled: true
        )
    }
}
