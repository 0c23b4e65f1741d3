internal import BatchCore

/// Progress as lines, for logs and pipes: no escape sequence, one status line every 30 seconds.
struct PlainRenderer: ProgressRenderer {
    private static let statusInterval = Duration.seconds(30)
    /// Later failures are counted in the status lines.
    private static let failureLimit = 10

    let interval = Duration.seconds(1)
    private var nextStatus = statusInterval
    private var shownFailures = 0
    private var hasToldLimit = false

    mutating func render(_ frame: Frame) -> String {
        var lines = news(frame.news)
        if frame.snapshot.elapsed >= nextStatus {
            // From the plan, not from now: a late frame must not shift the lines after it.
            while nextStatus <= frame.snapshot.elapsed {
                nextStatus += Self.statusInterval
            }
            lines.append(status(frame.snapshot))
        }
        return lines.map { $0 + "\n" }.joined()
    }

    mutating func finish(_ frame: Frame, summary: [String], leavesWork: Bool) -> String {
        var lines = news(frame.news)
        // A run that has no summary has at least its last state.
        lines += summary.isEmpty ? [status(frame.snapshot)] : summary
        return lines.map { $0 + "\n" }.joined()
    }

    private mutating func news(_ news: News) -> [String] {
        let failures = news.failures.prefix(Self.failureLimit - shownFailures)
        shownFailures += failures.count
        var lines = failures.map(\.line)
        if failures.count < news.failures.count, !hasToldLimit {
            lines.append("further failures are only counted")
            hasToldLimit = true
        }
        return news.lines(failures: lines)
    }

    private func status(_ snapshot: ProgressSnapshot) -> String {
        var parts: [String] = []
        if let total = snapshot.total {
            let percent = total > 0 ? snapshot.settled * 100 / total : 100
            parts.append("\(Figures.count(snapshot.settled))/\(Figures.count(total)) (\(percent)%)")
        } else {
            parts.append("reading the job")
        }
        parts.append("\(Figures.count(snapshot.done)) done")
        if snapshot.failed > 0 {
            let classes = snapshot.failures.map { "\(Figures.count($0.count)) \($0.failureClass.rawValue)" }
            parts.append("\(Figures.count(snapshot.failed)) failed (\(classes.joined(separator: ", ")))")
        }
        if snapshot.deferred > 0 { parts.append("\(Figures.count(snapshot.deferred)) deferred") }
        parts.append("\(Figures.count(snapshot.inFlight)) in flight")
        if snapshot.retries > 0 { parts.append(Figures.count(snapshot.retries) + " retried") }
        if let rate = snapshot.itemsPerSecond { parts.append("\(Figures.rate(rate)) items/s") }
        if let rate = snapshot.tokensPerSecond { parts.append("\(Figures.rate(rate)) tokens/s") }
        if let cost = snapshot.costText { parts.append(cost) }
        parts.append("\(Figures.duration(snapshot.elapsed)) elapsed")
        if let left = snapshot.timeLeft { parts.append("\(Figures.duration(left)) left") }
        parts += snapshot.quotaWaits.prefix(2).map { $0.line() }
        return parts.joined(separator: ", ")
    }
}
