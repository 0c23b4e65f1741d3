internal import BatchCore
internal import Dispatch
internal import Synchronization

/// Gathers changes and writes them together, about once a second, so that a run of any size costs the ledger the same.
///
/// What a process had noted when it was killed is in the ledger but for the last second.
package final class LedgerRecorder: Sendable {
    private struct State {
        var pending = LedgerChanges()
        /// What is being written just now.
        var writing = LedgerChanges()
        var isScheduled = false
        var hasFailed = false
        /// What the ledger held after the last write, of all processes.
        var written: LedgerTotals
        var others = RequestsOfOthers()
        /// When somebody last asked what others do, in Unix milliseconds; from then on it is read again and again.
        var lastAsked: Int64?
    }

    private let ledger: Ledger
    private let interval: DispatchTimeInterval
    private let onFailure: @Sendable (LedgerError) -> Void
    private let state: Mutex<State>
    /// Writes wait for the disk, and for other processes: never in a task.
    private let queue = DispatchQueue(label: "genbatch.ledger")

    /// - Parameters:
    ///   - ledger: Where to write.
    ///   - now: Unix time in milliseconds.
    ///   - interval: The longest that a change stays in memory.
    ///   - onFailure: Called once, on a thread of its own, if changes cannot be written; they are tried again with
    ///     the next ones.
    /// - Throws: A ``LedgerError`` if what was spent so far cannot be read.
    package init(
        _ ledger: Ledger,
        now: Int64,
        interval: Duration = .seconds(1),
        onFailure: @escaping @Sendable (LedgerError) -> Void
    ) throws(LedgerError) {
        self.ledger = ledger
        self.interval = .milliseconds(Int(interval / .milliseconds(1)))
        self.onFailure = onFailure
        let day = PacificDay(containing: now)
        var others = RequestsOfOthers()
        others.read(try ledger.requests(of: day), of: day)
        state = Mutex(State(written: try ledger.totals(at: now), others: others))
    }

    /// Notes a change; it costs no more than a lock.
    ///
    /// - Parameters:
    ///   - change: What happened.
    ///   - name: The quota.
    ///   - now: Unix time in milliseconds, which decides the day that it belongs to.
    package func note(_ change: LedgerChange, of name: QuotaName, at now: Int64) {
        let isFirst = state.withLock { state in
            state.pending.add(change, of: name, at: now)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if isFirst {
            schedule(at: now)
        }
    }

    /// How many requests of a model, in all tiers, other processes and earlier runs have sent in the day of a moment.
    ///
    /// It costs no more than a lock, and is as old as the last write or reading; once asked, it is read about once a second.
    package func requestsOfOthers(of model: String, account: String, at now: Int64) -> Int {
        let key = RequestsOfOthers.Key(account: account, model: model, day: PacificDay(containing: now))
        let (count, isFirst) = state.withLock { state in
            state.lastAsked = now
            defer { state.isScheduled = true }
            return (state.others[key], !state.isScheduled)
        }
        if isFirst {
            schedule(at: now)
        }
        return count
    }

    private func schedule(at now: Int64) {
        queue.asyncAfter(deadline: .now() + interval) { [weak self] in
            self?.write(at: now)
            self?.scheduleReading()
        }
    }

    /// Others go on when this process has nothing to write.
    private func scheduleReading() {
        let lastAsked: Int64? = state.withLock { state in
            guard !state.isScheduled, let lastAsked = state.lastAsked else { return nil }
            state.isScheduled = true
            return lastAsked
        }
        if let lastAsked {
            schedule(at: lastAsked)
        }
    }

    /// What all jobs of the machine have used in the day and month of a moment.
    ///
    /// It costs no more than a lock: what this process noted is in it, what others did is as old as the last write.
    package func totals(at now: Int64) -> LedgerTotals {
        let day = PacificDay(containing: now)
        return state.withLock { state in
            var totals = state.written.carried(to: day)
            for changes in [state.writing, state.pending] {
                for (key, use) in changes.uses {
                    totals.add(use, on: key.day)
                }
            }
            return totals
        }
    }

    /// Writes what is noted now, and waits until that is done or has failed; for the end of a run.
    ///
    /// - Parameter now: Unix time in milliseconds.
    package func flush(at now: Int64) async {
        await withCheckedContinuation { continuation in
            queue.async {
                self.write(at: now)
                continuation.resume()
            }
        }
    }

    private func write(at now: Int64) {
        let changes = state.withLock { state in
            state.isScheduled = false
            swap(&state.pending, &state.writing)
            return state.writing
        }
        do {
            if !changes.isEmpty {
                try ledger.apply(changes)
            }
            let day = PacificDay(containing: now)
            finish(with: try? ledger.totals(at: now), requests: try? ledger.requests(of: day), of: day)
        } catch {
            keep(after: error)
        }
    }

    /// What was being written is in the ledger.
    private func finish(
        with totals: LedgerTotals?,
        requests: [RequestsOfOthers.Key: Int]?,
        of day: PacificDay
    ) {
        state.withLock { state in
            for (key, use) in state.writing.uses {
                state.written.add(use, on: key.day)
            }
            state.others.wrote(state.writing)
            if let requests {
                state.others.read(requests, of: day)
            }
            state.writing = LedgerChanges()
            state.written = totals ?? state.written
        }
    }

    /// What was being written is not in the ledger: it goes with the next changes.
    private func keep(after error: LedgerError) {
        let isNews = state.withLock { state in
            state.writing.add(state.pending)
            state.pending = state.writing
            state.writing = LedgerChanges()
            defer { state.hasFailed = true }
            return !state.hasFailed
        }
        if isNews {
            onFailure(error)
        }
    }
}
