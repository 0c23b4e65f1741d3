package import BatchCore

/// What a user may type after a run, with the options that find the same job and checkpoint again.
package struct NextCommands: Sendable, Equatable {
    /// For example `genbatch resume job.yaml`.
    package var resume: String
    /// For example `genbatch export job.yaml --format jsonl`.
    package var export: String
    /// For example `genbatch failures job.yaml`.
    package var failures: String

    package init(resume: String, export: String, failures: String) {
        self.resume = resume
        self.export = export
        self.failures = failures
    }
}

/// What is said about a whole run before its first request and after its last.
package enum ReportText {
    /// How the job and the checkpoint compare, and what the run is likely to take; a line for each thing to say.
    package static func plan(_ plan: RunPlan) -> [String] {
        let toRun = parts([
            (plan.new, "new"), (plan.changed, "changed"), (plan.pending, "left over"),
            (plan.deferred, "deferred before"),
        ])
        let others = parts([
            (plan.done, "done"), (plan.failed, "failed before"), (plan.orphaned, "no longer in the job"),
        ])
        var line = "\(Figures.count(plan.total, "item")): \(Figures.count(plan.toRun)) to run"
        line += plan.choice == nil ? "" : ", chosen from \(Figures.count(plan.unfinished))"
        line += toRun.isEmpty ? "" : " (\(toRun))"
        line += others.isEmpty ? "" : ", \(others)"
        var lines = [line]
        let notSent = parts([(plan.choice?.done ?? 0, "done"), (plan.choice?.failed ?? 0, "failed before")])
        if !notSent.isEmpty {
            lines.append("chosen and not sent: \(notSent)")
        }
        if let estimate = plan.forecast.flatMap(ForecastText.line) {
            lines.append(estimate)
        }
        if plan.possiblyBilledTwice > 0 {
            let twice = Figures.count(plan.possiblyBilledTwice, "item")
            lines.append("possibly billed twice: \(twice) in flight when an earlier run was cut off")
        }
        return lines
    }

    /// How the run ended, what it used, and what to type next.
    ///
    /// - Parameters:
    ///   - summary: The end of the run.
    ///   - plan: Its beginning, for what earlier runs left; `nil` if it is not known.
    ///   - next: The commands to offer.
    /// - Returns: Lines that are safe for a terminal.
    package static func summary(_ summary: RunSummary, plan: RunPlan?, next: NextCommands) -> [String] {
        let counts = parts(
            [(summary.failed, "failed"), (summary.deferred, "deferred"), (summary.interrupted, "interrupted")]
        )
        var lines = ["\(ending(summary)): \(Figures.count(summary.done)) done\(counts.isEmpty ? "" : ", \(counts)")"]
        if case .stopped(let error) = summary.ending {
            lines.append("  because   \(error.failureClass.rawValue): \(error.message)")
        }
        lines += summary.reasonsForDeferral.map { "  because   \($0)" }
        if let cap = summary.cap, let most = summary.mostBeyondCap {
            lines.append("  at most   \(ForecastText.amount(most, of: cap)) above it, by what was in flight")
        }
        let failures = summary.failuresByClass.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
        if !failures.isEmpty {
            lines.append("  failed    " + parts(failures.map { ($0.value, $0.key.rawValue) }))
        }
        let retries = summary.retries > 0 ? ", \(Figures.count(summary.retries)) of them retries" : ""
        if summary.requests > 0 {
            lines.append("  requests  \(Figures.count(summary.requests))\(retries)")
            lines.append("  tokens    \(tokens(summary.usage))")
            let date = summary.priceDate.map { " at the prices of \($0)" } ?? ""
            lines.append("  cost      \(cost(summary.cost))\(summary.cost.amount == nil ? "" : date)")
        }
        if let balance = summary.balance {
            lines.append("  items     \(equation(balance))")
        }
        lines += advice(summary, plan: plan, next: next)
        return lines.map(TerminalText.escapeLine)
    }

    /// Whether a run ended with something that its user should look at or run again.
    package static func leavesWork(_ summary: RunSummary) -> Bool {
        summary.failed > 0 || summary.deferred > 0 || summary.interrupted > 0
            || (summary.ending != .completed && summary.ending != .limitReached)
    }

    private static func ending(_ summary: RunSummary) -> String {
        let elapsed = Figures.duration(summary.elapsed)
        return switch summary.ending {
        case .completed: "finished in \(elapsed)"
        case .limitReached: "limit reached after \(elapsed)"
        case .outOfTime: "the time of the run is over after \(elapsed)"
        case .interrupted: "interrupted after \(elapsed)"
        case .stopped: "stopped after \(elapsed)"
        }
    }

    private static func advice(_ summary: RunSummary, plan: RunPlan?, next: NextCommands) -> [String] {
        let settled = summary.done + summary.failed
        // Without a plan a whole run is believed to have left nothing.
        let planned = plan.map { max(0, $0.toRun - settled) } ?? (summary.ending == .completed ? summary.deferred : 1)
        let remaining = summary.balance?.left ?? planned
        var lines: [String] = []
        if remaining > 0 {
            let items = plan == nil && summary.balance == nil ? "the rest" : Figures.count(remaining, "item") + " left"
            lines.append("  to go on  \(next.resume)   (\(items))")
        }
        if summary.failed + (plan?.failed ?? 0) > 0 {
            lines.append("  failures  \(next.failures)")
        }
        if summary.done + (plan?.done ?? 0) > 0 {
            lines.append("  results   \(next.export)")
        }
        return lines
    }

    /// All items of the job by state, for example `12 = 10 done + 2 failed`.
    private static func equation(_ balance: ItemBalance) -> String {
        let states: [ItemState] = [.done, .failed, .deferred, .pending, .running]
        let counts = states.filter { balance[$0] > 0 }.map { "\(Figures.count(balance[$0])) \($0.rawValue)" }
        return "\(Figures.count(balance.total)) = \(counts.isEmpty ? "0" : counts.joined(separator: " + "))"
    }

    private static func tokens(_ usage: TokenUsage) -> String {
        guard usage.promptTokens != nil || usage.outputTokens != nil else { return "not reported" }
        return parts(
            [
                (usage.promptTokens ?? 0, "in"), (usage.cachedTokens ?? 0, "of them cached"),
                (usage.outputTokens ?? 0, "out"), (usage.thoughtTokens ?? 0, "thoughts"),
            ]
        )
    }

    /// A cost in words: `$0.0123`, and how many attempts are not in it.
    package static func cost(_ cost: CostSum) -> String {
        guard cost.unpricedAttempts > 0 else { return cost.known.description }
        let attempts = Figures.count(cost.unpricedAttempts, "attempt")
        return cost.amount.map { "\($0), and \(attempts) of unknown cost" } ?? "unknown"
    }

    /// The counts that are not zero, for example `12 new, 3 changed`.
    private static func parts(_ counts: [(count: Int, name: String)]) -> String {
        counts.filter { $0.count > 0 }.map { "\(Figures.count($0.count)) \($0.name)" }.joined(separator: ", ")
    }
}
