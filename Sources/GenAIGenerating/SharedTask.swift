internal import Synchronization

/// Work that several tasks wait for; it is cancelled when the last of them has been.
final class SharedTask<Value: Sendable>: Sendable {
    private let task: Task<Value, any Error>
    private let waiting = Mutex(0)

    /// Begins the work.
    init(_ work: @escaping @Sendable () async throws -> Value) {
        task = Task { try await work() }
    }

    /// Waits for the end of the work, also if this task is cancelled and others are not.
    var value: Value {
        get async throws {
            waiting.withLock { $0 += 1 }
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                let isLast = waiting.withLock { waiting in
                    waiting -= 1
                    return waiting == 0
                }
                if isLast {
                    task.cancel()
                }
            }
        }
    }
}
