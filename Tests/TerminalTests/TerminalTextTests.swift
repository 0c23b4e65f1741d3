import TestSupport
import Testing

@testable import Terminal

@Suite struct TerminalTextTests {
    @Test(
        "what could steer a terminal becomes visible",
        arguments: [
            ("plain text, naïve 日本 👩‍👩‍👧", "plain text, naïve 日本 👩‍👩‍👧"),
            ("line\nwith\ttab", "line\nwith\ttab"),
            ("\u{1B}]0;title\u{7}", "\\x1b]0;title\\x07"),
            ("\u{1B}[2J", "\\x1b[2J"),
            ("\u{1B}]52;c;AAAA\u{1B}\\", "\\x1b]52;c;AAAA\\x1b\\"),
            ("\u{9B}31m\u{85}\u{90}", "\\x9b31m\\x85\\x90"),
            ("over\rwritten\r\n", "over\\rwritten\\r\n"),
            ("\u{0}\u{8}\u{7F}", "\\x00\\x08\\x7f"),
            ("\u{202E}txt.exe\u{202C}", "\\u{202e}txt.exe\\u{202c}"),
            ("\u{2066}a\u{2069}", "\\u{2066}a\\u{2069}"),
        ]
    )
    func escapes(text: String, expected: String) {
        #expect(TerminalText.escape(text) == expected)
    }

    @Test("a line has no line breaks left")
    func escapesLine() {
        #expect(TerminalText.escapeLine("a\nb\tc\r\nd") == "a\\nb\\tc\\r\\nd")
    }

    // Fault matrix: F75.
    @Test("no scalar that steers a terminal survives, whatever stands beside it")
    func escapesAll() {
        let unsafe = (Array(0x00...0x1F) + Array(0x7F...0x9F) + Array(0x202A...0x202E) + Array(0x2066...0x2069))
            .compactMap { Unicode.Scalar(UInt32($0)) }
        var generator = SeededGenerator(seed: 75)
        for scalar in unsafe {
            let neighbour = ["a", "é", "\u{301}", "👍", "\u{200D}"].randomElement(using: &generator) ?? "a"
            let escaped = TerminalText.escapeLine(neighbour + String(scalar) + neighbour)
            #expect(!escaped.unicodeScalars.contains(scalar), "U+\(String(scalar.value, radix: 16))")
        }
    }

    @Test("escaping streamed text chunk by chunk gives the same as escaping it whole")
    func escapesInChunks() {
        let text = "a\u{1B}[1mb\r\n\u{9B}2Jc\u{202E}d e\u{301} 👩‍👩‍👧\u{7F}"
        let scalars = Array(text.unicodeScalars)
        for split in 0...scalars.count {
            var parts = ["", ""]
            parts[0].unicodeScalars.append(contentsOf: scalars[..<split])
            parts[1].unicodeScalars.append(contentsOf: scalars[split...])
            let joined = Array(parts.map(TerminalText.escape).joined().unicodeScalars)
            #expect(joined == Array(TerminalText.escape(text).unicodeScalars))
        }
    }

    @Test(
        "width counts columns, not characters",
        arguments: [
            ("", 0), ("abc", 3), ("naïve", 5), ("e\u{301}", 1), ("日本語", 6), ("한국", 4), ("ｆｕｌｌ", 8), ("👍", 2),
            ("❤\u{FE0F}", 2), ("a\u{200B}b", 2), ("Ελλάδα", 6),
        ]
    )
    func columns(text: String, width: Int) {
        #expect(TerminalText.columns(text) == width)
    }

    @Test(
        "a cut line fits and keeps characters whole",
        arguments: [
            ("abcdef", 6, "abcdef", "abcdef"), ("abcdef", 4, "abc…", "…def"), ("日本語", 5, "日本…", "…本語"),
            ("日本語", 4, "日…", "…語"), ("ae\u{301}ioux", 3, "ae\u{301}…", "…ux"), ("abc", 1, "…", "…"), ("abc", 0, "", ""),
            ("abc", -2, "", ""),
        ]
    )
    func cut(text: String, limit: Int, head: String, tail: String) {
        #expect(TerminalText.cut(text, to: limit) == head)
        #expect(TerminalText.cut(text, to: limit, keepingEnd: true) == tail)
    }
}
