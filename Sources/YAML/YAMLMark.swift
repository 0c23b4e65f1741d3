/// A place in a YAML text.
package struct YAMLMark: Sendable, Hashable, Comparable {
    /// Counted from 1.
    ///
    /// Lines end as YAML 1.1 says: LF, CRLF, CR, U+0085, U+2028 and U+2029.
    package var line: Int
    /// Counted from 1, in Unicode scalars.
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: YAMLMark, right: YAMLMark) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}
