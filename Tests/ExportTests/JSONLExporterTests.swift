import BatchCore
import Export
import Foundation
import JSON
import TestSupport
import Testing

@Suite("Results as JSON lines")
struct JSONLExporterTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    /// What the exporter writes for some rows, line by line.
    private func lines(_ rows: [ResultRow]) throws -> [String] {
        let path = directory.path + "/out.jsonl"
        let destination = try ExportDestination.file(path)
        var exporter = JSONLExporter(destination)
        for row in rows {
            try exporter.write(row)
        }
        try destination.finish()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return text.split(separator: "\n").map(String.init)
    }

    private func turn(_ text: String, finishReason: String = "STOP", usage: TokenUsage = TokenUsage()) -> ResultRow.Turn
    {
        ResultRow.Turn(
            answer: Answer(
                text: text,
                parts: "[]",
                finishReason: finishReason,
                usage: usage,
                modelVersion: "gemini-test-001",
                responseID: "r1"
            ),
            timings: AttemptTimings(
                startedAtMilliseconds: 1_763_834_067_120,
                firstChunk: .milliseconds(310),
                total: .milliseconds(1500)
            )
        )
    }

    @Test("a done item has all that a reader wants, what is unknown as null")
    func writesDone() throws {
        var row = ResultRow(
            key: "a",
            state: .done,
            model: "gemini-test",
            origin: "data.csv:2",
            input: #"{"n":12345678901234567890}"#,
            attempts: 2
        )
        row.turns = [turn("Hello", usage: TokenUsage(promptTokens: 0, outputTokens: 7))]
        row.turns[0].answer.serviceTier = .flex
        row.cost = CostSum(known: MicroDollars(12_300), unpricedAttempts: 1)
        let expected = """
            {"key":"a","state":"done","model":"gemini-test","model_version":"gemini-test-001",\
            "input":{"n":12345678901234567890},"text":"Hello","finish_reason":"STOP","truncated":false,\
            "usage":{"input_tokens":0,"output_tokens":7,"reasoning_output_tokens":null,"cache_read_input_tokens":null,\
            "tool_use_input_tokens":null,"total_tokens":null},\
            "cost_usd":0.012300,"unpriced_attempts":1,"service_tier":"flex",\
            "timings":{"started_at":"2025-11-22T17:54:27.120Z","first_chunk_ms":310,"duration_ms":1500},\
            "attempts":2,"response_id":"r1","origin":"data.csv:2","error":null}
            """
        #expect(try lines([row]) == [expected])
    }

    @Test(
        "an unknown cost is null, and what was refused cost nothing",
        arguments: [(0, 0, "null"), (1, 1, "null"), (1, 0, "0.000000")]
    )
    func costs(attempts: Int, unpriced: Int, expected: String) throws {
        var row = ResultRow(key: "a", state: .failed, model: "m", origin: "o", attempts: attempts)
        row.cost = CostSum(unpricedAttempts: unpriced)
        #expect(try lines([row])[0].contains(#""cost_usd":\#(expected),"#))
    }

    @Test("an item without an answer has its failure")
    func writesFailed() throws {
        var row = ResultRow(key: "a", state: .failed, model: "m", origin: "o", attempts: 1, isOrphaned: true)
        row.failure = ResultRow.Failure(failureClass: "safety", message: "blocked", httpStatus: 400)
        let line = try JSONValue(parsing: lines([row])[0])
        #expect(line["error"] == ["class": "safety", "message": "blocked", "http_status": 400])
        #expect(line["text"] == .null)
        #expect(line["orphaned"] == true)
        #expect(line["timings"] == ["started_at": nil, "first_chunk_ms": nil, "duration_ms": nil])
    }

    @Test("a chat has its turns, the last text and the tokens of all")
    func writesChats() throws {
        var row = ResultRow(key: "a", state: .done, model: "m", origin: "o", attempts: 2)
        row.turns = [
            turn("first", finishReason: "MAX_TOKENS", usage: TokenUsage(promptTokens: 10, outputTokens: 1)),
            turn("second", usage: TokenUsage(promptTokens: 20, thoughtTokens: 5)),
        ]
        let line = try JSONValue(parsing: lines([row])[0])
        #expect(line["text"] == "second")
        #expect(line["truncated"] == true)
        #expect(line["usage"]?["input_tokens"] == 30)
        #expect(line["usage"]?["output_tokens"] == 1)
        #expect(line["usage"]?["reasoning_output_tokens"] == 5)
        #expect(line["timings"]?["duration_ms"] == 3000)
        #expect(line["turns"]?.array?.map { $0["text"] } == ["first", "second"])
        #expect(line["turns"]?.array?[0]["usage"]?["output_tokens"] == 1)
    }

    @Test("each item is one line for every reader of lines")
    func keepsLines() throws {
        let text = "a\nb\r\u{2028}\u{2029}\u{85}\u{0}\"\\"
        var row = ResultRow(key: text, state: .done, model: "m", origin: text, attempts: 1)
        row.turns = [turn(text)]
        let lines = try lines([row, row])
        #expect(lines.count == 2)
        #expect(!lines[0].unicodeScalars.contains("\u{2028}"))
        #expect(try JSONValue(parsing: lines[0])["text"] == .string(text))
    }
}
