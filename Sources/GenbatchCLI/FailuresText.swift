internal import BatchCore
internal import Checkpointing
internal import JSON
internal import Terminal

/// What `failures` prints of a group or an item: for people, and for programs as one object.
struct FailuresText {
    static let shownKeys = 5
    static let jsonKeys = 100

    /// The words that name the job and its checkpoint on a command line.
    let target: String

    func text(_ group: FailureGroup) -> String {
        let keys = group.keys.joined(separator: ", ")
        let more = group.count - group.keys.count
        return """
            \(Figures.count(group.count)) \(group.failureClass)
              example   \(group.example.key)\(status(of: group.example)): \(TerminalText.escapeLine(group.example.message))
              keys      \(keys)\(more > 0 ? " and \(Figures.count(more)) more" : "")
              again     \(retry(group.failureClass))

            """
    }

    func json(_ group: FailureGroup) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("class", group.failureClass)
            writer.member("count", group.count)
            writer.key("example")
            writer.object { writer in
                writer.member("key", group.example.key)
                writer.member("message", group.example.message)
                writer.member("http_status", orNull: group.example.httpStatus)
                writer.member("attempts", group.example.attempts)
            }
            writer.member("keys", .array(group.keys.map(JSONValue.string)))
            writer.member("retry", retry(group.failureClass))
        }
        return writer.text
    }

    func total(_ groups: [FailureGroup]) -> String {
        let count = groups.reduce(0) { $0 + $1.count }
        guard count > 0 else { return "nothing failed" }
        let again = groups.count > 1 ? "; all of them again: genbatch retry \(target)" : ""
        return "\(Figures.count(count, "item")) failed\(again)"
    }

    func text(_ item: BilledItem) -> String {
        var words = "\(item.key): \(Figures.count(item.requests, "request")), \(Figures.count(item.answered)) answered"
        words += item.lost > 0 ? ", \(Figures.count(item.lost)) lost in a crash" : ""
        return words + ", now \(item.state.rawValue)"
    }

    func json(_ item: BilledItem) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("key", item.key)
            writer.member("state", item.state.rawValue)
            writer.member("requests", item.requests)
            writer.member("answered", item.answered)
            writer.member("lost", item.lost)
        }
        return writer.text
    }

    func billedTwiceTotal(_ count: Int) -> String {
        guard count > 0 else { return "no item may have been billed twice" }
        return "\(Figures.count(count, "item")) may have been billed twice; all about one: genbatch show \(target) KEY"
    }

    private func status(of item: FailedItem) -> String {
        item.httpStatus.map { " (HTTP status \($0))" } ?? ""
    }

    private func retry(_ failureClass: String) -> String {
        // What has no class can only be taken up by key, or with all others.
        let option = FailureClass(rawValue: failureClass).map { " --class \($0.rawValue)" } ?? ""
        return "genbatch retry \(target)\(option)"
    }
}
