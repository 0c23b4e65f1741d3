internal import BatchCore
internal import JSON
internal import YAML

/// Reads nodes as the types that a job file wants, and notes what is not of them.
///
/// Each method returns `nil` after it has noted a problem.
struct NodeReader {
    let log: ProblemLog

    /// The text of a scalar as it was written: `no`, `012` and `1_000` are text where text is wanted.
    func text(_ node: YAMLNode, _ what: String) -> YAMLScalar? {
        guard let scalar = node.scalar, !scalar.isNull else { return mismatch("\(what) must be text", node) }
        return scalar
    }

    func bool(_ node: YAMLNode, _ what: String) -> Bool? {
        if let scalar = node.scalar, scalar.isPlain, let value = PlainScalar.bool(scalar.text) { return value }
        return mismatch("\(what) must be true or false", node)
    }

    func integer(_ node: YAMLNode, _ what: String, in range: ClosedRange<Int>) -> Int? {
        if let scalar = node.scalar, scalar.isPlain, let number = PlainScalar.number(scalar.text)?.int64,
            let value = Int(exactly: number), range.contains(value)
        {
            return value
        }
        let bounds =
            range.upperBound == .max
            ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
        return mismatch("\(what) must be a whole number \(bounds)", node)
    }

    /// An amount of money that is more than nothing.
    func dollars(_ node: YAMLNode, _ what: String) -> MicroDollars? {
        guard let scalar = node.scalar, scalar.isPlain, let amount = MicroDollars(decimal: scalar.text), amount > .zero
        else {
            return mismatch("\(what) must be an amount of dollars such as 20 or 7.50", node)
        }
        return amount
    }

    func duration(_ node: YAMLNode, _ what: String) -> Duration? {
        guard let scalar = node.scalar, let duration = DurationText.parse(scalar.text) else {
            return mismatch("\(what) must be a time such as 500ms, 10s, 1m30s or 2h", node)
        }
        guard duration > .zero, duration <= .seconds(7 * 24 * 3600) else {
            return mismatch("\(what) must be more than nothing and at most 168h", node)
        }
        return duration
    }

    func choice<Value: RawRepresentable & CaseIterable>(_ node: YAMLNode, _ what: String, of type: Value.Type) -> Value?
    where Value.RawValue == String {
        let words = Value.allCases.map(\.rawValue)
        guard let text = node.scalar?.text, let value = Value(rawValue: text) else {
            return mismatch(
                "\(what) must be one of \(words.joined(separator: ", "))",
                node,
                suggestion: node.scalar.flatMap { Suggestion.nearest(to: $0.text, in: words) }
            )
        }
        return value
    }

    func list(_ node: YAMLNode, _ what: String) -> [YAMLNode]? {
        guard case .sequence(let elements) = node.content else { return mismatch("\(what) must be a list", node) }
        return elements
    }

    func mapping(_ node: YAMLNode, _ what: String) -> [YAMLPair]? {
        guard case .mapping(let pairs) = node.content else { return mismatch("\(what) must be a mapping", node) }
        return pairs
    }

    /// The values of a mapping by key; notes keys that are not known.
    func fields(_ node: YAMLNode, _ what: String, known: [String]) -> FieldList? {
        guard let pairs = mapping(node, what) else { return nil }
        for pair in pairs {
            _ = accept(pair.key, known: known)
        }
        return FieldList(pairs)
    }

    /// Whether a key is known; notes a problem if not.
    func accept(_ key: YAMLScalar, known: [String]) -> Bool {
        if known.contains(key.text) { return true }
        let suggestion = Suggestion.nearest(to: key.text, in: known)
        log.add("unknown key \"\(key.text)\"", at: key.mark, suggestion: suggestion)
        return false
    }

    func template(_ node: YAMLNode, _ what: String) -> LocatedTemplate? {
        text(node, what).flatMap(template)
    }

    func template(_ scalar: YAMLScalar) -> LocatedTemplate? {
        do throws(TemplateError) {
            return LocatedTemplate(
                template: try PromptTemplate(parsing: scalar.text),
                mark: scalar.mark,
                end: scalar.end
            )
        } catch {
            let place = Place(scalar.mark, end: scalar.end, tag: error.ordinal)
            log.add(error.message, at: place, suggestion: error.suggestion)
            return nil
        }
    }

    /// Variables: texts as written, `true`, `false` and nothing as such, lists and mappings for sections.
    func variables(_ node: YAMLNode, _ what: String) -> JSONObject? {
        guard let pairs = mapping(node, what) else { return nil }
        var variables = JSONObject()
        for pair in pairs where acceptVariable(pair.key) {
            variables.append(pair.key.text, Self.variable(pair.value))
        }
        return variables
    }

