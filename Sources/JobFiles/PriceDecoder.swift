internal import BatchCore
internal import YAML

/// Reads a table of prices: the shipped one, the user's, or `prices` of a job.
struct PriceDecoder {
    static let tiers: [ServiceTier] = [.batch, .flex, .priority]
    static let keys = ["date", "factors", "models"]
    static let rateKeys = PriceComponent.allCases.map(\.rawValue)
    static let entryKeys = ["from"] + rateKeys + ["large_prompt", "factors", "as_of"]
    static let largePromptKeys = ["above"] + rateKeys

    private let reader: NodeReader
    private var log: ProblemLog { reader.log }

    init(log: ProblemLog) {
        reader = NodeReader(log: log)
    }

    /// The table; without what it has noted problems about.
    ///
    /// - Parameters:
    ///   - node: The mapping of the table.
    ///   - origin: Where it is from, in words for people.
    /// - Returns: Never nothing: problems are in the log.
    func layer(_ node: YAMLNode, origin: String) -> PriceTable.Layer {
        let fields = reader.fields(node, "a table of prices", known: Self.keys) ?? FieldList()
        var models: [String: [ModelPrice]] = [:]
        if let node = fields["models"], let pairs = reader.mapping(node, "\"models\"") {
            for pair in pairs {
                add(pair, to: &models)
            }
        }
        return PriceTable.Layer(
            origin: origin,
            date: fields["date"].flatMap { day($0, "\"date\"")?.text },
            models: models,
            factors: fields["factors"].map(factors) ?? [:]
        )
    }

    private func add(_ pair: YAMLPair, to models: inout [String: [ModelPrice]]) {
        let name = pair.key.text
        guard PricedModelName(name).name == name, !name.isEmpty else {
            let advice = "write it without what stands before the last /"
            log.add("\"\(name)\" is no name of a model; \(advice)", at: pair.key.mark)
            return
        }
        let nodes: [YAMLNode]
        if case .sequence(let elements) = pair.value.content {
            nodes = elements
        } else {
            nodes = [pair.value]
        }
        var starts: Set<Int64?> = []
        for node in nodes {
            guard let price = price(node, of: name) else { continue }
            if !starts.insert(price.validFrom).inserted {
                log.add("\"\(name)\" has two prices from the same day", at: node.mark)
            }
            models[name, default: []].append(price)
        }
    }

    private func price(_ node: YAMLNode, of name: String) -> ModelPrice? {
        guard let fields = reader.fields(node, "the price of \(name)", known: Self.entryKeys) else { return nil }
        return ModelPrice(
            validFrom: fields["from"].flatMap { day($0, "\"from\"")?.start },
            rates: rates(fields),
            largePrompt: fields["large_prompt"].flatMap(largePrompt),
            factors: fields["factors"].map(factors) ?? [:],
            asOf: fields["as_of"].flatMap { reader.text($0, "\"as_of\"")?.text }
        )
    }

    private func largePrompt(_ node: YAMLNode) -> ModelPrice.LargePrompt? {
        guard let fields = reader.fields(node, "\"large_prompt\"", known: Self.largePromptKeys) else { return nil }
        guard let above = fields["above"] else {
            log.add("\"large_prompt\" needs `above: TOKENS`", at: node.mark)
            return nil
        }
        let rates = rates(fields)
        return reader.integer(above, "\"above\"", in: 1...(.max)).map {
            ModelPrice.LargePrompt(above: $0, rates: rates)
        }
    }

    private func rates(_ fields: FieldList) -> ModelPrice.Rates {
        var rates: ModelPrice.Rates = [:]
        for component in PriceComponent.allCases {
            guard let node = fields[component.rawValue] else { continue }
            rates[component] = decimal(node, "\"\(component.rawValue)\"", "dollars per million tokens, such as 0.075")
        }
        return rates
    }

    private func factors(_ node: YAMLNode) -> [ServiceTier: Int64] {
        let names = Self.tiers.map(\.rawValue)
        guard let fields = reader.fields(node, "\"factors\"", known: names) else { return [:] }
        var factors: [ServiceTier: Int64] = [:]
        for tier in Self.tiers {
            guard let node = fields[tier.rawValue] else { continue }
            factors[tier] = decimal(node, "\"\(tier.rawValue)\"", "a factor, such as 0.5")?.amount
        }
        return factors
    }

    /// A number that is taken exactly as it is written.
    private func decimal(_ node: YAMLNode, _ what: String, _ kind: String) -> MicroDollars? {
        if let scalar = node.scalar, scalar.isPlain, let amount = MicroDollars(decimal: scalar.text),
            amount <= MicroDollars(1_000_000_000_000)
        {
            return amount
        }
        return reader.mismatch("\(what) must be \(kind), of at most 1000000 and 6 digits after the point", node)
    }

    /// A day as it is written, and the Unix time in milliseconds of its midnight in UTC.
    private func day(_ node: YAMLNode, _ what: String) -> (text: String, start: Int64)? {
        guard let text = node.scalar?.text, let start = Timestamp.unixMilliseconds(rfc3339: text + "T00:00:00Z"),
            Timestamp.rfc3339(unixMilliseconds: start) == text + "T00:00:00.000Z"
        else {
            return reader.mismatch("\(what) must be a day such as 2026-12-01", node)
        }
        return (text, start)
    }
}
