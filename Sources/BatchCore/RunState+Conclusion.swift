/// What the scheduler does about an item: commits, then tells, then tidies up.
struct Conclusion: Sendable {
    /// The item's state from now on.
    let state: ItemState
    let event: RunEvent?
    let aftermath: Aftermath
}

/// What is left to do once everything about an item is committed.
///
/// By reference: it waits for the commit together with the item.
indirect enum Aftermath: Sendable {
    case done
    case failed(FailureClass)
    case deferred
    case interrupted
    /// Begun, but a stop came before it was sent.
    case unsent
    case putAside(Work, due: Duration)
    case nextTurn(Work)
}

/// What follows from attempts.
extension RunState {
    /// Decides what follows from an attempt, and frees the slot: waiting for the disk is not being in flight.
    ///
    /// - Parameters:
    ///   - attempt: Gets its cost.
    ///   - sentAt: When it was sent.
    ///   - sent: The item.
    /// - Returns: What is to be kept, told and done about the item.
    mutating func conclude(_ attempt: inout AttemptRecord, sentAt: Duration, of sent: Work) -> Conclusion {
        var work = sent
        attempt.cost = prices.cost(of: attempt, asked: work.request)
        attempt.counted = work.reservation.flatMap { prices.counted(attempt, asked: work.request, reserved: $0) }
        account(for: attempt, of: work.request)
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

    private mutating func account(for attempt: AttemptRecord, of request: ItemRequest) {
        summary.cost.add(attempt.cost)
        let reserved = attempt.spending.cost - (attempt.cost ?? .zero)
        let use = QuotaNote.used(attempt.usage ?? TokenUsage(), cost: attempt.cost, reserved: reserved)
        let unsent = QuotaNote.unsent(sentAt: attempt.timings.startedAtMilliseconds)
        register?.note(attempt.reachedService ? use : unsent, of: request.model, tier: request.serviceTier)
        guard let answered = attempt.modelVersion,
            answeringModels.isNews(answered, askedFor: request.model)
        else { return }
        observer.observe(.otherModel(asked: request.model, answered: answered, isPriced: attempt.cost != nil))
    }

    private mutating func conclude(
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
            work.answeredTurns.append(answer.parts)
            return Conclusion(state: .pending, event: nil, aftermath: .nextTurn(work))
        }
        let event = RunEvent.itemDone(
            work.id,
            key: work.key,
            answer: answer,
            attempts: attempt.number,
            timings: attempt.timings,
            cost: work.untoldCost
        )
        return Conclusion(state: .done, event: event, aftermath: .done)
    }

    private mutating func conclude(
        _ error: GenerationError,
        _ attempt: AttemptRecord,
        sentAt: Duration,
        of work: inout Work
    ) -> Conclusion {
        let (id, key) = (work.id, work.key)
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
        let isCapacityGone = error.isShed && backlog.withLane(of: work) { $0.shed(now: now) }
        let action = work.machine.failed(
            error,
            isServiceDown: isServiceDown,
            isCapacityGone: isCapacityGone,
            using: &random
        )
        switch action {
        case .waitForGate, .deferModel:
            let error = isCapacityGone ? error.afterLongShortage : error
            if let opensAt = refused(work, error, sentAt: sentAt, now: now) { return tryAgain(at: opensAt) }
            summary.closedModels[work.request.model] = error
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

    private mutating func interrupted(_ work: Work) -> Conclusion {
        backlog.withLane(of: work) { $0.ended() }
        // If nobody asked for a stop, the process is on its way down, and further items would fare the same.
        end(.interrupted)
        return Conclusion(
            state: .pending,
            event: .itemInterrupted(work.id, key: work.key),
            aftermath: .interrupted
        )
    }

    /// Takes account of a refusal for quota.
    ///
    /// - Returns: When the item may be sent again; `nil` if its model is closed for this run.
    private mutating func refused(
        _ work: Work,
        _ error: GenerationError,
        sentAt: Duration,
        now: Duration
    ) -> Duration? {
        let jitter = Double.random(in: 0...1, using: &random)
        let (pause, isSpendLimitLikely) = backlog.withLane(of: work) { lane in
            (lane.refused(error, sentAt: sentAt, now: now, jitter: jitter), lane.isSpendLimitLikely)
        }
        noteRefusal(error, of: backlog.lanes[work.lane], isFinal: pause == nil)
        guard let pause else { return nil }
        if pause.isNew {
            notePace(of: backlog.lanes[work.lane])
            let advice = isSpendLimitLikely ? "; the limit of money spent in ten minutes is the likely reason" : ""
            observer.observe(
                .quotaWait(
                    model: work.request.model,
                    duration: pause.opensAt - now,
                    reason: (error.exceededLimit ?? error.message) + advice
                )
            )
        }
        return pause.opensAt
    }

    func notePace(of lane: Lane) {
        register?.note(.pace(lane.learned), of: lane.model, tier: lane.tier)
    }

    /// Keeps for other runs what a refusal says about the quota, where they look for it: a lane asks for one tier.
    private func noteRefusal(_ error: GenerationError, of lane: Lane, isFinal: Bool) {
        guard error.failureClass == .rateDay else { return }
        if let limit = error.requestsPerDay, limit > 0 {
            register?.note(.dailyLimit(limit), of: lane.model, tier: lane.tier)
        }
        if isFinal {
            register?.note(.closed(for: error.namesDay ? nil : error.retryDelay), of: lane.model, tier: lane.tier)
        }
    }
}

extension GenerationError {
    /// The same, as the reason for which a run is stopped.
    fileprivate var afterLongOutage: GenerationError {
        var error = self
        error.message = "nobody has answered for ten minutes, at last: \(message); run again when the service is back"
        return error
    }

    /// The same, as the reason for which a model's items are left for a later run.
    fileprivate var afterLongShortage: GenerationError {
        var error = self
        error.message =
            "there has been no spare capacity for ten minutes, at last: \(message); run again later, or without service_tier: "
            + "flex"
        return error
    }
}
