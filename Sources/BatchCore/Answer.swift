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
    /// How the request was served, as far as the server told.
    package var serviceTier: ServiceTier?
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
        metadata: String? = nil,
        serviceTier: ServiceTier? = nil
    ) {
        self.text = text
        structuredParts = parts
        self.finishReason = finishReason
        self.usage = usage
        self.modelVersion = modelVersion
        self.responseID = responseID
        self.candidates = candidates
        self.metadata = metadata
        self.serviceTier = serviceTier
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
    /// The counts of tokens with prices of their own; `nil` if there are none, as in most answers.
    package var modalities: ModalityTokens?

    package init(
        promptTokens: Int? = nil,
        outputTokens: Int? = nil,
        thoughtTokens: Int? = nil,
        cachedTokens: Int? = nil,
        toolUseTokens: Int? = nil,
        totalTokens: Int? = nil,
        modalities: ModalityTokens? = nil
    ) {
        self.promptTokens = promptTokens
        self.outputTokens = outputTokens
        self.thoughtTokens = thoughtTokens
        self.cachedTokens = cachedTokens
        self.toolUseTokens = toolUseTokens
        self.totalTokens = totalTokens
        self.modalities = modalities
    }

    /// Input and output together, as far as they are known; for servers that do not add up themselves.
    package var sum: Int {
        (promptTokens ?? 0) + (outputTokens ?? 0) + (thoughtTokens ?? 0) + (toolUseTokens ?? 0)
    }

    /// Adds counts of another answer; unknown plus known is known.
    package static func += (left: inout TokenUsage, right: TokenUsage) {
        func add(_ more: Int?, to counter: inout Int?) {
            counter = more.map { (counter ?? 0) + $0 } ?? counter
        }
        add(right.promptTokens, to: &left.promptTokens)
        add(right.outputTokens, to: &left.outputTokens)
        add(right.thoughtTokens, to: &left.thoughtTokens)
        add(right.cachedTokens, to: &left.cachedTokens)
        add(right.toolUseTokens, to: &left.toolUseTokens)
        add(right.totalTokens, to: &left.totalTokens)
        if let more = right.modalities {
            left.modalities = (left.modalities ?? ModalityTokens()) + more
        }
    }
}

/// How many of the tokens of a ``TokenUsage`` are of kinds with prices of their own.
package struct ModalityTokens: Sendable, Equatable {
    /// The part of the prompt that is audio, its cached part included.
    package var audioInput: Int
    /// The part of the cached tokens that is audio.
    package var cachedAudio: Int
    /// The part of the visible output that is images.
    package var imageOutput: Int
    /// The part of the visible output that is audio.
    package var audioOutput: Int

    package init(audioInput: Int = 0, cachedAudio: Int = 0, imageOutput: Int = 0, audioOutput: Int = 0) {
        self.audioInput = audioInput
        self.cachedAudio = cachedAudio
        self.imageOutput = imageOutput
        self.audioOutput = audioOutput
    }

    package static func + (left: ModalityTokens, right: ModalityTokens) -> ModalityTokens {
        ModalityTokens(
            audioInput: left.audioInput + right.audioInput,
            cachedAudio: left.cachedAudio + right.cachedAudio,
            imageOutput: left.imageOutput + right.imageOutput,
            audioOutput: left.audioOutput + right.audioOutput
        )
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
