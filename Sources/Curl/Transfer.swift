internal import CCurl

/// Takes in one response.
///
/// Every call comes on the thread of the ``TransferLoop`` and must not block it.
package protocol TransferReceiver: AnyObject, Sendable {
    /// The status and all headers are there; the body follows.
    func receive(head: borrowing ArrivingHead)
    /// The next bytes of the body, decompressed; their borders mean nothing.
    func receive(_ bytes: UnsafeRawBufferPointer) -> ReceiveDecision
    /// The end, called exactly once.
    func finish(_ end: TransferEnd)
}

/// What becomes of a transfer after its receiver has seen some bytes.
package enum ReceiveDecision: Sendable {
    case proceed
    /// Go on, but do not wait longer than this for the next bytes: what matters has come.
    case linger(Duration)
    /// Hand these bytes over again after ``TransferLoop/resume(_:)``; meanwhile the sender is held up.
    case pause
    /// Close the stream; the transfer ends with ``CurlError/Kind/abandoned``.
    case abandon
}

/// How a transfer ended.
package struct TransferEnd: Sendable {
    /// `nil` if the response came whole.
    package let error: CurlError?
    /// Whether the request began to leave, so that the server may have worked for it.
    package let wasSent: Bool
}

/// Is told what becomes of a transfer, on the thread of its loop and from within libcurl, which it must not call.
protocol TransferObserver: AnyObject {
    /// The request leaves now.
    func transferIsSent(_ transfer: Transfer)
    /// The head of the response is there.
    func transfer(_ transfer: Transfer, answeredOverHTTP2 isHTTP2: Bool)
    /// The deadline may have moved to an earlier moment.
    func deadlineMovedEarlier(of transfer: Transfer)
}

