package import JSON

/// Reads the events of one stream into an ``AnswerAccumulator`` without building a tree.
///
/// It looks for the few members that matter and keeps the raw bytes of the rest; of a chunk that is like the one before
/// it, it reads only what may differ. What a chunk means is the same as in ``GenerateContentResponse``; a test holds the
/// two against each other on generated documents.
package struct ChunkScanner {
    /// More are not counted: an index is the server's to choose.
    private static let mostCandidates: Int64 = 1024

    private static let usualSlots = 6

    /// The parts and the other members of the candidate read last.
    private var parts: [ScannedPart] = []
    private var members: [(name: Range<Int>, value: Range<Int>)] = []
    /// What chunks like the last one look like.
    private var pattern = ChunkPattern()
    /// The places of the chunk in hand at which others may differ.
    private var slots: [ChunkPattern.Slot] = []
    /// Whether the chunk in hand has only plain parts and counts.
    private var isPlain = false
    /// Texts of the chunk in hand that belong to the answer.
    private var keptTexts = 0

    private struct ScannedCandidate {
        var index: Int64 = 0
        var finishReason: String?
        var continuationToken: String?
    }

    /// A part of the candidate that is being read, as ranges of the event's bytes.
    private struct ScannedPart {
        var text: Range<Int>?
        var isThought = false
        /// Whether there is anything besides `text` and `thought`; then the part is kept as it came.
        var isPlain = true
        var hasData = false
        var bytes: Range<Int>
    }

    package init() {}

    /// Reads one response, or an array of them as some front ends wrap it.
    package mutating func scan(
        _ bytes: Span<UInt8>,
        into answer: inout AnswerAccumulator
    ) throws(JSONError) {
        if let match = pattern.match(bytes, usage: &answer.usage) {
            answer.eventCount += 1
            if let text = match.text {
                append(text, isThought: match.isThought, from: JSONReader(bytes), to: &answer)
            }
            return
        }
        pattern.forget()
        var reader = JSONReader(bytes)
        if try reader.peek() == UInt8(ascii: "[") {
            try reader.beginArray()
            while try reader.nextElement() {
                try scanResponse(&reader, into: &answer)
            }
            try reader.expectEnd()
        } else {
            try scanResponse(&reader, into: &answer)
            try reader.expectEnd()
            // Nothing is like the last chunk.
            if isRepeatable, !answer.completion.isFinished {
                pattern.learn(bytes, slots)
            }
        }
    }

    /// Whether the chunk in hand says nothing that would count again if it came again, but for one text at most.
    private var isRepeatable: Bool {
        isPlain && keptTexts <= 1 && slots.count { $0.isText } == keptTexts
    }

    private mutating func scanResponse(
        _ reader: inout JSONReader,
        into answer: inout AnswerAccumulator
    ) throws(JSONError) {
        slots.removeAll(keepingCapacity: true)
        slots.reserveCapacity(Self.usualSlots)
        isPlain = true
        keptTexts = 0
        answer.eventCount += 1
        try reader.beginObject()
        while let name = try reader.nextKey() {
            if reader.matches(name, "candidates"), try reader.peek() == UInt8(ascii: "[") {
                try scanCandidates(&reader, into: &answer)
            } else if reader.matches(name, "usageMetadata"), try reader.peek() == UInt8(ascii: "{") {
                try scanUsage(&reader, into: &answer)
            } else if reader.matches(name, "modelVersion"), try reader.peek() == UInt8(ascii: "\"") {
                answer.modelVersion = try reader.readString()
            } else if reader.matches(name, "responseId"), try reader.peek() == UInt8(ascii: "\"") {
                answer.responseID = try reader.readString()
            } else if reader.matches(name, "promptFeedback") {
                answer.completion.note(blockReason: try reader.readValue()["blockReason"]?.string)
            } else if reader.matches(name, "error") {
                answer.completion.note(error: try reader.readValue())
            } else {
                try reader.skipValue()
            }
        }
    }

    /// Candidates may come in any order and in any chunk; the answer is the first one whose index is 0.
    private mutating func scanCandidates(
        _ reader: inout JSONReader,
        into answer: inout AnswerAccumulator
    ) throws(JSONError) {
        var isFound = false
        try reader.beginArray()
        while try reader.nextElement() {
            guard try reader.peek() == UInt8(ascii: "{") else {
                try reader.skipValue()
                continue
            }
            let candidate = try scanCandidate(&reader)
            if (0..<Self.mostCandidates).contains(candidate.index) {
                answer.candidateCount = max(answer.candidateCount, Int(candidate.index) + 1)
            }
            if candidate.index == 0, !isFound {
                isFound = true
                keep(candidate, from: reader, in: &answer)
            }
        }
    }

    private mutating func scanCandidate(_ reader: inout JSONReader) throws(JSONError) -> ScannedCandidate {
        var candidate = ScannedCandidate()
        parts.removeAll(keepingCapacity: true)
        members.removeAll(keepingCapacity: true)
        try reader.beginObject()
        while let name = try reader.nextKey() {
            let first = try reader.peek()
            if reader.matches(name, "content") {
                if first == UInt8(ascii: "{") {
                    try scanContent(&reader)
                } else {
                    try reader.skipValue()
                }
            } else if reader.matches(name, "finishReason") {
                candidate.finishReason = try reader.readValue().string
            } else if reader.matches(name, "continuationToken") {
                candidate.continuationToken = try reader.readValue().string
            } else if reader.matches(name, "index") {
                candidate.index = try reader.readValue().int64 ?? 0
            } else if first == UInt8(ascii: "n") {
                // `null` is how some front ends write that there is nothing.
                try reader.skipValue()
            } else {
                members.append((name, try reader.skipValue()))
            }
        }
        return candidate
    }

    private mutating func scanContent(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let name = try reader.nextKey() {
            guard reader.matches(name, "parts"), try reader.peek() == UInt8(ascii: "[") else {
                try reader.skipValue()
                continue
            }
            try reader.beginArray()
            while try reader.nextElement() {
                if try reader.peek() == UInt8(ascii: "{") {
                    try scanPart(&reader)
                } else {
                    try reader.skipValue()
                }
            }
        }
    }

    private mutating func scanPart(_ reader: inout JSONReader) throws(JSONError) {
        let start = reader.position
        var part = ScannedPart(bytes: start..<start)
        try reader.beginObject()
        while let name = try reader.nextKey() {
            let first = try reader.peek()
            if first == UInt8(ascii: "n") {
                try reader.skipValue()
            } else if reader.matches(name, "text"), first == UInt8(ascii: "\"") {
                part.text = try reader.skipString()
            } else if reader.matches(name, "thought") {
                part.isThought = try reader.readValue().bool ?? false
            } else {
                part.isPlain = false
                // `{"text":"","thoughtSignature":"…"}` closes many answers and says nothing.
                part.hasData = part.hasData || !reader.matches(name, "thoughtSignature")
                try reader.skipValue()
            }
        }
        part.bytes = start..<reader.position
        parts.append(part)
        if let text = part.text {
            let quoted = text.lowerBound - 1..<text.upperBound + 1
            slots.append(ChunkPattern.Slot(.text(isThought: part.isThought), quoted))
        }
    }

    private mutating func keep(
        _ candidate: ScannedCandidate,
        from reader: borrowing JSONReader,
        in answer: inout AnswerAccumulator
    ) {
        answer.completion.noteCandidate(
            finishReason: candidate.finishReason,
            continuationToken: candidate.continuationToken
        )
        for part in parts {
            keep(part, from: reader, in: &answer)
        }
        for member in members {
            let name = reader.unescapedString(in: member.name)
            if name != "tokenCount" {
                answer.candidateMembers[name] = reader.bytes(in: member.value)
            }
        }
    }

    private mutating func keep(
        _ part: ScannedPart,
        from reader: borrowing JSONReader,
        in answer: inout AnswerAccumulator
    ) {
        if part.isPlain {
            guard let text = part.text else { return }
            keptTexts += 1
            append(text, isThought: part.isThought, from: reader, to: &answer)
        } else {
            isPlain = false
            var text: [UInt8] = []
            if let range = part.text {
                reader.appendUnescaped(range, to: &text)
            }
            answer.appendPart(
                json: reader.bytes(in: part.bytes),
                text: text,
                isThought: part.isThought,
                hasData: part.hasData
            )
        }
    }

    private func append(
        _ text: Range<Int>,
        isThought: Bool,
        from reader: borrowing JSONReader,
        to answer: inout AnswerAccumulator
    ) {
        answer.appendPlainText(isThought: isThought) { buffer in
            reader.appendUnescaped(text, to: &buffer)
        }
    }

    private mutating func scanUsage(
        _ reader: inout JSONReader,
        into answer: inout AnswerAccumulator
    ) throws(JSONError) {
        var usage = answer.usage
        defer { answer.usage = usage }
        try reader.beginObject()
        while let name = try reader.nextKey() {
            if reader.matches(name, "promptTokenCount") {
                try scanCount(.prompt, &reader, &usage)
            } else if reader.matches(name, "candidatesTokenCount") {
                try scanCount(.output, &reader, &usage)
            } else if reader.matches(name, "thoughtsTokenCount") {
                try scanCount(.thoughts, &reader, &usage)
            } else if reader.matches(name, "cachedContentTokenCount") {
                try scanCount(.cached, &reader, &usage)
            } else if reader.matches(name, "toolUsePromptTokenCount") {
                try scanCount(.toolUse, &reader, &usage)
            } else if reader.matches(name, "totalTokenCount") {
                try scanCount(.total, &reader, &usage)
            } else if try reader.peek() == UInt8(ascii: "n") {
                try reader.skipValue()
            } else {
                try answer.keepUsageMember(name, of: &reader)
            }
        }
    }

    private mutating func scanCount(
        _ name: UsageCounts.Name,
        _ reader: inout JSONReader,
        _ usage: inout UsageCounts
    ) throws(JSONError) {
        _ = try reader.peek()
        let start = reader.position
        if let count = reader.skipDigits() {
            usage[name] = count
            // A chunk with another count of the input than the one before, as hardly any has, is read as a whole.
            if !name.isOfInput {
                slots.append(ChunkPattern.Slot(.count(name), start..<reader.position))
            }
        } else {
            isPlain = false
            // A negative or unreadable count says nothing and must not erase what an earlier chunk said.
            usage[name] = try reader.readCount() ?? usage[name]
        }
    }
}
