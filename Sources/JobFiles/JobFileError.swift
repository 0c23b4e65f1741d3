/// One mistake in a job file or its data, with its place.
package struct Problem: Sendable, Equatable, CustomStringConvertible {
    /// The file as the user knows it.
    package var file: String
    /// Counted from 1; `nil` if the problem is the file itself.
    package var line: Int?
    /// Counted from 1, in Unicode scalars.
    package var column: Int?
    /// What is wrong and what to do.
    package var message: String
    /// The line of the job file that the place is in.
    package var sourceLine: String?
    /// What was probably meant.
    package var suggestion: String?
    /// Whether a file is not there, rather than wrong.
    package var isMissingInput: Bool

    package init(
        file: String,
        line: Int? = nil,
        column: Int? = nil,
        message: String,
        sourceLine: String? = nil,
        suggestion: String? = nil,
        isMissingInput: Bool = false
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.sourceLine = sourceLine
        self.suggestion = suggestion
        self.isMissingInput = isMissingInput
    }

    /// `file:line:column: error: message`, then the source line, a caret under the place, and the suggestion.
    package var description: String {
        let place = ([file] + [line, column].compactMap { $0.map(String.init) }).joined(separator: ":")
        var text = "\(place): error: \(message)"
        if let sourceLine, let column {
            let (excerpt, caret) = Self.excerpt(of: sourceLine, around: column - 1)
            text += "\n  \(excerpt)\n  \(String(repeating: " ", count: caret))^"
        }
        if let suggestion {
            text += "\n  did you mean \"\(suggestion)\"?"
        }
        return text
    }

    /// At most 100 scalars of a line, free of control characters, and where the caret belongs below them.
    private static func excerpt(of line: String, around index: Int) -> (String, Int) {
        let scalars = Array(line.unicodeScalars)
        let start = index > 80 ? min(index, scalars.count) - 60 : 0
        var excerpt = String.UnicodeScalarView()
        for scalar in scalars[start...].prefix(100) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: excerpt.append(" ")
            default: excerpt.append(scalar)
            }
        }
        return (String(excerpt), min(index - start, excerpt.count))
    }
}

/// Why a job file cannot be run: every mistake that was found, in the order of the file.
package struct JobFileError: Error, Sendable, Equatable, CustomStringConvertible {
    package var problems: [Problem]

    package init(_ problems: [Problem]) {
        self.problems = problems
    }

    /// Whether nothing is wrong but that files are not there.
    package var isMissingInput: Bool {
        problems.allSatisfy(\.isMissingInput)
    }

    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
