internal import BatchCore

/// Ends a run when its time is over: nothing new from then on, and after a grace what is still in flight is cut.
final class RunDeadline: Sendable {
    private let task: Task<Void, Never>

    /// - Parameters:
    ///   - scheduler: Who is told.
    ///   - duration: How long the run may take; `nil` makes no deadline.
    ///   - grace: How long streams may go on after that.
    ///   - clock: Time.
    init?(_ scheduler: Scheduler, after duration: Duration?, grace: Duration, clock: some RunClock) {
        guard let duration else { return nil }
        let deadline = clock.now() + duration
        task = Task {
            guard (try? await clock.sleep(until: deadline)) != nil else { return }
            scheduler.stopForTime()
            guard (try? await clock.sleep(until: deadline + grace)) != nil else { return }
            scheduler.abort()
        }
    }

    func cancel() {
        task.cancel()
    }
}
