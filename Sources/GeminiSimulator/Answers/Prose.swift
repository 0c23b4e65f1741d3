/// English prose from a small grammar: the same seed and topics give the same sentences.
struct Prose {
    private var random: SeededRandom
    private let topics: [String]

    /// - Parameters:
    ///   - seed: What decides every choice.
    ///   - prompt: The text whose longer words turn up in the sentences.
    init(seed: UInt64, prompt: String) {
        random = SeededRandom(seed: seed)
        topics = Self.topics(of: prompt)
    }

    /// The first words of a prompt that carry meaning, in order and each once; never empty.
    static func topics(of prompt: String) -> [String] {
        var topics: [String] = []
        // A long prompt does not need to be read to its end for eight words.
        for word in prompt.unicodeScalars.prefix(2000).split(whereSeparator: { !$0.properties.isAlphabetic }) {
            let text = String(Substring(word)).lowercased()
            guard text.utf8.count >= 4, !stopWords.contains(text), !topics.contains(text) else { continue }
            topics.append(text)
            if topics.count == 8 { break }
        }
        return topics.isEmpty ? ["question"] : topics
    }

    mutating func topic() -> String {
        random.pick(topics)
    }

    /// One word or two, for the string of a JSON answer.
    mutating func phrase() -> String {
        "\(random.pick(Self.adjectives)) \(topic())"
    }

    mutating func number(in range: ClosedRange<Int64>) -> Int64 {
        Int64.random(in: range, using: &random)
    }

    mutating func fraction() -> Double {
        random.fraction()
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        random.pick(elements)
    }

    mutating func sentence() -> String {
        let adjective = random.pick(Self.adjectives)
        let noun = random.pick(Self.nouns)
        let other = random.pick(Self.nouns)
        let verb = random.pick(Self.verbs)
        let place = random.pick(Self.places)
        let topic = topic()
        switch random.next() % 7 {
        case 0: return "The \(adjective) \(noun) \(verb) the \(topic) \(place)."
        case 1: return "\(random.pick(Self.openings)), the \(topic) \(verb) a \(adjective) \(noun)."
        case 2: return "No one \(place) had expected the \(topic) to matter, yet the \(noun) \(verb) it."
        case 3: return "\(capitalised(place)) there was a \(noun), and the \(topic) \(verb) it—\(adjective) as ever."
        case 4: return "What the \(noun) knew of the \(topic), the \(other) \(verb) in silence."
        case 5: return "It was \(adjective), this \(topic), and every \(noun) \(place) felt it."
        default: return "So the \(noun) \(verb) the \(other), and the \(topic) stayed \(adjective)."
        }
    }

    private func capitalised(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst()
    }

    private static let stopWords: Set<String> = [
        "about", "after", "also", "and", "are", "bullets", "describe", "explain", "from", "give", "have", "image",
        "into", "just", "like", "make", "more", "must", "name", "only", "please", "sentence", "should", "summarise",
        "summarize", "tell", "than", "that", "their", "them", "then", "there", "these", "they", "this", "what", "when",
        "where", "which", "will", "with", "word", "words", "would", "write", "your",
    ]

    private static let adjectives = [
        "quiet", "bright", "patient", "narrow", "golden", "restless", "careful", "distant", "ordinary", "curious",
        "brittle", "naïve", "stubborn", "gentle", "weathered", "sudden", "hollow", "generous",
    ]

    private static let nouns = [
        "harbour", "lantern", "clockmaker", "river", "café", "letter", "engine", "orchard", "witness", "archive",
        "window", "traveller", "bridge", "apprentice", "map", "kitchen", "signal", "garden", "ledger", "storm",
    ]

    private static let verbs = [
        "carried", "forgot", "repaired", "followed", "measured", "answered", "outlived", "remembered", "painted",
        "crossed", "kept", "questioned", "found", "changed", "waited for", "described",
    ]

    private static let places = [
        "by the water", "under the old roof", "at the edge of town", "in the long winter", "before sunrise",
        "behind the station", "on the third floor", "between two storms", "near the market", "along the coast",
    ]

    private static let openings = [
        "In the end", "Years later", "On most days", "Without a word", "To be fair", "As it turned out", "At first",
        "By all accounts", "Against all odds",
    ]
}
