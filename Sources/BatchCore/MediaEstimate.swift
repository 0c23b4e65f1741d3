/// How many tokens a medium will count, guessed from its kind and size: nobody looks into it.
///
/// Models count an image by its resolution, a document by its pages, sound and film by their seconds. Where the size is not
/// known, it is taken for an ordinary one of its kind.
extension MediaReference {
    /// No prompt is longer: the context of all current models.
    static let mostTokens = 1 << 20

    private enum Kind {
        case image, document, audio, plainAudio, video, other
    }

    private var kind: Kind {
        let type = mimeType.lowercased()
        if type.hasPrefix("image/") { return .image }
        if type == "application/pdf" { return .document }
        if type.hasPrefix("video/") { return .video }
        guard type.hasPrefix("audio/") else { return .other }
        return ["wav", "x-wav", "aiff", "x-aiff", "l16", "pcm", "flac"].contains(type.dropFirst(6))
            ? .plainAudio : .audio
    }

    /// Whether its tokens, or some of them, may be those of sound.
    var hasSound: Bool { isAudio || kind == .video }

    var isAudio: Bool { kind == .audio || kind == .plainAudio }

    /// What it will count.
    var estimatedTokens: Int {
        let tokens =
            switch kind {
            case .image: 1120
            // 560 for a page of 50 kB.
            case .document: max(560, size.map { $0 / 90 } ?? 20 * 560)
            // 32 for a second of 8 kB, or of 32 kB if it is not compressed; else ten minutes.
            case .audio: size.map { $0 / 250 } ?? 600 * 32
            case .plainAudio: size.map { $0 / 1000 } ?? 600 * 32
            // 290 for a second of 60 kB; else ten minutes.
            case .video: size.map { $0 / 200 } ?? 600 * 290
            case .other: size.map { $0 / 4 } ?? 10_000
            }
        return min(max(tokens, 1), Self.mostTokens)
    }

    /// More than it will ever count.
    var highestTokens: Int {
        kind == .image ? 2240 : Self.mostTokens
    }
}
