internal import Synchronization

/// A value that one side of a test changes and the other waits on, so that no test has to sleep.
package final class Watched<Value: Sendable>: Sendable {
    private struct Waiter {
        let condition: @Sendable (Value) -> Bool
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var value: Value
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0
    }

    private let state: Mutex<State>

    package init(_ value: Value) {
        state = Mutex(State(value: value))
    }

    package var value: Value {
        state.withLock { $0.value }
    }

    /// Changes the value, then wakes everyone whose condition it meets, in the order in which they came.
    @discardableResult
    package func change<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        var woken: [Waiter] = []
        defer {
            for waiter in woken {
                waiter.continuation.resume()
            }
        }
        return try state.withLock { state in
            let result = try body(&state.value)
            if state.waiters.isEmpty { return result }
            for (id, waiter) in state.waiters.sorted(by: { $0.key < $1.key }) where waiter.condition(state.value) {
                state.waiters[id] = nil
                woken.append(waiter)
            }
            return result
        }
    }

    /// Waits until the value meets a condition.
    ///
    /// - Parameter condition: Is asked at once and after every change.
    /// - Throws: `CancellationError` if the waiting task is cancelled.
    package func wait(until condition: @escaping @Sendable (Value) -> Bool) async throws {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    if condition(state.value) { return .success(()) }
                    // Asked under the lock that the handler takes: one of the two sees the other.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiters[id] = Waiter(condition: condition, continuation: continuation)
                    return nil
                }
                if let outcome {
                    continuation.resume(with: outcome)
                }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
    }
}
