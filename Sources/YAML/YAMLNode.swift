/// One value of a YAML text, with the place where it stands.
package struct YAMLNode: Sendable {
    package enum Kind: Sendable {
        case scalar, sequence, mapping
    }

    package enum Content: Sendable {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        case mapping([YAMLPair])
    }

    package let content: Content
    package let mark: YAMLMark
    /// Nodes in the tree, aliases expanded.
    let weight: Int
    /// Levels of collections in the tree, aliases expanded.
    let height: Int

    init(_ scalar: YAMLScalar) {
        content = .scalar(scalar)
        mark = scalar.mark
        weight = 1
        height = 0
    }

    init(sequence: [YAMLNode], at mark: YAMLMark) {
        content = .sequence(sequence)
        self.mark = mark
        weight = sequence.reduce(1) { $0 + $1.weight }
        height = (sequence.map(\.height).max() ?? 0) + 1
    }

    init(mapping: [YAMLPair], at mark: YAMLMark) {
        content = .mapping(mapping)
        self.mark = mark
        weight = mapping.reduce(1) { $0 + $1.value.weight + 1 }
        height = (mapping.map(\.value.height).max() ?? 0) + 1
    }

    package var kind: Kind {
        switch content {
        case .scalar: .scalar
        case .sequence: .sequence
        case .mapping: .mapping
        }
    }

    package var scalar: YAMLScalar? {
        guard case .scalar(let scalar) = content else { return nil }
        return scalar
    }
}

/// A key of a mapping with its value.
package struct YAMLPair: Sendable {
    package let key: YAMLScalar
    package let value: YAMLNode
}

/// Text as it was written, escapes and folding resolved and nothing else: whether `012` is a number is for the reader
/// to say who knows what is wanted.
package struct YAMLScalar: Sendable, Hashable {
    package enum Style: Sendable {
        case plain, singleQuoted, doubleQuoted, literal, folded
    }

    package let text: String
    /// A scalar with the tag `!!str` counts as quoted.
    package let style: Style
    package let mark: YAMLMark
    /// Where the text behind the scalar begins.
    package let end: YAMLMark

    package init(text: String, style: Style, mark: YAMLMark, end: YAMLMark) {
        self.text = text
        self.style = style
        self.mark = mark
        self.end = end
    }

    package var isPlain: Bool { style == .plain }

    /// Whether nothing was written, or one of YAML's words for it.
    package var isNull: Bool {
        isPlain && ["", "~", "null", "Null", "NULL"].contains(text)
    }
}
