internal import Curl
internal import Synchronization

/// Has one task wait for the end of one transfer after the other; cancelling the task closes the connection.
///
/// What a transfer brings is its receiver's, and there when the wait is over.
final class TransferWait: Sendable {
    /// Unchecked, for checking costs more than waiting: each is put in one place, from which it is taken to be resumed.
    private typealias Waiter = UnsafeContinuation<Bool, Never>

    private enum State {
        case idle
        case waiting(Waiter, Transfer)
        case cancelled
    }

    private let state = Mutex(State.idle)

    /// Sends a request and waits until its receiver calls ``finish()``.
    ///
    /// - Throws: ``GenAIError`` if the request cannot be made; `CancellationError` if the task was cancelled before.
    func end(of request: HTTPRequest, receiver: any TransferReceiver, on loop: TransferLoop) async throws {
        let transfer: Transfer
        do throws(CurlError) {
            transfer = try loop.prepare(request, receiver: receiver)
        } catch {
            throw GenAIError(error)
        }
        guard await end(of: transfer, on: loop) else { throw CancellationError() }
    }

    /// Starts a transfer and waits until its receiver calls ``finish()``.
    ///
    /// A cancelled transfer ends like any other: its receiver is told.
    ///
    /// - Returns: Whether there is an end; `false` if nothing was started since the task was cancelled before.
    func end(of transfer: Transfer, on loop: TransferLoop) async -> Bool {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { start(transfer, on: loop, $0) }
        } onCancel: {
            let transfer = state.withLock { state -> Transfer? in
                if case .waiting(_, let transfer) = state { return transfer }
                state = .cancelled
                return nil
            }
            if let transfer {
                loop.cancel(transfer)
            }
        }
    }

    private func start(_ transfer: Transfer, on loop: TransferLoop, _ waiter: Waiter) {
        // Under the lock: `finish`, which may come at once on the other thread, has to find the waiter, and nothing may be
        // cancelled before it is started.
        let isCancelled = state.withLock { state in
            if case .cancelled = state { return true }
            state = .waiting(waiter, transfer)
            loop.start(transfer)
            return false
        }
        if isCancelled {
            waiter.resume(returning: false)
        }
    }

    /// Wakes the task; called on the network thread, at the end of the transfer.
    func finish() {
        let waiter = state.withLock { state -> Waiter? in
            guard case .waiting(let waiter, _) = state else { return nil }
            state = .idle
            return waiter
        }
        waiter?.resume(returning: true)
    }
}
