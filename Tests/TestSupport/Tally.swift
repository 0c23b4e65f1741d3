internal import Dispatch
internal import Synchronization

/// A count that tests wait on instead of sleeping: raised by one thread, awaited by tasks or by other threads.
package final class Tally: Sendable {
    private struct Waiter {
        let target: Int
        let resume: @Sendable () -> Void
    }

    private struct State {
        var value = 0
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0
    }

    private let state = Mutex(State())

    package init() {}

    package var value: Int { state.withLock { $0.value } }

    package func raise() {
        let ready = state.withLock { state in
            state.value += 1
            let value = state.value
            let ready = state.waiters.filter { $0.value.target <= value }
            for id in ready.keys {
                state.waiters[id] = nil
            }
            return ready.values
        }
        for waiter in ready {
            waiter.resume()
        }
    }

    /// Waits until the count has reached a target, or throws `CancellationError`.
    package func reach(_ target: Int) async throws {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                wait(for: target, as: id) { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
        if value < target {
            throw CancellationError()
        }
    }

    /// Blocks the calling thread until the count has reached a target; not for tasks.
    package func block(until target: Int) {
        let semaphore = DispatchSemaphore(value: 0)
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        wait(for: target, as: id) { semaphore.signal() }
        semaphore.wait()
    }

    private func wait(for target: Int, as id: Int, _ resume: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            // Asked under the lock that the cancellation handler takes: one of the two sees the other.
            guard state.value < target, !Task.isCancelled else { return true }
            state.waiters[id] = Waiter(target: target, resume: resume)
            return false
        }
        if isOver {
            resume()
        }
    }
}
