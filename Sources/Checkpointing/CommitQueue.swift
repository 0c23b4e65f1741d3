internal import BatchCore
internal import Synchronization

/// What tasks want done by the thread that owns the database, and when it is due.
///
/// Who is about to send a request waits for its commit. Nobody waits for that of an outcome: how many of them there may be
/// is for those to say who hand them over.
final class CommitQueue: Sendable {
    enum Entry: Sendable {
        case begin(Departure)
        case record(Settlement)
        /// Anything else, done alone and at once after what came before it.
        case work(Work)
    }

    /// Is handed the database, or told why it cannot be.
    typealias Work = @Sendable (Result<CheckpointDatabase, CheckpointError>) -> Void

    enum Next {
        case look(Work)
        case batch([Entry])
        /// Nothing waits and nothing will come.
        case end
    }

    /// One transaction does not grow beyond this; the rest waits for the next.
    private static let maximumBatch = 1024

    private struct State {
        var entries: [Entry] = []
        var looks: [Work] = []
        /// When the first of them is due; `nil` if none waits.
        var deadline: ContinuousClock.Instant?
        /// The shortest time that one of them may wait: what comes later and may wait as long is not due before it.
        var patience: Duration?
        /// Until when the thread sleeps, unless it is woken; `nil` if it is awake or about to look.
        var sleepsUntil: ContinuousClock.Instant?
        var isClosed = false
        var isEnded = false
        /// Called when the thread has ended its work and let go of everything.
        var endings: [@Sendable () -> Void] = []
    }

    private let policy: CommitPolicy
    private let state = Mutex(State())
    private let alarm: Alarm

    init(policy: CommitPolicy) throws(CheckpointError) {
        self.policy = policy
        alarm = try Alarm()
    }

    /// Adds an operation.
    ///
    /// - Returns: `false` if the queue is closed; then nobody will reply.
    func add(_ entry: Entry) -> Bool {
        let patience = patience(with: entry)
        let (isAdded, isUrgent) = state.withLock { state in
            if state.isClosed { return (false, false) }
            state.entries.append(entry)
            if state.patience.map({ patience < $0 }) ?? true {
                state.patience = patience
                let deadline = ContinuousClock.now + patience
                state.deadline = state.deadline.map { min($0, deadline) } ?? deadline
            }
            guard let sleepsUntil = state.sleepsUntil, let deadline = state.deadline else { return (true, false) }
            guard deadline < sleepsUntil || state.entries.count >= policy.operations else { return (true, false) }
            state.sleepsUntil = nil
            return (true, true)
        }
        if isUrgent {
            alarm.ring()
        }
        return isAdded
    }

    /// Adds something that only reads, whatever waits to be committed: it is done before that, which goes on waiting for
    /// company.
    ///
    /// - Returns: `false` if the queue is closed; then nobody will reply.
    func add(look: @escaping Work) -> Bool {
        let (isAdded, isAsleep) = state.withLock { state in
            if state.isClosed { return (false, false) }
            state.looks.append(look)
            defer { state.sleepsUntil = nil }
            return (true, state.sleepsUntil != nil)
        }
        if isAsleep {
            alarm.ring()
        }
        return isAdded
    }

    /// Takes no more operations; those that wait are done, and then the thread ends.
    ///
    /// - Parameter ending: Called when it has ended, at once if it has already.
    func close(_ ending: @escaping @Sendable () -> Void = {}) {
        let isEnded = state.withLock { state in
            state.isClosed = true
            state.sleepsUntil = nil
            if !state.isEnded {
                state.endings.append(ending)
            }
            return state.isEnded
        }
        isEnded ? ending() : alarm.ring()
    }

    /// Tells those who wait for the end; called by the thread as its last act.
    func end() {
        let endings = state.withLock { state in
            state.isEnded = true
            return state.endings
        }
        for ending in endings {
            ending()
        }
    }

    /// Waits until operations are due and takes them; called by the thread alone.
    func next() -> Next {
        while true {
            let now = ContinuousClock.now
            let (next, deadline) = state.withLock { state -> (Next?, ContinuousClock.Instant) in
                if !state.looks.isEmpty { return (.look(state.looks.removeFirst()), now) }
                let deadline = state.deadline ?? .distantFuture
                if deadline <= now || state.entries.count >= policy.operations || state.isClosed {
                    return (takeBatch(&state), now)
                }
                state.sleepsUntil = deadline
                return (nil, deadline)
            }
            if let next { return next }
            alarm.wait(until: deadline)
        }
    }

    private func takeBatch(_ state: inout State) -> Next {
        guard !state.entries.isEmpty else { return .end }
        var batch: [Entry] = []
        if state.entries.count <= Self.maximumBatch {
            swap(&batch, &state.entries)
            // The next one will be about as large.
            state.entries.reserveCapacity(batch.count)
        } else {
            batch = Array(state.entries.prefix(Self.maximumBatch))
            state.entries.removeFirst(batch.count)
        }
        // What is left has waited while the thread was busy: it is due.
        state.deadline = state.entries.isEmpty ? nil : .now
        state.patience = state.entries.isEmpty ? nil : .zero
        return .batch(batch)
    }

    private func patience(with entry: Entry) -> Duration {
        switch entry {
        case .begin: policy.beginDelay
        case .record: policy.recordDelay
        case .work: .zero
        }
    }
}

/// A request that is about to be sent.
struct Departure: Sendable {
    let item: ItemID
    /// What counts as spent if nobody ever knows what became of it; `nil` if nothing is capped.
    let reserved: Spending?
    /// Waits until it is committed, or for why it is not.
    ///
    /// Not a checked one: it is resumed in one place, and there is one for each item.
    let caller: UnsafeContinuation<Void, any Error>
}

/// What came of a request, or is to become of an item.
///
/// A class, so that an answer and its many members are not copied on their way through queue, batch and group.
final class Settlement: Sendable {
    let outcome: ItemOutcome
    /// Called once, when it is committed or cannot be.
    let completion: @Sendable ((any Error)?) -> Void

    init(outcome: ItemOutcome, completion: @escaping @Sendable ((any Error)?) -> Void) {
        self.outcome = outcome
        self.completion = completion
    }
}

extension ContinuousClock.Instant {
    /// Later than anything that happens here.
    static var distantFuture: ContinuousClock.Instant { .now + .seconds(1_000_000_000) }
}
