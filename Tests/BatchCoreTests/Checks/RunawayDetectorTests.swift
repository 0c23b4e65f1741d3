import BatchCore
import TestSupport
import Testing

@Suite("RunawayDetector")
struct RunawayDetectorTests {
    /// Feeds a text in chunks and tells after how many bytes it was found to loop; `nil` if it never was.
    private func found(in text: [UInt8], chunk: Int = 400) -> Int? {
        var detector = RunawayDetector()
        var length = 0
        while length < text.count {
            length = min(length + chunk, text.count)
            let soFar = text[..<length]
            if detector.isLooping(soFar.span) { return length }
        }
        return nil
    }

    private func found(in text: String, chunk: Int = 400) -> Int? {
        found(in: Array(text.utf8), chunk: chunk)
    }

    private func repeated(_ text: String, _ count: Int) -> String {
        String(repeating: text, count: count)
    }

    /// A text of words that says something new in every line.
    private func prose(_ words: Int, seed: UInt64 = 3) -> String {
        var random = SeededGenerator(seed: seed)
        let syllables = ["ta", "ri", "lo", "mek", "as", "un", "der", "fi", "ko", "be"]
        return (0..<words).map { _ in
            (0..<Int.random(in: 1...4, using: &random))
                .map { _ in syllables[Int.random(in: 0..<syllables.count, using: &random)] }.joined()
        }.joined(separator: " ")
    }

    @Test(
        "a stretch of any length that comes again and again is a loop",
        arguments: [
            " ", "\n", "\n\n  ", "0", "ha ", "0.", "I am sorry. ", "| a | b |\n", "{\"id\": 1, \"name\": \"x\"},\n",
            "おはよう。",
        ]
    )
    func loops(stretch: String) throws {
        let text = prose(300) + repeated(stretch, 100_000 / stretch.utf8.count)
        let length = try #require(found(in: text))
        // It was found soon, before much of it was paid for.
        #expect(length < prose(300).utf8.count + 60_000)
    }

    @Test("a paragraph of up to the longest stretch is found whatever stands before it and however it arrives")
    func paragraphs() {
        var random = SeededGenerator(seed: 11)
        for round in 0..<200 {
            let bytes = (0..<Int.random(in: 1...RunawayDetector.longestStretch, using: &random)).map { _ in
                // Few letters, so that parts of the stretch resemble each other.
                UInt8.random(in: 0x61...0x63, using: &random)
            }
            let before = Array(prose(Int.random(in: 0...500, using: &random), seed: UInt64(round)).utf8)
            let times = 4 + max(RunawayDetector.leastRepetitions, 60_000 / bytes.count)
            let text = before + (0..<times).flatMap { _ in bytes }
            #expect(found(in: text, chunk: Int.random(in: 1...3000, using: &random)) != nil)
        }
    }

    @Test("stretches with parts that repeat themselves are found too")
    func nestedRepetition() {
        let rule = repeated("-", 300)
        #expect(found(in: repeated(rule + "\n" + repeated("ab", 100) + rule, 80)) != nil)
        #expect(found(in: repeated(repeated("0 ", 40) + "1 ", 800)) != nil)
    }

    @Test("prose is no loop")
    func text() {
        #expect(found(in: prose(50_000)) == nil)
    }

    @Test("what people ask for is no loop although much in it is the same")
    func realAnswers() {
        let row = "| 2026-11-22 | north | 0.00 | 0.00 | 0.00 | n/a | n/a | no change since the last report |\n"
        let answers = [
            repeated("-", 400), repeated("=", 1500), repeated("\n", 200), repeated("─", 600),
            "# Report\n\n" + repeated(row, 60) + "\nAll rows are the same.",
            "[" + repeated("{\"id\": 0, \"label\": \"none\", \"score\": 0.0},\n", 40) + "]",
            "[" + repeated("0, ", 1500) + "0]",
            repeated("        }\n", 60) + repeated("}\n", 40),
            repeated("All work and no play makes Jack a dull boy.\n", 100),
            repeated(repeated("#", 70) + "\n" + repeated(" ", 68) + "#\n", 40),
            repeated("the tide comes in and the tide goes out, ", 1000),
        ]
        for answer in answers {
            #expect(found(in: prose(200) + "\n" + answer + "\n" + prose(20)) == nil)
            #expect(found(in: answer, chunk: 7) == nil)
        }
    }

    @Test("rows that count are no loop, however many")
    func countingRows() {
        let rows = (0..<20_000).map { "{\"id\": \($0), \"name\": \"item\", \"price\": 1.00},\n" }.joined()
        #expect(found(in: rows) == nil)
    }

    @Test("a loop that ended long ago is none")
    func endedLoop() {
        // It lies between two looks only if it is shorter than what is looked at.
        let text = prose(100) + repeated("ha ", 1800) + prose(2000)
        #expect(found(in: text) == nil)
    }

    @Test("a text that begins anew is looked at anew")
    func newText() {
        var detector = RunawayDetector()
        let long = Array(prose(20_000).utf8)
        let isLongLooping = detector.isLooping(long.span)
        #expect(!isLongLooping)
        let loop = Array(repeated("\n", 60_000).utf8)
        let isNewLooping = detector.isLooping(loop.span)
        #expect(isNewLooping)
    }
}
