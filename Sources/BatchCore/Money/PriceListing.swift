/// The numbers of a table for one model, each with where it is from.
package struct PriceListing: Sendable, Equatable {
    /// A number, and the layer that it is from.
    package struct Entry: Sendable, Equatable {
        package enum Kind: Sendable, Hashable {
            case rate(PriceComponent)
            /// For requests with larger prompts than the period's limit.
            case largePromptRate(PriceComponent)
            case factor(ServiceTier)
        }

        package var kind: Kind
        /// Per million tokens; of factors, in millionths.
        package var amount: MicroDollars
        /// The name of the layer.
        package var origin: String
        /// The day on which the number was read from the price list.
        package var asOf: String?
    }

    /// The numbers that hold from a moment on.
    package struct Period: Sendable, Equatable {
        /// Unix time in milliseconds; `nil` if they hold already.
        package var start: Int64?
        /// The longest prompt, in tokens, that is not large.
        package var largePromptLimit: Int?
        package var entries: [Entry]
    }

    package let model: String
    package let periods: [Period]
}

extension PriceTable {
    /// All prices from a moment on, by the names of the models.
    package func listings(from unixMilliseconds: Int64) -> [PriceListing] {
        Set(layers.flatMap(\.models.keys)).sorted().map { model in
            let name = PricedModelName(model)
            let starts = layers.flatMap { $0.models[model] ?? [] }.compactMap(\.validFrom)
            let later = Set(starts.filter { $0 > unixMilliseconds }).sorted()
            var periods = [period(of: name, start: nil, at: unixMilliseconds)]
            periods += later.map { period(of: name, start: $0, at: $0) }
            return PriceListing(model: model, periods: periods.filter { !$0.entries.isEmpty })
        }
    }

    private func period(of model: PricedModelName, start: Int64?, at moment: Int64) -> PriceListing.Period {
        var limit: Int?
        var entries: [PriceListing.Entry.Kind: PriceListing.Entry] = [:]
        for layer in layers {
            guard let price = layer.price(of: model, at: moment) else { continue }
            limit = price.largePrompt?.above ?? limit
            let numbers =
                price.rates.map { (PriceListing.Entry.Kind.rate($0), $1) }
                + (price.largePrompt?.rates ?? [:]).map { (.largePromptRate($0), $1) }
                + price.factors.map { (.factor($0), MicroDollars($1)) }
            for (kind, amount) in numbers {
                entries[kind] = PriceListing.Entry(kind: kind, amount: amount, origin: layer.origin, asOf: price.asOf)
            }
        }
        let order =
            PriceComponent.allCases.map { PriceListing.Entry.Kind.rate($0) }
            + PriceComponent.allCases.map { .largePromptRate($0) }
            + entries.keys.compactMap { if case .factor(let tier) = $0 { tier.rawValue } else { nil } }.sorted()
            .map { .factor(ServiceTier(rawValue: $0)) }
        return PriceListing.Period(start: start, largePromptLimit: limit, entries: order.compactMap { entries[$0] })
    }

    /// The factors for models that have none of their own, by tier, with the layers that they are from.
    package var generalFactors: [PriceListing.Entry] {
        var factors: [ServiceTier: PriceListing.Entry] = [:]
        for layer in layers {
            for (tier, factor) in layer.factors {
                factors[tier] = PriceListing.Entry(
                    kind: .factor(tier),
                    amount: MicroDollars(factor),
                    origin: layer.origin,
                    asOf: layer.date
                )
            }
        }
        return factors.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value)
    }
}
