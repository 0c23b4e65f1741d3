internal import CCurl
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The one thread that calls libcurl.
///
/// Others put commands into its inbox and wake it.
///
/// Receivers are called on this thread, so decoding happens where the bytes arrive and a waiting task is resumed
/// once for a whole answer.
package final class TransferLoop: Sendable {
    package struct Options: Sendable {
        /// Transfers that will run at once; sizes connection caches, their number and receive buffers, and bounds connections to
        /// a host.
        package var concurrency: Int

        package init(concurrency: Int = 100) {
            self.concurrency = concurrency
        }
    }

    private enum Command {
        case start(Transfer)
        case cancel(Transfer)
        case resume(Transfer)
        case run(UnownedJob, UnownedTaskExecutor)
        case stop
    }

    /// What other threads want done, in order.
    private final class Inbox: Sendable {
        private struct State {
            var commands: [Command] = []
            /// Whether the thread looks at nothing but its sockets, until it is woken.
            var isUnwatched = false
        }

        private let state = Mutex(State())

        /// Returns whether the thread has to be woken.
        func append(_ command: Command) -> Bool {
            state.withLock { state in
                state.commands.append(command)
                defer { state.isUnwatched = false }
                return state.isUnwatched
            }
        }

        /// Takes what is there, and leaves the memory of an empty array for what comes.
        func takeAll(into taken: inout [Command]) {
            state.withLock { swap(&taken, &$0.commands) }
        }

        /// Whether the thread may wait for its sockets; whoever adds something from then on has to wake it.
        func allowsWait() -> Bool {
            state.withLock { state in
                state.isUnwatched = state.commands.isEmpty
                return state.isUnwatched
            }
        }

        /// The wait is over.
        func endWait() {
            state.withLock { $0.isUnwatched = false }
        }
    }

    private let inbox = Inbox()
    private let pool: HandlePool
    private let waker: SocketWaker

    /// - Throws: ``CurlError`` if libcurl or the kernel refuses a handle or a thread.
    package init(_ options: Options = Options()) throws(CurlError) {
        pool = HandlePool(capacity: options.concurrency)
        let driver = try Driver(options, inbox: inbox)
        waker = driver.waker
        try Self.startThread(driver)
    }

    deinit {
        send(.stop)
    }

    /// How many descriptors libcurl has open for itself with a number of transfers at once, besides one for each connection.
    package static func descriptors(concurrency: Int) -> Int {
        ConnectionGroup.descriptors(concurrency: concurrency)
    }

    /// Makes a request ready to be started.
    ///
    /// - Parameters:
    ///   - request: What to send.
    ///   - receiver: Takes in the response.
    /// - Returns: The transfer, which is nothing yet to the loop.
    /// - Throws: ``CurlError`` of kind `setup` if the request cannot be made.
    package func prepare(
        _ request: consuming HTTPRequest,
        receiver: any TransferReceiver
    ) throws(CurlError) -> Transfer {
        try Transfer(request, receiver: receiver, pool: pool, now: monotonicNow())
    }

    /// Starts a transfer, once; from here on its receiver's `finish` is called exactly once.
    package func start(_ transfer: Transfer) {
        send(.start(transfer))
    }

    /// Starts a request.
    ///
    /// - Parameters:
    ///   - request: What to send.
    ///   - receiver: Takes in the response; its `finish` is called exactly once, unless this throws.
    /// - Returns: A name for the transfer, to cancel or resume it.
    /// - Throws: ``CurlError`` of kind `setup` if the request cannot be made.
    package func start(_ request: HTTPRequest, receiver: any TransferReceiver) throws(CurlError) -> Transfer {
        let transfer = try prepare(request, receiver: receiver)
        start(transfer)
        return transfer
    }

    /// Closes the stream of a transfer; it ends with ``CurlError/Kind/cancelled`` unless it has ended already.
    package func cancel(_ transfer: Transfer) {
        send(.cancel(transfer))
    }

    /// Lets a transfer go on whose receiver had asked to pause.
    package func resume(_ transfer: Transfer) {
        send(.resume(transfer))
    }

    /// Runs a piece of a task on the thread.
    fileprivate func run(_ job: UnownedJob) {
        send(.run(job, asUnownedTaskExecutor()))
    }

    private func send(_ command: Command) {
        if inbox.append(command) {
            waker.wake()
        }
    }

    private static func startThread(_ driver: Driver) throws(CurlError) {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(driver)
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                blockBrokenPipeSignal()
                Unmanaged<Driver>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            context.toOpaque()
        )
        guard code == 0 else {
            context.release()
            throw CurlError(.setup, operation: "start the network thread", message: String(cString: strerror(code)))
        }
        pthread_detach(thread)
    }

    /// All state of the thread.
    ///
    /// Nothing here is touched by another one after the thread has started.
    private final class Driver: TransferObserver {
        /// A busy machine may wake a thread so late.
        private static let longestDelay = Duration.milliseconds(500)

        /// Made when they are needed.
        private var groups: [ConnectionGroup] = []
        private let cacheSize: Int
        private let poller: SocketPoller
        private var connectionLimit: ConnectionLimit
        /// When ``connectionLimit`` is to be considered; set while the server's version of HTTP is not known.
        private var considerAt: Duration?
        /// Whether transfers may wait for a limit that is not in force any more.
        private var isConnectionLimitLifted = false
        private var transfers: [UnsafeMutableRawPointer: Transfer] = [:]
        /// When the sockets were looked at last.
        private var lookedAt = monotonicNow()
        /// No transfer's deadline is earlier; found anew when this moment has come.
        private var sweepAt: Duration?
        private let inbox: Inbox
        private var isStopped = false

        init(_ options: Options, inbox: Inbox) throws(CurlError) {
            self.inbox = inbox
            poller = try SocketPoller()
            connectionLimit = ConnectionLimit(concurrency: options.concurrency)
            cacheSize = max(options.concurrency, 16)
            _ = try group(0)
        }

        var waker: SocketWaker { poller.waker }

        func run() {
            var commands: [Command] = []
            while !isStopped {
                let limit = inbox.allowsWait() ? waitMilliseconds() : 0
                let end = poller.wait(milliseconds: limit) { ready in
                    groups[ready.owner].multi.act(
                        on: ready.descriptor,
                        readable: ready.isReadable,
                        writable: ready.isWritable,
                        failed: ready.isFailed
                    )
                }
                inbox.endWait()
                if let limit {
                    forgive(end - lookedAt - .milliseconds(limit))
                }
                lookedAt = end
                let now = monotonicNow()
                for group in groups {
                    group.actOnTimer(now: now)
                }
                inbox.takeAll(into: &commands)
                for command in commands {
                    execute(command)
                }
                // They hold transfers with their bodies.
                commands.removeAll(keepingCapacity: true)
                considerConnectionLimit()
                releaseWaiting()
                finishEnded()
                giveUpOverdue()
            }
            for transfer in transfers.values {
                end(transfer, .cancelled, "the client was closed")
            }
        }

        private func group(_ number: Int) throws(CurlError) -> ConnectionGroup {
            while groups.count <= number {
                let owner = groups.count
                let group = try ConnectionGroup(cacheSize: cacheSize) { [unowned self] descriptor, what in
                    watch(descriptor, what, for: owner)
                }
                groups.append(group)
            }
            return groups[number]
        }

        private func watch(_ descriptor: Int32, _ what: Int32, for group: Int) {
            if what == CURL_POLL_REMOVE {
                poller.unwatch(descriptor)
            } else {
                poller.watch(
                    descriptor,
                    for: group,
                    readable: what & CURL_POLL_IN != 0,
                    writable: what & CURL_POLL_OUT != 0
                )
            }
        }

        private func waitMilliseconds() -> Int? {
            var next = earlier(sweepAt, considerAt)
            for group in groups {
                next = earlier(next, group.timerDeadline)
            }
            return next.map { max(0, ($0 - monotonicNow()).wholeMilliseconds) }
        }

        private func execute(_ command: Command) {
            switch command {
            case .start(let transfer): start(transfer)
            case .cancel(let transfer):
                guard transfers[transfer.easyPointer] === transfer else { return }
                end(transfer, .cancelled, "cancelled")
            case .resume(let transfer):
                guard transfers[transfer.easyPointer] === transfer else { return }
                if let error = transfer.unpause(now: monotonicNow()) {
                    end(transfer, error)
                } else {
                    scheduleSweep(for: transfer)
                }
            case .run(let job, let executor): job.runSynchronously(on: executor)
            case .stop: isStopped = true
            }
        }

        private func start(_ transfer: Transfer) {
            do {
                let group = try group(transfer.group)
                try group.multi.set(.maximumHostConnections, to: transfer.isBounded ? connectionLimit.connections : 0)
                transfer.observer = self
                try group.multi.add(transfer.easyPointer)
                transfers[transfer.easyPointer] = transfer
                scheduleSweep(for: transfer)
            } catch {
                transfer.finish(error)
            }
        }

        private func finishEnded() {
            for group in groups {
                while let ended = group.multi.nextEnded() {
                    guard let transfer = transfers.removeValue(forKey: ended.easy) else { continue }
                    group.multi.remove(ended.easy)
                    transfer.finish(ended.code)
                }
            }
        }

        private func end(_ transfer: Transfer, _ kind: CurlError.Kind, _ message: String) {
            end(transfer, CurlError(kind, operation: transfer.request.operation, message: message))
        }

        private func end(_ transfer: Transfer, _ error: CurlError) {
            transfers[transfer.easyPointer] = nil
            remove(transfer)
            transfer.finish(error)
        }

        private func remove(_ transfer: Transfer) {
            groups[transfer.group].multi.remove(transfer.easyPointer)
        }

        // MARK: Connections

        func transferIsSent(_ transfer: Transfer) {
            if transfer.isBounded, connectionLimit.isUnknown, considerAt == nil {
                considerAt = monotonicNow() + ConnectionLimit.patience
            }
        }

        func transfer(_ transfer: Transfer, answeredOverHTTP2 isHTTP2: Bool) {
            guard transfer.isBounded else { return }
            changeConnectionLimit { $0.noteResponse(isHTTP2: isHTTP2) }
        }

        private func changeConnectionLimit(_ change: (inout ConnectionLimit) -> Void) {
            let before = connectionLimit.connections
            change(&connectionLimit)
            isConnectionLimitLifted = isConnectionLimitLifted || before > 0 && connectionLimit.connections == 0
        }

        private func considerConnectionLimit() {
            guard let due = considerAt else { return }
            let now = monotonicNow()
            guard due <= now else { return }
            considerAt = nil
            let encrypted = transfers.values.filter(\.isBounded)
            let waiting = encrypted.filter(\.isWaitingForConnection)
            let patient = waiting.filter { $0.startedAt + ConnectionLimit.patience <= now }
            changeConnectionLimit { limit in
                limit.consider(sent: encrypted.count - waiting.count, waiting: patient.count)
            }
            if connectionLimit.isUnknown, !waiting.isEmpty {
                considerAt = now + ConnectionLimit.patience
            }
        }

        /// Begins anew with the transfers that libcurl holds back: it does not look at the limit again for them.
        private func releaseWaiting() {
            guard isConnectionLimitLifted else { return }
            isConnectionLimitLifted = false
            for waiting in transfers.values where waiting.isBounded && waiting.isWaitingForConnection {
                remove(waiting)
                transfers[waiting.easyPointer] = nil
                start(waiting)
            }
        }

        // MARK: Time

        func deadlineMovedEarlier(of transfer: Transfer) {
            scheduleSweep(for: transfer)
        }

        private func scheduleSweep(for transfer: Transfer) {
            let moment = transfer.deadline.moment
            sweepAt = earlier(sweepAt, moment)
        }

        /// Ends the transfers whose time is up.
        ///
        /// Deadlines move on with every byte, so they are looked at only when the earliest of them has come: a few
        /// passes over all transfers in the time of one limit, and nothing to keep in order meanwhile. The few that
        /// move to an earlier moment, as at the first byte, say so.
        private func giveUpOverdue() {
            // As of the last look at the sockets: what came while tasks ran here is still to be read.
            guard let due = sweepAt, due <= lookedAt else { return }
            sweepAt = nil
            for transfer in transfers.values {
                let deadline = transfer.deadline
                if deadline.moment <= lookedAt {
                    end(transfer, .timedOut(deadline.phase), Self.words(for: deadline.phase, transfer.request.limits))
                } else {
                    scheduleSweep(for: transfer)
                }
            }
        }

        /// A look at the sockets that comes much too late means that the process was stopped: nobody was silent then.
        ///
        /// Bytes that came meanwhile are read before deadlines are looked at again.
        private func forgive(_ excess: Duration) {
            guard excess > Self.longestDelay else { return }
            for transfer in transfers.values {
                transfer.forgive(excess + Self.longestDelay)
                scheduleSweep(for: transfer)
            }
        }

        private static func words(for phase: CurlError.Phase, _ limits: TransferLimits) -> String {
            switch phase {
            case .connect: "no connection within \(limits.connect)"
            case .firstByte: "nothing came within \(limits.firstByte)"
            case .idle: "the stream fell silent for \(limits.idle)"
            case .total: "not finished within \(limits.total)"
            }
        }
    }
}

/// The earlier of two moments; `nil` is never.
private func earlier(_ first: Duration?, _ second: Duration?) -> Duration? {
    guard let first, let second else { return first ?? second }
    return min(first, second)
}

/// Tasks may run on the thread, too: one that waits for transfers costs no change of threads then.
///
/// What it does between two waits must be short, since all transfers stand still meanwhile.
extension TransferLoop: TaskExecutor {
    package func enqueue(_ job: consuming ExecutorJob) {
        run(UnownedJob(job))
    }
}

/// Has writes to a connection that the peer has closed fail instead of killing the process.
///
/// libcurl does this around its calls unless it is told to keep away from signals, as any program with threads must.
private func blockBrokenPipeSignal() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
}
