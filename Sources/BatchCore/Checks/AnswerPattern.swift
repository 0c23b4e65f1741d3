internal import _StringProcessing

/// A regular expression that is looked for in answers, in Swift's dialect (that of Perl, without its rarest parts).
///
/// A class, since it travels with every item and its expression is costly to copy.
///
/// `@unchecked Sendable`: the expression is made from text, so it holds no closures, and is never changed once it is here. At its
/// first use it keeps the program that it is compiled to, by an atomic exchange which one thread wins (`Regex.Program` in
/// https://github.com/swiftlang/swift-experimental-string-processing). A lock would have short checks wait for long ones.
package final class AnswerPattern: @unchecked Sendable {
    /// Why a text is no pattern.
    package struct Mistake: Error, Equatable {
        package let message: String
    }

    /// The engine tries again and again from every character: an answer of 16,000 can take it ten seconds.
    package static let longestText = 8192

    package let text: String
    private let regex: Regex<AnyRegexOutput>

    /// Compiles a pattern.
    ///
    /// - Throws: A ``Mistake`` if it is not one, or one whose matching takes time without bounds.
    package init(_ text: String) throws(Mistake) {
        self.text = text
        do {
            // Scalars, as in other languages: "\n" is found in "\r\n" too.
            regex = try Regex(text).matchingSemantics(.unicodeScalar)
        } catch {
            throw Mistake(message: "is not a regular expression: \(error)")
        }
        if let part = NestedRepetition.find(in: text) {
            throw Mistake(message: "can take for ever: \(part) repeats a repetition; leave one of the two out")
        }
    }

    /// Whether the pattern is found in a text; of one longer than ``longestText`` its two ends are looked at.
    package func isFound(in text: String) -> Bool {
        let scalars = text.unicodeScalars
        let half = Self.longestText / 2
        guard let end = scalars.index(scalars.startIndex, offsetBy: 2 * half, limitedBy: scalars.endIndex),
            end < scalars.endIndex
        else { return text.firstMatch(of: regex) != nil }
        let ends = String(scalars.prefix(half)) + String(scalars.suffix(half))
        return ends.firstMatch(of: regex) != nil
    }
}

extension AnswerPattern: Equatable {
    package static func == (left: AnswerPattern, right: AnswerPattern) -> Bool {
        left.text == right.text
    }
}

/// The commonest way to write a pattern that takes for ever: `(a+)+`, a group of one repetition, repeated.
private enum NestedRepetition {
    /// The first such group of a pattern, as it is written; `nil` if there is none.
    static func find(in pattern: String) -> String? {
        let scalars = Array(pattern.unicodeScalars)
        var index = 0
        while index < scalars.count {
            if scalars[index] == "(", let end = endOfGroup(scalars, from: index) {
                return String(String.UnicodeScalarView(scalars[index..<end]))
            }
            index = endOfAtom(scalars, from: index)
        }
        return nil
    }

    private static func endOfGroup(_ scalars: [Unicode.Scalar], from start: Int) -> Int? {
        var index = start + 1
        if scalars[index...].starts(with: ["?", ":"]) {
            index += 2
        }
        guard index < scalars.count, !"()|*+?^$".unicodeScalars.contains(scalars[index]),
            var end = endOfRepetition(scalars, from: endOfAtom(scalars, from: index))
        else { return nil }
        if end < scalars.count, scalars[end] == "?" {
            end += 1
        }
        guard end < scalars.count, scalars[end] == ")" else { return nil }
        return endOfRepetition(scalars, from: end + 1)
    }

    /// The end of a character, an escape or a class.
    private static func endOfAtom(_ scalars: [Unicode.Scalar], from start: Int) -> Int {
        switch scalars[start] {
        case "\\": return min(start + 2, scalars.count)
        case "[":
            var index = start + 1
            while index < scalars.count, scalars[index] != "]" {
                index += scalars[index] == "\\" ? 2 : 1
            }
            return min(index + 1, scalars.count)
        default: return start + 1
        }
    }

    /// The end of `*`, `+` or `{2,}`; `nil` if there is no such thing.
    private static func endOfRepetition(_ scalars: [Unicode.Scalar], from start: Int) -> Int? {
        guard start < scalars.count else { return nil }
        switch scalars[start] {
        case "*", "+": return start + 1
        case "{":
            guard let end = scalars[start...].firstIndex(of: "}"), scalars[end - 1] == "," else { return nil }
            return end + 1
        default: return nil
        }
    }
}
