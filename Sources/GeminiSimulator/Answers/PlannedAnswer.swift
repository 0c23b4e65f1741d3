import JSON

/// A whole answer before it is sent: its text, where the text is cut into events, and what it cost.
struct PlannedAnswer {
    /// How the token counts are reported.
    enum UsageStyle: String, Sendable, CaseIterable {
        /// Running totals on every event.
        case running
        /// On no event at all.
        case missing
        /// A negative count of output tokens.
        case negative
        /// A count that falls from event to event.
        case shrinking
        /// On the last event only.
        case last
    }

    let model: String
    let isVertex: Bool
    let responseID: String
    private(set) var prompt: PromptTokens
    /// The summary of the thinking, sent as an event of its own; `nil` if it was not asked for.
    var thought: String?
    /// The text in UTF-8.
    private(set) var text: [UInt8] = []
    /// Where each event's share of the text ends, in ascending order; never empty.
    private(set) var cuts: [Int] = [0]
    /// Sent with the last event; `nil` leaves the answer unfinished.
    var finishReason: String?
    /// Sent with the last event when the answer goes on in another response.
    var continuation: ContinuationToken?
    var usageStyle = UsageStyle.running

    /// How many events the answer is sent in.
    var eventCount: Int { cuts.count + (thought == nil ? 0 : 1) }

    var thoughtTokens: Int { thought.map { TokenCount.of(bytes: $0.utf8.count) } ?? 0 }

    init(model: String, isVertex: Bool, responseID: String, prompt: PromptTokens) {
        self.model = model
        self.isVertex = isVertex
        self.responseID = responseID
        self.prompt = prompt
    }

    /// Sets the text and cuts it into pieces of about the same size, after a word where one ends nearby.
    mutating func setText(_ newText: [UInt8], pieces: Int) {
        text = newText
        cuts = []
        let pieces = max(1, min(pieces, newText.count))
        let size = newText.count / pieces
        for index in 1..<max(pieces, 1) {
            let target = newText.count * index / pieces
            var cut = target
            let reach = min(24, size / 2)
            while cut < target + reach, newText[cut] != 0x20 {
                cut += 1
            }
            if cut == target + reach { cut = target }
            // Never inside a character: each event is a JSON document of its own.
            while cut < newText.count, newText[cut] & 0xC0 == 0x80 {
                cut += 1
            }
            if cut > cuts.last ?? 0, cut < newText.count { cuts.append(cut) }
        }
        cuts.append(newText.count)
    }

    /// Drops all text after the first events.
    mutating func keepPieces(_ count: Int) {
        cuts = count == 0 ? [0] : Array(cuts.prefix(count))
        text.removeSubrange((cuts.last ?? 0)...)
    }

    /// Ends the answer after some pieces with a token for the rest; a short rest is sent whole.
    mutating func breakOff(afterChunks count: Int, sentBefore: Int) {
        guard count < cuts.count else { return }
        keepPieces(count)
        finishReason = "CONTINUATION"
        continuation = ContinuationToken(piecesSent: sentBefore + count)
    }

    /// Drops what an earlier response has sent; the server reads it again, so it counts as prompt.
    mutating func dropPieces(_ count: Int) {
        guard count > 0, count < cuts.count else { return }
        let sent = cuts[count - 1]
        thought = nil
        text.removeSubrange(..<sent)
        cuts = cuts.dropFirst(count).map { $0 - sent }
        prompt.add("TEXT", TokenCount.of(bytes: sent))
    }
}

extension PlannedAnswer {
    /// One event's document: a whole `GenerateContentResponse`.
    ///
    /// - Parameter index: From 0 up to, not including, ``eventCount``.
    /// - Returns: The document as JSON on one line.
    func document(_ index: Int) -> [UInt8] {
        var writer = JSONWriter(reserving: 512)
        let piece = thought == nil ? index : index - 1
        let isLast = index == eventCount - 1
        let start = piece > 0 ? cuts[piece - 1] : 0
        let end = piece >= 0 ? cuts[piece] : 0
        writer.object { writer in
            writer.key("candidates")
            writer.array { writer in
                writer.object { writer in
                    writeContent(into: &writer, thought: piece < 0 ? thought : nil, text: text[start..<end])
                    if isLast {
                        writeEnd(into: &writer)
                    }
                    if !isVertex {
                        writer.member("index", 0)
                    }
                }
            }
            writeUsage(into: &writer, outputBytes: end, isLast: isLast)
            writer.member("modelVersion", model)
            writer.member("responseId", responseID)
        }
        return writer.bytes
    }

    /// The whole answer as one document; a thought becomes the first part of its content.
    var wholeDocument: [UInt8] {
        var writer = JSONWriter(reserving: text.count + 512)
        writer.object { writer in
            writer.key("candidates")
            writer.array { writer in
                writer.object { writer in
                    writeContent(into: &writer, thought: thought, text: text[...], both: true)
                    writeEnd(into: &writer)
                    if !isVertex {
                        writer.member("index", 0)
                    }
                }
            }
            writeUsage(into: &writer, outputBytes: text.count, isLast: true)
            writer.member("modelVersion", model)
            writer.member("responseId", responseID)
        }
        return writer.bytes
    }

    /// A document without a candidate: usage alone, or the refusal of the prompt.
    func documentWithoutCandidate(blockReason: String?) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            if let blockReason {
                writer.key("promptFeedback")
                writer.object { $0.member("blockReason", blockReason) }
            }
            writer.key("usageMetadata")
            writer.object { writer in
                writer.member("promptTokenCount", prompt.total)
                writer.member("totalTokenCount", prompt.total)
            }
            writer.member("modelVersion", model)
            writer.member("responseId", responseID)
        }
        return writer.bytes
    }

    private func writeContent(
        into writer: inout JSONWriter,
        thought: String?,
        text: ArraySlice<UInt8>,
        both: Bool = false
    ) {
        writer.key("content")
        writer.object { writer in
            // When thinking ate the whole budget the content has no parts at all.
            if thought != nil || !text.isEmpty || finishReason != "MAX_TOKENS" {
                writer.key("parts")
                writer.array { writer in
                    if let thought {
                        writer.object { writer in
                            writer.member("text", thought)
                            writer.member("thought", true)
                        }
                    }
                    if thought == nil || both {
                        writer.object { $0.member("text", String(decoding: text, as: UTF8.self)) }
                    }
                }
            }
            writer.member("role", "model")
        }
    }

    private func writeEnd(into writer: inout JSONWriter) {
        if let finishReason {
            writer.member("finishReason", finishReason)
        }
        if let continuation {
            writer.member("continuationToken", continuation.text)
        }
    }

    private func writeUsage(into writer: inout JSONWriter, outputBytes: Int, isLast: Bool) {
        guard usageStyle != .missing, usageStyle != .last || isLast else { return }
        var output = TokenCount.of(bytes: outputBytes)
        switch usageStyle {
        case .negative: output = -output - 1
        case .shrinking: output = max(1, TokenCount.of(bytes: text.count) * 2 - output)
        default: break
        }
        writer.key("usageMetadata")
        writer.object { writer in
            if isVertex, !isLast {
                return writer.member("trafficType", "ON_DEMAND")
            }
            writer.member("promptTokenCount", prompt.total)
            if output != 0 {
                writer.member("candidatesTokenCount", output)
            }
            writer.member("totalTokenCount", prompt.total + output + thoughtTokens)
            prompt.writeDetails(into: &writer)
            if isVertex {
                writer.member("trafficType", "ON_DEMAND")
            }
            if thoughtTokens > 0 {
                writer.member("thoughtsTokenCount", thoughtTokens)
            }
        }
    }
}
