internal import Synchronization

/// What the scheduler does about an attempt: commits, then tells, then tidies up.
struct Conclusion: Sendable {
    /// The item's state after the attempt.
    let state: ItemState
    let event: RunEvent?
    let aftermath: Aftermath
}

/// What is left to do once everything about an item is committed.
enum Aftermath: Sendable {
    case done
    case failed(FailureClass)
    case deferred
    case interrupted
    /// Begun, but a stop came before it was sent.
    case unsent
    case putAside(Work, due: Duration)
    case nextTurn(Work)
}

extension Scheduler {
    /// Carries out one thing after the other: a task for each would cost more than what it does.
    func work(beginningWith first: Lane.Next) async {
        var next: Lane.Next? = first
        while let current = next {
            switch current {
            case .send(let work): await carryOut(work)
            case .postpone(let work, let reason): await postpone(work, because: reason)
            }
            next = await nextWork()
        }
    }

    /// Makes one attempt for an item, from the note that it begins to the announcement of what came of it.
    ///
    /// What comes before and after the wait for the answer is done in functions of their own, and so is what most items do
    /// without: whatever an asynchronous function may have in its hands takes up memory as long as it waits, here times the
    /// number of streams.
    private func carryOut(_ work: Work) async {
        do {
            guard try await begin(work) else { return }
            var work = work
            work.attempts += 1
            register?.note(.sent, of: work.request.model, tier: work.request.serviceTier)
            let sentAt = clock.now()
            try await settle(await send(work, at: sentAt), sentAt: sentAt, of: work)
        } catch {
            state.withLock { $0.retire(failedCommit: error) }
        }
    }

    /// Notes that an item is about to be sent.
    ///
    /// - Returns: Whether it is to be sent still.
    @inline(never)
    private func begin(_ work: Work) async throws -> Bool {
        try await store.begin(work.id, reserving: work.reservation)
        if state.withLock({ $0.maySend() }) { return true }
        try await store.record(ItemOutcome(item: work.id, state: .pending))
        state.withLock { $0.retire(.unsent) }
        return false
    }

    /// Commits an attempt and tells of it.
    @inline(never)
    private func settle(_ attempt: AttemptRecord, sentAt: Duration, of work: Work) async throws {
        var attempt = attempt
        let conclusion = state.withLock { $0.conclude(&attempt, sentAt: sentAt, of: work) }
        try await store.record(ItemOutcome(item: work.id, state: conclusion.state, attempt: attempt))
        if let event = conclusion.event {
            observer.observe(event)
        }
        state.withLock { $0.retire(conclusion.aftermath) }
    }

    /// What is wrong with an answer, found on a thread that may take its time: the run's own may be that of all streams.
    @inline(never)
    private func refusal(
        of answer: Answer,
        by check: AnswerCheck,
        _ machine: ItemMachine
    ) async -> GenerationError? {
        guard check.takesTime(for: answer) else { return machine.refusal(of: answer, by: check) }
        return await withTaskExecutorPreference(globalConcurrentExecutor) {
            machine.refusal(of: answer, by: check)
        }
    }

    /// Leaves an item for a later run.
    @inline(never)
    private func postpone(_ work: Work, because reason: Postponement) async {
        do {
            try await store.record(ItemOutcome(item: work.id, state: .deferred))
            observer.observe(.itemDeferred(work.id, key: work.key, reason: reason.message))
            state.withLock { $0.retire(.deferred) }
        } catch {
            state.withLock { $0.retire(failedCommit: error) }
        }
    }

    /// Sends the next turn of an item and waits for what comes of it.
    private func send(_ work: Work, at sentAt: Duration) async -> AttemptRecord {
        let startedAt = clock.unixMilliseconds()
        do {
            let generated = try await generator.generate(request(for: work), meter: announce(work))
            // Merged for the request already, but kept they would take up room during the wait.
            let check = AnswerCheck(job.checks.merging(work.checks), config: work.request.config)
            let refusal = await refusal(of: generated.answer, by: check, work.machine)
            let result = refusal.map { AttemptRecord.Result.failed($0) } ?? .answered(generated.answer)
            return record(result, startedAt, generated.firstChunk, sentAt: sentAt, of: work)
        } catch {
            return record(Self.result(of: error), startedAt, nil, sentAt: sentAt, of: work)
        }
    }

    /// Tells that an item is being sent.
    ///
    /// - Returns: What is to be told of its answer as it streams in.
    @inline(never)
    private func announce(_ work: Work) -> StreamMeter {
        let meter = StreamMeter()
        observer.observe(
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
    private func request(for work: Work) -> GenerationRequest {
        GenerationRequest(
            item: work.request,
            answeredTurns: work.answeredTurns,
            repair: work.machine.repair,
            stream: job.stream,
            cutsRunaways: job.checks.merging(work.checks).cutsRunaways,
            timeouts: job.timeouts(for: work.request)
        )
    }

    private static func result(of error: any Error) -> AttemptRecord.Result {
        switch error {
        case let error as GenerationError: .failed(error)
        case is CancellationError: .interrupted
        default: .failed(.unforeseen(error))
        }
    }

    @inline(never)
    private func record(
        _ result: AttemptRecord.Result,
        _ startedAt: Int64,
        _ firstChunk: Duration?,
        sentAt: Duration,
        of work: Work
    ) -> AttemptRecord {
        var timings = AttemptTimings(startedAtMilliseconds: startedAt, total: clock.now() - sentAt)
        timings.firstChunk = firstChunk
        return AttemptRecord(
            number: work.attempts,
            turn: work.machine.turn,
            isRepair: work.machine.repair != nil,
            timings: timings,
            result: result
        )
    }
}

extension GenerationError {
    /// The same, as the reason for which a run is stopped.
    var afterLongOutage: GenerationError {
        var error = self
        error.message = "nobody has answered for ten minutes, at last: \(message); run again when the service is back"
        return error
    }

    /// The same, as the reason for which a model's items are left for a later run.
    var afterLongShortage: GenerationError {
        var error = self
        error.message =
            "there has been no spare capacity for ten minutes, at last: \(message); run again later, or without service_tier: "
            + "flex"
        return error
    }

    /// Makes a failure of an error that no generator should throw: an item must not get lost by it.
    fileprivate static func unforeseen(_ error: any Error) -> GenerationError {
        GenerationError(
            .malformed,
            "the request ended with an error that was not foreseen (\(error)); please report it",
            isPossiblyBilled: true
        )
    }
}
