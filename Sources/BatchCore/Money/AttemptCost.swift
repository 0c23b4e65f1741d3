extension KnownPrices {
    /// What one attempt cost, by the model that answered and the tier that served it; what the server did not tell is
    /// taken from the question.
    ///
    /// Failed attempts cost what their tokens cost; one that was turned away costs nothing.
    ///
    /// - Returns: `nil` if the cost is unknown.
    mutating func cost(of attempt: AttemptRecord, asked request: ItemRequest) -> MicroDollars? {
        let usage: TokenUsage
        switch attempt.result {
        case .answered(let answer): usage = answer.usage
        case .failed(let error) where !error.isPossiblyBilled && error.usage == TokenUsage(): return .zero
        case .failed(let error): usage = error.usage
        case .interrupted: return nil
        }
        let price = price(of: attempt.modelVersion ?? request.model, at: attempt.timings.startedAtMilliseconds)
        return price?.cost(of: usage, tier: attempt.serviceTier ?? request.serviceTier)
    }
}

/// Which models have answered for others, so that it is told once.
struct AnsweringModels: Sendable {
    private struct Pair: Hashable {
        let asked: String
        let answered: String
    }

    private var known: Set<Pair> = []

    /// Whether an answer came from another model than the one that was asked, for the first time.
    mutating func isNews(_ answered: String, askedFor asked: String) -> Bool {
        guard answered != asked else { return false }
        let (family, askedFamily) = (PricedModelName(answered).family, PricedModelName(asked).family)
        return family != askedFamily && known.insert(Pair(asked: askedFamily, answered: family)).inserted
    }
}
