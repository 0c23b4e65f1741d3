/// The prices in force: layers of tables, each over the one before it.
///
/// The first is shipped with the program, then come the user's and the job's. A later layer replaces single numbers, so
/// that a table of one line is enough to correct one rate.
package struct PriceTable: Sendable, Equatable {
    /// One file's prices.
    package struct Layer: Sendable, Equatable {
        /// Where they are from, in words for people.
        package var origin: String
        /// The day of the table, as `2026-11-19`.
        package var date: String?
        /// By name, in the order in which they come into force.
        package var models: [String: [ModelPrice]]
        /// Factors for models that have none of their own, in millionths.
        package var factors: [ServiceTier: Int64]

        package init(
            origin: String,
            date: String? = nil,
            models: [String: [ModelPrice]] = [:],
            factors: [ServiceTier: Int64] = [:]
        ) {
            self.origin = origin
            self.date = date
            self.models = models.mapValues { prices in
                prices.sorted { ($0.validFrom ?? .min) < ($1.validFrom ?? .min) }
            }
            self.factors = factors
        }

        /// The model's own entry at a moment; the name as it stands goes before the name without its version.
        package func price(of model: PricedModelName, at unixMilliseconds: Int64) -> ModelPrice? {
            let prices = models[model.name] ?? models[model.family]
            return prices?.last { ($0.validFrom ?? .min) <= unixMilliseconds }
        }
    }

    package var layers: [Layer]

    package init(layers: [Layer] = []) {
        self.layers = layers
    }

    /// The day of the table that the others lie upon, as `2026-11-19`.
    package var date: String? { layers.first?.date }

    /// The price of a model at a moment; `nil` if no layer has one.
    package func price(of model: PricedModelName, at unixMilliseconds: Int64) -> ModelPrice? {
        var price: ModelPrice?
        var factors: [ServiceTier: Int64] = [:]
        for layer in layers {
            factors.merge(layer.factors) { $1 }
            guard let own = layer.price(of: model, at: unixMilliseconds) else { continue }
            var sum = price ?? ModelPrice()
            sum.overlay(own)
            price = sum
        }
        price?.factors.merge(factors) { own, _ in own }
        return price
    }

    /// The moments around one of them during which no price changes, in Unix milliseconds.
    func period(around moment: Int64) -> Range<Int64> {
        let changes = layers.flatMap { $0.models.values.joined().compactMap(\.validFrom) }
        return (changes.filter { $0 <= moment }.max() ?? .min)..<(changes.filter { $0 > moment }.min() ?? .max)
    }

    /// What the tokens of one request cost.
    ///
    /// - Parameters:
    ///   - usage: The server's counts.
    ///   - model: The model that answered, under any of its names.
    ///   - tier: How the request was served.
    ///   - unixMilliseconds: When it was sent.
    /// - Returns: `nil` if the cost is unknown.
    package func cost(
        of usage: TokenUsage,
        model: String,
        tier: ServiceTier = .standard,
        at unixMilliseconds: Int64
    ) -> MicroDollars? {
        price(of: PricedModelName(model), at: unixMilliseconds)?.cost(of: usage, tier: tier)
    }
}
