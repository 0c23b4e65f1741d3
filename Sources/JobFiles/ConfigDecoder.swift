internal import BatchCore
internal import JSON
internal import YAML

/// Reads `config` against its table of names and types.
struct ConfigDecoder {
    private let reader: NodeReader
    private let backend: JobBackend.Kind

    init(backend: JobBackend.Kind, log: ProblemLog) {
        reader = NodeReader(log: log)
        self.backend = backend
    }

    /// The settings under their snake_case names, in the order they were written.
    func config(_ node: YAMLNode) -> JSONObject {
        object(node, "config", ConfigType.members) ?? [:]
    }

    /// The settings of a job or an item, together with the tier that may stand beside them.
    func config(_ node: YAMLNode?, serviceTier: YAMLNode?) -> JSONObject {
        var settings = node.map(config) ?? [:]
        guard let serviceTier, let tier = value(serviceTier, name: "service_tier") else { return settings }
        if settings["service_tier"] != nil {
            reader.log.add("\"service_tier\" stands in `config` too; keep one", at: serviceTier.mark)
        }
        settings["service_tier"] = tier
        return settings
    }

    /// One setting, as an axis of the matrix gives it.
    func value(_ node: YAMLNode, name: String) -> JSONValue? {
        guard let type = ConfigType.members[name] else { return nil }
        return value(node, "\"\(name)\"", type)
    }

    /// Why a known member cannot be given; `nil` if it can.
    func refusal(of type: ConfigType) -> String? {
        switch type {
        case .refused(let reason): reason
        case .only(let backend, _) where backend != self.backend:
            Self.refusal(backend)
        default: nil
        }
    }

    private static func refusal(_ backend: JobBackend.Kind) -> String {
        "works only with backend: \(backend.rawValue); remove it"
    }

    /// The settings that exclude one another; models answer them with an error, and only after they were asked.
    ///
    /// - Parameters:
    ///   - config: The settings.
    ///   - hasInstruction: Whether a system instruction goes with them.
    /// - Returns: What is wrong, if anything.
    static func conflict(in config: JSONObject, hasInstruction: Bool) -> String? {
        if config["response_schema"] != nil, config["response_json_schema"] != nil {
            return "\"response_schema\" and \"response_json_schema\" exclude each other; keep one"
        }
        let mimeType = config["response_mime_type"]?.string ?? "text/plain"
        if config["response_json_schema"] != nil, mimeType != "application/json" {
            return "\"response_json_schema\" needs response_mime_type: application/json"
        }
        if config["response_schema"] != nil, mimeType != "application/json", mimeType != "text/x.enum" {
            return "\"response_schema\" needs response_mime_type: application/json (or text/x.enum)"
        }
        if config["logprobs"] != nil, config["response_logprobs"] != true {
            return "\"logprobs\" needs response_logprobs: true"
        }
        if let thinking = config["thinking_config"], thinking["thinking_level"] != nil,
            thinking["thinking_budget"] != nil
        {
            return "\"thinking_level\" and \"thinking_budget\" exclude each other; keep one"
        }
        if config["cached_content"] != nil,
            let name = hasInstruction
                ? "system_instruction" : ["tools", "tool_config"].first(where: { config[$0] != nil })
        {
            return "\"cached_content\" excludes \"\(name)\"; put it into the cache when that is made"
        }
        if config["model_armor_config"] != nil, config["safety_settings"] != nil {
            return "\"model_armor_config\" and \"safety_settings\" exclude each other; keep one"
        }
        return nil
    }

    private func object(
        _ node: YAMLNode,
        _ what: String,
        _ members: [String: ConfigType],
        isOpen: Bool = false
    ) -> JSONObject? {
        guard let pairs = reader.mapping(node, what) else { return nil }
        var object = JSONObject()
        for pair in pairs {
            let name = ConfigType.snakeCase(pair.key.text)
            guard let type = members[name] else {
                if isOpen {
                    object[pair.key.text] = PlainScalar.json(pair.value)
                } else {
                    _ = reader.accept(pair.key, known: members.keys.sorted())
                }
                continue
            }
            if let refusal = refusal(of: type) {
                reader.log.add("\"\(pair.key.text)\" \(refusal)", at: pair.key.mark)
            } else if object[name] != nil {
                reader.log.add("\"\(name)\" is given twice, in two spellings", at: pair.key.mark)
            } else if let value = value(pair.value, "\"\(pair.key.text)\"", type) {
                object[name] = value
            }
        }
        return object
    }

