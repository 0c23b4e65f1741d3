internal import Dispatch
internal import Synchronization

/// Has one thread stand still until another one has a result for it.
///
/// It needs nothing of Swift's concurrency, so it works wherever the waiting thread comes from.
final class Handoff<Value: Sendable>: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<Value, any Error>?>(nil)

    /// Gives the result, once.
    func give(_ result: Result<Value, any Error>) {
        self.result.withLock { $0 = result }
        semaphore.signal()
    }

    /// Waits for the result.
    func take() throws -> Value {
        semaphore.wait()
        guard let result = result.withLock({ $0 }) else { preconditionFailure("signalled without a result") }
        return try result.get()
    }
}
