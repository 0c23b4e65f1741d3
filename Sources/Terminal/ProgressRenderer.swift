/// What one frame is drawn from.
struct Frame: Sendable {
    var snapshot = ProgressSnapshot()
    var news = News()
    var size = TerminalSize()
}

/// Turns frames into the text that an output is to get; knows no output and no clock.
protocol ProgressRenderer: Sendable {
    /// From one frame to the next.
    var interval: Duration { get }

    /// What to write for a frame; empty if nothing is to be seen.
    mutating func render(_ frame: Frame) -> String

    /// What to write at the end; leaves the cursor at the beginning of a line.
    ///
    /// - Parameters:
    ///   - frame: The last frame.
    ///   - summary: How the run ended; empty if it did not come to an end.
    ///   - leavesWork: Whether it left something to do.
    /// - Returns: The text that closes the display.
    mutating func finish(_ frame: Frame, summary: [String], leavesWork: Bool) -> String

    /// Leaves what is on the screen where it is: something else may have moved the cursor.
    mutating func abandon()
}

extension ProgressRenderer {
    mutating func abandon() {}
}

extension ProgressStyle {
    var renderer: any ProgressRenderer {
        switch self {
        case .bar(let hasColour, let isUnicode): BarRenderer(hasColour: hasColour, isUnicode: isUnicode)
        case .plain: PlainRenderer()
        case .summary: SummaryRenderer(isQuiet: false)
        case .quiet: SummaryRenderer(isQuiet: true)
        }
    }
}

/// Shows nothing before the end.
struct SummaryRenderer: ProgressRenderer {
    /// Whether a run that left nothing to do is not worth a word.
    let isQuiet: Bool
    let interval = Duration.seconds(60)

    mutating func render(_ frame: Frame) -> String { "" }

    mutating func finish(_ frame: Frame, summary: [String], leavesWork: Bool) -> String {
        isQuiet && !leavesWork ? "" : summary.map { $0 + "\n" }.joined()
    }
}
