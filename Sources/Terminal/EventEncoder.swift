internal import BatchCore
internal import JSON

/// Writes what happens in a run as JSON objects, one on each line; docs/events.md describes them.
///
/// Every type has always the same members: what is unknown is `null`.
struct EventEncoder: Sendable {
    /// Raised when a member changes its meaning or goes away, not when one is added.
    static let format = 1

    private var writer = JSONWriter(reserving: 512)

    /// One object as a line, its type first and its time last.
    mutating func line(_ type: String, at unixMilliseconds: Int64, _ body: (inout JSONWriter) -> Void) -> [UInt8] {
        writer.removeAll()
        writer.object { writer in
            writer.member("type", type)
            body(&writer)
            writer.member("time", Timestamp.rfc3339(unixMilliseconds: unixMilliseconds))
        }
        return TerminalText.escapeInJSON(writer.bytes) + [UInt8(ascii: "\n")]
    }

    mutating func version(_ version: String, at time: Int64) -> [UInt8] {
        line("version", at: time) { writer in
            writer.member("format", Self.format)
            writer.member("genbatch", version)
        }
    }

    mutating func exitError(code: Int32, message: String, at time: Int64) -> [UInt8] {
        line("exit_error", at: time) { writer in
            writer.member("exit_code", code)
            writer.member("message", message)
        }
    }

    mutating func dropped(_ count: Int, at time: Int64) -> [UInt8] {
        line("dropped", at: time) { $0.member("events", count) }
    }

    mutating func event(_ event: RunEvent, at time: Int64) -> [UInt8] {
        line(Self.type(of: event), at: time) { writer in
            switch event {
            case .planned(let plan): Self.write(plan, to: &writer)
            case .finished(let summary): Self.write(summary, to: &writer)
            case .stopping(let inFlight): writer.member("in_flight", inFlight)
            case .quotaWait(let model, let duration, let reason):
                writer.member("model", model)
                writer.member("wait_ms", duration.inMilliseconds)
                writer.member("reason", reason)
            case .otherModel(let asked, let answered, let isPriced):
                writer.member("model", asked)
                writer.member("model_version", answered)
                writer.member("priced", isPriced)
            default: Self.writeItem(event, to: &writer)
            }
        }
    }

    mutating func chunk(_ entry: InFlightList.Entry, at time: Int64) -> [UInt8] {
        line("chunk", at: time) { writer in
            Self.write(entry.id, entry.key, to: &writer)
            writer.member("attempt", entry.attempt)
            writer.member("turn", entry.turn)
            writer.member("chunks", entry.chunks)
            writer.member("output_tokens", entry.tokens)
        }
    }

    mutating func progress(_ snapshot: ProgressSnapshot, at time: Int64) -> [UInt8] {
        line("progress", at: time) { writer in
            writer.member("elapsed_ms", snapshot.elapsed.inMilliseconds)
            Self.member("total", snapshot.total, to: &writer)
            writer.member("done", snapshot.done)
            writer.member("failed", snapshot.failed)
            writer.member("deferred", snapshot.deferred)
            writer.member("in_flight", snapshot.inFlight)
            writer.member("waiting", snapshot.waiting)
            writer.member("retries", snapshot.retries)
            writer.member("prompt_tokens", snapshot.promptTokens)
            writer.member("output_tokens", snapshot.outputTokens)
            Self.write(snapshot.cost, to: &writer)
            Self.member("items_per_second", snapshot.itemsPerSecond, to: &writer)
            Self.member("output_tokens_per_second", snapshot.tokensPerSecond, to: &writer)
            Self.member("time_left_ms", snapshot.timeLeft?.inMilliseconds, to: &writer)
        }
    }

    private static func type(of event: RunEvent) -> String {
        switch event {
        case .planned: "plan"
        case .itemStarted: "item_start"
        case .attemptFailed: "attempt_failed"
        case .itemDone: "item_done"
        case .itemFailed: "item_failed"
        case .itemDeferred: "item_deferred"
        case .itemInterrupted: "item_interrupted"
        case .quotaWait: "quota_wait"
        case .otherModel: "other_model"
        case .stopping: "stopping"
        case .finished: "summary"
        }
    }

    private static func writeItem(_ event: RunEvent, to writer: inout JSONWriter) {
        switch event {
        case .itemStarted(let id, let key, let model, let attempt, let turn, _):
            write(id, key, to: &writer)
            writer.member("model", model)
            writer.member("attempt", attempt)
            writer.member("turn", turn)
        case .attemptFailed(let id, let key, let attempt, let error, let retryIn, let cost):
            write(id, key, to: &writer)
            writer.member("attempt", attempt)
            write(error, to: &writer)
            writer.member("retry_in_ms", retryIn.inMilliseconds)
            write(cost, to: &writer)
        case .itemDone(let id, let key, let answer, let attempts, let timings, let cost):
            write(id, key, to: &writer)
            writer.member("attempts", attempts)
            write(answer, timings, to: &writer)
            write(cost, to: &writer)
        case .itemFailed(let id, let key, let attempts, let error, let cost):
            write(id, key, to: &writer)
            writer.member("attempts", attempts)
            write(error, to: &writer)
            write(cost, to: &writer)
        case .itemDeferred(let id, let key, let reason):
            write(id, key, to: &writer)
            writer.member("reason", reason)
        case .itemInterrupted(let id, let key):
            write(id, key, to: &writer)
        case .planned, .quotaWait, .otherModel, .stopping, .finished:
            break
        }
    }

