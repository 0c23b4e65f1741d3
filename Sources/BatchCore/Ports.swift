/// Where one answer comes from; the scheduler knows no more about the model than this.
package protocol Generating: Sendable {
    /// Sends one turn of one item to the model and returns the whole answer.
    ///
    /// One call is one attempt: it never retries. Cancelling the task closes the stream.
    ///
    /// - Parameters:
    ///   - request: What to send.
    ///   - meter: Is told what streams in while the call waits; read by progress displays.
    /// - Returns: The complete answer, and when its first event came.
    /// - Throws: A ``GenerationError`` if there is no usable answer, or `CancellationError`.
    func generate(_ request: GenerationRequest, meter: StreamMeter) async throws -> GenerationResult
}

/// One turn to send, with the dialogue before it.
///
/// By reference, like its result: whoever hands it on waits for what comes of it, and needs the room for it as long.
package final class GenerationRequest: Sendable {
    package let item: ItemRequest
    /// The parts that the model answered to the turns before, as JSON arrays.
    package let answeredTurns: [String]
    /// What the dialogue goes on with after the turn, if the answer to it was refused.
    package let repair: RepairRequest?
    package let stream: Bool
    /// Whether an answer that repeats itself without end is cut and refused.
    package let cutsRunaways: Bool
    package let timeouts: Timeouts

    package init(
        item: ItemRequest,
        answeredTurns: [String],
        repair: RepairRequest? = nil,
        stream: Bool,
        cutsRunaways: Bool = true,
        timeouts: Timeouts
    ) {
        self.item = item
        self.answeredTurns = answeredTurns
        self.repair = repair
        self.stream = stream
        self.cutsRunaways = cutsRunaways
        self.timeouts = timeouts
    }
}

/// What came of a request.
package final class GenerationResult: Sendable {
    package let answer: Answer
    /// From sending to the first event of the answer.
    package let firstChunk: Duration?

    package init(answer: Answer, firstChunk: Duration?) {
        self.answer = answer
        self.firstChunk = firstChunk
    }
}

/// Where items come from, one after the other, so that a job of millions needs no memory for them.
package protocol ItemSource {
    /// The next item in the order of the job; `nil` at the end.
    mutating func next() throws -> SourceItem?
}

/// What the scheduler asks of the checkpoint.
///
/// What a method changes is committed when it returns, or when it says so. A cancelled caller makes no difference: what was
/// sent has to be kept above all when the run is being cut.
package protocol CheckpointStore: Sendable {
    /// The next items in state `pending`, in the order of the job.
    ///
    /// `after` is the last item handed out before, `nil` to begin; `models` says whose items. It does not wait for changes that
    /// are still to be committed: the states are those of before them.
    func pendingItems(after: ItemID?, limit: Int, of models: ModelSelection) async throws -> [PendingItem]

    /// Notes that a request of an item is about to be sent, so that a crash from here on counts it as possibly billed.
    ///
    /// Called for every turn of a chat and for every retry. `reserved` is what counts as spent if nobody ever knows what
    /// became of it; `nil` if nothing is capped.
    func begin(_ id: ItemID, reserving reserved: Spending?) async throws

    /// Keeps what came of an attempt, and the state of its item after it.
    ///
    /// A chat whose turn was answered is pending until its next turn begins. It does not wait: `completion` is called once,
    /// when the outcome is committed or with the reason why it cannot be. That may be on any thread, and before this
    /// returns; it must not wait for anything.
    func record(_ outcome: ItemOutcome, completion: @escaping @Sendable ((any Error)?) -> Void)
}

/// Where it is kept which media have been uploaded, so that a resumed run does not upload them again.
package protocol UploadRegister: Sendable {
    /// What was uploaded under a key, expired or not; `nil` if nothing was.
    func upload(for key: MediaUpload.Key) async throws -> MediaUpload?

    /// Keeps an upload, in place of an earlier one under its key; returns after the commit.
    func keep(_ upload: MediaUpload) async throws
}

/// The models whose items are asked for.
package enum ModelSelection: Sendable, Equatable {
    case all
    case only(String)
    case except([String])
}

/// What one attempt, or a decision without one, changes in the checkpoint.
package struct ItemOutcome: Sendable {
    package var item: ItemID
    package var state: ItemState
    /// `nil` when nothing was sent: the item is deferred, or a stop came after it was begun.
    package var attempt: AttemptRecord?

    package init(item: ItemID, state: ItemState, attempt: AttemptRecord? = nil) {
        self.item = item
        self.state = state
        self.attempt = attempt
    }
}

