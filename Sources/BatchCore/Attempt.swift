internal import Synchronization

/// One attempt for an item, from the note that it begins to the announcement of what came of it.
///
/// All there is of it is in here: what an asynchronous function has in its hands takes up memory as long as it waits, here
/// times the number of streams. What is done before and after a wait is in functions of their own for the same reason.
final class Attempt {
    private let scheduler: Scheduler
    private var work: Work
    private var sentAt = Duration.zero
    private var startedAtMilliseconds: Int64 = 0
    private var firstChunk: Duration?
    private var conclusion: Conclusion?

    init(_ work: Work, of scheduler: Scheduler) {
        self.scheduler = scheduler
        self.work = work
    }

    /// Makes the attempt.
    func run() async {
        do {
            guard try await begin() else { return }
            try await settle(await send())
        } catch {
            scheduler.state.withLock { $0.retire(failedCommit: error) }
        }
    }

    // MARK: Before

    /// Notes that the item is about to be sent.
    ///
    /// - Returns: Whether it is to be sent still.
    private func begin() async throws -> Bool {
        try await scheduler.store.begin(work.id, reserving: work.reservation)
        if startSending() { return true }
        try await takeBack()
        return false
    }

    @inline(never)
    private func takeBack() async throws {
        try await scheduler.store.record(ItemOutcome(item: work.id, state: .pending))
        scheduler.state.withLock { $0.retire(.unsent) }
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

    // MARK: The answer

    /// Sends the next turn of the item and waits for what comes of it.
    private func send() async -> AttemptRecord.Result {
        do {
            let generated = try await scheduler.generator.generate(request(), meter: announce())
            if let result = result(of: generated) { return result }
            return await lengthyResult(of: generated)
        } catch {
            return Self.result(of: error)
        }
    }

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

    /// What an answer counts as: it may not be what the job wants.
    ///
    /// - Returns: `nil` if that takes time to find out, which the run's own thread does not have: it may be that of all streams.
    @inline(never)
    private func result(of generated: GenerationResult) -> AttemptRecord.Result? {
        firstChunk = generated.firstChunk
        let check = check
        guard !check.takesTime(for: generated.answer) else { return nil }
        return Self.result(of: generated.answer, refusedFor: work.machine.refusal(of: generated.answer, by: check))
    }

    /// The same, found on a thread that may take its time.
    private func lengthyResult(of generated: GenerationResult) async -> AttemptRecord.Result {
        let (answer, check, machine) = (generated.answer, check, work.machine)
        let refusal = await withTaskExecutorPreference(globalConcurrentExecutor) {
            machine.refusal(of: answer, by: check)
        }
        return Self.result(of: answer, refusedFor: refusal)
    }

    /// Merged for the request already, but kept they would take up room during the wait.
    private var check: AnswerCheck {
        AnswerCheck(scheduler.job.checks.merging(work.checks), config: work.request.config)
    }

    private static func result(of answer: Answer, refusedFor error: GenerationError?) -> AttemptRecord.Result {
        error.map { .failed($0) } ?? .answered(answer)
    }

    private static func result(of error: any Error) -> AttemptRecord.Result {
        switch error {
        case let error as GenerationError: .failed(error)
        case is CancellationError: .interrupted
        default: .failed(.unforeseen(error))
        }
    }

    // MARK: After

    /// Commits what came of it, then tells, then tidies up.
    private func settle(_ result: AttemptRecord.Result) async throws {
        try await scheduler.store.record(conclude(result))
        retire()
    }

    /// Decides what follows.
    ///
    /// - Returns: What is to be kept.
    @inline(never)
    private func conclude(_ result: AttemptRecord.Result) -> ItemOutcome {
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
        let outcome = ItemOutcome(item: work.id, state: conclusion.state, attempt: record)
        self.conclusion = consume conclusion
        return outcome
    }

    @inline(never)
    private func retire() {
        guard let conclusion = conclusion.take() else { return }
        if let event = conclusion.event {
            scheduler.observer.observe(event)
        }
        scheduler.state.withLock { $0.retire(conclusion.aftermath) }
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
