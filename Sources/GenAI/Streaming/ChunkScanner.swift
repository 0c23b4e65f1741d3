package import JSON

/// Reads one event of a stream into an ``AnswerAccumulator`` without building a tree.
///
/// It looks for the few members that matter and keeps the raw bytes of the rest. What a chunk means is the same as in
/// ``GenerateContentResponse``; a test holds the two against each other on generated documents.
package struct ChunkScanner {
    /// More are not counted: an index is the server's to choose.
    private static let mostCandidates: Int64 = 1024

    /// The parts and the other members of the candidate read last.
    private var parts: [ScannedPart] = []
    private var members: [(name: Range<Int>, value: Range<Int>)] = []
    private var modelVersion = RepeatedText()
    private var responseID = RepeatedText()

    /// A text that every chunk of a stream has: it is made when it changes.
    private struct RepeatedText {
        private var bytes: [UInt8] = []

        mutating func read(_ reader: inout JSONReader, into text: inout String?) throws(JSONError) {
            if text != nil, try reader.skip(known: bytes) { return }
            let value = try reader.skipValue()
            bytes = reader.bytes(in: value)
            text = reader.unescapedString(in: value.lowerBound + 1..<value.upperBound - 1)
        }
    }

    /// A candidate without its parts, as ranges of the event's bytes.
    private struct ScannedCandidate {
        var index: Int64 = 0
        var finishReason: Range<Int>?
        var continuationToken: Range<Int>?
    }

    /// A part of the candidate that is being read, as ranges of the event's bytes.
    private struct ScannedPart {
        var text: Range<Int>?
        var hasEscapes = false
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
        var reader = JSONReader(bytes)
        if try reader.peek() == UInt8(ascii: "[") {
            try reader.beginArray()
            while try reader.nextElement() {
                try scanResponse(&reader, into: &answer)
            }
        } else {
            try scanResponse(&reader, into: &answer)
        }
        try reader.expectEnd()
    }

    private mutating func scanResponse(
        _ reader: inout JSONReader,
        into answer: inout AnswerAccumulator
    ) throws(JSONError) {
        answer.eventCount += 1
        try reader.beginObject()
        while let name = try reader.nextKey() {
            if reader.matches(name, "candidates"), try reader.peek() == UInt8(ascii: "[") {
                try scanCandidates(&reader, into: &answer)
            } else if reader.matches(name, "usageMetadata"), try reader.peek() == UInt8(ascii: "{") {
                try scanUsage(&reader, into: &answer)
            } else if reader.matches(name, "modelVersion"), try reader.peek() == UInt8(ascii: "\"") {
                try modelVersion.read(&reader, into: &answer.modelVersion)
            } else if reader.matches(name, "responseId"), try reader.peek() == UInt8(ascii: "\"") {
                try responseID.read(&reader, into: &answer.responseID)
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
        // Not `removeAll`, which costs more than the one element that there is as a rule.
        while parts.popLast() != nil {}
        while members.popLast() != nil {}
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
                candidate.finishReason = try reader.skipValue()
            } else if reader.matches(name, "continuationToken") {
                candidate.continuationToken = try reader.skipValue()
            } else if reader.matches(name, "index") {
                candidate.index = try reader.readIntegerIfAny() ?? 0
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
                let range = try reader.skipValue()
                part.text = (range.lowerBound + 1)..<(range.upperBound - 1)
                part.hasEscapes = reader.hasEscapes
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
    }

    private func keep(
        _ candidate: ScannedCandidate,
        from reader: borrowing JSONReader,
        in answer: inout AnswerAccumulator
    ) {
        answer.completion.noteCandidate(
            finishReason: candidate.finishReason.flatMap { reader.content(of: $0) },
            continuationToken: candidate.continuationToken.flatMap { reader.content(of: $0) }
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

    private func keep(_ part: ScannedPart, from reader: borrowing JSONReader, in answer: inout AnswerAccumulator) {
        if part.isPlain {
            guard let text = part.text else { return }
            answer.appendPlainText(isThought: part.isThought) { buffer in
                if part.hasEscapes {
                    reader.appendUnescaped(text, to: &buffer)
                } else {
                    reader.append(text, to: &buffer)
                }
            }
        } else {
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

    private func scanUsage(
        _ reader: inout JSONReader,
        into answer: inout AnswerAccumulator
    ) throws(JSONError) {
        var usage = answer.usage
        defer { answer.usage = usage }
        try reader.beginObject()
        while let name = try reader.nextKey() {
            // A negative or unreadable count says nothing and must not erase what an earlier chunk said.
            if reader.matches(name, "promptTokenCount") {
                usage.promptTokens = try reader.readCount() ?? usage.promptTokens
            } else if reader.matches(name, "candidatesTokenCount") {
                usage.outputTokens = try reader.readCount() ?? usage.outputTokens
            } else if reader.matches(name, "thoughtsTokenCount") {
                usage.thoughtTokens = try reader.readCount() ?? usage.thoughtTokens
            } else if reader.matches(name, "cachedContentTokenCount") {
                usage.cachedTokens = try reader.readCount() ?? usage.cachedTokens
            } else if reader.matches(name, "toolUsePromptTokenCount") {
                usage.toolUseTokens = try reader.readCount() ?? usage.toolUseTokens
            } else if reader.matches(name, "totalTokenCount") {
                usage.totalTokens = try reader.readCount() ?? usage.totalTokens
            } else if try reader.peek() == UInt8(ascii: "n") {
                try reader.skipValue()
            } else {
                try answer.keepUsageMember(name, of: &reader)
            }
        }
    }
}

extension JSONReader {
    /// The content of a value that was passed, if it is a string.
    fileprivate func content(of value: Range<Int>) -> String? {
        guard bytes(in: value.lowerBound..<value.lowerBound + 1, are: [UInt8(ascii: "\"")]) else { return nil }
        return unescapedString(in: value.lowerBound + 1..<value.upperBound - 1)
    }
}
