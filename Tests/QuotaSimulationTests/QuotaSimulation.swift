import TestSupport

@testable import BatchCore

/// Runs processes with a policy each against one service, event by event in virtual time.
struct QuotaSimulation {
    /// What came of a simulation.
    struct Outcome {
        var successes: [Int]
        /// Those of the second half, when everybody has begun.
        var lateSuccesses: [Int]
        var refusals = 0
        var outages = 0
        var lost = 0
        var quota = 0.0
        /// The longest time from a change of the limit until nine tenths of the new one are used, in seconds.
        var timeTo90 = 0.0
        /// When the last answer came.
        var lastAnswer = 0.0

        var success: Int { successes.reduce(0, +) }
        /// Answers as a share of what the quota allowed.
        var goodput: Double { Double(success) / quota }
        var refusalsPerSuccess: Double { Double(refusals) / Double(max(1, success)) }
        var outagesPerSuccess: Double { Double(outages) / Double(max(1, success)) }
        /// Jain's index over the second half: 1 if all processes got the same, 1/n if one got all.
        var fairness: Double {
            let sum = Double(lateSuccesses.reduce(0, +))
            let squares = lateSuccesses.reduce(0.0) { $0 + Double($1) * Double($1) }
            return squares == 0 ? 1 : sum * sum / (Double(successes.count) * squares)
        }
    }

    private struct Request {
        var process: Int
        var attempt: Int
        var isRetry: Bool
        var tokens: Int
        var sentAt: Double
    }

    private struct Item {
        var attempt = 1
        /// Whether its last attempt failed by the service's fault.
        var isRetry = false
        /// Whether it has been sent before.
        var isKnown = false
        var tokens: Int
    }

    private struct Process {
        var policy: any PacingPolicy
        var waiting = WaitingList<Item>()
        /// The first of the items that were never sent.
        var next: Item?
        var inFlight = 0
        var retriesOpenAt = 0.0
        var nextWake = Double.infinity
        var hasStopped = false
    }

    private enum Event {
        case wake(process: Int, at: Double)
        case arrival(Request)
        case reply(Request, SimulatedService.Reply)
    }

    /// Slots of each process.
    static let concurrency = 64
    static let halfAnHour = 1800.0
    private static let longestWait = 4 * concurrency

    private(set) var service: SimulatedService
    private var processes: [Process]
    private var events = WaitingList<Event>()
    private var random: SeededGenerator
    private var outcome: Outcome
    private var end = 0.0

    init(_ service: SimulatedService, policies: [any PacingPolicy], seed: UInt64 = 1) {
        self.service = service
        processes = policies.map { Process(policy: $0) }
        random = SeededGenerator(seed: seed)
        outcome = Outcome(successes: policies.map { _ in 0 }, lateSuccesses: policies.map { _ in 0 })
    }

    /// Simulates a time, 30 minutes unless told otherwise, with more than enough to do.
    mutating func run(seconds: Double = halfAnHour) -> Outcome {
        end = seconds
        for process in processes.indices {
            wake(process, at: processes[process].policy.start)
        }
        while let due = events.nextDue, due.inSeconds < seconds, let event = events.popDue(at: due) {
            handle(event, now: due.inSeconds)
        }
        outcome.quota = service.quotaIntegral(until: seconds)
        outcome.timeTo90 = service.stages.dropFirst().map { timeTo90(after: $0) }.max() ?? 0
        return outcome
    }

    private mutating func handle(_ event: Event, now: Double) {
        switch event {
        case .wake(let process, let moment):
            // One that was set before an earlier one is not needed any more.
            guard moment == processes[process].nextWake else { return }
            processes[process].nextWake = .infinity
            send(process, now: now)
        case .arrival(let request):
            let (reply, seconds) = service.receive(at: now, tokens: request.tokens, random: &random)
            events.insert(.reply(request, reply), due: .seconds(now + seconds))
        case .reply(let request, let reply):
            processes[request.process].inFlight -= 1
            conclude(request, reply, now: now)
            send(request.process, now: now)
        }
    }

