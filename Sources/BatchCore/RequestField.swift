internal import JSON

/// One of the things that an item's fingerprint is made of.
///
/// Two requests have the same fields exactly if they have the same ``ItemFingerprint``.
package struct RequestField: Sendable, Equatable {
    /// For example `model`, `config.temperature`, `turn 1 text` or `turn 1 media 2`.
    package let name: String
    /// The same for all turns, to count by: `text`, `media`; else the name.
    package let topic: String
    package let value: String

    init(_ name: String, topic: String? = nil, _ value: String) {
        self.name = name
        self.topic = topic ?? name
        self.value = value
    }
}

/// A field that two requests under one key do not have in common.
package struct RequestDifference: Sendable, Equatable {
    package let name: String
    package let topic: String
    /// `nil` if it was not there.
    package let old: String?
    /// `nil` if it is not there any more.
    package let new: String?

    package init(name: String, topic: String, old: String?, new: String?) {
        self.name = name
        self.topic = topic
        self.old = old
        self.new = new
    }
}

extension ItemRequest {
    /// All that goes into the fingerprint, settings in the order of their names.
    package var fields: [RequestField] {
        var fields = [RequestField("model", model)]
        if let systemInstruction {
            fields.append(RequestField("system_instruction", systemInstruction))
        }
        for setting in config.sorted(by: { $0.name < $1.name }) {
            fields.append(RequestField("config.\(setting.name)", setting.value.canonicalText))
        }
        for (index, turn) in turns.enumerated() {
            fields.append(RequestField("turn \(index + 1) text", topic: "text", turn.text))
            for (place, reference) in turn.media.enumerated() {
                let name = "turn \(index + 1) media \(place + 1)"
                fields.append(RequestField(name, topic: "media", reference.identity))
            }
        }
        return fields
    }

    /// What makes this request another question than an earlier one; empty if their fingerprints are equal.
    package func differences(from old: ItemRequest) -> [RequestDifference] {
        let before = Dictionary(uniqueKeysWithValues: old.fields.map { ($0.name, $0) })
        let now = fields
        let names = Set(now.map(\.name))
        let others = now.filter { before[$0.name] != $0 }.map { field in
            RequestDifference(name: field.name, topic: field.topic, old: before[field.name]?.value, new: field.value)
        }
        let gone = old.fields.filter { !names.contains($0.name) }.map { field in
            RequestDifference(name: field.name, topic: field.topic, old: field.value, new: nil)
        }
        return others + gone
    }
}

extension MediaReference {
    /// What tells it from others: local files by their bytes, wherever they are.
    fileprivate var identity: String {
        switch location {
        case .uri(let uri): "\(mimeType) \(uri)"
        case .file(_, let sha256): "\(mimeType) bytes with SHA-256 \(sha256)"
        }
    }
}
