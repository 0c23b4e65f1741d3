internal import Mustache

/// A text with Mustache tags; without any `{{` it is only text and never sees Mustache.
///
/// Nothing is escaped: a prompt is not HTML. The tags are known apart from Mustache, so that a name without a value is
/// found before anything is sent, where Mustache would render nothing.
struct PromptTemplate: Sendable {
    let text: String
    let tags: [TemplateTag]
    private let compiled: MustacheTemplate?
    /// swift-mustache fails at a lone brace that ends a text.
    private let tail: String

    var isConstant: Bool { compiled == nil }

    init(parsing text: String) throws(TemplateError) {
        self.text = text
        guard text.utf8.containsTag else {
            tags = []
            compiled = nil
            tail = ""
            return
        }
        var scanner = TagScanner(text)
        tags = try scanner.scan()
        var source = scanner.source
        let hasTail = source.utf8.last == UInt8(ascii: "{")
        if hasTail {
            source.removeLast()
        }
        tail = hasTail ? "{" : ""
        do {
            // The pragma turns HTML escaping off. It stands on a line of its own, which Mustache takes away whole.
            compiled = try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}\n" + source)
        } catch let error as MustacheTemplate.ParserError {
            throw TemplateError(reason: .unreadable("\(error.error)"), ordinal: 0)
        } catch {
            throw TemplateError(reason: .unreadable("\(error)"), ordinal: 0)
        }
    }

    /// The text with the values in place of the tags.
    func render(_ scope: TemplateScope) -> String {
        guard let compiled else { return text }
        return compiled.render(TemplateRoot(scope)) + tail
    }
}

extension String.UTF8View {
    fileprivate var containsTag: Bool {
        var last: UInt8 = 0
        for byte in self {
            if byte == UInt8(ascii: "{"), last == byte { return true }
            last = byte
        }
        return false
    }
}

/// Finds the tags of a text, and writes the text again with names that swift-mustache can read.
private struct TagScanner {
    private struct Section {
        var name: TemplateName
        var ordinal: Int
        var isInverted: Bool
        var tags: [TemplateTag] = []
    }

    private(set) var source = ""
    private var rest: Substring
    private var ordinal = 0
    private var tags: [TemplateTag] = []
    private var open: [Section] = []

    init(_ text: String) {
        rest = text[...]
    }

    mutating func scan() throws(TemplateError) -> [TemplateTag] {
        while let start = rest.firstTag {
            source += rest[..<start]
            rest = rest[rest.utf8.index(start, offsetBy: 2)...]
            do throws(TemplateError.Reason) {
                try scanTag()
            } catch {
                throw TemplateError(reason: error, ordinal: ordinal)
            }
            ordinal += 1
        }
        source += rest
        if let section = open.last {
            throw TemplateError(reason: .notClosed(section.name.text), ordinal: section.ordinal)
        }
        return tags
    }

    /// Reads a tag whose `{{` has been taken.
    private mutating func scanTag() throws(TemplateError.Reason) {
        guard let sign = rest.first else { throw .unclosed }
        switch sign {
        case "!":
            var comment = try content(before: "}}", isComment: true)
            while let inner = comment.firstTag {
                ordinal += 1
                comment = comment[comment.utf8.index(inner, offsetBy: 2)...]
            }
            source += "{{!}}"
        case "#", "^":
            rest.removeFirst()
            let name = try TemplateName(parsing: try content(before: "}}"))
            guard !name.isCurrent || !open.isEmpty else { throw .badName(".") }
            source += "{{\(sign)\(name.encoded)}}"
            open.append(Section(name: name, ordinal: ordinal, isInverted: sign == "^"))
        case "/":
            rest.removeFirst()
            try close(try TemplateName(parsing: try content(before: "}}")))
        case ">", "<", "$", "=", "%":
            throw .unsupported(sign)
        case "{":
            rest.removeFirst()
            try addVariable(try content(before: "}}}"))
        case "&":
            rest.removeFirst()
            try addVariable(try content(before: "}}"))
        default:
            try addVariable(try content(before: "}}"))
        }
    }

    private mutating func addVariable(_ content: Substring) throws(TemplateError.Reason) {
        let name = try TemplateName(parsing: content)
        guard !name.isCurrent || !open.isEmpty else { throw .badName(".") }
        source += "{{\(name.encoded)}}"
        add(TemplateTag(kind: .variable, name: name, ordinal: ordinal))
    }

    private mutating func close(_ name: TemplateName) throws(TemplateError.Reason) {
        guard let section = open.last, section.name == name else { throw .notOpen(name.text) }
        open.removeLast()
        source += "{{/\(name.encoded)}}"
        let kind: TemplateTag.Kind = section.isInverted ? .invertedSection(section.tags) : .section(section.tags)
        add(TemplateTag(kind: kind, name: name, ordinal: section.ordinal))
    }

    private mutating func add(_ tag: TemplateTag) {
        if open.isEmpty {
            tags.append(tag)
        } else {
            open[open.count - 1].tags.append(tag)
        }
    }

    /// Takes the text up to the end of the tag, and the end.
    private mutating func content(before end: String, isComment: Bool = false) throws(TemplateError.Reason) -> Substring
    {
        guard let range = rest.firstRange(of: end) else { throw .unclosed }
        let content = rest[..<range.lowerBound]
        guard isComment || !content.contains(where: \.isNewline) else { throw .unclosed }
        rest = rest[range.upperBound...]
        return content
    }
}

extension Substring {
    /// Where the next `{{` begins.
    fileprivate var firstTag: Index? {
        var previous: Index?
        for index in utf8.indices {
            guard utf8[index] == UInt8(ascii: "{") else {
                previous = nil
                continue
            }
            if let previous { return previous }
            previous = index
        }
        return nil
    }
}
