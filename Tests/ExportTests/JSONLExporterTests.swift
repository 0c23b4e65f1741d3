import BatchCore
import Export
import Foundation
import JSON
import TestSupport
import Testing

@Suite("Results as JSON lines")
struct JSONLExporterTests {
    /// What is written for some rows, line by line.
    private func lines(_ rows: [ResultRow], fields: [String] = [], inputColumns: [String] = []) throws -> [String] {
        let selection = try FieldSelection(fields, format: .jsonl, inputColumns: inputColumns)
        let text = try exported(rows) { try ResultExport(fields: selection, to: $0) }
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return text.split(separator: "\n").map(String.init)
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
        row.turns = [answeredTurn("Hello", usage: TokenUsage(promptTokens: 0, outputTokens: 7))]
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
            answeredTurn("first", finishReason: "MAX_TOKENS", usage: TokenUsage(promptTokens: 10, outputTokens: 1)),
            answeredTurn("second", usage: TokenUsage(promptTokens: 20, thoughtTokens: 5)),
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
        row.turns = [answeredTurn(text)]
        let lines = try lines([row, row])
        #expect(lines.count == 2)
        #expect(!lines[0].unicodeScalars.contains("\u{2028}"))
        #expect(try JSONValue(parsing: lines[0])["text"] == .string(text))
    }

    @Test("parts are told if they hold more than the text, and always if they are asked for")
    func writesParts() throws {
        var row = ResultRow(key: "a", state: .done, model: "m", origin: "o", attempts: 1)
        row.turns = [answeredTurn("x", parts: #"[{"text":"x","thoughtSignature":"c2ln"}]"#)]
        #expect(try JSONValue(parsing: lines([row])[0])["parts"] == nil)
        #expect(try lines([row], fields: ["parts"]) == [#"{"parts":[{"text":"x","thoughtSignature":"c2ln"}]}"#])
        row.turns = [answeredTurn("x", parts: #"[{"text":"x"},{"functionCall":{"name":"f"}}]"#)]
        #expect(try JSONValue(parsing: lines([row])[0])["parts"]?.array?.count == 2)
    }

    @Test("chosen fields come in their order, those of one group together, what is unknown as null")
    func choosesFields() throws {
        var row = ResultRow(
            key: "a",
            state: .done,
            model: "m",
            origin: "o",
            input: #"{"title":"T","place":{"city":"Ulm","n":12345678901234567890},"a.b":true}"#,
            attempts: 1
        )
        row.turns = [answeredTurn("x", usage: TokenUsage(promptTokens: 1, outputTokens: 2))]
        let fields = [
            "usage.output_tokens,text", "input.place.city", "key,orphaned,usage.input_tokens", "input.a.b,error",
        ]
        let expected = """
            {"usage":{"output_tokens":2,"input_tokens":1},"text":"x","input":{"place":{"city":"Ulm"},"a.b":true},\
            "key":"a","orphaned":false,"error":null}
            """
        #expect(try lines([row], fields: fields, inputColumns: ["title", "place", "a.b"]) == [expected])
        let whole = try lines(
            [row],
            fields: ["input.title", "input", "input.place.n"],
            inputColumns: ["title", "place"]
        )
        #expect(whole == [#"{"input":\#(row.input)}"#])
        let number = try lines([row], fields: ["input.place.n,key,key"], inputColumns: ["place"])
        #expect(number == [#"{"input":{"place":{"n":12345678901234567890}},"key":"a"}"#])
    }

    @Test(
        "a field that does not exist is an error that lists those that do",
        arguments: ["txt", "", "input.none", "Key"]
    )
    func refusesUnknownFields(name: String) throws {
        let error = #expect(throws: FieldError.self) { try lines([], fields: [name], inputColumns: ["title"]) }
        #expect(error?.description.hasPrefix("there is no field \"\(name)\"; the fields are: key, state, ") == true)
        #expect(error?.description.hasSuffix(", input.title") == true)
    }
}
