internal import Curl
internal import Synchronization

/// Has one task wait for the end of one transfer; cancelling the task closes the connection.
final class TransferWait<End: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<End, any Error>

    private enum State {
        case idle
        case waiting(Waiter, Transfer)
        case cancelled
    }

    private let state = Mutex(State.idle)

    /// Starts a transfer, once, and waits for what its receiver gives to ``finish(_:)``.
    ///
    /// A cancelled transfer ends like any other: its receiver tells how.
    ///
    /// - Returns: What the receiver made of the transfer.
    /// - Throws: What the receiver gives; ``GenAIError`` if the request cannot be made; `CancellationError` if the task
    ///   was cancelled before.
    func end(
        of request: HTTPRequest,
        receiver: any TransferReceiver,
        on loop: TransferLoop
    ) async throws -> End {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { start(request, receiver: receiver, on: loop, $0) }
        } onCancel: {
            let transfer = state.withLock { state -> Transfer? in
                defer { if case .idle = state { state = .cancelled } }
                if case .waiting(_, let transfer) = state { return transfer }
                return nil
            }
            if let transfer {
                loop.cancel(transfer)
            }
        }
    }

    private func start(
        _ request: HTTPRequest,
        receiver: any TransferReceiver,
        on loop: TransferLoop,
        _ waiter: Waiter
    ) {
        // Under the lock, so that `finish`, which may come at once on the other thread, finds the waiter.
        let failure = state.withLock { state -> (any Error)? in
            if case .cancelled = state { return CancellationError() }
            do throws(CurlError) {
                state = .waiting(waiter, try loop.start(request, receiver: receiver))
                return nil
            } catch {
                return GenAIError(error)
            }
        }
        if let failure {
            waiter.resume(throwing: failure)
        }
    }

    /// Wakes the task; called on the network thread, at the end of the transfer.
    func finish(_ result: Result<End, any Error>) {
        let waiter = state.withLock { state -> Waiter? in
            guard case .waiting(let waiter, _) = state else { return nil }
            state = .idle
            return waiter
        }
        waiter?.resume(with: result)
    }
}
