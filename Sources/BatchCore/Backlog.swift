/// An item on its way through a run.
struct Work: Sendable {
    var item: PendingItem
    var machine: ItemMachine
}

/// What a run has still to send: a window of the checkpoint's pending items, and the items that wait for their moment.
///
/// Both are bounded. When many items wait, the service is in trouble, and no new ones are taken from the window.
struct Backlog {
    private let longestWait: Int
    private let windowSize: Int
    private let itemLimit: Int

    /// Items not yet sent in this run; taken from the end, so that taking costs nothing.
    private var window: [Work] = []
    private var waiting = WaitingList<Work>()
    private var started = 0
    private var isExhausted = false
    /// The last item that the checkpoint handed out.
    private(set) var lastFetched: ItemID?

    /// - Parameters:
    ///   - concurrency: The most items in flight.
    ///   - longestWait: The number of waiting items from which on no new ones are started.
    ///   - itemLimit: The most items to start.
    init(concurrency: Int, longestWait: Int, itemLimit: Int) {
        self.longestWait = longestWait
        self.itemLimit = itemLimit
        windowSize = min(max(2 * concurrency, 64), 1024)
    }

    /// Whether nothing is left to send in this run.
    var isEmpty: Bool { window.isEmpty && waiting.isEmpty && (isExhausted || started >= itemLimit) }

    /// Whether the limit on items kept the backlog from asking for all of them.
    var isCutByLimit: Bool { started >= itemLimit && !isExhausted }

    /// When the first waiting item is due.
    var nextDue: Duration? { waiting.nextDue }

    private var mayStart: Bool { waiting.count < longestWait }

    /// How many items to fetch, if new ones may be started and none are at hand.
    var missingItems: Int? {
        guard window.isEmpty, !isExhausted, started < itemLimit, mayStart else { return nil }
        return min(windowSize, itemLimit - started)
    }

    /// Takes in what the checkpoint gave for ``missingItems``.
    mutating func refill(with items: [PendingItem], asked: Int, job: Job) {
        lastFetched = items.last?.id ?? lastFetched
        isExhausted = items.count < asked
        window = items.reversed().map { item in
            let machine = ItemMachine(
                turns: item.request.turns.count,
                answeredTurns: item.answeredTurns.count,
                job: job
            )
            return Work(item: item, machine: machine)
        }
    }

    /// An item whose wait is over, else one that has not been sent in this run.
    mutating func next(at now: Duration) -> Work? {
        if let work = waiting.popDue(at: now) { return work }
        guard mayStart, let work = window.popLast() else { return nil }
        started += 1
        return work
    }

    /// Keeps an item until its moment.
    mutating func putAside(_ work: Work, until due: Duration) {
        waiting.insert(work, due: due)
    }
}
