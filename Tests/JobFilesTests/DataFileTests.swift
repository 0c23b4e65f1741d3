import BatchCore
import JSON
import TestSupport
import Testing

@testable import JobFiles

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads a table whole, a few bytes at a time.
private func readCSV(_ text: String, bufferSize: Int = 1 << 16) throws -> [String] {
    let workspace = try Workspace(["t.csv": text])
    let file = try InputFile(path: workspace.path + "/t.csv", name: "t.csv")
    let reader = try CSVReader(file, since: file.stamp, bufferSize: bufferSize)
    var rows = [reader.header.joined(separator: "|")]
    while let row = try reader.next() {
        rows.append("\(row.origin) " + row.fields.map { $0.value.string ?? "?" }.joined(separator: "|"))
    }
    return rows
}

private func csvProblem(_ text: String) throws -> String? {
    do {
        _ = try readCSV(text)
        return nil
    } catch let problem as DataProblem {
        return "\(problem.line.map(String.init) ?? "-"): \(problem.message)"
    }
}

@Suite struct CSVTests {
    @Test(
        "tables are read as RFC 4180 has them",
        arguments: [
            ("a,b\n1,2\n", ["a|b", "t.csv:2 1|2"]), ("a,b\r\n1,2\r\n", ["a|b", "t.csv:2 1|2"]),
            ("a,b\n1,2", ["a|b", "t.csv:2 1|2"]),
            ("\u{FEFF}a,b\n1,2\n", ["a|b", "t.csv:2 1|2"]), ("\u{FEFF}\"a\",b\n1,2\n", ["a|b", "t.csv:2 1|2"]),
            ("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", ["a|b", "t.csv:2 x,y|say \"hi\""]),
            ("a,b\n\"one\ntwo\",\"three\r\nfour\"\n5,6\n", ["a|b", "t.csv:2 one\ntwo|three\r\nfour", "t.csv:5 5|6"]),
            ("a,b\n,\n", ["a|b", "t.csv:2 |"]), ("a\n\"\"\n\nx\n", ["a", "t.csv:2 ", "t.csv:4 x"]),
            ("a,b\n\n1,2\n\r\n\n", ["a|b", "t.csv:3 1|2"]), ("a,b\n 1 ,\t2\n", ["a|b", "t.csv:2  1 |\t2"]),
            ("a\nx\ry\n", ["a", "t.csv:2 x\ry"]), ("ä,ö\nß,日本\n", ["ä|ö", "t.csv:2 ß|日本"]), ("a,b\n", ["a|b"]),
            ("a", ["a"]),
        ]
    )
    func tables(text: String, rows: [String]) throws {
        for size in [1, 2, 3, 5, 7, 1 << 16] {
            #expect(try readCSV(text, bufferSize: size) == rows, "buffer of \(size)")
        }
    }

    @Test("every split of the read buffer gives the same rows")
    func splits() throws {
        let text = "\u{FEFF}id,\"na\"\"me\",note\r\n1,\"a\r\nb\"\"c\"\"\",ü\r\n\r\n2,,\"\"\n3,\"x,\",y\r"
        let whole = try readCSV(text)
        #expect(whole.count == 4)
        for size in 1...text.utf8.count + 1 {
            #expect(try readCSV(text, bufferSize: size) == whole, "buffer of \(size)")
        }
    }

    @Test(
        "what is no table is refused with its line",
        arguments: [
            ("", "-: the file is empty; its first line must name the columns"),
            ("a,,b\n", "1: column 2 has no name in the header"), ("a,b,a\n", "1: two columns are named \"a\""),
            ("a,b\n1,2\n3\n", "3: 1 field, but the header names 2; quote a field that holds a comma"),
            ("a,b\n1,2,3\n", "2: 3 fields, but the header names 2; quote a field that holds a comma"),
            ("a\n\"x\n\ny\n", "2: the file ends inside a quoted field that begins in this row"),
            ("a\n\"x\"y\n", "2: text follows a closing quote; inside a field, write a quote twice"),
            ("a\nx\"y\n", "2: a quote inside a field that is not quoted; quote the field and write the quote twice"),
        ]
    )
    func refusals(text: String, message: String) throws {
        #expect(try csvProblem(text) == message)
    }
}