    func acceptVariable(_ key: YAMLScalar) -> Bool {
        guard key.text.isEmpty || key.text.contains(where: { "{}().".contains($0) || $0.isNewline }) else {
            return true
        }
        log.add(
            "\"\(key.text)\" cannot be the name of a variable; leave out dots, braces and parentheses",
            at: key.mark
        )
        return false
    }

    static func variable(_ node: YAMLNode) -> JSONValue {
        switch node.content {
        case .sequence(let elements): .array(elements.map(variable))
        case .mapping(let pairs):
            .object(JSONObject(pairs.map { (name: $0.key.text, value: variable($0.value)) }))
        case .scalar(let scalar): variable(scalar)
        }
    }

    /// `true` and `false` become conditions for sections; they still read as they were written.
    static func variable(_ scalar: YAMLScalar) -> JSONValue {
        switch scalar.text {
        case _ where scalar.isNull: .null
        case "true" where scalar.isPlain: true
        case "false" where scalar.isPlain: false
        default: .string(scalar.text)
        }
    }

    func mismatch<Value>(_ message: String, _ node: YAMLNode, suggestion: String? = nil) -> Value? {
        var message = "\(message), not \(Self.describe(node))"
        if let scalar = node.scalar, !scalar.isPlain, PlainScalar.isTyped(scalar.text) {
            message += " in quotes"
        }
        log.add(message, at: node.mark, suggestion: suggestion)
        return nil
    }

    private static func describe(_ node: YAMLNode) -> String {
        switch node.content {
        case .sequence: return "a list"
        case .mapping: return "a mapping"
        case .scalar(let scalar):
            guard !scalar.isNull else { return "nothing" }
            return "\"\(scalar.text.prefix(40))\(scalar.text.count > 40 ? "…" : "")\""
        }
    }
}

/// The values of a small mapping by key, which is faster looked through than hashed.
struct FieldList {
    private let pairs: [YAMLPair]

    init(_ pairs: [YAMLPair] = []) {
        self.pairs = pairs
    }

    subscript(key: String) -> YAMLNode? {
        // By index, as a pair is more to copy than its key is to compare.
        pairs.indices.first { pairs[$0].key.text == key }.map { pairs[$0].value }
    }
}

/// A template and the scalar it was read from.
struct LocatedTemplate: Sendable {
    var template: PromptTemplate
    var mark: YAMLMark
    var end: YAMLMark

    /// The place of one of its tags.
    func place(ofTag ordinal: Int) -> Place {
        Place(mark, end: end, tag: ordinal)
    }
}

/// The words that unquoted text can be, by YAML's core schema without the spellings that surprise: only JSON's numbers.
enum PlainScalar {
    static func bool(_ text: String) -> Bool? {
        switch text {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: nil
        }
    }

    static func number(_ text: String) -> JSONNumber? {
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else {
            return nil
        }
        guard case .number(let number)? = try? JSONValue(parsing: text), number.digits == text else { return nil }
        return number
    }

    static func isTyped(_ text: String) -> Bool {
        bool(text) != nil || number(text) != nil
    }

    /// A node as free JSON, for schemas and tools.
    static func json(_ node: YAMLNode) -> JSONValue {
        switch node.content {
        case .sequence(let elements): .array(elements.map(json))
        case .mapping(let pairs): .object(JSONObject(pairs.map { (name: $0.key.text, value: json($0.value)) }))
        case .scalar(let scalar): json(scalar)
        }
    }

    private static func json(_ scalar: YAMLScalar) -> JSONValue {
        guard scalar.isPlain else { return .string(scalar.text) }
        if scalar.isNull { return .null }
        if let value = bool(scalar.text) { return .bool(value) }
        if let value = number(scalar.text) { return .number(value) }
        return .string(scalar.text)
    }
}

/// Times as people write them: `500ms`, `10s`, `1m30s`, `2h`.
enum DurationText {
    static func parse(_ text: String) -> Duration? {
        var total = Duration.zero
        var rest = text[...]
        guard !rest.isEmpty else { return nil }
        var lastUnit = Int.max
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(letters.count)
            guard let number = Double(digits), number < 1e9, let unit = milliseconds(in: String(letters)),
                unit < lastUnit
            else { return nil }
            lastUnit = unit
            total += .milliseconds(Int((number * Double(unit)).rounded()))
        }
        return total
    }

    private static func milliseconds(in unit: String) -> Int? {
        switch unit {
        case "ms": 1
        case "s": 1000
        case "m": 60_000
        case "h": 3_600_000
        default: nil
        }
    }
}
