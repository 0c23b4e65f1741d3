/// How results are written.
package enum ExportFormat: String, Sendable, CaseIterable {
    case jsonl, csv
    case markdown = "md"

    /// The format that the name of a file promises; `nil` if it promises none.
    package init?(ofFile path: String) {
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return nil }
        switch name[name.index(after: dot)...].lowercased() {
        case "jsonl", "ndjson": self = .jsonl
        case "csv": self = .csv
        case "md", "markdown": self = .markdown
        default: return nil
        }
    }
}
