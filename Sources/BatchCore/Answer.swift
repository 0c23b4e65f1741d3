internal import JSON

/// A complete answer of the model to one turn.
package struct Answer: Sendable, Equatable {
    /// The visible text; thoughts are not part of it.
    package var text: String
    /// All parts in the order they came as a JSON array, neighbouring plain texts merged, signed parts kept apart.
    ///
    /// `nil` if the answer is ``text`` and nothing else, as most are: nothing is kept twice then.
    package var structuredParts: String?
    /// The server's word, for example `STOP` or `MAX_TOKENS`; unknown ones are kept.
    package var finishReason: String
    package var usage: TokenUsage
    /// The model that really answered.
    package var modelVersion: String?
    package var responseID: String?
    /// How many candidates came; the first is used.
    package var candidates: Int
    /// The other members of the candidate (grounding, citations, safety ratings …) as a JSON object.
    package var metadata: String?

    package init(
        text: String,
        parts: String? = nil,
        finishReason: String,
        usage: TokenUsage = TokenUsage(),
        modelVersion: String? = nil,
        responseID: String? = nil,
        candidates: Int = 1,
        metadata: String? = nil
    ) {
        self.text = text
        structuredParts = parts
        self.finishReason = finishReason
        self.usage = usage
        self.modelVersion = modelVersion
        self.responseID = responseID
        self.candidates = candidates
        self.metadata = metadata
    }

    /// All parts as a JSON array.
    package var parts: String {
        structuredParts ?? JSONValue.array([.object(["text": .string(text)])]).text
    }

    /// Whether the model stopped because its output budget was spent.
    package var isTruncated: Bool { finishReason == "MAX_TOKENS" }
}

/// Token counts as the server reported them; `nil` is unknown, which is not zero.
package struct TokenUsage: Sendable, Equatable {
    /// The whole input, its cached part included.
    package var promptTokens: Int?
    /// The visible output, without thoughts.
    package var outputTokens: Int?
    /// Thinking; billed as output.
    package var thoughtTokens: Int?
    /// The part of the prompt that came from a cache.
    package var cachedTokens: Int?
    /// Tool results fed back as input.
    package var toolUseTokens: Int?
    package var totalTokens: Int?

    package init(
        promptTokens: Int? = nil,
        outputTokens: Int? = nil,
        thoughtTokens: Int? = nil,
        cachedTokens: Int? = nil,
        toolUseTokens: Int? = nil,
        totalTokens: Int? = nil
    ) {
        self.promptTokens = promptTokens
        self.outputTokens = outputTokens
        self.thoughtTokens = thoughtTokens
        self.cachedTokens = cachedTokens
        self.toolUseTokens = toolUseTokens
        self.totalTokens = totalTokens
    }

    /// Adds counts of another answer; unknown plus known is known.
    package static func += (left: inout TokenUsage, right: TokenUsage) {
        func sum(_ path: WritableKeyPath<TokenUsage, Int?>) {
            guard let more = right[keyPath: path] else { return }
            left[keyPath: path] = (left[keyPath: path] ?? 0) + more
        }
        sum(\.promptTokens)
        sum(\.outputTokens)
        sum(\.thoughtTokens)
        sum(\.cachedTokens)
        sum(\.toolUseTokens)
        sum(\.totalTokens)
    }
}

/// When things happened in one attempt, counted from the moment it was sent.
package struct AttemptTimings: Sendable, Equatable {
    /// Unix time in milliseconds at which the request was handed to the network.
    package var startedAtMilliseconds: Int64
    /// Until the first event of the answer; `nil` if none came.
    package var firstChunk: Duration?
    package var total: Duration

    package init(startedAtMilliseconds: Int64, firstChunk: Duration? = nil, total: Duration) {
        self.startedAtMilliseconds = startedAtMilliseconds
        self.firstChunk = firstChunk
        self.total = total
    }
}
