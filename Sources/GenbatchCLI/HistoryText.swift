internal import BatchCore
internal import Checkpointing
internal import JSON
internal import Terminal

/// What `show` prints: for people as text, for programs as one object.
enum HistoryText {
    static func text(_ history: ItemHistory) -> String {
        let item = history.item
        var text = "item      \(item.key)\n"
        text += "state     \(item.state.rawValue)" + (item.isOrphaned ? ", no longer in the job" : "") + "\n"
        text += "origin    \(item.origin)\n"
        text += "input     \(item.input)\n"
        text += "model     \(item.request.model)\n"
        if let instruction = item.request.systemInstruction {
            text += "system    \(instruction)\n"
        }
        text += "config    \(JSONValue.object(item.request.config).text)\n"
        if item.checks != AnswerChecks() {
            text += "checks    \(JSONValue.object(item.checks.members).text)\n"
        }
        if !history.attempts.isEmpty {
            text += "cost      \(ReportText.cost(history.cost))\n"
        }
        if item.checks != AnswerChecks() {
            text += "checks    \(JSONValue.object(item.checks.members).text)\n"
        }
        for (index, turn) in item.request.turns.enumerated() {
            text += "\n== turn \(index + 1) ==\n"
            for reference in turn.media {
                text += words(for: reference) + "\n"
            }
            text += turn.text + "\n"
        }
        if history.attempts.isEmpty {
            text += "\nno request was answered or failed yet\n"
        }
        for attempt in history.attempts {
            text += "\n" + words(for: attempt, of: item)
        }
        return text
    }

