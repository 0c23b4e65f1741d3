internal import Checkpointing

/// The wait for another run to let go of a checkpoint, with one limit for all of it.
struct LockWait {
    private static let interval = Duration.milliseconds(200)

    private let deadline: Duration
    private let clock: SystemClock
    private var isAnnounced = false

    init(limit: Duration, clock: SystemClock) {
        deadline = clock.now() + limit
        self.clock = clock
    }

    /// Waits until nobody holds the checkpoint, which a third run may take first.
    ///
    /// The lock has no queue that could be waited in for a limited time, so it is looked at again and again.
    ///
    /// - Parameters:
    ///   - holder: Who was found to hold it.
    ///   - path: The checkpoint.
    /// - Returns: `false` if the time is over.
    /// - Throws: `CancellationError`.
    mutating func waitForEnd(of holder: LockHolder?, path: String) async throws -> Bool {
        if !isAnnounced {
            isAnnounced = true
            let who = holder.map { "process \($0.pid) on \($0.host), since \($0.startedAt)" } ?? "another process"
            StandardError.note("waiting for \(who), which uses \(path)")
        }
        repeat {
            let left = deadline - clock.now()
            guard left > .zero else { return false }
            try await clock.sleep(until: clock.now() + min(left, Self.interval))
        } while SQLiteCheckpoint.holder(path: path) != nil
        return true
    }
}