    private mutating func conclude(_ request: Request, _ reply: SimulatedService.Reply, now: Double) {
        let process = request.process
        guard case .failure(let error) = reply else {
            outcome.successes[process] += 1
            if now >= end / 2 {
                outcome.lateSuccesses[process] += 1
            }
            outcome.lastAnswer = now
            processes[process].policy.answered(
                sentAt: request.sentAt,
                wasRetry: request.isRetry,
                extraTokens: request.tokens - Self.estimate(of: request.tokens)
            )
            return
        }
        if reply.isQuota {
            outcome.refusals += 1
        } else {
            outcome.outages += 1
        }
        let next = processes[process].policy.failed(
            error,
            attempt: request.attempt,
            sentAt: request.sentAt,
            now: now,
            random: &random
        )
        switch next {
        case .lost:
            outcome.lost += 1
        case .stop:
            processes[process].hasStopped = true
        case .retry(let due, let usesAttempt):
            let item = Item(
                attempt: request.attempt + (usesAttempt ? 1 : 0),
                isRetry: usesAttempt,
                isKnown: true,
                tokens: request.tokens
            )
            processes[process].waiting.insert(item, due: .seconds(due))
        }
    }

    /// Sends whatever the policy lets go.
    private mutating func send(_ process: Int, now: Double) {
        while !processes[process].hasStopped, let candidate = candidate(process, now: now) {
            switch processes[process].policy.admit(
                inputTokens: Self.estimate(of: candidate.tokens),
                isRetry: candidate.isRetry,
                now: now
            ) {
            case .now:
                if !candidate.isKnown { processes[process].next = nil }
                processes[process].inFlight += 1
                let request = Request(
                    process: process,
                    attempt: candidate.attempt,
                    isRetry: candidate.isRetry,
                    tokens: candidate.tokens,
                    sentAt: now
                )
                let travel = SimulatedService.logNormal(median: 0.03, spread: 0.4, random: &random)
                events.insert(.arrival(request), due: .seconds(now + travel))
            case .wait(let until):
                if let until { wake(process, at: until) }
                if candidate.isKnown {
                    processes[process].waiting.insert(candidate, due: Duration(roundingUp: now))
                }
                // Items that were never sent need not wait for the retry budget.
                guard candidate.isRetry else { return }
                // In seconds the moment may be now, although the limiter's clock is finer.
                processes[process].retriesOpenAt = max(until ?? now + 0.1, now + 0.001)
            }
        }
    }

    private mutating func candidate(_ process: Int, now: Double) -> Item? {
        let holdsSlots = processes[process].policy.sleepsInSlot
        let taken = processes[process].inFlight + (holdsSlots ? processes[process].waiting.count : 0)
        if processes[process].inFlight < Self.concurrency, processes[process].retriesOpenAt <= now,
            let retry = processes[process].waiting.popDue(at: Duration(roundingUp: now))
        {
            return retry
        }
        if let due = processes[process].waiting.nextDue {
            wake(process, at: max(due.inSeconds, processes[process].retriesOpenAt, now + 0.001))
        }
        guard taken < Self.concurrency, processes[process].waiting.count < Self.longestWait else { return nil }
        let item = processes[process].next ?? Item(tokens: service.inputTokens(random: &random))
        processes[process].next = item
        return item
    }

    /// What a request is taken to count before it is answered: some more than it does, some less.
    private static func estimate(of tokens: Int) -> Int {
        tokens * (80 + tokens % 41) / 100
    }

    private mutating func wake(_ process: Int, at moment: Double) {
        guard moment < processes[process].nextWake else { return }
        processes[process].nextWake = moment
        events.insert(.wake(process: process, at: moment), due: Duration(roundingUp: moment))
    }

    private func timeTo90(after stage: SimulatedService.Stage) -> Double {
        let span = 20.0
        let wanted = Int((0.9 * Double(stage.limit) * span / 60).rounded(.up))
        let accepted = service.accepted
        guard let first = accepted.firstIndex(where: { $0 >= stage.start }), first + wanted <= accepted.count else {
            return .infinity
        }
        for last in (first + wanted - 1)..<accepted.count
        where accepted[last] - accepted[last - wanted + 1] <= span {
            return accepted[last] - stage.start
        }
        return .infinity
    }
}
