/// Lines that are drawn over and over at the same place of a terminal.
package struct LiveLines: Sendable {
    /// The columns of each line that stands on the screen; the cursor is below the last.
    private var drawn: [Int] = []

    package init() {}

    /// Replaces what stands there; lines are cut where the terminal ends.
    ///
    /// - Parameters:
    ///   - lines: What to show; what could steer the terminal is escaped.
    ///   - size: Of the terminal now.
    /// - Returns: What to write.
    package mutating func frame(_ lines: [String], size: TerminalSize) -> String {
        let shown = lines.prefix(max(1, size.rows - 1)).map { line in
            // In the last column terminals differ on when they wrap.
            TerminalText.cut(TerminalText.escapeLine(line), to: max(1, size.columns - 1))
        }
        let text = clear(size: size) + shown.map { $0 + "\r\n" }.joined()
        drawn = shown.map(TerminalText.columns)
        return text
    }

    /// Erases what stands there and goes to where its first line was.
    package mutating func clear(size: TerminalSize) -> String {
        defer { drawn = [] }
        // After a resize to fewer columns most terminals have broken the lines anew.
        let broken = drawn.reduce(0) { $0 + max(1, ($1 + size.columns - 1) / max(1, size.columns)) }
        let rows = min(broken, size.rows - 1)
        guard rows > 0 else { return "" }
        let up = "\u{1B}[\(rows)A"
        return "\r" + up + String(repeating: "\u{1B}[2K\u{1B}[1B", count: rows) + up
    }
}
