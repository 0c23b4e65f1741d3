/// An item on its way through a run.
///
/// It changes hands often, so what never changes about it is in one place: a copy costs next to nothing.
struct Work: Sendable {
    private final class Origin: Sendable {
        let item: PendingItem

        init(_ item: PendingItem) {
            self.item = item
        }
    }

    private let origin: Origin
    /// Attempts made for it so far, in all runs.
    var attempts: Int
    /// The parts that the model answered to the first turns, as JSON arrays.
    var answeredTurns: [String]
    var machine: ItemMachine
    /// The lane of its model.
    let lane: Int
    /// What its request was estimated to count; 0 if nobody needs to know.
    var inputTokens = 0
    /// What the budget has set aside for its request; `nil` if nothing is capped.
    var reservation: Spending?
    /// What its attempts cost that no event has told yet.
    var untoldCost = CostSum()

    init(item: PendingItem, machine: ItemMachine, lane: Int) {
        origin = Origin(item)
        attempts = item.attempts
        answeredTurns = item.answeredTurns
        self.machine = machine
        self.lane = lane
    }

    var id: ItemID { origin.item.id }
    var key: String { origin.item.key }
    var request: ItemRequest { origin.item.request }
    var checks: AnswerChecks { origin.item.checks }
}

/// What a run has still to send: a window of the checkpoint's pending items, and the items that wait for their moment or
/// for their model's quota.
///
/// All of it is bounded. A model that keeps as many items waiting as may gets a source of its own, from which nothing is
/// read until there is room; the others go on.
struct Backlog {
    /// What to ask the checkpoint for.
    struct Request: Equatable {
        fileprivate let source: Int
        let after: ItemID?
        let count: Int
        let models: ModelSelection
    }

    /// A stream of the checkpoint's items, in the order of the job.
    private struct Source {
        /// The lane that it fills; `nil` for that of all models without one of their own.
        let lane: Int?
        /// The last item that it handed out.
        var last: ItemID?
        var isExhausted = false
    }

    private let job: Job
    private let longestWait: Int
    private let windowSize: Int
    private let itemLimit: Int

    /// The first is that of all models without one of their own.
    private var sources = [Source(lane: nil)]
    /// Items not yet looked at; taken from the end, so that taking costs nothing.
    private var window: [Work] = []
    private var waiting = WaitingList<Work>()
    private(set) var lanes: [Lane] = []
    private var laneNumbers: [String: Int] = [:]
    /// The lane to begin with, so that none is favoured.
    private var turn = 0
    private var fetched = 0
    private var budget: Budget

    /// - Parameters:
    ///   - job: Its limits are followed.
    ///   - longestWait: The number of a model's waiting items from which on no new ones are read.
    ///   - itemLimit: The most items to start.
    ///   - budget: What may be spent.
    init(job: Job, longestWait: Int, itemLimit: Int, budget: Budget) {
        self.job = job
        self.longestWait = longestWait
        self.itemLimit = itemLimit
        self.budget = budget
        windowSize = min(max(2 * job.limits.concurrency, 64), 1024)
    }

    /// Whether nothing is left to send in this run.
    var isEmpty: Bool {
        window.isEmpty && waiting.isEmpty && lanes.allSatisfy(\.isEmpty)
            && (fetched >= itemLimit || sources.allSatisfy(\.isExhausted))
    }

    /// Whether the limit on items kept the backlog from asking for all of them.
    var isCutByLimit: Bool { fetched >= itemLimit && !sources.allSatisfy(\.isExhausted) }

    /// When the first waiting item is due, or a limiter allows more.
    var nextDue: Duration? {
        var due = waiting.nextDue
        for lane in lanes where !lane.isEmpty {
            guard let opensAt = lane.opensAt else { continue }
            due = min(due ?? opensAt, opensAt)
        }
        return due
    }

    // MARK: Reading

    /// What to read, if there is room for it and none is at hand.
    var missing: Request? {
        guard window.isEmpty, fetched < itemLimit else { return nil }
        let count = min(windowSize, itemLimit - fetched)
        let number = sources.indices.first { number in
            let source = sources[number]
            return !source.isExhausted && (source.lane.map { !lanes[$0].hasFresh && !isFull($0) } ?? true)
        }
        guard let number else { return nil }
        return Request(source: number, after: sources[number].last, count: count, models: models(of: number))
    }

