internal import JSON
internal import Mustache

/// A text with Mustache tags; without any `{{` it is only text.
///
/// Nothing is escaped: a prompt is not HTML. The tags are known apart from Mustache, so that a name without a value is
/// found before anything is sent, where Mustache would render nothing.
struct PromptTemplate: Sendable {
    private enum Form: Sendable {
        case constant
        /// Texts and names of variables in turn: joined here, as Mustache would, but ten times as fast, which a
        /// million rows notice.
        case variables([Piece])
        /// With sections, functions or comments.
        case mustache(MustacheTemplate, tail: String)
    }

    let text: String
    let tags: [TemplateTag]
    private let form: Form

    var isConstant: Bool {
        guard case .constant = form else { return false }
        return true
    }

    init(parsing text: String) throws(TemplateError) {
        self.text = text
        guard text.containsTag else {
            tags = []
            form = .constant
            return
        }
        var scanner = TagScanner(text)
        tags = try scanner.scan()
        form = scanner.isPlain ? .variables(scanner.pieces) : try Self.compile(scanner.pieces)
    }

    /// The text with the values in place of the tags; `nil` if one has none, of which ``problems(in:)`` tells more.
    func render(_ scope: TemplateScope) -> String? {
        switch form {
        case .constant: text
        case .variables(let pieces): Self.join(pieces, scope)
        case .mustache(let template, let tail):
            problems(in: scope).isEmpty ? template.render(TemplateRoot(scope)) + tail : nil
        }
    }

    /// The same by Mustache, whatever the form; for the test that both agree.
    func renderByMustache(_ scope: TemplateScope) throws(TemplateError) -> String {
        var scanner = TagScanner(text)
        _ = try scanner.scan()
        guard case .mustache(let template, let tail) = try Self.compile(scanner.pieces) else { return text }
        return template.render(TemplateRoot(scope)) + tail
    }

    private static func join(_ pieces: [Piece], _ scope: TemplateScope) -> String? {
        var result = ""
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .tag(_, let name):
                guard let first = name.path.first,
                    let value = name.path.dropFirst().reduce(scope[first], { $0?[$1] })
                else { return nil }
                result += value.templateText
            }
        }
        return result
    }

    private static func compile(_ pieces: [Piece]) throws(TemplateError) -> Form {
        // The pragma turns HTML escaping off. It stands on a line of its own, which Mustache takes away whole.
        var source = "{{% CONTENT_TYPE:TEXT}}\n"
        for piece in pieces {
            switch piece {
            case .text(let text): source += text
            case .tag(let sign, let name): source += "{{\(sign)\(name.encoded)}}"
            }
        }
        let tail = removeTail(from: &source)
        do {
            return .mustache(try MustacheTemplate(string: source), tail: tail)
        } catch let error as MustacheTemplate.ParserError {
            throw TemplateError(reason: .unreadable("\(error.error)"), ordinal: 0)
        } catch {
            throw TemplateError(reason: .unreadable("\(error)"), ordinal: 0)
        }
    }

    /// Takes away what swift-mustache loses or fails at when it ends a text: blanks in a last line, and a lone brace.
    private static func removeTail(from source: inout String) -> String {
        let bytes = source.utf8
        let last = bytes.lastIndex { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        var start = bytes.endIndex
        if let last, bytes[last] == UInt8(ascii: "\n") {
            start = bytes.index(after: last)
        } else if bytes.last == UInt8(ascii: "{") {
            start = bytes.index(before: start)
        }
        let tail = String(source[start...])
        source.removeSubrange(start...)
        return tail
    }
}

extension JSONValue {
    /// The value as a prompt shows it: text as it is, nothing for null, lists and objects as JSON.
    fileprivate var templateText: String {
        switch self {
        case .string(let text): text
        case .number(let number): number.digits
        case .null: ""
        case .bool, .array, .object: text
        }
    }
}

/// A part of a template's text.
private enum Piece: Sendable {
    case text(String)
    /// The sign is that of a section, or empty.
    case tag(String, TemplateName)
}

extension String {
    fileprivate var containsTag: Bool {
        var text = self
        return text.withUTF8 { bytes in
            var rest = bytes[...]
            while let brace = rest.firstIndex(of: UInt8(ascii: "{")) {
                rest = rest[(brace + 1)...]
                if rest.first == UInt8(ascii: "{") { return true }
            }
            return false
        }
    }
}

