/// What caps on spending mean for what is to be sent.
extension Workload {
    /// By how much caps may be exceeded at most: what as many requests as may be in flight spend, if each is as dear as the
    /// dearest can be.
    func mostBeyondCaps(_ basis: Forecast.Basis) -> Spending? {
        guard basis.limits.isSpendingCapped else { return nil }
        var most = Spending()
        for (kind, amount) in amounts {
            var amount = amount
            if basis.checksAnswers || amount.hasOwnChecks {
                // A refused answer is sent back to be repaired.
                amount.highestInput = min(amount.highestInput + amount.highestOutput, MediaReference.mostTokens)
            }
            let price = basis.prices.price(of: PricedModelName(kind.model), at: basis.moment)
            let cost = price?.highestCost(of: amount, tier: kind.tier) ?? .zero
            most = Spending(
                cost: max(most.cost, cost),
                tokens: max(most.tokens, amount.highestInput + amount.highestOutput)
            )
        }
        let inFlight = min(basis.limits.concurrency, requests)
        let (cost, overflow) = most.cost.amount.multipliedReportingOverflow(by: Int64(inFlight))
        return Spending(cost: MicroDollars(overflow ? .max : cost), tokens: most.tokens * inFlight)
    }

    /// A price that is missing for a cap on money to mean something.
    package struct MissingPrice: Sendable, Equatable {
        package var model: String
        /// `nil` if the price of text is missing: nothing is known then.
        package var component: PriceComponent?
    }

    /// The first model, by name, that cannot be capped, since a price is missing that its requests need.
    ///
    /// - Parameters:
    ///   - prices: In force.
    ///   - now: Unix time in milliseconds.
    /// - Returns: `nil` if all are there.
    package func missingPrice(in prices: PriceTable, at now: Int64) -> MissingPrice? {
        for (kind, amount) in amounts.sorted(by: { $0.key.model < $1.key.model }) {
            let price = prices.price(of: PricedModelName(kind.model), at: now)
            func isKnown(_ modalities: ModalityTokens? = nil) -> Bool {
                let usage = TokenUsage(promptTokens: 1, outputTokens: 1, modalities: modalities)
                return price?.cost(of: usage, tier: kind.tier) != nil
            }
            let probes: [(PriceComponent, ModalityTokens)] = [
                (.audioInput, ModalityTokens(audioInput: 1)),
                (.imageOutput, ModalityTokens(imageOutput: 1)),
                (.audioOutput, ModalityTokens(audioOutput: 1)),
            ]
            guard isKnown() else { return MissingPrice(model: kind.model) }
            for (component, tokens) in probes where amount.components.contains(component) && !isKnown(tokens) {
                return MissingPrice(model: kind.model, component: component)
            }
        }
        return nil
    }
}

extension ModelPrice {
    /// More than a request of such a kind will ever cost.
    fileprivate func highestCost(of amount: Workload.Amount, tier: ServiceTier) -> MicroDollars {
        let plain = amount.components.isEmpty && amount.media == 0
        let usage = TokenUsage(promptTokens: amount.highestInput, outputTokens: amount.highestOutput)
        let cost = plain ? cost(of: usage, tier: tier) : nil
        return cost ?? highestCost(of: usage.sum, tier: tier) ?? .zero
    }
}