    private func models(of number: Int) -> ModelSelection {
        if let lane = sources[number].lane { return .only(lanes[lane].model) }
        let own = sources.compactMap { source in source.lane.map { lanes[$0].model } }
        return own.isEmpty ? .all : .except(own)
    }

    /// Takes in what the checkpoint gave for ``missing``; every model of it has a lane.
    mutating func refill(with items: [PendingItem], for request: Request) {
        fetched += items.count
        sources[request.source].last = items.last?.id ?? sources[request.source].last
        sources[request.source].isExhausted = items.count < request.count
        window = items.reversed().compactMap { item in
            guard let lane = laneNumbers[item.request.model] else { return nil }
            let machine = ItemMachine(
                turns: item.request.turns.count,
                answeredTurns: item.answeredTurns.count,
                job: job
            )
            return Work(item: item, machine: machine, lane: lane)
        }
    }

    /// The first request of each model among items that has no lane yet.
    func newModels(in items: [PendingItem]) -> [ItemRequest] {
        var requests: [ItemRequest] = []
        for item in items where laneNumbers[item.request.model] == nil {
            if !requests.contains(where: { $0.model == item.request.model }) {
                requests.append(item.request)
            }
        }
        return requests
    }

    /// Gives a model a lane, with what is known of its quota.
    mutating func openLane(of model: String, tier: ServiceTier, learned: LearnedQuota, now: Moment) {
        lanes.append(Lane(model: model, tier: tier, limits: job.limits, learned: learned, now: now))
        laneNumbers[model] = lanes.count - 1
    }

    private func isFull(_ lane: Int) -> Bool {
        lanes[lane].count >= longestWait
    }

    // MARK: Sending

    /// What may be sent or put off now: an item that was sent before, else one that was not.
    mutating func next(at now: Moment) -> Lane.Next? {
        while let work = waiting.popDue(at: now.monotonic) {
            lanes[work.lane].wakeUp(work)
        }
        for offset in lanes.indices {
            let lane = (turn + offset) % lanes.count
            if !lanes[lane].isEmpty, let next = lanes[lane].next(at: now, within: &budget) {
                turn = lane + 1
                return next
            }
        }
        while let work = window.popLast() {
            if !lanes[work.lane].hasFresh, !isFull(work.lane),
                let next = lanes[work.lane].admit(work, at: now, within: &budget)
            {
                return next
            }
            lanes[work.lane].append(work)
            if isFull(work.lane) {
                readApart(work.lane)
            }
        }
        return nil
    }

    /// Reads the items of a model for themselves from here on.
    private mutating func readApart(_ lane: Int) {
        guard !sources.contains(where: { $0.lane == lane }) else { return }
        sources.append(Source(lane: lane, last: sources[0].last, isExhausted: sources[0].isExhausted))
    }

    /// Keeps an item until its moment.
    mutating func putAside(_ work: Work, until due: Duration) {
        lanes[work.lane].fallAsleep()
        waiting.insert(work, due: due)
    }

    // MARK: What came of it

    /// Takes account of what a request spent.
    mutating func settle(_ work: Work, _ attempt: AttemptRecord) {
        guard let reservation = work.reservation else { return }
        budget.settle(reservation, of: work.request.model, attempt)
    }

    /// Takes note of what all jobs have spent, this one included.
    mutating func note(spentByAllToday day: MicroDollars, inMonth month: MicroDollars) {
        budget.note(spentByAllToday: day, inMonth: month)
    }

    /// Takes note of what other runs send today, for the models of which so many are allowed.
    mutating func noteRequestsOfOthers(in register: any QuotaRegister) {
        for index in lanes.indices where lanes[index].hasDailyLimit {
            guard let count = register.requestsOfOthersToday(of: lanes[index].model) else { continue }
            lanes[index].note(requestsOfOthersToday: count)
        }
    }

    /// Changes what is known about a model.
    mutating func withLane<Result>(of work: Work, _ body: (inout Lane) -> Result) -> Result {
        body(&lanes[work.lane])
    }
}
