/// Why a text is not the YAML that was hoped for, and where.
package struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, in a few words.
    package var problem: String
    package var mark: YAMLMark
    /// What was being read, for example `while scanning a simple key`.
    package var context: String?
    /// Where that began, or the other place that the problem speaks of.
    package var contextMark: YAMLMark?

    package init(_ problem: String, at mark: YAMLMark, context: String? = nil, contextMark: YAMLMark? = nil) {
        self.problem = problem
        self.mark = mark
        self.context = context
        self.contextMark = contextMark
    }

    package var description: String {
        "\(mark.line):\(mark.column): \(message)"
    }

    /// The problem with its context, without its own place.
    package var message: String {
        guard let contextMark, contextMark != mark else {
            return context.map { "\(problem), \($0)" } ?? problem
        }
        guard let context else { return "\(problem), first in line \(contextMark.line), column \(contextMark.column)" }
        return "\(problem), \(context) (begun in line \(contextMark.line))"
    }
}
