/// Progress drawn over and over at the foot of a terminal, with the news scrolling away above it.
///
/// Only lines that changed are written. The cursor is hidden while a frame is written and shown again in the same write,
/// so that the terminal is in order whenever the program stops, even by a signal that nobody can catch.
struct BarRenderer: ProgressRenderer {
    /// Longer lists scroll by too fast to be read, and would cost more than the work they tell of.
    private static let failuresPerFrame = 10

    let interval = Duration.milliseconds(100)
    private let layout: BarLayout
    /// What stands on the screen, the cursor at the beginning of the last line.
    private var drawn: [BarLine] = []
    private var drawnColumns = 0

    init(hasColour: Bool, isUnicode: Bool) {
        layout = BarLayout(hasColour: hasColour, isUnicode: isUnicode)
    }

    mutating func render(_ frame: Frame) -> String {
        let lines = layout.lines(frame.snapshot, size: frame.size)
        let above = news(frame.news)
        let canUpdate = above.isEmpty && lines.count == drawn.count && frame.size.columns == drawnColumns
        let body = canUpdate ? update(to: lines) : clear(frame.size) + above + all(lines)
        drawn = lines
        drawnColumns = frame.size.columns
        return body.isEmpty ? "" : wrap(body)
    }

    mutating func finish(_ frame: Frame, summary: [String], leavesWork: Bool) -> String {
        let body = clear(frame.size) + news(frame.news)
        let bar = layout.bar(frame.snapshot, columns: max(1, frame.size.columns - 1))
        drawn = []
        return wrap(body + ([bar.text] + summary).map { $0 + "\r\n" }.joined())
    }

    mutating func abandon() {
        drawn = []
    }

    private func wrap(_ body: String) -> String {
        // Mode 2026 lets a terminal show the frame in one piece; those that do not know it ignore it.
        "\u{1B}[?2026h\u{1B}[?25l" + body + "\u{1B}[?25h\u{1B}[?2026l"
    }

    /// Erases what is drawn and goes to where its first line was.
    ///
    /// Line by line: some terminals keep in their history what is erased with the whole screen.
    private func clear(_ size: TerminalSize) -> String {
        guard !drawn.isEmpty else { return "" }
        // After a resize to fewer columns most terminals have broken the lines anew.
        let broken = drawn.dropLast().reduce(0) { $0 + max(1, ($1.columns + size.columns - 1) / max(1, size.columns)) }
        let rows = min(broken, size.rows - 1)
        return "\r" + up(rows) + String(repeating: "\u{1B}[2K\u{1B}[1B", count: rows) + "\u{1B}[2K" + up(rows)
    }

    private func all(_ lines: [BarLine]) -> String {
        lines.map(\.text).joined(separator: "\r\n") + "\r"
    }

    private func update(to lines: [BarLine]) -> String {
        var body = ""
        var row = drawn.count - 1
        for (index, line) in lines.enumerated() where line != drawn[index] {
            body += index < row ? up(row - index) : down(index - row)
            body += line.text + "\u{1B}[K\r"
            row = index
        }
        return body + down(drawn.count - 1 - row)
    }

    private func news(_ news: News) -> String {
        var lines: [String] = []
        for failure in news.failures.prefix(Self.failuresPerFrame) {
            var line = BarLine()
            line.append(failure.line, .red, hasColour: layout.hasColour)
            lines.append(line.text)
        }
        let omitted = news.omittedFailures + max(0, news.failures.count - Self.failuresPerFrame)
        if omitted > 0 {
            lines.append("failed: and \(Figures.count(omitted)) more")
        }
        return news.lines(failures: lines).map { $0 + "\r\n" }.joined()
    }

    private func up(_ rows: Int) -> String { rows > 0 ? "\u{1B}[\(rows)A" : "" }
    private func down(_ rows: Int) -> String { rows > 0 ? "\u{1B}[\(rows)B" : "" }
}
