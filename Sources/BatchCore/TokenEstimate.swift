/// What a request will count as input, guessed from its length and from what the last ones counted.
package struct TokenEstimate: Sendable {
    static let firstTokensPerByte = 0.25
    /// What the newest answer weighs against all before it.
    private static let weight = 0.1
    /// More is no count but a mistake.
    private static let most = 1 << 40

    private var tokensPerByte = firstTokensPerByte

    func tokens(of work: Work) -> Int {
        max(1, Int(Double(Self.bytes(of: work)) * tokensPerByte))
    }

    /// What the first request of an item counts, guessed from its length alone.
    package static func firstTokens(of item: ItemRequest) -> Int {
        let turn = item.turns.first?.estimatedBytes ?? 0
        return max(1, Int(Double(turn + (item.systemInstruction?.utf8.count ?? 0)) * firstTokensPerByte))
    }

    /// Learns from an answer.
    ///
    /// - Returns: How many tokens more it was than estimated.
    mutating func correct(_ estimated: Int, of work: Work, reported: Int) -> Int {
        let tokens = min(max(reported, 0), Self.most)
        let ratio = Double(tokens) / Double(max(1, Self.bytes(of: work)))
        tokensPerByte += Self.weight * (ratio - tokensPerByte)
        return tokens - estimated
    }

    /// The turns as far as they are sent, the answers between them, what the model is told, and what it is to repair.
    private static func bytes(of work: Work) -> Int {
        let request = work.request
        let repair = work.machine.repair
        let sent = request.turns.prefix(work.answeredTurns.count + 1)
        return sent.reduce(0) { $0 + $1.estimatedBytes }
            + work.answeredTurns.reduce(0) { $0 + $1.utf8.count }
            + (request.systemInstruction?.utf8.count ?? 0)
            + (repair?.answer.utf8.count ?? 0) + (repair?.message.utf8.count ?? 0)
    }
}

extension ItemRequest.Turn {
    /// Its text, and what stands for its media at four bytes a token.
    var estimatedBytes: Int {
        media.reduce(text.utf8.count) { $0 + 4 * $1.estimatedTokens }
    }
}
