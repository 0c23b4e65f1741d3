internal import JSON

/// The counts of `usageMetadata`, last value seen for each; `nil` is unknown, which is not zero.
package struct UsageCounts: Sendable, Equatable {
    package var promptTokens: Int?
    package var outputTokens: Int?
    package var thoughtTokens: Int?
    package var cachedTokens: Int?
    package var toolUseTokens: Int?
    package var totalTokens: Int?

    package init() {}

    /// Adds the counts of another request of the same answer.
    mutating func add(_ other: UsageCounts) {
        func sum(_ counter: WritableKeyPath<UsageCounts, Int?>) {
            guard let more = other[keyPath: counter] else { return }
            self[keyPath: counter] = (self[keyPath: counter] ?? 0) + more
        }
        sum(\.promptTokens)
        sum(\.outputTokens)
        sum(\.thoughtTokens)
        sum(\.cachedTokens)
        sum(\.toolUseTokens)
        sum(\.totalTokens)
    }
}

/// One answer while it streams in: chunks folded into text, parts, finish reason and usage.
package struct AnswerAccumulator: Sendable {
    /// A part of the answer.
    ///
    /// Neighbouring plain texts are one part; anything else is kept as it came.
    private struct AccumulatedPart {
        var text: [UInt8]
        var isThought: Bool
        /// The part's own JSON if it is more than text, such as a function call or a signed text.
        var json: [UInt8]?
        /// Whether it carries something besides text: an image, a call, a result.
        var hasData = false
    }

    private var parts: [AccumulatedPart] = []
    package var finishReason: String?
    /// Counts of the request in hand; they are running totals.
    package var usage = UsageCounts()
    /// Counts of the requests before it, when the answer takes several (`CONTINUATION`): those are billed separately.
    private var earlierUsage = UsageCounts()
    package var modelVersion: String?
    package var responseID: String?
    var promptFeedback: JSONObject?
    /// The error object of the stream, if one came.
    var error: JSONValue?
    package internal(set) var candidateCount = 0
    package internal(set) var eventCount = 0
    /// Raw JSON of the candidate's other members, the last of each name.
    var candidateMembers: [String: [UInt8]] = [:]
    /// Bytes of visible text so far.
    package private(set) var textBytes = 0

    package init() {}

    /// Whether the answer has come to its end: a finish reason that is one, or a refused prompt.
    package var isComplete: Bool {
        error == nil && (finishReason.map { $0 != "CONTINUATION" } ?? isPromptBlocked)
    }

    package var isPromptBlocked: Bool {
        promptFeedback?["blockReason"] != nil && finishReason == nil
    }

    /// The visible text: everything that is not a thought.
    package var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(textBytes)
        for part in parts where !part.isThought {
            bytes += part.text
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether anything but thoughts came.
    package var hasContent: Bool {
        textBytes > 0 || parts.contains { $0.hasData }
    }

    /// Why the prompt was refused, if it was.
    package var blockReason: String? { promptFeedback?["blockReason"]?.string }

    package var totalUsage: UsageCounts {
        var total = earlierUsage
        total.add(usage)
        return total
    }

    /// Whether the answer is visible text and nothing else, so that ``text`` tells all.
    package var isPlainText: Bool {
        parts.count == 1 && parts[0].json == nil && !parts[0].isThought
    }

    /// All parts as a JSON array.
    package var partsJSON: String {
        var writer = JSONWriter(reserving: textBytes + 64)
        writer.array { writer in
            for part in parts {
                if let json = part.json {
                    writer.literal(String(decoding: json, as: UTF8.self))
                } else {
                    writer.object { writer in
                        writer.member("text", String(decoding: part.text, as: UTF8.self))
                        if part.isThought {
                            writer.member("thought", true)
                        }
                    }
                }
            }
        }
        return writer.text
    }

    /// The candidate's other members (grounding, citations, safety ratings …) as a JSON object; `nil` if there are none.
    package var metadataJSON: String? {
        let members = candidateMembers.filter { $0.key != "continuationToken" && $0.key != "tokenCount" }
        guard !members.isEmpty else { return nil }
        var writer = JSONWriter()
        writer.object { writer in
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                writer.key(name)
                writer.literal(String(decoding: value, as: UTF8.self))
            }
        }
        return writer.text
    }

    /// What the next request has to carry if the answer is unfinished.
    var continuationToken: JSONValue? {
        guard finishReason == "CONTINUATION", let json = candidateMembers["continuationToken"] else { return nil }
        return try? JSONValue(parsing: json)
    }

    /// Settles the counts of the request in hand before the next hop of a long answer.
    mutating func beginHop() {
        earlierUsage.add(usage)
        usage = UsageCounts()
        finishReason = nil
        candidateMembers["continuationToken"] = nil
    }

    mutating func appendPlainText(isThought: Bool, _ append: (inout [UInt8]) -> Void) {
        if parts.isEmpty || parts[parts.count - 1].json != nil || parts[parts.count - 1].isThought != isThought {
            parts.append(AccumulatedPart(text: [], isThought: isThought, json: nil))
        }
        let last = parts.count - 1
        let before = parts[last].text.count
        append(&parts[last].text)
        if !isThought {
            textBytes += parts[last].text.count - before
        }
        if parts[last].text.isEmpty {
            parts.removeLast()
        }
    }

    mutating func appendPart(json: [UInt8], text: [UInt8], isThought: Bool, hasData: Bool) {
        if !isThought {
            textBytes += text.count
        }
        parts.append(AccumulatedPart(text: text, isThought: isThought, json: json, hasData: hasData))
    }
}
