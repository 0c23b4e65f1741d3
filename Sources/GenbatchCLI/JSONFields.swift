internal import BatchCore
internal import Checkpointing
internal import JSON

/// What several commands write as JSON, under the names that exports use.
extension JSONWriter {
    mutating func member(_ name: StaticString, orNull value: String?) {
        member(name, value.map(JSONValue.string) ?? .null)
    }

    mutating func member(_ name: StaticString, orNull value: (some BinaryInteger)?) {
        key(name)
        literal(value.map { String($0) } ?? "null")
    }

    mutating func member(_ name: StaticString, orNull cost: MicroDollars?) {
        key(name)
        literal(cost?.decimal ?? "null")
    }

    mutating func members(_ cost: CostSum) {
        member("cost_usd", orNull: cost.amount)
        member("unpriced_attempts", cost.unpricedAttempts)
    }

    mutating func members(_ usage: TokenUsage) {
        member("input_tokens", orNull: usage.promptTokens)
        member("output_tokens", orNull: usage.outputTokens)
        member("reasoning_output_tokens", orNull: usage.thoughtTokens)
        member("cache_read_input_tokens", orNull: usage.cachedTokens)
        member("tool_use_input_tokens", orNull: usage.toolUseTokens)
        member("total_tokens", orNull: usage.totalTokens)
    }

    mutating func member(_ name: StaticString, _ request: ItemRequest) {
        key(name)
        object { writer in
            writer.member("model", request.model)
            writer.member("system_instruction", orNull: request.systemInstruction)
            writer.member("config", .object(request.config))
            writer.key("turns")
            ItemCoding.write(request.turns, to: &writer)
        }
    }
}
