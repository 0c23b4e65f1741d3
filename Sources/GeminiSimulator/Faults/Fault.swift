/// One way of misbehaving, as a fault script orders it.
enum Fault: Sendable {
    /// Another status than 200, with the body the servers send along.
    case status(StatusFault)
    /// The answer breaks off after some events.
    case cut(afterChunks: Int, Cut)
    /// The answer goes silent after some events; the connection stays open.
    case stall(afterChunks: Int)
    /// Every byte is a write and a chunk of its own.
    case oneBytePerWrite
    /// After some events an event holds an error object instead of an answer.
    case errorInStream(afterChunks: Int, StatusFault)
    /// Status 200 with an error document that is no event.
    case bareError(StatusFault)
    /// Status 200 and a body without a byte.
    case emptyStream
    /// One event with token counts and no candidate.
    case usageOnly
    /// The prompt is refused.
    case blockedPrompt(reason: String)
    /// Another finish reason; the text breaks off after some events.
    case finishReason(String, afterChunks: Int?)
    /// The answer ends unfinished after some events, with a token to fetch the rest.
    case continuation(afterChunks: Int)
    /// The whole text, cleanly ended, without a finish reason.
    case noFinishReason
    /// Framing that the standard allows and the servers do not use.
    case framing(Framing)
    /// The body compressed; with a size, one event of that many bytes in a few.
    case gzip(hugeLineBytes: Int?)
    /// One event with a text of this many bytes.
    case hugeLine(bytes: Int)
    /// An event that never ends, as quickly as it is read.
    case endlessLine
    /// Many header lines before the answer.
    case headerFlood(count: Int, bytes: Int)
    /// Bytes that are not UTF-8 inside the text of one event.
    case invalidUTF8(atChunk: Int)
    /// Half a document in one event.
    case brokenJSON(atChunk: Int)
    /// Waits of the script's own.
    case delay(DelayFault)
    /// An answer of the script's own, for texts that are hard to show or to store.
    case text(String)
    /// Token counts that are missing or make no sense.
    case usage(PlannedAnswer.UsageStyle)
    /// The connection closes when so many bytes of a piece of an upload have come; without a number, half of it.
    case cutUpload(afterBytes: Int?)
    /// An uploaded file turns out to be one that cannot be processed.
    case failedFile

    /// How an answer breaks off.
    enum Cut: String, Sendable, CaseIterable {
        /// The body ends properly.
        case end
        /// The connection closes inside the body.
        case close
        /// The connection is reset.
        case reset
    }

    /// What a fault can happen to.
    enum Scope {
        case generation, uploadPiece, file
    }

    var scope: Scope {
        switch self {
        case .cutUpload: .uploadPiece
        case .failedFile: .file
        default: .generation
        }
    }

    /// Whether a client has a whole answer in the end, however it was sent.
    var leavesAnswer: Bool {
        switch self {
        case .oneBytePerWrite, .framing, .gzip, .hugeLine, .headerFlood, .delay, .text, .usage, .finishReason,
            .continuation, .blockedPrompt:
            true
        case .status, .cut, .stall, .errorInStream, .bareError, .emptyStream, .usageOnly, .noFinishReason, .endlessLine,
            .invalidUTF8, .brokenJSON, .cutUpload, .failedFile:
            false
        }
    }
}

/// Waits that replace the configured ones.
struct DelayFault: Sendable {
    var beforeHead: Int64?
    var beforeFirstChunk: Int64?
    var betweenChunks: Int64?
}
