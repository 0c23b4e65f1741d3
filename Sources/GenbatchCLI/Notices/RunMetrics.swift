internal import BatchCore

/// The figures of a run as Prometheus reads them.
enum RunMetrics {
    private static let lastSuccess = "genbatch_last_success_timestamp_seconds"

    /// - Parameters:
    ///   - ending: The run.
    ///   - before: The file as it stands: the time of the last success outlives runs that fail.
    /// - Returns: The whole file.
    static func text(_ ending: RunEnding, before: String?) -> String {
        let job = "job_file=\"\(escaped(ending.job))\""
        let seconds = "\(ending.unixMilliseconds / 1000)"
        var families = [
            Family("genbatch_run_exit_code", "Exit status of the last run.", [(job, "\(ending.status.rawValue)")]),
            Family("genbatch_run_end_timestamp_seconds", "When the last run ended.", [(job, seconds)]),
        ]
        if let success = ending.status == .allDone ? seconds : earlierSuccess(job, in: before) {
            families.append(Family(lastSuccess, "When a run last ended with status 0.", [(job, success)]))
        }
        if let summary = ending.summary {
            families += figures(summary, job)
        }
        return families.map(\.text).joined() + "# EOF\n"
    }

    private static func figures(_ summary: RunSummary, _ job: String) -> [Family] {
        let milliseconds = summary.elapsed / .milliseconds(1)
        let tokens = [
            ("input", summary.usage.promptTokens), ("output", summary.usage.outputTokens),
            ("thought", summary.usage.thoughtTokens), ("cached", summary.usage.cachedTokens),
        ]
        var families = [
            Family(
                "genbatch_run_items",
                "Items that the last run finished, by what became of them.",
                [("done", summary.done), ("failed", summary.failed), ("deferred", summary.deferred)]
                    .map { ("\(job),state=\"\($0)\"", "\($1)") }
            ),
            Family("genbatch_run_requests", "Requests of the last run.", [(job, "\(summary.requests)")]),
            Family("genbatch_run_retries", "Retries among the requests.", [(job, "\(summary.retries)")]),
            Family(
                "genbatch_run_tokens",
                "Tokens of the last run.",
                tokens.map { ("\(job),kind=\"\($0)\"", "\($1 ?? 0)") }
            ),
            Family(
                "genbatch_run_duration_seconds",
                "Length of the last run.",
                [(job, "\(milliseconds.rounded() / 1000)")]
            ),
        ]
        if let cost = summary.cost.amount {
            families.append(Family("genbatch_run_cost_dollars", "Cost of the last run.", [(job, cost.decimal)]))
        }
        if let balance = summary.balance {
            let states: [ItemState] = [.pending, .done, .failed, .deferred]
            families.append(
                Family(
                    "genbatch_items",
                    "Items of the job after the last run, by state.",
                    states.map { ("\(job),state=\"\($0.rawValue)\"", "\(balance[$0])") }
                )
            )
        }
        return families
    }

    private static func earlierSuccess(_ job: String, in text: String?) -> String? {
        let start = "\(lastSuccess){\(job)} "
        let line = text?.split(separator: "\n").first { $0.hasPrefix(start) }
        return line.flatMap { Int64($0.dropFirst(start.count)) }.map(String.init)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    /// One metric with its values; all are gauges, since each run begins anew.
    private struct Family {
        let name: String
        let help: String
        let values: [(labels: String, value: String)]

        init(_ name: String, _ help: String, _ values: [(String, String)]) {
            self.name = name
            self.help = help
            self.values = values.map { (labels: $0, value: $1) }
        }

        var text: String {
            "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
                + values.map { "\(name){\($0.labels)} \($0.value)\n" }.joined()
        }
    }
}
