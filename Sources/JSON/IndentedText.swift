extension JSONValue {
    /// The value as JSON for people: two blanks for each level, members in their own order.
    package var indentedText: String {
        indentedText(after: "\n")
    }

    /// The same after a line break with the indentation of the line that the value begins in.
    private func indentedText(after lineBreak: String) -> String {
        let deeper = lineBreak + "  "
        switch self {
        case .array(let elements) where !elements.isEmpty:
            let texts = elements.map { $0.indentedText(after: deeper) }
            return "[\(deeper)\(texts.joined(separator: ",\(deeper)"))\(lineBreak)]"
        case .object(let members) where !members.isEmpty:
            let texts = members.map { "\(JSONValue.string($0.name).text): \($0.value.indentedText(after: deeper))" }
            return "{\(deeper)\(texts.joined(separator: ",\(deeper)"))\(lineBreak)}"
        default: return text
        }
    }
}