/// One request in flight.
///
/// It belongs to who makes it until it is started, and then to the thread of its ``TransferLoop``.
///
/// `@unchecked Sendable`: it is started once, through the lock of the loop's inbox. From then on other threads hold it only
/// to name it to the loop, and read nothing from it but its ``request``, which never changes.
package final class Transfer: @unchecked Sendable {
    /// Headers beyond this are an attack or a mistake; real ones have a few kilobytes.
    private static let maximumHeadBytes = 256 << 10
    /// libcurl looks at all of them for each that it is asked for.
    private static let maximumHeaders = 1000

    /// Without its body, which the handle has.
    package let request: HTTPRequest
    private let limits: TransferLimits
    private let receiver: any TransferReceiver
    private let pool: HandlePool
    /// Ours until the transfer has ended.
    private let handle: PreparedHandle
    let easyPointer: UnsafeMutableRawPointer
    private var headBytes = 0
    private var headerCount = 0
    private var isHeadDelivered = false
    private var isPaused = false
    /// Why we had libcurl end the transfer; its own code for that says nothing.
    private var refusal: CurlError?
    weak var observer: (any TransferObserver)?

    private(set) var startedAt: Duration
    private var sentAt: Duration?
    private var lastByteAt: Duration?
    private var idleLimit: Duration

    init(
        _ request: consuming HTTPRequest,
        receiver: any TransferReceiver,
        pool: HandlePool,
        now: Duration
    ) throws(CurlError) {
        limits = request.limits.capped
        let route = PreparedHandle.Route(request, connect: limits.connect)
        guard route.isTLS || request.url.hasPrefix("http:") else {
            throw CurlError(.setup, operation: request.operation, message: "only http and https are spoken")
        }
        self.receiver = receiver
        self.pool = pool
        handle = try pool.take(route)
        easyPointer = handle.easy.pointer
        startedAt = now
        idleLimit = limits.idle
        let body = request.body
        request.body = nil
        self.request = request
        try handle.easy.prepare(for: self.request, body, calling: Unmanaged.passUnretained(self).toOpaque())
    }

    /// Has a handle call the transfer that it is told to be for, once for all of its transfers.
    static func setCallbacks(of easy: borrowing EasyHandle) throws(CurlError) {
        try easy.setRequestCallback { context, _, _, _, _ in
            guard let context else { return Int32(CURL_PREREQFUNC_ABORT) }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            return Int32(transfer.beginSending() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT)
        }
        try easy.set(.header) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receive(headerLine: line)
        }
        try easy.set(.write) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let body = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receive(body: body)
        }
    }

    // MARK: On the loop's thread

    /// Whether the bound on connections is for this transfer.
    var isBounded: Bool { isTLS && request.isOneOfMany }

    private var isTLS: Bool { handle.route.isTLS }

    /// Which ``ConnectionGroup`` of the loop it belongs to.
    var group: Int { handle.group }

    /// Whether the transfer still waits for a connection.
    var isWaitingForConnection: Bool { sentAt == nil }

    /// The moment at which the transfer has to be given up, and why, if nothing happens before.
    ///
    /// libcurl watches over connecting; waiting for a free connection is bounded by the total alone.
    var deadline: (moment: Duration, phase: CurlError.Phase) {
        let total = startedAt + limits.total
        guard !isPaused, let sentAt else { return (total, .total) }
        guard let lastByteAt else {
            let firstByte = sentAt + limits.firstByte
            return total < firstByte ? (total, .total) : (firstByte, .firstByte)
        }
        let idle = lastByteAt + idleLimit
        return total < idle ? (total, .total) : (idle, .idle)
    }

    /// Has the limits not count a time in which nobody could have noticed anything.
    func forgive(_ time: Duration) {
        startedAt += time
        sentAt = sentAt.map { $0 + time }
        lastByteAt = lastByteAt.map { $0 + time }
    }

    /// Lets the transfer go on after a pause.
    ///
    /// - Returns: The error with which it has to be ended now, if the bytes held back brought one.
    func unpause(now: Duration) -> CurlError? {
        guard isPaused else { return nil }
        isPaused = false
        lastByteAt = now
        let code = handle.easy.unpause()
        return code == CURLE_OK ? nil : error(for: code)
    }

    /// Tells the receiver that libcurl ended the transfer.
    func finish(_ code: CURLcode) {
        finish(code == CURLE_OK ? nil : error(for: code))
    }

    /// Tells the receiver that the transfer has ended.
    func finish(_ error: CurlError?) {
        pool.giveBack(handle)
        receiver.finish(TransferEnd(error: error, wasSent: sentAt != nil))
    }

    private func error(for code: CURLcode) -> CurlError {
        if let refusal { return refusal }
        let error = CurlError(code, operation: request.operation, detail: handle.easy.errorDetail)
        return isTLS ? error.namingProxy(unlessAbout: request.host) : error
    }

    /// Notes that the request leaves now; `false` if it has left before.
    ///
    /// libcurl silently repeats a request when a connection that it had used before breaks without an answer, which
    /// may be minutes later with a model that thinks. The server bills both, so a repetition is not its decision.
    private func beginSending() -> Bool {
        guard sentAt == nil else {
            refusal = CurlError(
                .connectionLost,
                operation: request.operation,
                message: "the connection broke before the answer began"
            )
            return false
        }
        sentAt = monotonicNow()
        observer?.transferIsSent(self)
        observer?.deadlineMovedEarlier(of: self)
        return true
    }

    /// Returns what libcurl's header callback returns: the bytes taken, or fewer to give up.
    private func receive(headerLine line: UnsafeRawBufferPointer) -> Int {
        headBytes += line.count
        headerCount += 1
        guard headBytes <= Self.maximumHeadBytes, headerCount <= Self.maximumHeaders else {
            refusal = CurlError(
                .tooLarge,
                operation: request.operation,
                message: "the answer has more than \(Self.maximumHeaders) headers, or "
                    + "\(Self.maximumHeadBytes >> 10) KiB of them"
            )
            return 0
        }
        // Trailers come after the body, when the head has been delivered.
        guard !isHeadDelivered, line.first == 0x0D || line.first == 0x0A else { return line.count }
        // An empty line ends a head; interim ones such as `103 Early Hints` are followed by another.
        let status = handle.easy.status
        if status >= 200 {
            isHeadDelivered = true
            observer?.transfer(self, answeredOverHTTP2: handle.easy.isHTTP2)
            receiver.receive(head: ArrivingHead(status: status, of: easyPointer))
        }
        return line.count
    }

    /// Returns what libcurl's write callback returns: the bytes taken, or a sign to pause or to give up.
    private func receive(body: UnsafeRawBufferPointer) -> Int {
        let isFirst = lastByteAt == nil
        lastByteAt = monotonicNow()
        switch receiver.receive(body) {
        case .proceed:
            // Only the first byte can bring the deadline nearer; the others move it on.
            if isFirst {
                observer?.deadlineMovedEarlier(of: self)
            }
            return body.count
        case .linger(let limit):
            idleLimit = min(idleLimit, limit)
            observer?.deadlineMovedEarlier(of: self)
            return body.count
        case .pause:
            isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        case .abandon:
            refusal = CurlError(.abandoned, operation: request.operation, message: "the rest was not wanted")
            return Int(CURL_WRITEFUNC_ERROR)
        }
    }
}

extension TransferLimits {
    fileprivate var capped: TransferLimits {
        TransferLimits(
            connect: min(connect, .longestLimit),
            firstByte: min(firstByte, .longestLimit),
            idle: min(idle, .longestLimit),
            total: min(total, .longestLimit)
        )
    }
}
