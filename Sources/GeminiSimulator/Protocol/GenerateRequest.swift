import JSON

/// A generation or counting request, as far as the simulator understands it.
struct GenerateRequest {
    /// Who speaks in one content.
    enum Role: String {
        case user
        case model
    }

    /// An image or another medium that came along.
    struct Media {
        /// Where the medium lies; `nil` for inline bytes.
        var uri: String?
        var mimeType: String
        /// What the inline bytes are; `nil` for a URI.
        var digest: Base64Digest?
        /// The resolution asked for, for example `MEDIA_RESOLUTION_LOW`.
        var resolution: String?
    }

    /// One content: who said it, its texts in order, and its media.
    struct Turn {
        var role: Role
        var text = ""
        var media: [Media] = []
    }

    /// What `generationConfig` says about the answer.
    struct Options {
        var maxOutputTokens: Int?
        var stopSequences: [String] = []
        var responseMIMEType = "text/plain"
        /// The schema of a JSON answer, in either dialect.
        var schema: JSONValue?
        var includeThoughts = false
        var mediaResolution: String?
    }

    var target: Route.Target
    var turns: [Turn] = []
    var systemInstruction = ""
    var options = Options()
    /// The place in the answer to go on from, as a continuation token told it.
    var continuation: ContinuationToken?

    /// The media of all turns.
    var media: [Media] { turns.flatMap(\.media) }

    /// What the user said last.
    var lastTurn: Turn { turns.last ?? Turn(role: .user) }

    /// A number that stands for everything an answer depends on.
    var seed: UInt64 {
        var hash = StableHash()
        hash.combine(target.model)
        hash.combine(systemInstruction)
        for turn in turns {
            hash.combine(turn.role.rawValue)
            hash.combine(turn.text)
            for medium in turn.media {
                hash.combine(medium.uri ?? "")
                hash.combine(number: medium.digest?.hash ?? 0)
            }
        }
        return hash.value
    }
}

/// The model's generation, for the rules that changed on the way.
struct ModelGeneration {
    let major: Int
    let minor: Int
    private let name: String

    /// Reads `gemini-3.5-flash-lite` as 3.5; a name without a number counts as the newest.
    init(model: String) {
        name = model
        let number = model.split(separator: "-").dropFirst().first.map { $0.split(separator: ".") } ?? []
        major = number.first.flatMap { Int($0) } ?? 4
        minor = number.count > 1 ? Int(number[1]) ?? 0 : 0
    }

    /// Whether the stricter rules hold that came with 3.5 Flash-Lite and 3.6 Flash.
    var isStrict: Bool {
        if major != 3 { return major > 3 }
        return minor > 5 || minor == 5 && name.contains("flash-lite")
    }

    var isBeforeThinkingLevels: Bool { major < 3 }

    /// The tokens that one image costs.
    func imageTokens(resolution: String?) -> Int {
        guard major >= 3 else { return 258 }
        return switch resolution {
        case "MEDIA_RESOLUTION_LOW": 280
        case "MEDIA_RESOLUTION_MEDIUM": 560
        case "MEDIA_RESOLUTION_ULTRA_HIGH": 2240
        default: 1120
        }
    }
}

/// What a prompt costs, by modality.
struct PromptTokens: Equatable {
    /// The modalities that occur, text first.
    private(set) var details: [(modality: String, count: Int)] = []

    var total: Int { details.reduce(0) { $0 + $1.count } }

    init(of request: GenerateRequest) {
        let bytes = request.turns.reduce(request.systemInstruction.utf8.count) { $0 + $1.text.utf8.count }
        add("TEXT", TokenCount.of(bytes: bytes))
        let generation = ModelGeneration(model: request.target.model)
        for medium in request.media {
            let resolution = medium.resolution ?? request.options.mediaResolution
            switch medium.mimeType.split(separator: "/").first {
            case "video": add("VIDEO", generation.major >= 3 ? 700 : 2580)
            case "audio": add("AUDIO", 320)
            case "application", "text": add("DOCUMENT", generation.major >= 3 ? 560 : 258)
            default: add("IMAGE", generation.imageTokens(resolution: resolution))
            }
        }
    }

    mutating func add(_ modality: String, _ count: Int) {
        guard count > 0 else { return }
        if let index = details.firstIndex(where: { $0.modality == modality }) {
            details[index].count += count
        } else {
            details.append((modality, count))
        }
    }

    static func == (left: PromptTokens, right: PromptTokens) -> Bool {
        left.details.elementsEqual(right.details) { $0 == $1 }
    }

    /// Writes `promptTokensDetails` as a member of the object being written.
    func writeDetails(into writer: inout JSONWriter) {
        writer.key("promptTokensDetails")
        writer.array { writer in
            for detail in details {
                writer.object { writer in
                    writer.member("modality", detail.modality)
                    writer.member("tokenCount", detail.count)
                }
            }
        }
    }
}

/// Where an answer that was broken off on purpose goes on.
struct ContinuationToken: Equatable {
    private static let prefix = "Continue"

    /// How many pieces of the answer were sent before.
    let piecesSent: Int

    init(piecesSent: Int) {
        self.piecesSent = piecesSent
    }

    /// Reads a token back; `nil` if it is none of ours.
    init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), let number = Int(text.dropFirst(Self.prefix.count), radix: 16) else {
            return nil
        }
        piecesSent = number
    }

    /// The token as clients see it: base64 of bytes that mean nothing to them.
    var text: String {
        Self.prefix + StableHash.hex(UInt64(piecesSent))
    }
}

/// How the simulator counts tokens: four bytes are one.
enum TokenCount {
    static let bytesPerToken = 4

    static func of(bytes: Int) -> Int {
        (bytes + bytesPerToken - 1) / bytesPerToken
    }
}