    static func json(_ history: ItemHistory) -> String {
        let item = history.item
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("key", item.key)
            writer.member("state", item.state.rawValue)
            writer.member("orphaned", item.isOrphaned)
            writer.member("version", item.generation)
            writer.member("origin", item.origin)
            writer.member("fingerprint", item.fingerprint)
            writer.key("input")
            writer.literal(item.input)
            writer.member("request", item.request)
            writer.key("checks")
            writer.write(.object(item.checks.members))
            writer.key("attempts")
            writer.array { writer in
                for attempt in history.attempts {
                    write(attempt, to: &writer)
                }
            }
            writer.members(history.cost)
        }
        return writer.text
    }

    // MARK: Text

    private static func words(for reference: MediaReference) -> String {
        switch reference.location {
        case .uri(let uri): "[\(reference.mimeType) \(uri)]"
        case .file(let path, let sha256): "[\(reference.mimeType) \(path), SHA-256 \(sha256)]"
        }
    }

    private static func words(for attempt: ItemHistory.Attempt, of item: StoredItem) -> String {
        var text = "== attempt \(attempt.number)"
        text += item.request.turns.count > 1 ? ", turn \(attempt.turn + 1)" : ""
        text += attempt.isRepair ? ", a repair" : ""
        text += attempt.run.map { ", run \($0)" } ?? ""
        text += attempt.generation < item.generation ? ", of an earlier version of the item" : ""
        text += ": \(attempt.status)" + (attempt.failureClass.map { " (\($0))" } ?? "") + " ==\n"
        let facts = [timings(of: attempt), result(of: attempt), tokens(attempt.usage), cost(of: attempt)]
        text += facts.filter { !$0.isEmpty }.map { $0 + "\n" }.joined()
        if let message = attempt.message {
            text += message + "\n"
        }
        if let answer = attempt.answer {
            text += "-- answer --\n\(answer.text)\n"
        } else if let partial = attempt.partialText, !partial.isEmpty {
            text += "-- what came before the failure --\n\(partial)\n"
        }
        return text
    }

    private static func timings(of attempt: ItemHistory.Attempt) -> String {
        guard let start = attempt.startedAtMilliseconds else { return "in flight when the run was cut off" }
        var words = ["started \(Timestamp.rfc3339(unixMilliseconds: start))"]
        words += attempt.firstChunkMilliseconds.map { ["first chunk after \(Figures.count($0)) ms"] } ?? []
        words += attempt.durationMilliseconds.map { ["ended after \(Figures.count($0)) ms"] } ?? []
        return words.joined(separator: ", ")
    }

    private static func result(of attempt: ItemHistory.Attempt) -> String {
        var words: [String] = []
        if let answer = attempt.answer {
            words.append("finish reason \(answer.finishReason), by \(answer.modelVersion ?? attempt.model)")
        }
        if let status = attempt.httpStatus {
            words.append("HTTP status \(status)")
        }
        if let quota = attempt.quotaID {
            words.append("quota \(quota)" + (attempt.quotaValue.map { " of \(Figures.count($0))" } ?? ""))
        }
        if let delay = attempt.retryDelayMilliseconds {
            words.append("asked to wait \(Figures.count(delay)) ms")
        }
        if attempt.isPossiblyBilled, attempt.answer == nil {
            words.append("may have been billed")
        }
        return words.joined(separator: ", ")
    }

    private static func tokens(_ usage: TokenUsage) -> String {
        let counts = [
            (usage.promptTokens, "in"), (usage.cachedTokens, "of them cached"), (usage.outputTokens, "out"),
            (usage.thoughtTokens, "thoughts"), (usage.toolUseTokens, "tool results"),
        ]
        let words = counts.compactMap { count, name in count.map { "\(Figures.count($0)) \(name)" } }
        return words.isEmpty ? "" : "tokens: " + words.joined(separator: ", ")
    }

    private static func cost(of attempt: ItemHistory.Attempt) -> String {
        let tier = attempt.serviceTier.map { ", served as \($0.rawValue)" } ?? ""
        return "cost: " + (attempt.cost?.description ?? "unknown") + TerminalText.escapeLine(tier)
    }

    // MARK: JSON

    private static func write(_ attempt: ItemHistory.Attempt, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("number", attempt.number)
            writer.member("run", orNull: attempt.run)
            writer.member("version", attempt.generation)
            writer.member("turn", attempt.turn)
            writer.member("repair", attempt.isRepair)
            writer.member("model", attempt.model)
            writer.member("status", attempt.status)
            let start = attempt.startedAtMilliseconds.map { Timestamp.rfc3339(unixMilliseconds: $0) }
            writer.member("started_at", orNull: start)
            writer.member("first_chunk_ms", orNull: attempt.firstChunkMilliseconds)
            writer.member("duration_ms", orNull: attempt.durationMilliseconds)
            writer.member("class", orNull: attempt.failureClass)
            writer.member("http_status", orNull: attempt.httpStatus)
            writer.member("message", orNull: attempt.message)
            writer.member("retry_delay_ms", orNull: attempt.retryDelayMilliseconds)
            writer.member("quota_id", orNull: attempt.quotaID)
            writer.member("quota_value", orNull: attempt.quotaValue)
            writer.member("partial_text", orNull: attempt.partialText)
            writer.member("possibly_billed", attempt.isPossiblyBilled)
            writer.key("usage")
            writer.object { $0.members(attempt.usage) }
            writer.member("service_tier", orNull: attempt.serviceTier?.rawValue)
            writer.member("cost_usd", orNull: attempt.cost)
            writer.key("answer")
            write(attempt.answer, to: &writer)
        }
    }

    private static func write(_ answer: Answer?, to writer: inout JSONWriter) {
        guard let answer else { return writer.literal("null") }
        writer.object { writer in
            writer.member("text", answer.text)
            writer.key("parts")
            writer.literal(answer.parts)
            writer.member("finish_reason", answer.finishReason)
            writer.member("model_version", orNull: answer.modelVersion)
            writer.member("response_id", orNull: answer.responseID)
            writer.member("candidates", answer.candidates)
            writer.key("metadata")
            writer.literal(answer.metadata ?? "null")
        }
    }
}
