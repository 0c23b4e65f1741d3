internal import BatchCore
internal import Checkpointing
internal import JSON
internal import Terminal

/// What `plan --explain` prints: why an item would run or not.
struct ExplanationText {
    /// Longer values are cut on a line.
    private static let valueWidth = 72
    /// What is shown of a text before the first difference.
    private static let context = 16

    private let explanation: JobComparison.Explanation

    init(_ explanation: JobComparison.Explanation) {
        self.explanation = explanation
    }

    var lines: [String] {
        var lines = ["item         \(explanation.key)"]
        lines.append("state        \(explanation.group.rawValue): \(meaning)")
        if let origin = explanation.source?.origin ?? explanation.stored?.origin {
            lines.append("origin       \(origin)")
        }
        if let source = explanation.source, case .content = source.key {
            lines.append(
                "             without an id: its key is a hash of its text and media, so an edit of them makes"
            )
            lines.append("             a new item of it and leaves the old one behind")
        }
        lines += fingerprintLines
        let request = explanation.source?.request ?? explanation.stored?.request
        lines += (request?.fields ?? []).map { "  \(Self.padded($0.name))\(Self.shown($0.value, topic: $0.topic))" }
        guard let stored = explanation.stored, explanation.source != nil else { return lines }
        lines.append("different from the checkpoint" + (explanation.differences.isEmpty ? ": nothing" : ""))
        lines += explanation.differences.map { "  \($0.name): \(Self.words(for: $0))" }
        let harmless = harmlessDifferences(from: stored)
        if !harmless.isEmpty {
            lines.append("different too, without an effect on the answer")
            lines += harmless.map { "  \($0)" }
        }
        return lines
    }

    var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("key", explanation.key)
            writer.member("state", explanation.group.rawValue)
            writer.member("reason", meaning)
            writer.member("origin", orNull: explanation.source?.origin ?? explanation.stored?.origin)
            writer.member("fingerprint", orNull: explanation.source.map { Self.fingerprint(of: $0) })
            writer.member("stored_fingerprint", orNull: explanation.stored?.fingerprint)
            writer.key("fields")
            writer.array { writer in
                for field in (explanation.source?.request ?? explanation.stored?.request)?.fields ?? [] {
                    writer.object { writer in
                        writer.member("name", field.name)
                        writer.member("value", field.value)
                    }
                }
            }
            writer.key("differences")
            writer.array { writer in
                for difference in explanation.differences {
                    writer.object { writer in
                        writer.member("name", difference.name)
                        writer.member("was", orNull: difference.old)
                        writer.member("is", orNull: difference.new)
                    }
                }
            }
        }
        return writer.text
    }

    private var meaning: String {
        switch explanation.group {
        case .new: "it is not in the checkpoint, so it runs"
        case .changed: "it asks something else than before, so it runs again; the old answer is kept"
        case .pending: "it has no answer yet, so it runs"
        case .deferred: "it was put off by an earlier run, so it runs"
        case .done: "it is answered and asks the same, so it is not sent"
        case .failed: "it failed for good and asks the same, so it is not sent; `genbatch retry` takes it up"
        case .orphaned: "it is no longer in the job; what it has is kept, and it is not sent"
        }
    }

    private var fingerprintLines: [String] {
        let old = explanation.stored?.fingerprint
        guard let source = explanation.source else {
            return old.map { ["fingerprint  \($0), made of"] } ?? []
        }
        let new = Self.fingerprint(of: source)
        guard let old, old != new else { return ["fingerprint  \(new), made of"] }
        return ["fingerprint  \(new), in the checkpoint", "             \(old), made of"]
    }

    private static func fingerprint(of source: SourceItem) -> String {
        ItemFingerprint.hexadecimal(ItemFingerprint(of: source.request).bytes)
    }

    /// What is not part of the fingerprint.
    private func harmlessDifferences(from stored: StoredItem) -> [String] {
        guard let source = explanation.source else { return [] }
        var lines: [String] = []
        if source.origin != stored.origin {
            lines.append("place: was \(stored.origin), is \(source.origin)")
        }
        let (before, now) = (Self.paths(of: stored.request), Self.paths(of: source.request))
        if before != now {
            lines.append("files: were \(before.joined(separator: ", ")), are \(now.joined(separator: ", "))")
        }
        if JSONValue.object(source.input).text != stored.input {
            lines.append("input: other columns or values, or in another order")
        }
        return lines
    }

    private static func paths(of request: ItemRequest) -> [String] {
        request.turns.flatMap(\.media).compactMap { reference in
            if case .file(let path, _) = reference.location { path } else { nil }
        }
    }

    private static func shown(_ value: String, topic: String) -> String {
        switch topic {
        // Two hashes that are cut look the same.
        case "media": TerminalText.escapeLine(value)
        case _ where topic.hasPrefix("config."): TerminalText.cut(TerminalText.escapeLine(value), to: valueWidth)
        default: quoted(value[...])
        }
    }

    /// A text on one line, cut where it is too long.
    private static func quoted(_ text: Substring) -> String {
        // What is cut away need not be escaped first.
        let line = TerminalText.escapeLine(String(text.prefix(valueWidth)))
        let isCut = text.count > valueWidth
        return "\"\(line)\(isCut ? "…" : "")\"" + (isCut ? " (\(Figures.count(text.count)) characters)" : "")
    }

    private static func words(for difference: RequestDifference) -> String {
        let topic = difference.topic
        switch (difference.old, difference.new) {
        case (nil, let new?): return "was not there, is \(shown(new, topic: topic))"
        case (let old?, nil): return "was \(shown(old, topic: topic)), is not there any more"
        case (let old?, let new?):
            let common = zip(old, new).prefix { $0 == $1 }.count
            guard topic != "media", common > context, max(old.count, new.count) > valueWidth else {
                return "was \(shown(old, topic: topic)), is \(shown(new, topic: topic))"
            }
            // Both values from a little before their first difference on.
            let (before, now) = (quoted(old.dropFirst(common - context)), quoted(new.dropFirst(common - context)))
            return "from character \(Figures.count(common + 1)) on: was …\(before), is …\(now)"
        case (nil, nil): return ""
        }
    }

    private static func padded(_ text: String) -> String {
        text + String(repeating: " ", count: max(2, 24 - text.count))
    }
}
