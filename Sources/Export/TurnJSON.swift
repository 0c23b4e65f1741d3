internal import BatchCore
internal import JSON

/// When the first of some answers was begun, how long it was waited for, and how long all of them took to come.
struct TurnTimings {
    /// RFC 3339.
    let startedAt: String?
    /// In milliseconds, as the next one.
    let firstChunk: Int?
    let duration: Int?

    init(_ turns: [ResultRow.Turn]) {
        let first = turns.first?.timings
        startedAt = first.map { Timestamp.rfc3339(unixMilliseconds: $0.startedAtMilliseconds) }
        firstChunk = first?.firstChunk.map(Self.milliseconds)
        duration = first.map { _ in turns.reduce(0) { $0 + Self.milliseconds($1.timings.total) } }
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}

/// The fields that hold lists, as JSON.
enum TurnJSON {
    static func array(_ turns: [ResultRow.Turn]) -> String {
        list(turns) { turn, writer in write(turn, to: &writer) }
    }

    static func media(_ media: [ExportedMedium]) -> String {
        list(media) { medium, writer in medium.write(to: &writer) }
    }

    private static func list<Element>(_ elements: [Element], _ body: (Element, inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        writer.array { writer in
            for element in elements {
                body(element, &writer)
            }
        }
        return writer.text
    }

    private static func write(_ turn: ResultRow.Turn, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("text", turn.answer.text)
            if AnswerParts.holdMoreThanText(turn.answer) {
                writer.key("parts")
                writer.literal(turn.answer.parts)
            }
            writer.member("finish_reason", turn.answer.finishReason)
            writer.member("model_version", orNull: turn.answer.modelVersion)
            writer.member("response_id", orNull: turn.answer.responseID)
            writer.key("usage")
            write(turn.answer.usage, to: &writer)
            writer.key("timings")
            write(TurnTimings([turn]), to: &writer)
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

    private static func write(_ timings: TurnTimings, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("started_at", orNull: timings.startedAt)
            writer.member("first_chunk_ms", orNull: timings.firstChunk)
            writer.member("duration_ms", orNull: timings.duration)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: StaticString, orNull value: String?) {
        key(name)
        FieldValue(value).write(to: &self)
    }

    fileprivate mutating func member(_ name: StaticString, orNull value: Int?) {
        key(name)
        FieldValue(value).write(to: &self)
    }
}
