import JSON

/// How long an answer is when its prompt does not say, and how it is cut.
struct AnswerShape: Sendable {
    /// The events of an answer of usual length.
    var chunks: Int
    /// The bytes of text in one event.
    var chunkBytes: Int
}

/// Writes the answer to a request; the same request always gets the same answer.
enum AnswerPlanner {
    static func answer(to request: GenerateRequest, shape: AnswerShape) -> PlannedAnswer {
        let seed = request.seed
        var answer = PlannedAnswer(
            model: request.target.model,
            isVertex: request.target.isVertex,
            responseID: StableHash.hex(seed),
            prompt: PromptTokens(of: request)
        )
        if request.options.includeThoughts {
            let topics = Prose.topics(of: request.lastTurn.text)
            answer.thought =
                "**Considering \(topics[0])**\n\nI weigh \(topics.joined(separator: ", ")) before I answer."
        }
        let length = Length(request.lastTurn.text)
        var text = Array(text(for: request, length: length, seed: seed, shape: shape).utf8)
        let isUsualLength = length == .usual && request.options.responseMIMEType == "text/plain"
        var pieces = isUsualLength ? shape.chunks : (text.count + shape.chunkBytes - 1) / shape.chunkBytes
        answer.finishReason = "STOP"
        if let end = firstStop(in: text, sequences: request.options.stopSequences) {
            text.removeSubrange(end...)
            pieces = (text.count + shape.chunkBytes - 1) / shape.chunkBytes
        }
        if let limit = request.options.maxOutputTokens, cut(&text, to: limit - answer.thoughtTokens) {
            answer.finishReason = "MAX_TOKENS"
            pieces = (text.count + shape.chunkBytes - 1) / shape.chunkBytes
        }
        answer.setText(text, pieces: pieces)
        answer.dropPieces(request.continuation?.piecesSent ?? 0)
        return answer
    }

    private static func text(
        for request: GenerateRequest,
        length: Length,
        seed: UInt64,
        shape: AnswerShape
    ) -> String {
        var prose = Prose(seed: seed, prompt: request.lastTurn.text)
        switch request.options.responseMIMEType {
        case "application/json":
            let schema = request.options.schema ?? ["type": "object", "properties": ["answer": ["type": "string"]]]
            return SchemaAnswer(schema: schema, prose: prose).value().text
        case "text/x.enum":
            return SchemaAnswer(schema: request.options.schema ?? [:], prose: prose).value().string ?? ""
        default:
            break
        }
        let opening = openings(for: request)
        switch length {
        case .sentence:
            return opening.isEmpty ? prose.sentence() : opening.joined(separator: " ")
        case .bullets(let count):
            return (0..<count).map { _ in "- " + prose.sentence() }.joined(separator: "\n")
        case .words(let count):
            return words(count, opening: opening, prose: &prose)
        case .usual:
            return sentences(bytes: shape.chunks * shape.chunkBytes, opening: opening, prose: &prose)
        }
    }

    /// What shows that the media and the history arrived.
    private static func openings(for request: GenerateRequest) -> [String] {
        var sentences = request.lastTurn.media.map { medium in
            if let uri = medium.uri {
                return "I see \(uri) (\(medium.mimeType))."
            }
            let digest = medium.digest.map { "\($0.byteCount) bytes, hash \(StableHash.hex($0.hash))" } ?? ""
            return "I see an inline \(medium.mimeType) of \(digest)."
        }
        let earlier = request.turns.dropLast().filter { $0.role == .user }
        if let first = earlier.first {
            let topic = Prose.topics(of: first.text)[0]
            let turns = earlier.count == 1 ? "1 earlier turn" : "\(earlier.count) earlier turns"
            sentences.append("After \(turns), which began with the \(topic), this is what remains.")
        }
        return sentences
    }

    private static func sentences(bytes: Int, opening: [String], prose: inout Prose) -> String {
        var text = opening.joined(separator: " ")
        while text.utf8.count < bytes {
            text += (text.isEmpty ? "" : " ") + prose.sentence()
        }
        return text
    }

    private static func words(_ count: Int, opening: [String], prose: inout Prose) -> String {
        var words = opening.flatMap { $0.split(separator: " ") }.map(String.init)
        while words.count < count {
            words += prose.sentence().split(separator: " ").map(String.init)
        }
        var text = words.prefix(count).joined(separator: " ")
        if words.count > count {
            while let last = text.last, !last.isLetter {
                text.removeLast()
            }
            text += "."
        }
        return text
    }

    private static func firstStop(in text: [UInt8], sequences: [String]) -> Int? {
        sequences.filter { !$0.isEmpty }.compactMap { ByteSearch.first(Array($0.utf8), in: text) }.min()
    }

    /// Cuts a text to a number of tokens, at a character's border.
    ///
    /// - Returns: Whether anything was cut.
    private static func cut(_ text: inout [UInt8], to tokens: Int) -> Bool {
        guard TokenCount.of(bytes: text.count) > tokens else { return false }
        var end = max(0, tokens) * TokenCount.bytesPerToken
        while end > 0, text[end] & 0xC0 == 0x80 {
            end -= 1
        }
        text.removeSubrange(end...)
        return true
    }
}

/// The length that a prompt asks for in so many words.
enum Length: Equatable {
    case usual
    case words(Int)
    case bullets(Int)
    case sentence

    /// The most words or bullets that are taken seriously.
    private static let limit = 100_000

    init(_ prompt: String) {
        // Instructions stand at the beginning or at the end, so a long text between them is not searched.
        let ends = prompt.utf8.count > 4000 ? prompt.prefix(2000) + " " + prompt.suffix(2000) : prompt[...]
        let tokens = ends.lowercased().utf8.split { !Self.isWordByte($0) }.map { String(Substring($0)) }
        self = .usual
        for (number, unit) in zip(tokens, tokens.dropFirst()) {
            if unit.hasPrefix("sentence"), number == "one" || number == "a" || number == "single" || number == "1" {
                self = .sentence
                return
            }
            guard let count = Int(number), (1...Self.limit).contains(count) else { continue }
            if unit.hasPrefix("word") {
                self = .words(count)
                return
            }
            if unit.hasPrefix("bullet") {
                self = .bullets(count)
                return
            }
        }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// Searching bytes in bytes.
enum ByteSearch {
    /// Where the needle begins for the first time; an empty needle is everywhere.
    static func first(_ needle: [UInt8], in hay: [UInt8]) -> Int? {
        hay.withUnsafeBufferPointer { first(needle, in: $0) }
    }

    static func contains(_ needle: [UInt8], in text: String) -> Bool {
        var text = text
        return text.withUTF8 { first(needle, in: $0) != nil }
    }

    private static func first(_ needle: [UInt8], in hay: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let head = needle.first else { return 0 }
        guard hay.count >= needle.count else { return nil }
        for start in 0...(hay.count - needle.count) where hay[start] == head {
            var matched = 1
            while matched < needle.count, hay[start + matched] == needle[matched] {
                matched += 1
            }
            if matched == needle.count { return start }
        }
        return nil
    }
}
