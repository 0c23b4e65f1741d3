internal import JSON

/// How far a request may go, whatever it is expected to do.
extension ItemRequest {
    /// The most output of one answer that does not ask for more, thoughts included: that of all current models.
    private static let mostOutput = 65_536

    /// The job's limit on the output of one request, thoughts included; each candidate may have as much.
    var maximumOutputTokens: Int? {
        config["max_output_tokens"]?.int64.map { Int(min($0, 1 << 40)) * candidates }
    }

    /// More output than it will ever have.
    var highestOutput: Int { maximumOutputTokens ?? Self.mostOutput * candidates }

    private var candidates: Int { config["candidate_count"]?.int64.map { Int(clamping: $0) } ?? 1 }

    var hasSound: Bool {
        turns.contains { $0.media.contains(where: \.hasSound) }
    }

    /// The kinds of tokens with prices of their own that it is certain to have, beside text.
    var componentsBesideText: Set<PriceComponent> {
        var components: Set<PriceComponent> = []
        if turns.contains(where: { $0.media.contains(where: \.isAudio) }) {
            components.insert(.audioInput)
        }
        let answers = config["response_modalities"]?.array?.compactMap { $0.string?.uppercased() } ?? []
        if answers.contains("IMAGE") {
            components.insert(.imageOutput)
        }
        if answers.contains("AUDIO") {
            components.insert(.audioOutput)
        }
        return components
    }
}
