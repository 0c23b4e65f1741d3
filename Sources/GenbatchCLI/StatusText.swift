internal import BatchCore
internal import Checkpointing
internal import JSON
internal import Terminal

/// What `status` prints: for people in lines, for programs as one object.
enum StatusText {
    /// - Parameters:
    ///   - status: What to tell of.
    ///   - path: Of the checkpoint.
    ///   - target: The words that name the job on a command line.
    /// - Returns: Lines for people.
    static func lines(_ status: CheckpointStatus, path: String, target: String) -> [String] {
        var lines = ["checkpoint  \(path)"]
        if let plan = status.plan, plan.shardCount > 1 { lines.append(words(for: plan)) }
        lines.append("items       " + counts(status))
        if status.orphaned > 0 {
            lines.append("            \(Figures.count(status.orphaned)) no longer in the job, kept")
        }
        let failures = status.failuresByClass.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        for (failureClass, count) in failures {
            lines.append("failed      \(Figures.count(count)) \(failureClass)")
        }
        if !failures.isEmpty {
            lines.append("            more: genbatch failures \(target)")
        }
        for usage in status.usage {
            lines.append("used        \(usage.model): \(words(for: usage))")
            if usage.possiblyBilledWithoutAnswer > 0 {
                let requests = Figures.count(usage.possiblyBilledWithoutAnswer, "request")
                lines.append("            \(requests) without an answer may have been billed")
            }
        }
        if status.usage.count > 1 {
            lines.append("cost        \(ReportText.cost(status.cost)) in all")
        }
        if status.possiblyBilledTwice > 0 {
            let items = Figures.count(status.possiblyBilledTwice, "item")
            lines.append("billed      \(items) maybe twice: genbatch failures \(target) --billed-twice")
        }
        if let holder = status.lockHolder {
            lines.append("running     process \(holder.pid) on \(holder.host), since \(holder.startedAt)")
        } else if let run = status.lastRun {
            lines.append("last run    " + words(for: run))
        }
        return lines
    }

    static func json(_ status: CheckpointStatus, path: String) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("checkpoint", path)
            writer.member("shard_count", orNull: status.plan?.shardCount)
            writer.key("shards")
            writer.array { writer in
                for number in status.plan?.shards.sorted() ?? [] {
                    writer.integer(number)
                }
            }
            writer.key("items")
            writer.object { writer in
                writer.member("total", status.total)
                for state in ItemState.allCases {
                    writer.key(named: state.rawValue)
                    writer.integer(status.items[state] ?? 0)
                }
                writer.member("orphaned", status.orphaned)
            }
            writer.key("failures")
            writer.object { writer in
                for (failureClass, count) in status.failuresByClass.sorted(by: { $0.key < $1.key }) {
                    writer.key(named: failureClass)
                    writer.integer(count)
                }
            }
            writer.key("usage")
            writer.array { writer in
                for usage in status.usage {
                    write(usage, to: &writer)
                }
            }
            writer.members(status.cost)
            writer.member("possibly_billed_twice", status.possiblyBilledTwice)
            writer.member("running", status.lockHolder != nil)
            writer.key("runner")
            write(status.lockHolder, to: &writer)
            writer.key("last_run")
            write(status.lastRun, to: &writer)
        }
        return writer.text
    }

    /// For example `12: 10 done, 2 running`.
    static func counts(_ status: CheckpointStatus) -> String {
        let states: [ItemState] = [.done, .failed, .running, .pending, .deferred]
        let parts = states.compactMap { state in
            status.items[state].map { "\(Figures.count($0)) \(state.rawValue)" }
        }
        return "\(Figures.count(status.total)): " + (parts.isEmpty ? "none" : parts.joined(separator: ", "))
    }

    /// For example `shard       1/3 of the job`, or `shards      2 of 3, missing 1/3`.
    private static func words(for plan: StoredPlan) -> String {
        if let shard = plan.shard { return "shard       \(shard) of the job" }
        let count = "\(Figures.count(plan.shards.count)) of \(Figures.count(plan.shardCount))"
        return "shards      " + (plan.missing.isEmpty ? "all \(Figures.count(plan.shardCount))" : count)
            + (plan.missing.isEmpty ? "" : ", missing \(ShardList.words(plan.missing))")
    }

    private static func words(for usage: CheckpointStatus.ModelUsage) -> String {
        var parts = ["\(Figures.count(usage.requests, "request")), \(Figures.count(usage.answered)) answered"]
        let tokens = [
            (usage.tokens.promptTokens, "tokens in"), (usage.tokens.cachedTokens, "of them cached"),
            (usage.tokens.outputTokens, "out"), (usage.tokens.thoughtTokens, "thoughts"),
        ]
        parts += tokens.compactMap { count, name in count.map { "\(Figures.count($0)) \(name)" } }
        parts.append("cost \(ReportText.cost(usage.cost))")
        return parts.joined(separator: ", ")
    }

    private static func words(for run: CheckpointStatus.Run) -> String {
        let start = Timestamp.rfc3339(unixMilliseconds: run.startedAtMilliseconds)
        guard let end = run.endedAtMilliseconds else {
            return "number \(run.number), \(start), did not come to its end"
        }
        let elapsed = Figures.duration(.milliseconds(end - run.startedAtMilliseconds))
        let ending = (run.ending ?? "ended").replacing("_", with: " ")
        return "number \(run.number), \(start), \(ending) after \(elapsed)" + (run.message.map { ": \($0)" } ?? "")
    }

    private static func write(_ holder: LockHolder?, to writer: inout JSONWriter) {
        guard let holder else { return writer.literal("null") }
        writer.object { writer in
            writer.member("pid", holder.pid)
            writer.member("host", holder.host)
            writer.member("started_at", holder.startedAt)
        }
    }

    private static func write(_ run: CheckpointStatus.Run?, to writer: inout JSONWriter) {
        guard let run else { return writer.literal("null") }
        writer.object { writer in
            writer.member("number", run.number)
            writer.member("started_at", Timestamp.rfc3339(unixMilliseconds: run.startedAtMilliseconds))
            let end = run.endedAtMilliseconds.map { Timestamp.rfc3339(unixMilliseconds: $0) }
            writer.member("ended_at", orNull: end)
            writer.member("ending", orNull: run.ending)
            writer.member("message", orNull: run.message)
            writer.member("host", run.host)
            writer.member("pid", run.pid)
        }
    }

    private static func write(_ usage: CheckpointStatus.ModelUsage, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("model", usage.model)
            writer.member("requests", usage.requests)
            writer.member("answered", usage.answered)
            writer.member("possibly_billed_without_answer", usage.possiblyBilledWithoutAnswer)
            writer.members(usage.tokens)
            writer.members(usage.cost)
        }
    }
}
