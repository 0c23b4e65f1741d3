internal import BatchCore
internal import YAML

/// Reads `checks` of a job or of one prompt.
struct ChecksDecoder {
    static let keys = ["json", "schema", "not_empty", "matches", "min_length", "max_length", "runaway"]

    private let reader: NodeReader

    init(log: ProblemLog) {
        reader = NodeReader(log: log)
    }

    /// The checks that are right; what is not is noted.
    ///
    /// - Parameters:
    ///   - node: The mapping.
    ///   - defaults: The job's checks, if these are an item's.
    /// - Returns: What the mapping itself says.
    func checks(_ node: YAMLNode, over defaults: AnswerChecks = AnswerChecks()) -> AnswerChecks {
        var checks = AnswerChecks()
        guard let fields = reader.fields(node, "\"checks\"", known: Self.keys) else { return checks }
        func bool(_ name: String) -> Bool? { fields[name].flatMap { reader.bool($0, "\"\(name)\"") } }
        func length(_ name: String) -> Int? {
            fields[name].flatMap { reader.integer($0, "\"\(name)\"", in: 0...(.max)) }
        }
        checks.json = bool("json")
        checks.schema = bool("schema")
        checks.notEmpty = bool("not_empty")
        checks.runaway = bool("runaway")
        checks.matches = fields["matches"].flatMap(pattern)
        checks.minLength = length("min_length")
        checks.maxLength = length("max_length")
        let all = defaults.merging(checks)
        if let least = all.minLength, let most = all.maxLength, least > most {
            reader.log.add("\"min_length\" \(least) is more than \"max_length\" \(most)", at: node.mark)
        }
        return checks
    }

    private func pattern(_ node: YAMLNode) -> AnswerPattern? {
        guard let scalar = reader.text(node, "\"matches\"") else { return nil }
        do throws(AnswerPattern.Mistake) {
            return try AnswerPattern(scalar.text)
        } catch {
            reader.log.add("\"matches\" \(error.message)", at: node.mark)
            return nil
        }
    }
}
