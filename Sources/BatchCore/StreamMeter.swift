internal import Synchronization

/// What has streamed in for one attempt so far: written by the thread that decodes, read by displays.
package final class StreamMeter: Sendable {
    private let reportedTokens = Atomic(0)
    private let textBytes = Atomic(0)
    private let chunks = Atomic(0)

    package init() {}

    /// Notes one chunk.
    ///
    /// - Parameters:
    ///   - bytes: Bytes of visible text in it.
    ///   - outputTokens: The server's running count of output and thought tokens, if the chunk carried one.
    package func add(textBytes bytes: Int, outputTokens: Int?) {
        textBytes.wrappingAdd(bytes, ordering: .relaxed)
        if let outputTokens {
            reportedTokens.store(outputTokens, ordering: .relaxed)
        }
        // Last, so that who sees the first chunk sees its text too.
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
}
