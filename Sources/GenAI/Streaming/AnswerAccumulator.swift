internal import JSON

/// The counts of `usageMetadata`, last value seen for each; `nil` is unknown, which is not zero.
package struct UsageCounts: Sendable, Equatable {
    package var promptTokens: Int?
    package var outputTokens: Int?
    package var thoughtTokens: Int?
    package var cachedTokens: Int?
    package var toolUseTokens: Int?
    package var totalTokens: Int?
    /// The part of the prompt that is audio; these four are 0 where the server tells nothing.
    package var audioPromptTokens = 0
    /// The part of the cached tokens that is audio.
    package var audioCachedTokens = 0
    /// The part of the output that is images.
    package var imageOutputTokens = 0
    /// The part of the output that is audio.
    package var audioOutputTokens = 0

    package init() {}

    /// The counts that members of `usageMetadata` have of their own.
    enum Name {
        case prompt, output, thoughts, cached, toolUse, total

        /// Whether it counts what the model is given, which is the same in all chunks of most answers.
        var isOfInput: Bool {
            switch self {
            case .prompt, .cached, .toolUse: true
            case .output, .thoughts, .total: false
            }
        }
    }

    subscript(name: Name) -> Int? {
        get {
            switch name {
            case .prompt: promptTokens
            case .output: outputTokens
            case .thoughts: thoughtTokens
            case .cached: cachedTokens
            case .toolUse: toolUseTokens
            case .total: totalTokens
            }
        }
        set {
            switch name {
            case .prompt: promptTokens = newValue
            case .output: outputTokens = newValue
            case .thoughts: thoughtTokens = newValue
            case .cached: cachedTokens = newValue
            case .toolUse: toolUseTokens = newValue
            case .total: totalTokens = newValue
            }
        }
    }

    /// Adds the counts of another request of the same answer.
    mutating func add(_ other: UsageCounts) {
        func add(_ more: Int?, to counter: inout Int?) {
            counter = more.map { (counter ?? 0) + $0 } ?? counter
        }
        add(other.promptTokens, to: &promptTokens)
        add(other.outputTokens, to: &outputTokens)
        add(other.thoughtTokens, to: &thoughtTokens)
        add(other.cachedTokens, to: &cachedTokens)
        add(other.toolUseTokens, to: &toolUseTokens)
        add(other.totalTokens, to: &totalTokens)
        audioPromptTokens += other.audioPromptTokens
        audioCachedTokens += other.audioCachedTokens
        imageOutputTokens += other.imageOutputTokens
        audioOutputTokens += other.audioOutputTokens
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

    /// A member of the usage that is no count, as it came.
    struct UsageMember: Sendable {
        let name: String
        /// The name as the JSON spells it, perhaps with escapes.
        let nameBytes: [UInt8]
        var value: [UInt8]
    }

    /// A short answer fits; a longer one grows from there.
    private static let usualTextBytes = 1000

    private var parts: [AccumulatedPart] = []
    var completion = Completion()
    /// Counts of the request in hand; they are running totals.
    package var usage = UsageCounts()
    /// Counts of the requests before it, when the answer takes several (`CONTINUATION`): those are billed separately.
    private var earlierUsage = UsageCounts()
    package var modelVersion: String?
    package var responseID: String?
    package internal(set) var candidateCount = 0
    package internal(set) var eventCount = 0
    /// Raw JSON of the candidate's other members, the last of each name.
    var candidateMembers: [String: [UInt8]] = [:]
    /// Raw JSON of the other members of the usage of the last request, the last of each name.
    ///
    /// A list, because every chunk of a stream repeats the few that there are.
    private(set) var usageMembers: [UsageMember] = []
    /// Whether ``usageMembers`` are of the request in hand, and not of the one before it.
    private var hasUsageMembers = false
    /// The tier that served the answer, as the header of the response names it.
    package internal(set) var serviceTier: String?
    /// Bytes of visible text so far.
    package private(set) var textBytes = 0

    package init() {}

    /// The last finish reason seen.
    package var finishReason: String? { completion.finishReason }

    package var isPromptBlocked: Bool { completion.isPromptBlocked }

    /// Why the prompt was refused, if it was.
    package var blockReason: String? { completion.blockReason }

    /// The visible text: everything that is not a thought.
    package var text: String {
        if isPlainText { return String(decoding: parts[0].text, as: UTF8.self) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(textBytes)
        for part in parts where !part.isThought {
            bytes.append(contentsOf: part.text)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Shows the text of the part that came last, thoughts too; it grows while more of its kind comes.
    func withLastText<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        guard let last = parts.last else { return body([UInt8]().span) }
        return body(last.text.span)
    }

    /// Whether anything but thoughts came.
    package var hasContent: Bool {
        textBytes > 0 || parts.contains { $0.hasData && !$0.isThought }
    }

    package var totalUsage: UsageCounts {
        var total = earlierUsage
        total.add(usageByModality)
        return total
    }

    /// How Vertex AI served the answer, in its words; it names the tier in no header.
    package var trafficType: String? {
        guard let member = usageMembers.first(where: { $0.name == "trafficType" }) else { return nil }
        return (try? JSONValue(parsing: member.value))?.string
    }

    /// The counts of the request in hand, with those that only lists of kinds of data have.
    private var usageByModality: UsageCounts {
        guard hasUsageMembers else { return usage }
        var counts = usage
        counts.audioPromptTokens = tokens(of: .audio, in: "promptTokensDetails")
        counts.audioCachedTokens = tokens(of: .audio, in: "cacheTokensDetails")
        counts.imageOutputTokens = tokens(of: .image, in: "candidatesTokensDetails")
        counts.audioOutputTokens = tokens(of: .audio, in: "candidatesTokensDetails")
        return counts
    }

    /// Most lists know text alone: only those that hold the word are read.
    private func tokens(of modality: Modality, in name: String) -> Int {
        guard let list = usageMembers.first(where: { $0.name == name })?.value, list.holds(modality.rawValue) else {
            return 0
        }
        let details = (try? JSONValue(parsing: list))?.array?.compactMap(\.object) ?? []
        return details.map(ModalityTokenCount.init(json:))
            .filter { $0.modality == modality }
            .reduce(0) { $0 + ($1.tokenCount ?? 0) }
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
                    writer.literal(json)
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

    /// The candidate's other members (grounding, citations, safety ratings …) as a JSON object, with those of the usage
    /// (tokens by kind of data, kind of traffic) in a `usageMetadata` of their own; `nil` if there are none.
    package var metadataJSON: String? {
        guard !candidateMembers.isEmpty || !usageMembers.isEmpty else { return nil }
        var writer = JSONWriter(reserving: 256)
        writer.object { writer in
            if !candidateMembers.isEmpty {
                Self.write(candidateMembers.map { ($0.key, $0.value) }, to: &writer)
            }
            if !usageMembers.isEmpty {
                writer.key("usageMetadata")
                writer.object { Self.write(usageMembers.map { ($0.name, $0.value) }, to: &$0) }
            }
        }
        return writer.text
    }

    private static func write(_ members: [(name: String, value: [UInt8])], to writer: inout JSONWriter) {
        for (name, value) in members.count > 1 ? members.sorted(by: { $0.name < $1.name }) : members {
            writer.key(named: name)
            writer.literal(oneLine(value))
        }
    }

    /// JSON without line breaks, which would tear lines of an export: servers may spread a document over several.
    private static func oneLine(_ json: [UInt8]) -> [UInt8] {
        guard json.contains(0x0A) || json.contains(0x0D), let value = try? JSONValue(parsing: json) else { return json }
        return Array(value.text.utf8)
    }

    /// Settles the counts of the request in hand before the next hop of a long answer.
    mutating func beginHop() {
        earlierUsage.add(usageByModality)
        usage = UsageCounts()
        hasUsageMembers = false
        completion.beginHop()
    }

    /// Reads a member of the usage and keeps it, instead of the last one of its name if there was one.
    mutating func keepUsageMember(_ name: Range<Int>, of reader: inout JSONReader) throws(JSONError) {
        hasUsageMembers = true
        for index in usageMembers.indices where reader.bytes(in: name, are: usageMembers[index].nameBytes) {
            let value = try reader.skipValue()
            if !reader.bytes(in: value, are: usageMembers[index].value) {
                usageMembers[index].value = reader.bytes(in: value)
            }
            return
        }
        let member = UsageMember(
            name: reader.unescapedString(in: name),
            nameBytes: reader.bytes(in: name),
            value: reader.bytes(in: try reader.skipValue())
        )
        usageMembers.removeAll { $0.name == member.name }
        usageMembers.append(member)
    }

    mutating func appendPlainText(isThought: Bool, _ append: (inout [UInt8]) -> Void) {
        if parts.isEmpty || parts[parts.count - 1].json != nil || parts[parts.count - 1].isThought != isThought {
            parts.append(AccumulatedPart(text: [], isThought: isThought, json: nil))
            parts[parts.count - 1].text.reserveCapacity(Self.usualTextBytes)
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
        parts.append(AccumulatedPart(text: text, isThought: isThought, json: Self.oneLine(json), hasData: hasData))
    }
}

extension [UInt8] {
    /// Whether a word stands somewhere in the bytes; takes no memory.
    fileprivate func holds(_ word: String) -> Bool {
        let first = word.utf8.first
        return indices.contains { self[$0] == first && self[$0...].starts(with: word.utf8) }
    }
}