    private static func write(_ id: ItemID, _ key: String, to writer: inout JSONWriter) {
        writer.member("id", id.value)
        writer.member("key", key)
    }

    private static func write(_ answer: Answer, _ timings: AttemptTimings, to writer: inout JSONWriter) {
        writer.member("finish_reason", answer.finishReason)
        member("model_version", answer.modelVersion, to: &writer)
        member("response_id", answer.responseID, to: &writer)
        writer.key("usage")
        write(answer.usage, to: &writer)
        member("first_chunk_ms", timings.firstChunk?.inMilliseconds, to: &writer)
        writer.member("total_ms", timings.total.inMilliseconds)
    }

    private static func write(_ error: GenerationError, to writer: inout JSONWriter) {
        writer.member("class", error.failureClass.rawValue)
        writer.member("message", error.message)
        member("http_status", error.httpStatus, to: &writer)
        writer.member("possibly_billed", error.isPossiblyBilled)
    }

    private static func write(_ usage: TokenUsage, to writer: inout JSONWriter) {
        writer.object { writer in
            member("prompt_tokens", usage.promptTokens, to: &writer)
            member("output_tokens", usage.outputTokens, to: &writer)
            member("thought_tokens", usage.thoughtTokens, to: &writer)
            member("cached_tokens", usage.cachedTokens, to: &writer)
            member("tool_use_tokens", usage.toolUseTokens, to: &writer)
            member("total_tokens", usage.totalTokens, to: &writer)
        }
    }

    private static func write(_ plan: RunPlan, to writer: inout JSONWriter) {
        writer.member("total", plan.total)
        writer.member("to_run", plan.toRun)
        writer.member("new", plan.new)
        writer.member("changed", plan.changed)
        writer.member("pending", plan.pending)
        writer.member("done", plan.done)
        writer.member("failed", plan.failed)
        writer.member("deferred", plan.deferred)
        writer.member("orphaned", plan.orphaned)
        writer.member("possibly_billed_twice", plan.possiblyBilledTwice)
        writer.key("estimate")
        guard let forecast = plan.forecast else { return writer.literal("null") }
        writer.object { ForecastText.write(forecast, to: &$0) }
    }

    private static func write(_ cost: CostSum, to writer: inout JSONWriter) {
        writer.key("cost_usd")
        writer.literal(cost.amount?.decimal ?? "null")
        writer.member("unpriced_attempts", cost.unpricedAttempts)
    }

    private static func write(_ summary: RunSummary, to writer: inout JSONWriter) {
        var stop: GenerationError?
        let ending: String
        switch summary.ending {
        case .completed: ending = "completed"
        case .limitReached: ending = "limit_reached"
        case .outOfTime: ending = "out_of_time"
        case .interrupted: ending = "interrupted"
        case .stopped(let error): (ending, stop) = ("stopped", error)
        }
        writer.member("ending", ending)
        member("cap", summary.cap?.message, to: &writer)
        writer.key("closed_models")
        writer.object { writer in
            for (model, error) in summary.closedModels.sorted(by: { $0.key < $1.key }) {
                writer.key(named: model)
                writer.object { writer in
                    writer.member("class", error.failureClass.rawValue)
                    writer.member("message", error.message)
                }
            }
        }
        member("stop_class", stop?.failureClass.rawValue, to: &writer)
        member("stop_message", stop?.message, to: &writer)
        writer.member("done", summary.done)
        writer.member("failed", summary.failed)
        writer.member("deferred", summary.deferred)
        writer.member("interrupted", summary.interrupted)
        writer.key("failures_by_class")
        writer.object { writer in
            for (failureClass, count) in summary.failuresByClass.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                writer.key(named: failureClass.rawValue)
                writer.integer(count)
            }
        }
        writer.member("requests", summary.requests)
        writer.member("retries", summary.retries)
        writer.key("usage")
        write(summary.usage, to: &writer)
        write(summary.cost, to: &writer)
        member("price_date", summary.priceDate, to: &writer)
        writer.member("elapsed_ms", summary.elapsed.inMilliseconds)
        writer.key("items")
        write(summary.balance, to: &writer)
    }

    private static func write(_ balance: ItemBalance?, to writer: inout JSONWriter) {
        guard let balance else { return writer.literal("null") }
        writer.object { writer in
            writer.member("total", balance.total)
            for state in ItemState.allCases {
                writer.key(named: state.rawValue)
                writer.integer(balance[state])
            }
        }
    }

    private static func member(_ name: StaticString, _ value: (some BinaryInteger)?, to writer: inout JSONWriter) {
        if let value {
            writer.member(name, value)
        } else {
            writer.member(name, JSONValue.null)
        }
    }

    private static func member(_ name: StaticString, _ value: String?, to writer: inout JSONWriter) {
        writer.member(name, value.map(JSONValue.string) ?? .null)
    }

    private static func member(_ name: StaticString, _ value: Double?, to writer: inout JSONWriter) {
        writer.member(name, value.map { .number(JSONNumber($0)) } ?? .null)
    }
}
