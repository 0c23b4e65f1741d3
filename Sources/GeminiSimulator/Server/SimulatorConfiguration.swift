/// How the simulator behaves when no fault is ordered; by default it answers at once.
package struct SimulatorConfiguration: Sendable {
    /// The port on 127.0.0.1; 0 takes a free one.
    package var port = 0
    /// From the end of a request to its first event.
    package var firstChunkLatency = Duration.zero
    /// Between two events of one answer.
    package var chunkInterval = Duration.zero
    /// The events of an answer whose prompt asks for no length.
    package var chunks = 10
    /// The bytes of text in one event.
    package var chunkBytes = 60
    /// By what share waits vary, from 0 to 1; each request's share follows from ``seed``, its item and its attempt.
    package var jitter = 0.0
    package var seed: UInt64 = 0
    package var script = FaultScript()
    /// The requests of each model, beyond which a 429 comes; `nil` for no limit.
    package var quota: RequestQuota?
    /// The time that quotas and scripts go by, monotonic; `nil` for the machine's.
    package var time: (@Sendable () -> Duration)?
    /// How many questions about an uploaded file are answered with `PROCESSING`; none makes it `ACTIVE` at once.
    package var processingPolls = 1
    /// A file that gets one JSON line for each request and one for its end.
    package var journal: String?
    /// The threads that serve; `nil` for one per two cores, so that a client on the same machine finds room.
    package var threads: Int?
    /// Called with one line per request that ended, on the thread that served it.
    package var log: (@Sendable (String) -> Void)?

    package init() {}
}

/// Why the simulator could not start.
package struct SimulatorError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
