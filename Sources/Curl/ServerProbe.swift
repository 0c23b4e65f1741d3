internal import CCurl
internal import Synchronization

/// One request that asks only whether a server is there: its name, its certificate and its clock.
package struct ServerProbe: Sendable {
    /// What an answer told.
    package struct Answer: Sendable, Equatable {
        package let status: Int
        /// The clock of the server, in Unix seconds; `nil` if it did not say.
        package let serverTime: Int64?
    }

    /// Sends a GET without a key to an address and waits for the head of the answer.
    ///
    /// - Parameters:
    ///   - url: The address; any status counts as an answer.
    ///   - caFile: Certificate authorities to trust instead of the system's.
    ///   - limit: The longest it may take.
    /// - Returns: What the answer told.
    /// - Throws: A ``CurlError`` if no answer came.
    package static func ask(_ url: String, caFile: String?, limit: Duration) async throws(CurlError) -> Answer {
        let loop = try TransferLoop(TransferLoop.Options(concurrency: 1))
        let receiver = HeadReceiver()
        let limits = TransferLimits(connect: limit, firstByte: limit, idle: limit, total: limit)
        _ = try loop.start(HTTPRequest(url: url, limits: limits, caFile: caFile), receiver: receiver)
        let (head, error) = await receiver.end()
        guard let head else {
            throw error ?? CurlError(.connectionLost, operation: "GET \(url)", message: "there was no answer")
        }
        return Answer(status: head.status, serverTime: head.header("date").flatMap(unixSeconds))
    }

    /// A date of HTTP, for example `Sat, 22 Nov 2025 18:29:00 GMT`, in Unix seconds.
    static func unixSeconds(httpDate: String) -> Int64? {
        let seconds = curl_getdate(httpDate, nil)
        return seconds == -1 ? nil : Int64(seconds)
    }
}

/// Keeps the head of a response and lets one task wait for the end.
private final class HeadReceiver: TransferReceiver {
    typealias End = (head: HTTPResponseHead?, error: CurlError?)

    private struct State: Sendable {
        var head: HTTPResponseHead?
        var end: TransferEnd?
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func end() async -> End {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.end == nil { state.waiting = continuation }
                return state.end != nil
            }
            if isOver { continuation.resume() }
        }
        return state.withLock { ($0.head, $0.end?.error) }
    }

    func receive(head: borrowing ArrivingHead) {
        let head = head.copy()
        state.withLock { $0.head = head }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> ReceiveDecision {
        .abandon
    }

    func finish(_ end: TransferEnd) {
        let waiting = state.withLock { state in
            state.end = end
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }
}
