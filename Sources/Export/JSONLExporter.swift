package import BatchCore
internal import JSON

/// One JSON object per line and item; what is unknown is `null`, never 0.
package struct JSONLExporter: Exporter {
    private let destination: ExportDestination
    private var writer = JSONWriter(reserving: 4096)

    package init(_ destination: ExportDestination) {
        self.destination = destination
    }

    package mutating func write(_ row: ResultRow) throws {
        writer.removeAll()
        let last = row.turns.last
        writer.object { writer in
            writer.member("key", row.key)
            writer.member("state", row.state.rawValue)
            if row.isOrphaned { writer.member("orphaned", true) }
            writer.member("model", row.model)
            writer.member("model_version", orNull: last?.answer.modelVersion)
            writer.key("input")
            writer.literal(row.input)
            writer.member("text", orNull: last?.answer.text)
            if row.turns.count > 1 {
                writer.key("turns")
                writer.array { writer in
                    for turn in row.turns {
                        Self.write(turn, to: &writer)
                    }
                }
            }
            writer.member("finish_reason", orNull: last?.answer.finishReason)
            writer.member("truncated", row.turns.contains(where: \.answer.isTruncated))
            writer.key("usage")
            Self.write(row.turns.reduce(into: TokenUsage()) { $0 += $1.answer.usage }, to: &writer)
            writer.key("cost_usd")
            writer.literal(row.attempts > 0 ? row.cost.amount?.decimal ?? "null" : "null")
            writer.member("unpriced_attempts", row.cost.unpricedAttempts)
            writer.member("service_tier", orNull: last?.answer.serviceTier?.rawValue)
            writer.key("timings")
            Self.write(row.turns, to: &writer)
            writer.member("attempts", row.attempts)
            writer.member("response_id", orNull: last?.answer.responseID)
            writer.member("origin", row.origin)
            writer.key("error")
            Self.write(row.failure, to: &writer)
        }
        try destination.write(writer.bytes + [UInt8(ascii: "\n")])
    }

    private static func write(_ turn: ResultRow.Turn, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("text", turn.answer.text)
            writer.member("finish_reason", turn.answer.finishReason)
            writer.member("model_version", orNull: turn.answer.modelVersion)
            writer.member("response_id", orNull: turn.answer.responseID)
            writer.key("usage")
            write(turn.answer.usage, to: &writer)
            writer.key("timings")
            write([turn], to: &writer)
        }
    }

    private static func write(_ usage: TokenUsage, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("input_tokens", orNull: usage.promptTokens)
            writer.member("output_tokens", orNull: usage.outputTokens)
            writer.member("reasoning_output_tokens", orNull: usage.thoughtTokens)
            writer.member("cache_read_input_tokens", orNull: usage.cachedTokens)
            writer.member("tool_use_input_tokens", orNull: usage.toolUseTokens)
            writer.member("total_tokens", orNull: usage.totalTokens)
        }
    }

    /// When the first answer was begun, how long it was waited for, and how long all of them took to come.
    private static func write(_ turns: [ResultRow.Turn], to writer: inout JSONWriter) {
        let first = turns.first?.timings
        writer.object { writer in
            let start = first.map { Timestamp.rfc3339(unixMilliseconds: $0.startedAtMilliseconds) }
            writer.member("started_at", orNull: start)
            writer.member("first_chunk_ms", orNull: first?.firstChunk.map(milliseconds))
            let total = first.map { _ in turns.reduce(0) { $0 + milliseconds($1.timings.total) } }
            writer.member("duration_ms", orNull: total)
        }
    }

    private static func write(_ failure: ResultRow.Failure?, to writer: inout JSONWriter) {
        guard let failure else { return writer.literal("null") }
        writer.object { writer in
            writer.member("class", failure.failureClass)
            writer.member("message", failure.message)
            writer.member("http_status", orNull: failure.httpStatus)
        }
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, orNull value: String?) {
        key(name)
        if let value { string(value) } else { literal("null") }
    }

    fileprivate mutating func member(_ name: String, orNull value: Int?) {
        key(name)
        if let value { integer(value) } else { literal("null") }
    }
}
