/// A model's name as prices go by it.
///
/// Servers answer with names such as `models/gemini-2.5-flash-001`; versions of a model cost the same.
package struct PricedModelName: Sendable, Hashable {
    /// The name without the folders before it: `gemini-2.5-flash-001`.
    package let name: String
    /// That name without its version: `gemini-2.5-flash`.
    package let family: String

    package init(_ model: String) {
        let slash = model.utf8.lastIndex(of: UInt8(ascii: "/"))
        let name = slash.map { model[model.utf8.index(after: $0)...] } ?? model[...]
        self.name = String(name)
        family = String(Self.withoutVersion(name))
    }

    /// Takes one version from the end: what follows an `@`, else a date (`-09-2025`, `-2025-09-25`, `-09-25`), else a
    /// number of three digits (`-001`).
    ///
    /// Nothing else is taken: `-preview`, `-lite` and `-latest` are other models, at other prices.
    private static func withoutVersion(_ name: Substring) -> Substring {
        if let at = name.utf8.firstIndex(of: UInt8(ascii: "@")) {
            return name[..<at]
        }
        for lengths in [[4, 2, 2], [2, 4], [2, 2], [3]] {
            if let rest = name.dropping(groups: lengths) { return rest }
        }
        return name
    }
}

extension Substring {
    /// The text without groups of so many digits at its end, each after a hyphen; `nil` if it does not end so.
    fileprivate func dropping(groups lengths: [Int]) -> Substring? {
        var rest = utf8
        for length in lengths.reversed() {
            let digits = rest.suffix(length)
            guard digits.count == length, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            rest = rest.dropLast(length)
            guard rest.popLast() == UInt8(ascii: "-") else { return nil }
        }
        return rest.isEmpty ? nil : Substring(rest)
    }
}