/// Finds the tags of a text.
private struct TagScanner {
    private struct Section {
        var name: TemplateName
        var ordinal: Int
        var isInverted: Bool
        var tags: [TemplateTag] = []
    }

    private(set) var pieces: [Piece] = []
    /// Whether all tags are variables, and no remark takes a line with it.
    private(set) var isPlain = true
    private var rest: Substring
    private var ordinal = 0
    private var tags: [TemplateTag] = []
    private var open: [Section] = []

    init(_ text: String) {
        rest = text[...]
    }

    mutating func scan() throws(TemplateError) -> [TemplateTag] {
        while let start = rest.firstTag {
            add(text: rest[..<start])
            rest = rest[rest.utf8.index(start, offsetBy: 2)...]
            do throws(TemplateError.Reason) {
                try scanTag()
            } catch {
                throw TemplateError(reason: error, ordinal: ordinal)
            }
            ordinal += 1
        }
        add(text: rest)
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
            var comment = try content(beforeBraces: 2, isComment: true)
            while let inner = comment.firstTag {
                ordinal += 1
                comment = comment[comment.utf8.index(inner, offsetBy: 2)...]
            }
            pieces.append(.text("{{!}}"))
            isPlain = false
        case "#", "^":
            rest.removeFirst()
            let name = try TemplateName(parsing: try content(beforeBraces: 2))
            guard !name.isCurrent || !open.isEmpty else { throw .badName(".") }
            pieces.append(.tag(String(sign), name))
            isPlain = false
            open.append(Section(name: name, ordinal: ordinal, isInverted: sign == "^"))
        case "/":
            rest.removeFirst()
            try close(try TemplateName(parsing: try content(beforeBraces: 2)))
        case ">", "<", "$", "=", "%":
            throw .unsupported(sign)
        case "{":
            rest.removeFirst()
            try addVariable(try content(beforeBraces: 3))
        case "&":
            rest.removeFirst()
            try addVariable(try content(beforeBraces: 2))
        default:
            try addVariable(try content(beforeBraces: 2))
        }
    }

    private mutating func addVariable(_ content: Substring) throws(TemplateError.Reason) {
        let name = try TemplateName(parsing: content)
        guard !name.isCurrent || !open.isEmpty else { throw .badName(".") }
        pieces.append(.tag("", name))
        isPlain = isPlain && name.functions.isEmpty
        add(TemplateTag(kind: .variable, name: name, ordinal: ordinal))
    }

    private mutating func close(_ name: TemplateName) throws(TemplateError.Reason) {
        guard let section = open.last, section.name == name else { throw .notOpen(name.text) }
        open.removeLast()
        pieces.append(.tag("/", name))
        let kind: TemplateTag.Kind = section.isInverted ? .invertedSection(section.tags) : .section(section.tags)
        add(TemplateTag(kind: kind, name: name, ordinal: section.ordinal))
    }

    private mutating func add(text: Substring) {
        if !text.isEmpty {
            pieces.append(.text(String(text)))
        }
    }

    private mutating func add(_ tag: TemplateTag) {
        if open.isEmpty {
            tags.append(tag)
        } else {
            open[open.count - 1].tags.append(tag)
        }
    }

    /// Takes the text up to the end of the tag, and the end.
    private mutating func content(beforeBraces braces: Int, isComment: Bool = false) throws(TemplateError.Reason)
        -> Substring
    {
        // By bytes, because a combining mark behind a tag makes one character with its last brace.
        guard let range = rest.firstRun(of: UInt8(ascii: "}"), length: braces) else { throw .unclosed }
        let content = rest[..<range.lowerBound]
        guard isComment || !content.contains(where: \.isNewline) else { throw .unclosed }
        rest = rest[range.upperBound...]
        return content
    }
}

extension Substring {
    /// Where the next `{{` begins.
    fileprivate var firstTag: Index? {
        firstRun(of: UInt8(ascii: "{"), length: 2)?.lowerBound
    }

    /// The first place where a byte stands several times in a row.
    fileprivate func firstRun(of byte: UInt8, length: Int) -> Range<Index>? {
        var index = utf8.startIndex
        var start = index
        var count = 0
        while index < utf8.endIndex {
            let next = utf8.index(after: index)
            count = utf8[index] == byte ? count + 1 : 0
            if count == 1 {
                start = index
            }
            if count == length { return start..<next }
            index = next
        }
        return nil
    }
}
