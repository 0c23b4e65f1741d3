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

    /// What one attempt counts as under caps if its cost or its tokens are unknown, or the least that they may be.
    ///
    /// Tokens without a price count as the dearest ones of their model. What is known of neither, or broke off, counts as
    /// what was set aside, at least.
    ///
    /// - Returns: `nil` if its cost and its usage count themselves.
    mutating func counted(_ attempt: AttemptRecord, asked request: ItemRequest, reserved: Spending) -> Spending? {
        let tokens = attempt.tokens
        let isLeast = attempt.isBrokenOff || tokens == nil
        guard isLeast || attempt.cost == nil else { return nil }
        var cost = attempt.cost
        if cost == nil, let tokens {
            cost = highestCost(of: tokens, in: attempt, asked: request)
        }
        return Spending(
            cost: max(cost ?? reserved.cost, isLeast ? reserved.cost : .zero),
            tokens: max(tokens ?? 0, isLeast ? reserved.tokens : 0)
        )
    }

    private mutating func highestCost(
        of tokens: Int,
        in attempt: AttemptRecord,
        asked request: ItemRequest
    ) -> MicroDollars? {
        let moment = attempt.timings.startedAtMilliseconds
        let answering = attempt.modelVersion.flatMap { price(of: $0, at: moment) }
        let deciding = answering ?? price(of: request.model, at: moment)
        return deciding?.highestCost(of: tokens, tier: attempt.serviceTier ?? request.serviceTier)
    }
}

extension AttemptRecord {
    /// Input and output together; `nil` if nobody knows.
    var tokens: Int? { usage.map { $0.totalTokens ?? $0.sum } }

    /// What counts as spent under caps.
    var spending: Spending { counted ?? Spending(cost: cost ?? .zero, tokens: tokens ?? 0) }
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
