import Testing

@testable import GenAI

@Suite("What the chunks of a stream have in common")
struct ChunkPatternTests {
    private static let chunk = #"{"parts":[{"text":"low tide"}],"promptTokenCount":11}"#

    /// Of ``chunk``.
    private var pattern: ChunkPattern {
        var pattern = ChunkPattern()
        let bytes = Array(Self.chunk.utf8)
        pattern.learn(
            bytes.span,
            [
                ChunkPattern.Slot(.text(isThought: false), range(of: #""low tide""#)),
                ChunkPattern.Slot(.count(.prompt), range(of: "11")),
            ]
        )
        return pattern
    }

    private func range(of part: String) -> Range<Int> {
        let bytes = Array(Self.chunk.utf8)
        let start = bytes.indices.first { bytes[$0...].starts(with: part.utf8) } ?? 0
        return start..<start + part.utf8.count
    }

    /// What a chunk says; `nil` if it has another pattern.
    private func read(_ chunk: String) -> (text: String, promptTokens: Int?)? {
        let bytes = Array(chunk.utf8)
        var usage = UsageCounts()
        usage.outputTokens = 3
        guard let match = pattern.match(bytes.span, usage: &usage) else { return nil }
        #expect(usage.outputTokens == 3, "what has no slot stays")
        return (match.text.map { String(decoding: bytes[$0], as: UTF8.self) } ?? "", usage.promptTokens)
    }

    @Test(
        "a chunk that differs in its slots alone is read with them",
        arguments: [
            (#"{"parts":[{"text":"high tide"}],"promptTokenCount":12345}"#, "high tide", 12345),
            (#"{"parts":[{"text":""}],"promptTokenCount":0}"#, "", 0),
            (##"{"parts":[{"text":"\"slack\"\n"}],"promptTokenCount":11}"##, ##"\"slack\"\n"##, 11),
        ]
    )
    func slots(chunk: String, text: String, tokens: Int) throws {
        let found = try #require(read(chunk))
        #expect(found == (text, tokens))
    }

    @Test(
        "a chunk that differs elsewhere, or is not JSON in a slot, has another pattern",
        arguments: [
            #"{"parts":[{"text":"high tide"}],"promptTokenCount":12 }"#,
            #"{"parts":[{"text":"high tide"}],"promptTokenCount":12}}"#,
            #"{"parts":[{"text":"high tide"}],"promptTokenCount":12"#,
            #"{"parts":[{"text":"high tide","thought":true}],"promptTokenCount":12}"#,
            #"{"parts":[{"text":null}],"promptTokenCount":12}"#,
            #"{"parts":[{"text":"high tide"}],"promptTokenCount":012}"#,
            #"{"parts":[{"text":"high tide"}],"promptTokenCount":-1}"#,
            #"{"parts":[{"text":"high tide"}],"promptTokenCount":1.0}"#,
            #"{"parts":[{"text":"high tide"}],"promptTokenCount":12345678901}"#,
            "{\"parts\":[{\"text\":\"high\ntide\"}],\"promptTokenCount\":11}",
            #"{"parts":[{"text":"high tide}],"promptTokenCount":11}"#,
            "",
        ]
    )
    func others(chunk: String) {
        let found = read(chunk)
        #expect(found == nil, "\(chunk)")
    }

    @Test("nothing is learned from large chunks, and nothing has the pattern of nothing")
    func large() {
        var pattern = pattern
        let large = Array(String(repeating: " ", count: 5000).utf8)
        pattern.learn(large.span, [])
        var usage = UsageCounts()
        let found = pattern.match(large.span, usage: &usage)
        let foundInNothing = ChunkPattern().match([UInt8]().span, usage: &usage)
        #expect(found == nil && foundInNothing == nil && usage == UsageCounts())
    }
}