/// One request that was sent, and what came back.
package struct AttemptRecord: Sendable {
    /// Held by reference: on its way to the disk it is handed on many times.
    package indirect enum Result: Sendable {
        case answered(Answer)
        case failed(GenerationError)
        /// Cut by our own stop; does not count against the item.
        case interrupted
    }

    /// Counted from 1 over all runs and turns of the item.
    package var number: Int
    /// The turn of the chat that was sent, from 0.
    package var turn: Int
    /// Whether it told the model what was wrong with an answer before.
    package var isRepair: Bool
    package var timings: AttemptTimings
    package var result: Result
    /// What it cost; `nil` is unknown, which is not zero.
    package var cost: MicroDollars?
    /// What counts as spent under caps in place of ``cost`` and ``usage``, as those are unknown or the least that it may
    /// be; `nil` if they count themselves, or nothing is capped.
    package var counted: Spending?

    package init(
        number: Int,
        turn: Int,
        isRepair: Bool = false,
        timings: AttemptTimings,
        result: Result,
        cost: MicroDollars? = nil,
        counted: Spending? = nil
    ) {
        self.number = number
        self.turn = turn
        self.isRepair = isRepair
        self.timings = timings
        self.result = result
        self.cost = cost
        self.counted = counted
    }

    /// The server's counts; `nil` if nobody knows what was used, which is not nothing.
    package var usage: TokenUsage? {
        switch result {
        case .answered(let answer): answer.usage == TokenUsage() ? nil : answer.usage
        case .failed(let error) where error.isPossiblyBilled && error.usage == TokenUsage(): nil
        case .failed(let error): error.usage
        case .interrupted: nil
        }
    }

    /// Whether the request was sent at all, as far as it is known: whoever cannot be reached counts nothing.
    package var reachedService: Bool {
        guard case .failed(let error) = result else { return true }
        return error.isPossiblyBilled || ![.network, .tls, .media].contains(error.failureClass)
    }

    /// Whether an answer broke off: its counts are the least that it may be billed for.
    package var isBrokenOff: Bool {
        guard case .failed(let error) = result, error.isPossiblyBilled else { return false }
        return error.isServiceTrouble || [.timeoutItem, .malformed, .tooLarge, .runaway].contains(error.failureClass)
    }

    /// The model that answered or broke off, if it told.
    package var modelVersion: String? {
        switch result {
        case .answered(let answer): answer.modelVersion
        case .failed(let error): error.modelVersion
        case .interrupted: nil
        }
    }

    /// How the request was served, as far as the server told.
    package var serviceTier: ServiceTier? {
        switch result {
        case .answered(let answer): answer.serviceTier
        case .failed(let error): error.serviceTier
        case .interrupted: nil
        }
    }
}

/// Where it is kept what all runs of the machine learned of quotas and spent, so that none has to find it out anew.
///
/// Calls come while the scheduler decides, and must not call it.
package protocol QuotaRegister: Sendable {
    /// What is known of the quota of a model in a tier.
    func quota(of model: String, tier: ServiceTier) async -> LearnedQuota

    /// Keeps a piece of news about a quota; returns at once.
    func note(_ note: QuotaNote, of model: String, tier: ServiceTier)

    /// How many requests of a model, in all tiers, other runs have sent in the present day of California, as far as it is
    /// known; `nil` if it is not. Returns at once.
    func requestsOfOthersToday(of model: String) -> Int?

    /// What counts as spent by all runs in the present day and month of California; returns at once.
    func spentByAll() -> (day: MicroDollars, month: MicroDollars)
}

/// News about the quota of a model.
package enum QuotaNote: Sendable, Equatable {
    /// A request is being sent.
    case sent
    /// It reached nobody, and does not count for the day in which it was sent, at a time in Unix milliseconds.
    case unsent(sentAt: Int64)
    /// What a request used that was sent; a cost of `nil` is unknown, and under caps `reserved` counts beyond it.
    case used(TokenUsage, cost: MicroDollars?, reserved: MicroDollars)
    /// The paces that are kept up.
    case pace(LearnedQuota)
    /// The server named its limit of requests per day.
    case dailyLimit(Int)
    /// The server lets nothing through: for so long, or if it names no time until the day ends.
    case closed(for: Duration?)
}

/// Time as the scheduler sees it; tests move it by hand.
package protocol RunClock: Sendable {
    /// Monotonic time since some fixed moment.
    func now() -> Duration
    /// Unix time in milliseconds, for records only: never for measuring.
    func unixMilliseconds() -> Int64
    /// Waits until ``now()`` reaches a moment, or throws `CancellationError`.
    func sleep(until moment: Duration) async throws
}

extension RunClock {
    var moment: Moment { Moment(monotonic: now(), unixMilliseconds: unixMilliseconds()) }
}

/// A moment by both clocks: one to measure with, and the one that days and prices follow.
struct Moment: Sendable {
    var monotonic: Duration
    var unixMilliseconds: Int64
}

/// Is told what happens in a run.
///
/// Calls come from several threads, some while the scheduler decides: they must return at once, and not call it.
package protocol RunObserver: Sendable {
    func observe(_ event: RunEvent)
}
