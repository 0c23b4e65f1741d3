import BatchCore
import Export
import TestSupport
import Testing

@Suite("Results as Markdown")
struct MarkdownExporterTests {
    private func markdown(_ rows: [ResultRow], _ fields: [String] = []) throws -> String {
        let selection = try FieldSelection(fields, format: .markdown, inputColumns: [])
        return try exported(rows) { try ResultExport(.markdown, fields: selection, to: $0) }
    }

    @Test("an item is a section with its inputs and its answer, or why it failed")
    func writesSections() throws {
        var failed = ResultRow(key: "b", state: .failed, model: "m", origin: "o", attempts: 1)
        failed.failure = ResultRow.Failure(failureClass: "safety", message: "blocked")
        var done = doneRow("a", "Hello\n\n*you*", input: #"{"title":"T","note":"two\nlines"}"#)
        done.turns[0].answer.finishReason = "MAX_TOKENS"
        let expected = """
            ## `a`

            - `state`: `done`
            - `model`: `m`
            - cut at the output limit
            - `input.title`: `T`

            `input.note`:

            ```text
            two
            lines
            ```

            ```text
            Hello

            *you*
            ```

            ## `b`

            - `state`: `failed`
            - `model`: `m`
            - `error.class`: `safety`
            - `error.message`: `blocked`

            """
        #expect(try markdown([done, failed]) == expected)
    }

    @Test("a chat has all its answers; media that are not written are told")
    func writesChats() throws {
        var row = doneRow("a", "one")
        let image = #"[{"inlineData":{"mimeType":"image/png","data":"aGVsbG8="}}]"#
        row.turns.append(answeredTurn("two", parts: image))
        let text = try markdown([row])
        #expect(text.contains("### Answer 1\n\n```text\none\n```\n\n### Answer 2\n\n```text\ntwo\n```\n"))
        #expect(text.contains("(`image/png`, 5 bytes, is not here; `--media-dir DIR` writes it)"))
    }

    @Test("only what is asked for is shown")
    func choosesFields() throws {
        let text = try markdown([doneRow("a", "x")], ["attempts", "finish_reason", "usage"])
        #expect(text == "## `a`\n\n- `attempts`: `1`\n- `finish_reason`: `STOP`\n")
    }

    // Fault matrix: F77.
    @Test("no text gets out of its fence, and no key out of its heading")
    func staysInside() throws {
        var random = SeededGenerator(seed: 78)
        for _ in 0..<300 {
            let text = "x" + random.hostileText(upTo: 15)
            let key = "k" + random.hostileText(upTo: 8)
            // Scalars, since CR and LF are one character to Swift.
            let written = Array(try markdown([doneRow(key, text)], ["text"]).unicodeScalars)
            let lines = written.split(separator: "\n", omittingEmptySubsequences: false)
                .map { String(String.UnicodeScalarView($0)) }
            let fence = lines[2].replacing("text", with: "")
            let heading = lines[0].dropFirst(3)
            let quotes = String(heading.prefix { $0 == "`" })
            #expect(lines[0].hasPrefix("## `") && heading.hasSuffix(quotes))
            let code = heading.dropFirst(quotes.count).dropLast(quotes.count)
            #expect(!code.contains(quotes), "\(key.debugDescription)")
            #expect(fence.count >= 3 && fence.allSatisfy { $0 == "`" })
            #expect(lines.suffix(2) == [fence, ""], "\(text.debugDescription)")
            let inside = lines[3..<lines.count - 2].joined(separator: "\n")
            #expect(!inside.contains(fence), "\(text.debugDescription)")
            #expect(!inside.unicodeScalars.contains { $0.value < 32 && !"\t\n\r".unicodeScalars.contains($0) })
            #expect(!lines[0].unicodeScalars.contains { $0.value < 32 })
        }
    }
}