    private func value(_ node: YAMLNode, _ what: String, _ type: ConfigType) -> JSONValue? {
        switch type {
        case .number(let minimum, let maximum, let includesMaximum):
            return number(node, what, minimum, maximum, includesMaximum)
        case .integer(let range): return reader.integer(node, what, in: range).map { .number(JSONNumber($0)) }
        case .bool: return reader.bool(node, what).map { .bool($0) }
        case .text: return reader.text(node, what).map { .string($0.text) }
        case .word(let words, let only): return word(node, what, words, only)
        case .list(let element, let maximum): return list(node, what, element, maximum)
        case .object(let members): return object(node, what, members).map { .object($0) }
        case .open(let members): return object(node, what, members, isOpen: true).map { .object($0) }
        case .textOr(let members):
            guard node.scalar != nil else { return object(node, what, members).map { .object($0) } }
            return reader.text(node, what).map { .string($0.text) }
        case .named(let element): return named(node, what, element)
        case .schema: return object(node, what, ConfigType.schemaMembers).map { .object($0) }
        case .json:
            guard reader.mapping(node, what) != nil else { return nil }
            return PlainScalar.json(node)
        case .any: return PlainScalar.json(node)
        case .only(_, let type): return value(node, what, type)
        case .refused: return nil
        }
    }

    private func number(
        _ node: YAMLNode,
        _ what: String,
        _ minimum: Double,
        _ maximum: Double,
        _ includesMaximum: Bool
    ) -> JSONValue? {
        if let scalar = node.scalar, scalar.isPlain, let value = PlainScalar.number(scalar.text)?.double,
            value >= minimum, value < maximum || (includesMaximum && value == maximum)
        {
            // Written anew, so that 0.2 and 0.20 are the same question.
            return .number(JSONNumber(value))
        }
        let lowest = JSONNumber(minimum).digits
        let bounds =
            switch (maximum.isFinite, includesMaximum) {
            case (false, _) where !minimum.isFinite: ""
            case (false, _): " of at least \(lowest)"
            case (true, true): " from \(lowest) to \(JSONNumber(maximum).digits)"
            case (true, false): " of at least \(lowest) and below \(JSONNumber(maximum).digits)"
            }
        return reader.mismatch("\(what) must be a number\(bounds)", node)
    }

    private func word(
        _ node: YAMLNode,
        _ what: String,
        _ words: [String],
        _ only: [String: JobBackend.Kind]
    ) -> JSONValue? {
        guard let text = reader.text(node, what)?.text else { return nil }
        guard let word = words.first(where: { $0.lowercased() == text.lowercased() }) else {
            let suggestion = Suggestion.nearest(to: text, in: words)
            let choice = words.joined(separator: ", ")
            return reader.mismatch("\(what) must be one of \(choice)", node, suggestion: suggestion)
        }
        if let backend = only[word], backend != self.backend {
            reader.log.add("\"\(word)\" \(Self.refusal(backend))", at: node.mark)
            return nil
        }
        return .string(word)
    }

    private func list(_ node: YAMLNode, _ what: String, _ element: ConfigType, _ maximum: Int?) -> JSONValue? {
        guard let nodes = reader.list(node, what) else { return nil }
        if let maximum, nodes.count > maximum {
            reader.log.add("\(what) has \(nodes.count) entries; at most \(maximum) are allowed", at: node.mark)
            return nil
        }
        return .array(nodes.compactMap { value($0, "an entry of \(what)", element) })
    }

    private func named(_ node: YAMLNode, _ what: String, _ element: ConfigType) -> JSONValue? {
        guard let pairs = reader.mapping(node, what) else { return nil }
        return .object(
            JSONObject(
                pairs.compactMap { pair in
                    value(pair.value, "\"\(pair.key.text)\"", element).map { (name: pair.key.text, value: $0) }
                }
            )
        )
    }
}
