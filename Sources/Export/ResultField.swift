internal import BatchCore
internal import JSON

/// One thing that is known of an item, under the name that `--fields` calls it by.
struct ResultField: Sendable {
    let name: String
    /// Where it stands in a nested object.
    let path: [String]
    /// Whether it is written if nobody has asked for it by name.
    private(set) var isShown: @Sendable (ExportedRow) -> Bool = { _ in true }
    let value: @Sendable (ExportedRow) -> FieldValue

    /// A field of the table below; dots in its name make groups.
    private init(_ name: String, _ value: @escaping @Sendable (ExportedRow) -> FieldValue) {
        self.name = name
        path = name.split(separator: ".").map(String.init)
        self.value = value
    }

    /// A column of the input, or a member inside it.
    init(inputColumn column: String, member: [String] = []) {
        path = ["input", column] + member
        name = path.joined(separator: ".")
        value = { FieldValue($0.input(column, member)) }
    }

    /// The same, but left out of rows where it would say nothing.
    private func shown(if condition: @escaping @Sendable (ExportedRow) -> Bool) -> ResultField {
        var field = self
        field.isShown = condition
        return field
    }

    /// Every field, in the order in which they are written; a new one is a line here.
    static let all: [ResultField] = [
        ResultField("key") { .text($0.result.key) },
        ResultField("state") { .text($0.result.state.rawValue) },
        ResultField("orphaned") { .bool($0.result.isOrphaned) }.shown { $0.result.isOrphaned },
        ResultField("model") { .text($0.result.model) },
        ResultField("model_version") { FieldValue($0.lastTurn?.answer.modelVersion) },
        ResultField("input") { .json($0.result.input) },
        ResultField("text") { FieldValue($0.lastTurn?.answer.text) },
        ResultField("parts") { $0.lastTurn.map { .json($0.answer.parts) } ?? .null }
            .shown { AnswerParts.holdMoreThanText($0.lastTurn?.answer) },
        ResultField("media") { $0.media.isEmpty ? .null : .json(TurnJSON.media($0.media)) }.shown { !$0.media.isEmpty },
        ResultField("turns") { .json(TurnJSON.array($0.result.turns)) }.shown { $0.result.turns.count > 1 },
        ResultField("finish_reason") { FieldValue($0.lastTurn?.answer.finishReason) },
        ResultField("truncated") { .bool($0.result.turns.contains(where: \.answer.isTruncated)) },
        ResultField("usage.input_tokens") { FieldValue($0.usage.promptTokens) },
        ResultField("usage.output_tokens") { FieldValue($0.usage.outputTokens) },
        ResultField("usage.reasoning_output_tokens") { FieldValue($0.usage.thoughtTokens) },
        ResultField("usage.cache_read_input_tokens") { FieldValue($0.usage.cachedTokens) },
        ResultField("usage.tool_use_input_tokens") { FieldValue($0.usage.toolUseTokens) },
        ResultField("usage.total_tokens") { FieldValue($0.usage.totalTokens) },
        ResultField("cost_usd") { $0.result.attempts > 0 ? FieldValue($0.result.cost.amount) : .null },
        ResultField("unpriced_attempts") { .integer($0.result.cost.unpricedAttempts) },
        ResultField("service_tier") { FieldValue($0.lastTurn?.answer.serviceTier?.rawValue) },
        ResultField("timings.started_at") { FieldValue($0.timings.startedAt) },
        ResultField("timings.first_chunk_ms") { FieldValue($0.timings.firstChunk) },
        ResultField("timings.duration_ms") { FieldValue($0.timings.duration) },
        ResultField("attempts") { .integer($0.result.attempts) },
        ResultField("response_id") { FieldValue($0.lastTurn?.answer.responseID) },
        ResultField("origin") { .text($0.result.origin) },
        ResultField("error.class") { FieldValue($0.result.failure?.failureClass) },
        ResultField("error.message") { FieldValue($0.result.failure?.message) },
        ResultField("error.http_status") { FieldValue($0.result.failure?.httpStatus) },
    ]

    /// Whether a group of fields is `null` as a whole.
    static func isMissing(group: String, in row: ExportedRow) -> Bool {
        group == "error" && row.result.failure == nil
    }
}
