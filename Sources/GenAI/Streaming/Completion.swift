internal import Curl
internal import JSON

/// What decides whether an answer is whole: the one rule for folded answers and for streams of chunks.
///
/// Whole is an answer with a finish reason that is an end, or a prompt that was refused, and no error object. A stream
/// is read to its end all the same: some proxies send `STOP` with every chunk (protocol, section 7.3).
struct Completion: Sendable {
    /// After the end of an answer only usage may follow; a server that keeps the stream open is not waited for.
    static let lingerAfterFinish = Duration.seconds(10)

    /// The last one seen.
    private(set) var finishReason: String?
    /// Why the prompt was refused, if the server said so.
    private(set) var blockReason: String?
    /// The error object of the stream, if one came.
    private(set) var error: JSONValue?
    /// What the next request has to carry if the answer is unfinished.
    private(set) var continuationToken: String?
    private var hasCandidates = false

    var isPromptBlocked: Bool { finishReason == nil && blockReason != nil }

    /// Whether further requests have to bring the rest of the answer (protocol, section 7.5).
    var isContinued: Bool { finishReason == FinishReason.continuation.rawValue && continuationToken != nil }

    /// Whether nothing but usage is likely to follow: the answer has ended, or there will be none.
    var isFinished: Bool { finishReason != nil || blockReason != nil || error != nil }

    /// Why the answer is not whole at the end of a response; `nil` if it is, or if it is continued.
    ///
    /// - Parameters:
    ///   - transferError: What broke the transfer, if something did.
    ///   - endsInsideDocument: Whether the body ended in the middle of a document: something was coming.
    /// - Returns: The reason, in the caller's words.
    func failure(_ transferError: CurlError?, endsInsideDocument: Bool) -> GenAIError? {
        if let error { return .api(APIError(error, httpStatus: nil)) }
        if isPromptBlocked || isContinued { return nil }
        // A connection that broke after the finish reason has delivered everything.
        if let finishReason, finishReason != FinishReason.continuation.rawValue { return nil }
        if let transferError { return GenAIError(transferError) }
        return hasCandidates || endsInsideDocument ? .interrupted : .emptyAnswer
    }

    mutating func noteCandidate(finishReason: String?, continuationToken: String?) {
        hasCandidates = true
        // Only one chunk of a stream has them.
        if let finishReason, !finishReason.isEmpty {
            self.finishReason = finishReason
        }
        if let continuationToken, !continuationToken.isEmpty {
            self.continuationToken = continuationToken
        }
    }

    mutating func note(blockReason: String?) {
        if let blockReason, !blockReason.isEmpty {
            self.blockReason = blockReason
        }
    }

    mutating func note(error: JSONValue?) {
        // Some front ends write every member, as `null` where there is nothing to say.
        guard let error, error != .null else { return }
        self.error = self.error ?? error
    }

    mutating func note(_ chunk: GenerateContentResponse) {
        note(error: chunk.json["error"])
        note(blockReason: chunk.promptFeedback?.blockReason?.rawValue)
        if let candidate = chunk.firstCandidate {
            noteCandidate(
                finishReason: candidate.finishReason?.rawValue,
                continuationToken: candidate.json["continuationToken"]?.string
            )
        }
    }

    /// Makes ready for the next request of the same answer.
    mutating func beginHop() {
        finishReason = nil
        continuationToken = nil
    }
}
