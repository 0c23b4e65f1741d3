internal import CCurl

/// Takes in one response.
///
/// Every call comes on the thread of the ``TransferLoop`` and must not block it.
package protocol TransferReceiver: AnyObject, Sendable {
    /// The status and all headers are there; the body follows.
    func receive(head: HTTPResponseHead)
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

/// One request in flight.
///
/// Everything but its identity belongs to the thread of its ``TransferLoop``.
///
/// `@unchecked Sendable`: other threads hold it only to name it to the loop, and read nothing from it.
package final class Transfer: @unchecked Sendable {
    let request: HTTPRequest
    private let receiver: any TransferReceiver
    private var easy: EasyHandle
    private var head = HTTPResponseHead(status: 0)
    private var isHeadDelivered = false
    private var isAbandoned = false
    private(set) var isPaused = false
    /// Told when the head shows that the server's connections carry one transfer at a time.
    var onHTTP1OverTLS: () -> Void = {}

    private let startedAt: Duration
    private var lastByteAt: Duration?
    private var idleLimit: Duration

    init(_ request: HTTPRequest, receiver: any TransferReceiver, now: Duration) throws(CurlError) {
        self.request = request
        self.receiver = receiver
        easy = try EasyHandle()
        startedAt = now
        idleLimit = request.limits.idle
        try configure()
    }

    private func configure() throws(CurlError) {
        try easy.keepErrorDetail()
        try easy.set(.url, to: request.url)
        try easy.set(.protocols, to: "http,https")
        try easy.set(.noSignal, to: 1)
        try easy.set(.tcpKeepAlive, to: 1)
        // An empty list means every encoding that this libcurl can undo.
        try easy.set(.acceptEncoding, to: "")
        try easy.set(.connectTimeoutMilliseconds, to: max(1, request.limits.connect.wholeMilliseconds))
        if request.url.hasPrefix("https:") {
            try easy.set(.httpVersion, to: CURL_HTTP_VERSION_2TLS)
            // Wait for a connection that can be shared instead of opening one for each transfer.
            try easy.set(.pipeWait, to: 1)
        } else {
            try easy.set(.httpVersion, to: CURL_HTTP_VERSION_1_1)
        }
        if let caFile = request.caFile {
            try easy.set(.caFile, to: caFile)
        }
        if let body = request.body {
            try easy.setBody(body)
        }
        if request.method != (request.body == nil ? "GET" : "POST") {
            try easy.set(.customMethod, to: request.method)
        }
        // Without the empty `Expect`, libcurl would hold back large bodies for up to a second.
        try easy.setHeaders(request.headers.map { "\($0.name): \($0.value)" } + ["Expect:"])

        let context = Unmanaged.passUnretained(self).toOpaque()
        try easy.set(.privateData, to: context)
        try easy.set(.headerData, to: context)
        try easy.set(.writeData, to: context)
        try easy.set(.header) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
            Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receive(headerLine: line)
            return size * count
        }
        try easy.set(.write) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let body = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receive(body: body)
        }
    }

    // MARK: On the loop's thread

    var easyPointer: UnsafeMutableRawPointer { easy.pointer }

    /// Whether the transfer still waits for a connection.
    var isWaitingForConnection: Bool { !easy.wasSent && !isHeadDelivered }

    /// The moment at which the transfer has to be given up, and why, if nothing happens before.
    var deadline: (moment: Duration, phase: CurlError.Phase) {
        let total = startedAt + request.limits.total
        guard !isPaused else { return (total, .total) }
        guard let lastByteAt else {
            let firstByte = startedAt + request.limits.firstByte
            return total < firstByte ? (total, .total) : (firstByte, .firstByte)
        }
        let idle = lastByteAt + idleLimit
        return total < idle ? (total, .total) : (idle, .idle)
    }

    func unpause(now: Duration) {
        guard isPaused else { return }
        isPaused = false
        lastByteAt = now
        easy.unpause()
    }

    /// Tells the receiver that libcurl ended the transfer.
    func finish(_ code: CURLcode) {
        deliverHead()
        if isAbandoned {
            finish(CurlError(.abandoned, operation: request.operation, message: "the rest was not wanted"))
        } else if code == CURLE_OK {
            finish(nil)
        } else {
            finish(CurlError(code, operation: request.operation, detail: easy.errorDetail))
        }
    }

    /// Tells the receiver that the loop ended the transfer.
    func finish(_ error: CurlError?) {
        receiver.finish(TransferEnd(error: error, wasSent: easy.wasSent))
    }

    private func receive(headerLine line: UnsafeRawBufferPointer) {
        // Trailers come after the body, when the head has been delivered.
        guard !isHeadDelivered else { return }
        head.append(line: line)
    }

    /// The head is complete only when the body begins: before that, `100 Continue` or a proxy's answer may precede it.
    private func deliverHead() {
        guard !isHeadDelivered, easy.httpStatus != 0 else { return }
        isHeadDelivered = true
        if request.url.hasPrefix("https:"), !easy.isHTTP2 {
            onHTTP1OverTLS()
        }
        receiver.receive(head: head)
    }

    /// Returns what libcurl's write callback returns: the bytes taken, or a sign to pause or to give up.
    private func receive(body: UnsafeRawBufferPointer) -> Int {
        deliverHead()
        lastByteAt = monotonicNow()
        switch receiver.receive(body) {
        case .proceed:
            return body.count
        case .linger(let limit):
            idleLimit = min(idleLimit, limit)
            return body.count
        case .pause:
            isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        case .abandon:
            isAbandoned = true
            return Int(CURL_WRITEFUNC_ERROR)
        }
    }
}