/// Reads JSON Lines whole.
private func readJSONLines(_ text: String, bufferSize: Int = 1 << 16) throws -> [String] {
    let workspace = try Workspace(["d.jsonl": text])
    let file = try InputFile(path: workspace.path + "/d.jsonl", name: "d.jsonl")
    let reader = JSONLinesReader(file, since: file.stamp, bufferSize: bufferSize)
    var rows: [String] = []
    while true {
        do throws(DataProblem) {
            guard let row = try reader.next() else { return rows }
            rows.append("\(row.origin) \(JSONValue.object(row.fields).text)")
        } catch {
            rows.append("\(error.line ?? 0):\(error.column ?? 0) \(error.message)")
        }
    }
}

@Suite struct JSONLinesTests {
    @Test("objects are read line by line, at every split of the read buffer")
    func lines() throws {
        let text = "\u{FEFF}{\"a\":1.50}\r\n\n  \t\n{\"b\":{\"c\":[\"ü\\n\"]}}\n{\"d\":null}"
        let expected = ["d.jsonl:1 {\"a\":1.50}", "d.jsonl:4 {\"b\":{\"c\":[\"ü\\n\"]}}", "d.jsonl:5 {\"d\":null}"]
        for size in 1...text.utf8.count + 1 {
            #expect(try readJSONLines(text, bufferSize: size) == expected, "buffer of \(size)")
        }
    }

    @Test("bad lines are told, and the next ones are still read")
    func badLines() throws {
        #expect(
            try readJSONLines("{\"a\":1}\n[1]\n{\"a\":}\n{\"a\":1} x\n{\"a\":1,\"a\":2}\n{\"a\":2}\n") == [
                "d.jsonl:1 {\"a\":1}", "2:0 expected one JSON object in each line, {\"field\": \"value\", …}",
                "3:6 not JSON: expected a JSON value", "4:9 not JSON: unexpected bytes after the document",
                "5:0 a field is given twice", "d.jsonl:6 {\"a\":2}",
            ]
        )
    }

    @Test("bad UTF-8 is not repaired in silence")
    func badUTF8() throws {
        let workspace = try Workspace()
        try workspace.write(Array("{\"a\":\"".utf8) + [0xFF] + Array("\"}".utf8), to: "d.jsonl")
        let reader = JSONLinesReader(try InputFile(path: workspace.path + "/d.jsonl", name: "d.jsonl"), since: nil)
        #expect(throws: DataProblem.self) { try reader.next() }
    }

    @Test("a line may be long, not endless")
    func longLines() throws {
        let workspace = try Workspace([
            "l": String(repeating: "x", count: 3000) + "\n" + String(repeating: "y", count: 3001)
        ])
        var lines = LineReader(
            try InputFile(path: workspace.path + "/l", name: "l"),
            maximumLength: 3000,
            bufferSize: 64
        )
        #expect(try lines.next()?.count == 3000)
        #expect(throws: DataProblem.self) { try lines.next() }
    }
}

@Suite struct InputTests {
    @Test("rows are variables of the templates, over the job's and under the matrix's")
    func rows() throws {
        let workspace = try Workspace([
            "d.jsonl":
                "{\"who\":\"<Ada>\",\"n\":{\"x\":[1,2]},\"tone\":\"row\"}\n{\"who\":\"B\",\"n\":{\"x\":[]},\"len\":9}\n"
        ])
        let items = try workspace.items(
            """
            model: m
            inputs: [{jsonl: d.jsonl}]
            prompt: "{{who}} {{tone}} {{len}}:{{#n.x}} {{.}}{{/n.x}}"
            system_instruction: "Serve {{who}}."
            id: "{{who}}"
            vars: {tone: job}
            matrix: {len: [1]}
            """
        )
        #expect(items.map(\.prompt) == ["<Ada> row 1: 1 2", "B job 1:"])
        #expect(items.map(\.keyText) == ["<Ada>[len=1]", "B[len=1]"])
        #expect(items.map(\.request.systemInstruction) == ["Serve <Ada>.", "Serve B."])
        #expect(items[1].input == ["who": "B", "n": ["x": []], "len": "1"])
    }

