internal import Synchronization

/// What has streamed in for one attempt so far: written by the thread that decodes, read by displays.
package final class StreamMeter: Sendable {
    private let reportedTokens = Atomic(0)
    private let textBytes = Atomic(0)
    private let chunks = Atomic(0)
    private let lastChunkNanoseconds = Atomic<Int64>(0)

    package init() {}

    /// Notes one chunk.
    ///
    /// - Parameters:
    ///   - bytes: Bytes of visible text in it.
    ///   - outputTokens: The server's running count of output and thought tokens, if the chunk carried one.
    ///   - now: Monotonic time, any origin, as ``lastChunk`` gives it back.
    package func add(textBytes bytes: Int, outputTokens: Int?, now: Duration) {
        textBytes.wrappingAdd(bytes, ordering: .relaxed)
        if let outputTokens {
            reportedTokens.store(outputTokens, ordering: .relaxed)
        }
        let (seconds, attoseconds) = now.components
        lastChunkNanoseconds.store(seconds * 1_000_000_000 + attoseconds / 1_000_000_000, ordering: .relaxed)
        // Last, so that who sees the first chunk sees its time too.
        chunks.wrappingAdd(1, ordering: .releasing)
    }

    /// Output tokens so far: the server's count, or an estimate of 4 bytes a token until it tells one.
    package var outputTokens: Int {
        let reported = reportedTokens.load(ordering: .relaxed)
        return reported > 0 ? reported : textBytes.load(ordering: .relaxed) / 4
    }

    package var chunkCount: Int {
        chunks.load(ordering: .acquiring)
    }

    /// When the last chunk came; `nil` before the first.
    package var lastChunk: Duration? {
        chunkCount == 0 ? nil : .nanoseconds(lastChunkNanoseconds.load(ordering: .relaxed))
    }
}
