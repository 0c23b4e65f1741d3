internal import BatchCore
internal import Checkpointing
internal import JSON
internal import Terminal

/// What `plan` prints: for people in lines, for programs as one object.
struct PlanText {
    private let comparison: JobComparison
    private let forecast: Forecast
    private let job: Job
    private let path: String
    /// Whether there is no checkpoint yet.
    private let isNew: Bool
    /// The command that takes failed items up.
    private let retry: String

    init(_ comparison: JobComparison, _ forecast: Forecast, job: Job, path: String, isNew: Bool, retry: String) {
        self.comparison = comparison
        self.forecast = forecast
        self.job = job
        self.path = path
        self.isNew = isNew
        self.retry = retry
    }

    var lines: [String] {
        let plan = comparison.plan
        var lines = ["checkpoint  \(path)" + (isNew ? " (none yet)" : "")]
        let toRun = "\(Figures.count(plan.toRun)) to run"
        lines.append("items       \(Figures.count(plan.total)): \(plan.toRun == 0 ? "nothing to run" : toRun)")
        lines += JobComparison.Group.allCases.flatMap(groupLines)
        lines += runningLines
        lines += ForecastText.lines(forecast)
        // Whatever is wrong with the job has ended the command by now.
        lines.append("checked     all rows, templates, settings, schemas and media: nothing wrong")
        return lines + ["after a failure"] + FailureRules(job: job).lines
    }

    var json: String {
        let plan = comparison.plan
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("checkpoint", path)
            writer.member("checkpoint_exists", !isNew)
            writer.key("items")
            writer.object { writer in
                writer.member("total", plan.total)
                for group in JobComparison.Group.allCases {
                    writer.key(named: group.rawValue)
                    writer.integer(comparison.count(of: group))
                }
            }
            writer.member("to_run", plan.toRun)
            ForecastText.write(forecast, to: &writer)
            writer.key("models")
            writer.array { writer in
                for part in forecast.parts {
                    ForecastText.write(part, to: &writer)
                }
            }
            writer.key("examples")
            writer.object { writer in
                for group in JobComparison.Group.allCases {
                    let keys = comparison.examples[group] ?? []
                    writer.key(named: group.rawValue)
                    writer.write(.array(keys.map(JSONValue.string)))
                }
            }
            writer.key("changes")
            writer.object { writer in
                for (topic, count) in reasons {
                    writer.key(named: topic)
                    writer.integer(count)
                }
            }
            writer.member("in_flight", comparison.inFlight)
            writer.member("running", comparison.lockHolder != nil)
            writer.member("possibly_billed_twice", plan.possiblyBilledTwice)
            writer.key("failure_actions")
            FailureRules(job: job).write(to: &writer)
        }
        return writer.text
    }

    private func groupLines(_ group: JobComparison.Group) -> [String] {
        let count = comparison.count(of: group)
        guard count > 0 else { return [] }
        var line = "  \(Self.padded(group.rawValue))\(Figures.count(count)) \(Self.meaning(of: group))"
        let keys = comparison.examples[group] ?? []
        line += ": \(keys.joined(separator: ", "))" + (count > keys.count ? ", …" : "")
        switch group {
        case .changed:
            let words = reasons.map { "\($0.topic) in \(Figures.count($0.count))" }
            return [line, "            different: \(words.joined(separator: ", "))"]
        case .failed:
            return [line, "            take them up with: \(retry)"]
        default:
            return [line]
        }
    }

    private var runningLines: [String] {
        if let holder = comparison.lockHolder {
            let requests = Figures.count(comparison.inFlight, "request")
            return ["running     process \(holder.pid) on \(holder.host), \(requests) of it in flight"]
        }
        guard comparison.plan.possiblyBilledTwice > 0 else { return [] }
        let items = Figures.count(comparison.plan.possiblyBilledTwice, "item")
        return ["            \(items) in flight when the last run was cut off, possibly billed twice"]
    }

    /// The most frequent first.
    private var reasons: [(topic: String, count: Int)] {
        comparison.reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { (topic: $0.key, count: $0.value) }
    }

    private static func meaning(of group: JobComparison.Group) -> String {
        switch group {
        case .new: "to run for the first time"
        case .changed: "to run again, the old answers are kept"
        case .pending: "to run, left over"
        case .deferred: "to run, put off before"
        case .done: "stay as they are"
        case .failed: "stay failed"
        case .orphaned: "no longer in the job, kept"
        }
    }

    private static func padded(_ text: String) -> String {
        text + String(repeating: " ", count: max(1, 10 - text.count))
    }
}
