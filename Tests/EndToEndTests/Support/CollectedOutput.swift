import Foundation
import Synchronization

/// What a program writes to one of its streams, collected as it arrives.
///
/// A thread of its own reads, so that the program never waits for the test.
final class CollectedOutput: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        /// Where lines that are whole end.
        var lineEnds: [Int] = []
        var isFinished = false
        var version = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextTicket = 0
    }

    private let state = Mutex(State())

    /// Begins to read; the descriptor is closed at its end.
    ///
    /// - Parameter descriptor: The reading end of a pipe; `nil` for a stream that nobody reads.
    init(reading descriptor: Int32?) {
        guard let descriptor else {
            state.withLock { $0.isFinished = true }
            return
        }
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                append(buffer[..<count])
            }
            close(descriptor)
            change { $0.isFinished = true }
        }
    }

    /// All that has arrived.
    var text: String {
        state.withLock { String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// The lines that have arrived whole.
    var lines: [String] {
        state.withLock { state in
            state.lineEnds.indices.map { Self.line($0, of: state) }
        }
    }

    /// Waits for a line.
    ///
    /// - Parameter number: Which one, from 0.
    /// - Returns: `nil` if the stream ended before.
    func line(_ number: Int) async -> String? {
        await value { $0.lineEnds.count > number ? Self.line(number, of: $0) : nil }
    }

    /// Waits for the first line that fits; `nil` if the stream ended without one.
    func firstLine(where isWanted: (String) -> Bool) async -> String? {
        var number = 0
        while let line = await line(number) {
            if isWanted(line) { return line }
            number += 1
        }
        return nil
    }

    /// Waits until at least so many bytes have arrived; `nil` if the stream ended before.
    func text(ofAtLeast bytes: Int) async -> String? {
        await value { $0.bytes.count >= bytes ? String(decoding: $0.bytes, as: UTF8.self) : nil }
    }

    /// Waits for the end of the stream.
    func finished() async -> String {
        _ = await value { _ in nil as Void? }
        return text
    }

    private static func line(_ number: Int, of state: State) -> String {
        let start = number == 0 ? 0 : state.lineEnds[number - 1] + 1
        return String(decoding: state.bytes[start..<state.lineEnds[number]], as: UTF8.self)
    }

    private func append(_ bytes: ArraySlice<UInt8>) {
        change { state in
            let start = state.bytes.count
            state.bytes += bytes
            for index in start..<state.bytes.count where state.bytes[index] == UInt8(ascii: "\n") {
                state.lineEnds.append(index)
            }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let waiting = state.withLock { state in
            body(&state)
            state.version += 1
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting {
            continuation.resume()
        }
    }

    /// Waits until something can be found, the stream ends or the test is cancelled.
    private func value<Value>(_ find: (State) -> Value?) async -> Value? {
        while true {
            let (found, isLast, version) = state.withLock { (find($0), $0.isFinished, $0.version) }
            if found != nil || isLast || Task.isCancelled { return found }
            await change(since: version)
        }
    }

    private func change(since version: Int) async {
        let ticket = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isStale = state.withLock { state in
                    guard state.version == version, !Task.isCancelled else { return true }
                    state.waiting[ticket] = continuation
                    return false
                }
                if isStale { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
        }
    }
}
