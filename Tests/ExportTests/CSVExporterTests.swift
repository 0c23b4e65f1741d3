import BatchCore
import Export
import Foundation
import JSON
import TestSupport
import Testing

@Suite("Results as CSV")
struct CSVExporterTests {
    private func csv(
        _ rows: [ResultRow],
        _ fields: [String] = [],
        inputColumns: [String] = [],
        isRaw: Bool = false
    ) throws -> String {
        let selection = try FieldSelection(fields, format: .csv, inputColumns: inputColumns)
        return try exported(rows) { try ResultExport(.csv, fields: selection, isRaw: isRaw, to: $0) }
    }

    /// The cells as Python's reader, which is not ours, finds them.
    private func cells(_ csv: String) throws -> [[String]] {
        let directory = try TemporaryDirectory()
        let path = try directory.write(csv, to: "a.csv")
        let script = """
            import csv, json, sys
            csv.field_size_limit(1 << 30)
            with open(sys.argv[1], newline='', encoding='utf-8') as file:
                print(json.dumps(list(csv.reader(file, strict=True))))
            """
        let python = try Command.find("python3", advice: "apt-get install python3")
        let output = try Command.run(python, ["-c", script, path])
        let rows = try JSONValue(parsing: Array(output)).array ?? []
        return rows.map { ($0.array ?? []).map { $0.string ?? "" } }
    }

    @Test("a row has a column for each input column, numbers as they are and nothing for what is unknown")
    func writesColumns() throws {
        var failed = ResultRow(
            key: "b",
            state: .failed,
            model: "m",
            origin: "rows.csv:3",
            input: #"{"n":-5,"tags":["x","y"],"note":null}"#,
            attempts: 3
        )
        failed.failure = ResultRow.Failure(failureClass: "safety", message: "blocked, sorry", httpStatus: 400)
        var done = doneRow("a", "Hello", input: #"{"title":"One, two","n":1}"#)
        done.turns[0].answer.usage = TokenUsage(promptTokens: 0, outputTokens: 7)
        let expected = [
            "key,state,model,model_version,input.title,input.n,input.tags,input.note,text,media,finish_reason,truncated,"
                + "usage.input_tokens,usage.output_tokens,usage.reasoning_output_tokens,usage.cache_read_input_tokens,"
                + "usage.tool_use_input_tokens,usage.total_tokens,cost_usd,unpriced_attempts,service_tier,"
                + "timings.started_at,timings.first_chunk_ms,timings.duration_ms,attempts,response_id,origin,error.class,error.message,error.http_status",
            #"a,done,m,gemini-test-001,"One, two",1,,,Hello,,STOP,false,0,7,,,,,0.000000,0,,2025-11-22T17:54:27.120Z,310,1500,1,r1,o,,,"#,
            #"b,failed,m,,,-5,"["x","y"]",,,,,false,,,,,,,0.000000,0,,,,,3,,rows.csv:3,safety,"blocked, sorry",400"#
                .replacing(#""["x","y"]""#, with: #""[""x"",""y""]""#),
            "",
        ]
        let written = try csv([done, failed], inputColumns: ["title", "n", "tags", "note"])
        #expect(written.components(separatedBy: "\r\n") == expected)
    }

    @Test("a reader tells an empty answer from none, and finds a row of one column that is unknown")
    func writesEmptyCells() throws {
        let none = ResultRow(key: "b", state: .failed, model: "m", origin: "o", attempts: 1)
        #expect(try csv([doneRow("a", ""), none], ["key,text"]) == "key,text\r\na,\"\"\r\nb,\r\n")
        #expect(try cells(csv([none, none], ["text"])) == [["text"], [""], [""]])
    }

    // Fault matrix: F77.
    @Test(
        "what a spreadsheet takes for a formula begins with a quote, unless the text is wanted as it is",
        arguments: ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "=cmd|' /C calc'!A0"]
    )
    func guardsFormulas(text: String) throws {
        let row = doneRow(text, text, input: JSONValue.object(["x": .string(text), "n": -1]).text)
        let fields = ["key", "text", "input.x", "input.n"]
        let guarded = try cells(csv([row], fields, inputColumns: ["x", "n"]))
        #expect(guarded.last == ["'" + text, "'" + text, "'" + text, "-1"])
        let raw = try cells(csv([row], fields, inputColumns: ["x", "n"], isRaw: true))
        #expect(raw.last == [text, text, text, "-1"])
    }

    // Fault matrix: F77.
    @Test("NUL and other control characters are made visible")
    func showsControlCharacters() throws {
        let row = doneRow("a", "\u{0}=1\u{1B}[2J\u{7F}\u{9B}1\ttab")
        #expect(try csv([row], ["text"]) == "text\r\n\u{2400}=1\u{241B}[2J\u{2421}\u{FFFD}1\ttab\r\n")
    }

    // Fault matrix: F77.
    @Test("another program reads back what was written, whatever it was")
    func readsBack() throws {
        var random = SeededGenerator(seed: 4180)
        let texts = (0..<500).map { _ in random.hostileText(upTo: 12) }
        let rows = texts.map { doneRow("k" + $0, $0, input: JSONValue.object(["x": .string($0)]).text) }
        let fields = ["key", "text", "input.x", "attempts"]
        let raw = try cells(csv(rows, fields, inputColumns: ["x"], isRaw: true))
        #expect(raw.count == texts.count + 1)
        for (cells, text) in zip(raw.dropFirst(), texts) {
            #expect(cells == ["k" + text, text, text, "1"])
        }
        let guarded = try cells(csv(rows, fields, inputColumns: ["x"]))
        #expect(guarded.map(\.count).allSatisfy { $0 == 4 })
        for cell in guarded.joined() {
            #expect(
                !"=+-@\t\r\n＝".unicodeScalars.contains(cell.unicodeScalars.first ?? "a"),
                "\(cell.debugDescription)"
            )
            #expect(!cell.unicodeScalars.contains("\u{0}"))
        }
    }

    @Test("too many input columns for a table are an error, unless the fields are named")
    func refusesWideTables() throws {
        let error = #expect(throws: FieldError.self) { try FieldSelection(format: .csv, inputColumns: nil) }
        #expect(error?.description.contains("--fields") == true)
        let selection = try FieldSelection(["key", "input.x"], format: .csv, inputColumns: nil)
        let text = try exported([doneRow("a", "t", input: #"{"x":1}"#)]) {
            try ResultExport(.csv, fields: selection, to: $0)
        }
        #expect(text == "key,input.x\r\na,1\r\n")
    }
}
