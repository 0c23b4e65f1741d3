internal import BatchCore
internal import JSON

/// What a field holds for one item.
enum FieldValue {
    /// Unknown, or not there; never 0.
    case null
    case text(String)
    case integer(Int)
    case bool(Bool)
    /// Text that is JSON: digits, an array or an object.
    case json(String)

    init(_ text: String?) {
        self = text.map(FieldValue.text) ?? .null
    }

    init(_ number: Int?) {
        self = number.map(FieldValue.integer) ?? .null
    }

    /// Dollars, exact.
    init(_ amount: MicroDollars?) {
        self = amount.map { .json($0.decimal) } ?? .null
    }

    init(_ value: JSONValue?) {
        switch value {
        case nil, .null: self = .null
        case .string(let text): self = .text(text)
        case .bool(let value): self = .bool(value)
        case .number(let number): self = .json(number.digits)
        case .array, .object: self = .json(value?.text ?? "null")
        }
    }

    func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.literal("null")
        case .text(let text): writer.string(text)
        case .integer(let number): writer.integer(number)
        case .bool(let value): writer.literal(value ? "true" : "false")
        case .json(let json): writer.literal(json)
        }
    }
}
