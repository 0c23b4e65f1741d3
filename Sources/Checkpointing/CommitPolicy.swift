/// When what waits is committed, and how long a commit may be put off by others.
package struct CommitPolicy: Sendable {
    /// This many waiting operations are committed at once.
    package var operations: Int
    /// The longest a `begin` waits for company: it holds up a request, so that no answer is late, only unsent.
    package var beginDelay = Duration.milliseconds(10)
    /// The longest a `record` waits: its answer is here already, and a sync costs more than the wait.
    package var recordDelay = Duration.milliseconds(100)
    /// How long a full disk is tried again, for space may be freed.
    package var fullDiskPatience = Duration.seconds(5)
    /// How long the lock of another program is waited for.
    package var busyTimeout = Duration.seconds(30)

    /// - Parameter concurrency: Requests at once. All of them may be answered together, and each answer lets another request
    ///   begin; a commit costs as much for all of that as for a part of it.
    package init(concurrency: Int = 64) {
        operations = min(2 * concurrency, 1024)
    }
}
