import Curl
import Synchronization
import TestSupport

/// Takes in one response as its test decides, and lets the test wait for the end.
final class TestReceiver: TransferReceiver {
    struct State: Sendable {
        var head: HTTPResponseHead?
        var headCount = 0
        var body: [UInt8] = []
        /// In bytes.
        var largestPiece = 0
        var ends: [TransferEnd] = []
        /// Whether the next bytes are to be refused with `.pause`.
        var pauses = false
    }

    /// Raised by every head.
    let heads = Tally()
    /// Raised by every piece of the body that was taken.
    let pieces = Tally()
    /// Raised by every piece that was refused for now.
    let refusals = Tally()
    private let state = Mutex(State())
    private let finished = Tally()
    private let decide: @Sendable (State) -> ReceiveDecision

    /// - Parameters:
    ///   - pauses: Whether the body is refused for now until ``stopPausing()``.
    ///   - decide: Asked after each piece of the body has been kept.
    init(pauses: Bool = false, _ decide: @escaping @Sendable (State) -> ReceiveDecision = { _ in .proceed }) {
        self.decide = decide
        state.withLock { $0.pauses = pauses }
    }

    var current: State { state.withLock { $0 } }

    var text: String { String(decoding: current.body, as: UTF8.self) }

    func stopPausing() {
        state.withLock { $0.pauses = false }
    }

    /// Waits for the end of the transfer.
    func end() async throws -> TransferEnd {
        try await finished.reach(1)
        return current.ends[0]
    }

    func receive(head: borrowing ArrivingHead) {
        let head = head.copy()
        state.withLock { state in
            state.head = head
            state.headCount += 1
        }
        heads.raise()
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> ReceiveDecision {
        let decision = state.withLock { state -> ReceiveDecision in
            guard !state.pauses else { return .pause }
            state.body += bytes
            state.largestPiece = max(state.largestPiece, bytes.count)
            return decide(state)
        }
        if case .pause = decision {
            refusals.raise()
        } else {
            pieces.raise()
        }
        return decision
    }

    func finish(_ end: TransferEnd) {
        state.withLock { $0.ends.append(end) }
        finished.raise()
    }
}

/// A block many times over; faster than the standard library's way without optimisation.
func repeated(_ block: [UInt8], _ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<count {
        bytes.append(contentsOf: block)
    }
    return bytes
}

/// Sends one request over a loop of its own and waits for its end.
func transfer(_ request: HTTPRequest, _ receiver: TestReceiver = TestReceiver()) async throws -> TransferEnd {
    let loop = try TransferLoop()
    _ = try loop.start(request, receiver: receiver)
    let end = try await receiver.end()
    withExtendedLifetime(loop) {}
    return end
}
