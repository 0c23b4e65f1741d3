internal import BatchCore

/// One line of the bar with its width, which colours do not change.
struct BarLine: Sendable, Equatable {
    enum Ink: String, Sendable {
        case plain = ""
        case dim = "2"
        case red = "31"
        case green = "32"
    }

    private(set) var text = ""
    private(set) var columns = 0

    mutating func append(_ piece: String, _ ink: Ink, hasColour: Bool) {
        guard !piece.isEmpty else { return }
        columns += TerminalText.columns(piece)
        text += ink == .plain || !hasColour ? piece : "\u{1B}[\(ink.rawValue)m\(piece)\u{1B}[0m"
    }
}

/// Arranges a snapshot into lines that fit a terminal, from 20 columns up.
struct BarLayout: Sendable {
    private typealias Piece = (text: String, ink: BarLine.Ink)

    private static let attemptLimit = 6
    private static let smallestBar = 6
    private static let largestBar = 50

    let hasColour: Bool
    let isUnicode: Bool

    private var separator: String { isUnicode ? " · " : ", " }
    private var ellipsis: String { isUnicode ? "…" : "~" }

    /// How many attempts in flight are shown on a terminal of this height.
    static func attempts(on size: TerminalSize) -> Int {
        min(attemptLimit, max(1, size.rows / 6))
    }

    /// The lines of a frame, each narrower than the terminal, fewer than its rows.
    func lines(_ snapshot: ProgressSnapshot, size: TerminalSize) -> [BarLine] {
        // In the last column terminals differ on when they wrap.
        let columns = max(1, size.columns - 1)
        var lines = [bar(snapshot, columns: columns)]
        lines.append(joined(counts(snapshot), columns: columns))
        if !snapshot.failures.isEmpty { lines.append(joined(failures(snapshot), columns: columns)) }
        lines.append(joined(speeds(snapshot), columns: columns))
        for wait in snapshot.quotaWaits.prefix(2) {
            lines.append(joined([(wait.line(columns: columns, ellipsis: ellipsis), .plain)], columns: columns))
        }
        for attempt in snapshot.oldest.prefix(Self.attempts(on: size)) {
            lines.append(line(attempt, columns: columns))
        }
        return Array(lines.prefix(max(1, size.rows - 1)))
    }

    /// ` 42% ████████░░░░░░░░ 420/1,000 · 1m 20s left`, without what does not fit.
    func bar(_ snapshot: ProgressSnapshot, columns: Int) -> BarLine {
        guard let total = snapshot.total else { return joined([("reading the job", .plain)], columns: columns) }
        let fraction = total > 0 ? min(1, Double(snapshot.settled) / Double(total)) : 1
        let percent = String(Int(fraction * 100)) + "%"
        let head = String(repeating: " ", count: max(0, 4 - percent.count)) + percent
        let count = " \(Figures.count(snapshot.settled))/\(Figures.count(total))"
        let left = snapshot.timeLeft.map { separator + Figures.duration($0) + " left" } ?? ""
        let room = columns - head.count - 1 - count.count
        let hasLeft = room - left.count >= Self.smallestBar
        let width = min(Self.largestBar, room - (hasLeft ? left.count : 0))
        guard width >= Self.smallestBar else { return joined([(head + count, .plain)], columns: columns) }

        let filled = Int(Double(width) * fraction)
        var line = BarLine()
        line.append(head + " ", .plain, hasColour: hasColour)
        line.append(String(repeating: isUnicode ? "█" : "#", count: filled), .green, hasColour: hasColour)
        line.append(String(repeating: isUnicode ? "░" : "-", count: width - filled), .dim, hasColour: hasColour)
        line.append(count + (hasLeft ? left : ""), .plain, hasColour: hasColour)
        return line
    }

    private func counts(_ snapshot: ProgressSnapshot) -> [Piece] {
        var pieces: [Piece] = [("\(Figures.count(snapshot.done)) done", .plain)]
        if snapshot.failed > 0 { pieces.append(("\(Figures.count(snapshot.failed)) failed", .red)) }
        if snapshot.deferred > 0 { pieces.append(("\(Figures.count(snapshot.deferred)) deferred", .plain)) }
        pieces.append(("\(Figures.count(snapshot.inFlight)) in flight", .plain))
        pieces.append(("\(Figures.count(snapshot.waiting)) waiting", .plain))
        if snapshot.retries > 0 { pieces.append(("\(Figures.count(snapshot.retries)) retried", .plain)) }
        if snapshot.doneBefore > 0 { pieces.append(("\(Figures.count(snapshot.doneBefore)) done before", .dim)) }
        return pieces
    }

    /// `failed: 8 invalid_request · 4 safety`, the most frequent first.
    private func failures(_ snapshot: ProgressSnapshot) -> [Piece] {
        snapshot.failures.enumerated().map { index, failure in
            ((index == 0 ? "failed: " : "") + "\(Figures.count(failure.count)) \(failure.failureClass.rawValue)", .red)
        }
    }

    private func speeds(_ snapshot: ProgressSnapshot) -> [Piece] {
        var pieces: [Piece] = []
        if let rate = snapshot.itemsPerSecond { pieces.append(("\(Figures.rate(rate)) items/s", .plain)) }
        if let rate = snapshot.tokensPerSecond { pieces.append(("\(Figures.rate(rate)) tokens/s", .plain)) }
        pieces.append(("\(Figures.count(snapshot.outputTokens)) tokens out", .plain))
        if let cost = snapshot.costText { pieces.append((cost, .plain)) }
        pieces.append((Figures.duration(snapshot.elapsed), .plain))
        return pieces
    }

    /// `  KEY            attempt 2 · 231 tokens · 3s ago`; on a narrow terminal the key and the tokens.
    private func line(_ attempt: ProgressSnapshot.Attempt, columns: Int) -> BarLine {
        let tokens = attempt.silence == nil ? "" : Figures.count(attempt.outputTokens)
        var state =
            attempt.silence.map { "\(Figures.duration($0)) ago" } ?? "no chunk for \(Figures.duration(attempt.age))"
        if attempt.silence != nil { state = "\(tokens) tokens\(separator)\(state)" }
        if attempt.turn > 0 { state = "turn \(attempt.turn + 1)\(separator)\(state)" }
        if attempt.number > 1 { state = "attempt \(attempt.number)\(separator)\(state)" }
        if TerminalText.columns(state) + 20 > columns { state = columns < 16 ? "" : tokens }

        let room = max(0, columns - 3 - TerminalText.columns(state))
        let key = TerminalText.cut(
            TerminalText.escapeLine(attempt.key),
            to: room,
            keepingEnd: true,
            ellipsis: ellipsis
        )
        guard !state.isEmpty else { return joined([("  " + key, .plain)], columns: columns) }
        let padding = String(repeating: " ", count: max(0, min(room, 40) - TerminalText.columns(key)))
        var line = BarLine()
        line.append("  \(key)\(padding) ", .plain, hasColour: hasColour)
        line.append(state, .dim, hasColour: hasColour)
        return line
    }

    /// As many of the pieces as fit; the first one is cut if it must be.
    private func joined(_ pieces: [Piece], columns: Int) -> BarLine {
        var line = BarLine()
        for (index, piece) in pieces.enumerated() {
            let text = index == 0 ? TerminalText.cut(piece.text, to: columns, ellipsis: ellipsis) : piece.text
            let gap = index == 0 ? "" : separator
            guard line.columns + TerminalText.columns(gap + text) <= columns else { break }
            line.append(gap, .plain, hasColour: hasColour)
            line.append(text, piece.ink, hasColour: hasColour)
        }
        return line
    }
}
