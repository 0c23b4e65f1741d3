internal import JSON

/// A tag that has no value.
struct TemplateProblem {
    var message: String
    var suggestion: String?
    /// Which `{{` of the text it is.
    var ordinal: Int
}

extension PromptTemplate {
    /// The tags for which a scope has no value; Mustache would render nothing for them.
    func problems(in scope: TemplateScope) -> [TemplateProblem] {
        guard !isConstant else { return [] }
        var check = TemplateCheck(scope: scope)
        check.visit(tags)
        return check.problems
    }
}

/// Walks over a template with real values, the way that Mustache resolves names.
private struct TemplateCheck {
    private struct Frame {
        var value: JSONValue
        var isElement: Bool
    }

    private let scope: TemplateScope
    private var frames: [Frame] = []
    private(set) var problems: [TemplateProblem] = []

    init(scope: TemplateScope) {
        self.scope = scope
    }

    mutating func visit(_ tags: [TemplateTag]) {
        for tag in tags {
            // A list of many elements would tell the same for each.
            guard problems.count < ProblemLog.maximumDataProblems else { return }
            switch tag.kind {
            case .variable: _ = value(of: tag, mayBeMissing: false)
            case .section(let inner): visitSection(tag, inner)
            case .invertedSection(let inner): visitInverted(tag, inner)
            }
        }
    }

    private mutating func visitSection(_ tag: TemplateTag, _ inner: [TemplateTag]) {
        switch value(of: tag, mayBeMissing: scope.isOpen) {
        case nil, .null, .bool(false): break
        case .bool(true): visit(inner)
        case .array(let elements):
            for element in elements {
                visit(inner, inside: Frame(value: element, isElement: true))
            }
        case .some(let value): visit(inner, inside: Frame(value: value, isElement: false))
        }
    }

    private mutating func visitInverted(_ tag: TemplateTag, _ inner: [TemplateTag]) {
        switch value(of: tag, mayBeMissing: scope.isOpen) {
        case nil, .null, .bool(false): visit(inner)
        case .array(let elements) where elements.isEmpty:
            visit(inner, inside: Frame(value: .array([]), isElement: false))
        default: break
        }
    }

    private mutating func visit(_ tags: [TemplateTag], inside frame: Frame) {
        frames.append(frame)
        visit(tags)
        frames.removeLast()
    }

    /// The value that a tag names, functions applied; notes a problem if there is none.
    private mutating func value(of tag: TemplateTag, mayBeMissing: Bool) -> JSONValue? {
        let name = tag.name
        var functions = name.functions[...]
        var value: JSONValue
        if name.path.isEmpty {
            guard let function = functions.popLast(), let position = Self.positionInList(function),
                frames.last?.isElement == true
            else {
                note("\(name.text) has a meaning only inside a list", tag)
                return nil
            }
            value = position
        } else {
            guard let found = lookUp(name) else {
                if !mayBeMissing {
                    note("unknown variable \"\(TemplateName(name.path).text)\"", tag, suggestion: suggestion(for: name))
                }
                return nil
            }
            value = found
        }
        while let function = functions.popLast() {
            guard let result = TemplateFunction.apply(function, to: value) else {
                note("\(function)() cannot be applied to \(Self.kind(of: value))", tag)
                return nil
            }
            value = result
        }
        return value
    }

    private func lookUp(_ name: TemplateName) -> JSONValue? {
        if name.isCurrent { return frames.last?.value }
        guard let first = name.path.first else { return nil }
        let start = frames.reversed().lazy.compactMap { $0.value[first] }.first ?? scope[first]
        return name.path.dropFirst().reduce(start) { $0?[$1] }
    }

    private func suggestion(for name: TemplateName) -> String? {
        guard let first = name.path.first, name.path.count == 1 || scope[first] == nil else {
            let parent = lookUp(TemplateName(name.path.dropLast()))
            return Suggestion.nearest(to: name.path.last ?? "", in: parent?.object?.keys ?? [])
                .map { (name.path.dropLast() + [$0]).joined(separator: ".") }
        }
        let fields = frames.flatMap { $0.value.object?.keys ?? [] }
        return Suggestion.nearest(to: first, in: fields + scope.names)
            .map { ([$0] + name.path.dropFirst()).joined(separator: ".") }
    }

    private mutating func note(_ message: String, _ tag: TemplateTag, suggestion: String? = nil) {
        guard !problems.contains(where: { $0.ordinal == tag.ordinal && $0.message == message }) else { return }
        problems.append(TemplateProblem(message: message, suggestion: suggestion, ordinal: tag.ordinal))
    }

    private static func positionInList(_ function: String) -> JSONValue? {
        switch function {
        case "index": .number(JSONNumber(0))
        case "first", "last", "even", "odd": .bool(true)
        default: nil
        }
    }

    private static func kind(of value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension TemplateName {
    fileprivate init(_ path: some Sequence<String>) {
        self.path = Array(path)
        functions = []
    }
}