    @Test("chats and images are templates too")
    func turnsAndImages() throws {
        let workspace = try Workspace(["d.csv": "u,t\nhttps://e.example/a.png,see\n"])
        let item = try #require(
            try workspace.items(
                "model: m\ninputs: [{csv: d.csv}]\nturns: [\"{{t}}\", more]\nimages: [{uri: \"{{u}}\", mime_type: image/webp}]\n"
            ).first
        )
        #expect(item.request.turns.map(\.text) == ["see", "more"])
        #expect(item.request.turns[0].media.map(\.mimeType) == ["image/webp"])
        #expect(item.request.turns[1].media == [])
    }

    @Test("standard input is read as JSON Lines, once")
    func standardInput() throws {
        let workspace = try Workspace(["in": "{\"a\":1}\n{\"a\":2}\n"])
        let file = try #require(fopen(workspace.path + "/in", "r"))
        defer { fclose(file) }
        let job = try workspace.load(
            "model: m\ninputs: [{jsonl: \"-\"}]\nprompt: \"{{a}}\"\n",
            options: JobFile.Options(standardInput: fileno(file))
        )
        #expect(try job.allItems().map(\.prompt) == ["1", "2"])
        #expect(throws: JobFileError.self) { try job.allItems() }
    }

    @Test("an unknown column is an error before any row is read, with its place in the job")
    func unknownColumn() throws {
        let workspace = try Workspace(["d.csv": "title,body\nx,y\n", "a.txt": "t"])
        let yaml = "model: m\ninputs: [{csv: d.csv}, {files: a.txt}]\nprompt: |\n  {{titel}}\n  {{body}}\n"
        let error = #expect(throws: JobFileError.self) { try workspace.load(yaml) }
        #expect(
            error?.problems.map { "\($0.line ?? 0):\($0.column ?? 0) \($0.message) \($0.suggestion ?? "-")" } == [
                "4:3 unknown variable \"titel\" for d.csv title", "4:3 unknown variable \"titel\" for a.txt -",
                "5:3 unknown variable \"body\" for a.txt -",
            ]
        )
    }

    @Test("an unknown field tells the row that lacks it, and other bad rows are told with it")
    func unknownField() throws {
        let workspace = try Workspace(["d.jsonl": "{\"a\":1,\"b\":1}\n{\"a\":1}\nnope\n{\"a\":1,\"b\":2}\n"])
        let job = try workspace.load("model: m\ninputs: [{jsonl: d.jsonl}]\nprompt: \"{{a}} {{b}}\"\n")
        let source = try job.makeItems()
        #expect(try source.next()?.prompt == "1 1")
        let error = #expect(throws: JobFileError.self) { try source.next() }
        #expect(
            error?.description
                == """
                job.yaml:3:16: error: unknown variable "b" for d.jsonl:2
                  prompt: "{{a}} {{b}}"
                                 ^
                d.jsonl:3:1: error: not JSON: expected a JSON value
                """
        )
        #expect(try source.next() == nil)
    }

    @Test("twenty bad rows are enough")
    func manyBadRows() throws {
        let workspace = try Workspace([
            "d.jsonl": String(repeating: "{\"b\":1}\n", count: 500),
            "e.csv": "x\n" + String(repeating: "1,2\n", count: 500),
        ])
        let byField = workspace.error("model: m\ninputs: [{jsonl: d.jsonl}]\nprompt: \"{{a}}\"\n")
        #expect(byField?.problems.count == 20)
        let byShape = workspace.error("model: m\ninputs: [{csv: e.csv}]\nprompt: \"{{x}}\"\n")
        #expect(byShape?.problems.count == 20)
    }

    @Test("optional fields are asked for with sections")
    func optionalFields() throws {
        let workspace = try Workspace([
            "d.jsonl": "{\"a\":\"x\",\"note\":\"n\"}\n{\"a\":\"y\"}\n{\"a\":\"z\",\"note\":null}\n"
        ])
        let items = try workspace.items(
            "model: m\ninputs: [{jsonl: d.jsonl}]\nprompt: \"{{a}}{{#note}} ({{note}}){{/note}}\"\n"
        )
        #expect(items.map(\.prompt) == ["x (n)", "y", "z"])
    }
}
