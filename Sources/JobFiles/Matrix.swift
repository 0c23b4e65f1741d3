internal import BatchCore
internal import JSON
internal import YAML

/// The axes that each item is multiplied by.
struct Matrix: Sendable {
    /// One point of the cross product.
    struct Combination: Sendable {
        /// `[model=a,bullets=3]`; empty without a matrix.
        var suffix = ""
        /// What templates see, and exports show.
        var variables = JSONObject()
        var model: String?
        var config = JSONObject()
    }

    static let maximumCombinations = 10_000

    /// Never empty; the last axis changes fastest.
    var combinations = [Combination()]

    var hasModel: Bool { combinations[0].model != nil }

    init() {}

    /// Reads the axes and multiplies them out.
    init(_ node: YAMLNode, backend: JobBackend.Kind, log: ProblemLog) {
        let reader = NodeReader(log: log)
        let decoder = ConfigDecoder(backend: backend, log: log)
        guard let pairs = reader.mapping(node, "\"matrix\"") else { return }
        let axes = pairs.compactMap { Self.axis($0, reader, decoder) }.filter { !$0.isEmpty }
        let count = axes.reduce(1) { min($0 * $1.count, Self.maximumCombinations + 1) }
        guard count <= Self.maximumCombinations else {
            log.add("the matrix has more than \(Self.maximumCombinations) combinations", at: node.mark)
            return
        }
        for axis in axes {
            combinations = combinations.flatMap { left in axis.map { left.adding($0) } }
        }
        for index in combinations.indices where !combinations[index].suffix.isEmpty {
            combinations[index].suffix = "[\(combinations[index].suffix)]"
        }
    }

    /// The values of one axis, each as a combination of its own.
    private static func axis(_ pair: YAMLPair, _ reader: NodeReader, _ decoder: ConfigDecoder) -> [Combination]? {
        let name = pair.key.text
        guard let values = reader.list(pair.value, "the axis \"\(name)\"") else { return nil }
        guard !values.isEmpty else { return reader.mismatch("the axis \"\(name)\" must have values", pair.value) }
        var setting: String?
        if name.hasPrefix("config.") {
            let given = String(name.dropFirst("config.".count))
            let member = ConfigType.snakeCase(given)
            guard let type = ConfigType.members[member] else {
                let suggestion = Suggestion.nearest(to: given, in: ConfigType.members.keys.sorted())
                reader.log.add(
                    "unknown setting \"\(name)\"",
                    at: pair.key.mark,
                    suggestion: suggestion.map { "config.\($0)" }
                )
                return nil
            }
            if let refusal = decoder.refusal(of: type) {
                reader.log.add("\"\(given)\" \(refusal)", at: pair.key.mark)
                return nil
            }
            setting = member
        } else if !reader.acceptVariable(pair.key) {
            return nil
        }
        var seen: Set<String> = []
        return values.compactMap { node in
            guard let scalar = reader.text(node, "a value of the axis \"\(name)\"") else { return nil }
            guard seen.insert(scalar.text).inserted else {
                reader.log.add("the axis \"\(name)\" has \"\(scalar.text)\" twice", at: node.mark)
                return nil
            }
            return combination(name: name, setting: setting, node, scalar, decoder)
        }
    }

    private static func combination(
        name: String,
        setting: String?,
        _ node: YAMLNode,
        _ scalar: YAMLScalar,
        _ decoder: ConfigDecoder
    ) -> Combination? {
        var combination = Combination()
        combination.suffix = "\(name)=\(scalar.text)"
        if let setting {
            guard let value = decoder.value(node, name: setting) else { return nil }
            combination.config[setting] = value
            combination.variables[name] = value
        } else {
            combination.variables[name] = NodeReader.variable(scalar)
            if name == "model" {
                combination.model = scalar.text
            }
        }
        return combination
    }
}

extension Matrix.Combination {
    /// This point with a value of one more axis.
    fileprivate func adding(_ other: Self) -> Self {
        var sum = self
        sum.suffix += (suffix.isEmpty ? "" : ",") + other.suffix
        sum.variables = variables.merging(other.variables)
        sum.config = config.merging(other.config)
        sum.model = other.model ?? model
        return sum
    }
}
