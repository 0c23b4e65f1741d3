internal import JSON

/// What a run has to send, added up item by item; it grows with the number of models, not of items.
package struct Workload: Sendable, Equatable {
    /// Requests that are paced and priced alike.
    package struct Kind: Sendable, Hashable {
        package var model: String
        package var tier: ServiceTier
        /// In steps of ``Workload/sizeStep``: large prompts have other prices.
        package var size: Int
    }

    package struct Amount: Sendable, Equatable {
        /// Each counts where its first request does.
        package var items = 0
        package var requests = 0
        /// Of all requests: texts, and what stands for media.
        package var bytes = 0
        package var media = 0
        /// Answers to earlier turns, which go into a request again.
        package var repeatedAnswers = 0
        /// The output that is guessed while nothing is known of the model's answers, in tokens.
        package var guessedOutput = 0
        /// The same of ``repeatedAnswers``.
        package var guessedRepeats = 0
        /// More input and output than any of the requests will ever have, in tokens; but for tools, schemas and what tools
        /// come back with, for an answer that is sent back to be repaired, and for answers that take several requests
        /// (`CONTINUATION`).
        package var highestInput = 0
        package var highestOutput = 0
        /// Whether some of the items have checks of their own, by which an answer may be sent back.
        package var hasOwnChecks = false
        /// Beside text, the kinds of tokens that need a price.
        package var components: Set<PriceComponent> = []

        static func += (left: inout Amount, right: Amount) {
            left.items += right.items
            left.requests += right.requests
            left.bytes += right.bytes
            left.media += right.media
            left.repeatedAnswers += right.repeatedAnswers
            left.guessedOutput += right.guessedOutput
            left.guessedRepeats += right.guessedRepeats
            left.highestInput = max(left.highestInput, right.highestInput)
            left.highestOutput = max(left.highestOutput, right.highestOutput)
            left.hasOwnChecks = left.hasOwnChecks || right.hasOwnChecks
            left.components.formUnion(right.components)
        }
    }

    /// In bytes; a prompt that counts in one price class or another is told by no less.
    package static let sizeStep = 65_536
    /// The output that is guessed for a request that sets no limit, in tokens.
    package static let guessedOutput = 500

    /// No answer has more, in tokens.
    private static let mostOutput: Int64 = 1 << 24

    package private(set) var amounts: [Kind: Amount] = [:]

    package init() {}

    /// All requests.
    package var requests: Int { amounts.values.reduce(0) { $0 + $1.requests } }
    package var models: [String] { Set(amounts.keys.map(\.model)).sorted() }

    /// Adds one item: a request for each turn that is not answered yet, with all turns before it.
    ///
    /// - Parameters:
    ///   - request: What it asks.
    ///   - answeredTurns: How many of its turns have their answer.
    ///   - hasOwnChecks: Whether it has checks beside the job's.
    package mutating func add(_ request: ItemRequest, answeredTurns: Int = 0, hasOwnChecks: Bool = false) {
        let output = Self.guess(of: request)
        var bytes = request.systemInstruction?.utf8.count ?? 0
        var media = 0
        // No token is shorter than a byte.
        var highestInput = bytes
        for (index, turn) in request.turns.enumerated() {
            bytes += turn.estimatedBytes
            media += turn.media.count
            highestInput += turn.media.reduce(turn.text.utf8.count) { $0 + $1.highestTokens }
            guard index >= answeredTurns else { continue }
            add(
                Amount(
                    items: index == answeredTurns ? 1 : 0,
                    requests: 1,
                    bytes: bytes,
                    media: media,
                    repeatedAnswers: index,
                    guessedOutput: output,
                    guessedRepeats: index * output,
                    highestInput: min(highestInput + index * request.highestOutput, MediaReference.mostTokens),
                    highestOutput: request.highestOutput,
                    hasOwnChecks: hasOwnChecks,
                    components: request.componentsBesideText
                ),
                of: request
            )
        }
    }

    /// Adds items of one turn without media, all of about one size, that ask alike.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - textBytes: Of all of them, without their instructions.
    ///   - longest: Of the longest of them.
    ///   - request: What they have in common; its turns do not matter.
    ///   - hasOwnChecks: Whether some of them have checks beside the job's.
    package mutating func add(
        _ count: Int,
        textBytes: Int,
        longest: Int,
        like request: ItemRequest,
        hasOwnChecks: Bool = false
    ) {
        guard count > 0 else { return }
        let instruction = request.systemInstruction?.utf8.count ?? 0
        let bytes = textBytes + count * instruction
        let size = bytes / count / Self.sizeStep
        let amount = Amount(
            items: count,
            requests: count,
            bytes: bytes,
            guessedOutput: count * Self.guess(of: request),
            highestInput: min(longest + instruction, MediaReference.mostTokens),
            highestOutput: request.highestOutput,
            hasOwnChecks: hasOwnChecks,
            components: request.componentsBesideText
        )
        amounts[Kind(model: request.model, tier: request.serviceTier, size: size), default: Amount()] += amount
    }

    private mutating func add(_ amount: Amount, of request: ItemRequest) {
        let size = amount.bytes / Self.sizeStep
        amounts[Kind(model: request.model, tier: request.serviceTier, size: size), default: Amount()] += amount
    }

    /// Half of what the answer may have, as few answers use all of it.
    private static func guess(of request: ItemRequest) -> Int {
        guard let most = request.config["max_output_tokens"]?.int64, most > 0 else { return guessedOutput }
        return max(1, Int(min(most, mostOutput)) / 2)
    }
}
