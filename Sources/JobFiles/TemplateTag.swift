/// One tag of a template, sections with what is inside them.
struct TemplateTag: Sendable {
    enum Kind: Sendable {
        case variable
        case section([TemplateTag])
        case invertedSection([TemplateTag])
    }

    var kind: Kind
    var name: TemplateName
    /// Which `{{` of the text it is, counted from 0.
    var ordinal: Int
}

/// What a tag names: a path of fields, and functions around it, outermost first.
struct TemplateName: Sendable, Equatable {
    /// Empty for `index()` and its kin, which tell where in a list the template is.
    var path: [String]
    var functions: [String]

    /// The innermost element, `{{.}}`.
    var isCurrent: Bool { path == ["."] }

    /// As it is written in a tag.
    var text: String {
        let path = isCurrent ? "." : path.joined(separator: ".")
        return functions.reversed().reduce(path) { "\($1)(\($0))" }
    }

    /// The functions of swift-mustache; it renders nothing for others, so they are refused here.
    static let knownFunctions = [
        "capitalized", "lowercased", "uppercased", "reversed", "empty", "count", "first", "last", "index", "even",
        "odd",
        "plusone", "minusone", "equalzero",
    ]

    /// Reads what stands between the braces.
    init(parsing text: some StringProtocol) throws(TemplateError.Reason) {
        var rest = String(text).trimmingBlanks()
        var functions: [String] = []
        while let open = rest.firstIndex(of: "("), rest.hasSuffix(")") {
            let function = String(rest[..<open])
            guard Self.knownFunctions.contains(function) else { throw .unknownFunction(function) }
            functions.append(function)
            rest = String(rest[rest.index(after: open)...].dropLast()).trimmingBlanks()
        }
        guard !rest.isEmpty || !functions.isEmpty else { throw .emptyTag }
        guard !rest.contains(where: { "(){}\n\r".contains($0) }) else { throw .badName(rest) }
        let parts = rest.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if rest == "." {
            path = ["."]
        } else if rest.isEmpty {
            path = []
        } else if parts.contains("") {
            throw .badName(rest)
        } else {
            path = parts
        }
        self.functions = functions
    }

    /// The name in the letters that swift-mustache knows; columns may be called `Straße` or `Full name`.
    var encoded: String {
        let path = isCurrent ? "." : path.map(Self.encode).joined(separator: ".")
        return functions.reversed().reduce(path) { "\($1)(\($0))" }
    }

    private static func encode(_ part: String) -> String {
        var encoded = ""
        for scalar in part.unicodeScalars {
            if scalar.isASCIILetterOrDigit || scalar == "_" || scalar == "-" {
                encoded.unicodeScalars.append(scalar)
            } else {
                encoded += "?\(String(scalar.value, radix: 16))?"
            }
        }
        return encoded
    }

    /// The field that an encoded part of a name stands for.
    static func decode(_ part: String) -> String {
        guard part.contains("?") else { return part }
        var decoded = String.UnicodeScalarView()
        for (index, piece) in part.split(separator: "?", omittingEmptySubsequences: false).enumerated() {
            if index.isMultiple(of: 2) {
                decoded.append(contentsOf: piece.unicodeScalars)
            } else if let scalar = UInt32(piece, radix: 16).flatMap(Unicode.Scalar.init) {
                decoded.append(scalar)
            }
        }
        return String(decoded)
    }
}

/// Why a text is not a template.
struct TemplateError: Error, Sendable {
    enum Reason: Error, Sendable, Equatable {
        case unclosed
        case emptyTag
        case badName(String)
        case unknownFunction(String)
        case unsupported(Character)
        case notOpen(String)
        case notClosed(String)
        case unreadable(String)
    }

    var reason: Reason
    /// Which `{{` of the text it is about.
    var ordinal: Int

    var message: String {
        switch reason {
        case .unclosed:
            "a tag begins with '{{' and has no '}}' in its line; to write braces as text, see \"Braces\" in docs/job-file.md"
        case .emptyTag:
            "the tag is empty; write a variable's name between the braces"
        case .badName(let name):
            "\"\(name)\" cannot be the name of a variable"
        case .unknownFunction(let name):
            "unknown function \"\(name)\" in a template"
        case .unsupported(let sign):
            "tags that begin with '{{\(sign)' are not supported"
        case .notOpen(let name):
            "'{{/\(name)}}' closes a section that is not open"
        case .notClosed(let name):
            "the section '\(name)' has no '{{/\(name)}}'"
        case .unreadable(let detail):
            "the template cannot be read (\(detail))"
        }
    }

    var suggestion: String? {
        guard case .unknownFunction(let name) = reason else { return nil }
        return Suggestion.nearest(to: name, in: TemplateName.knownFunctions)
    }
}

extension Unicode.Scalar {
    var isASCIILetterOrDigit: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }
}

extension String {
    fileprivate func trimmingBlanks() -> String {
        var text = self[...]
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
