import TestSupport
import Testing

@testable import GenAI

/// A body and the documents that every reader must find in it, however the network cuts it.
struct StreamExample: Sendable, CustomTestStringConvertible {
    let name: String
    let body: [UInt8]
    let documents: [String]
    /// Whether the last document stands without the empty line that ends an event.
    var isUnfinished = false
    var isBare = false

    var testDescription: String { name }

    init(_ name: String, _ body: String, _ documents: [String], isUnfinished: Bool = false, isBare: Bool = false) {
        self.init(name, Array(body.utf8), documents, isUnfinished: isUnfinished, isBare: isBare)
    }

    init(_ name: String, _ body: [UInt8], _ documents: [String], isUnfinished: Bool = false, isBare: Bool = false) {
        self.name = name
        self.body = body
        self.documents = documents
        self.isUnfinished = isUnfinished
        self.isBare = isBare
    }
}

private let split =
    #"{"candidates":[{"content":{"parts":[{"text":"Größe: 30 €"}],"role":"model"},"finishReason":"STOP","index":0}]}"#

/// The oddities of framing that gateways and proxies produce (fault matrix, row F68).
private let oddities = [
    StreamExample(
        "Google's own framing",
        "data: {\"a\":1}\r\n\r\ndata: {\"b\":2}\r\n\r\n",
        [#"{"a":1}"#, #"{"b":2}"#]
    ),
    StreamExample("letters of several bytes", "data: \(split)\r\n\r\n", [split]),
    StreamExample("line feeds alone", "data: {\"a\":1}\n\ndata: {\"b\":2}\n\n", [#"{"a":1}"#, #"{"b":2}"#]),
    StreamExample("carriage returns alone", "data: {\"a\":1}\r\rdata: {\"b\":2}\r\r", [#"{"a":1}"#, #"{"b":2}"#]),
    StreamExample(
        "line ends of all kinds",
        "data: 1\r\n\ndata: 2\r\r\ndata: 3\n\r\ndata: 4\r\n\r",
        ["1", "2", "3", "4"]
    ),
    StreamExample("no blank after the colon", "data:{\"a\":1}\n\ndata:  2\n\n", [#"{"a":1}"#, " 2"]),
    StreamExample("several data lines", "data: {\"a\":\ndata: 1,\ndata:\"b\":2}\n\n", ["{\"a\":\n1,\n\"b\":2}"]),
    StreamExample("an empty data line", "data: 1\ndata\ndata:\ndata: 2\n\n", ["1\n\n\n2"]),
    StreamExample("comments", ": keep-alive\n\n:\ndata: 1\n:x\n\n: bye", ["1"]),
    StreamExample("other fields", "event: message\nid: 7\nretry: 10\ndata: 1\ndatax: 2\n\nevent: end\n\n", ["1"]),
    StreamExample("a byte-order mark", "\u{FEFF}data: 1\n\ndata: \u{FEFF}2\n\n", ["1", "\u{FEFF}2"]),
    StreamExample("the mark [DONE]", "data: 1\n\ndata: [DONE]\n\n", ["1"]),
    StreamExample("events without data", "\n\n\r\ndata:\n\ndata: 1\n\n\n\n", ["1"]),
    StreamExample(
        "separators that are no line ends",
        "data: \"\u{2028}\u{2029}\u{85}\u{B}\u{C}\u{1E}\"\n\n",
        ["\"\u{2028}\u{2029}\u{85}\u{B}\u{C}\u{1E}\""]
    ),
    StreamExample("a forgotten empty line", "data: 1\n\ndata: 2\n", ["1", "2"], isUnfinished: true),
    StreamExample("a forgotten line end", "data: 1\n\ndata: 2", ["1", "2"], isUnfinished: true),
    StreamExample("a carriage return at the end", "data: 1\r\n\r\ndata: 2\r", ["1", "2"], isUnfinished: true),
    StreamExample("half a document", "data: {\"a\":1}\n\ndata: {\"b\":", [#"{"a":1}"#, #"{"b":"#], isUnfinished: true),
    StreamExample("nothing at all", "", []),
    StreamExample("blank lines alone", "\r\n\r\n\n", []),
    StreamExample("a bare document", "{\"error\":{\"code\":503}}", ["{\"error\":{\"code\":503}}\n"], isBare: true),
    StreamExample(
        "a bare document of several lines",
        " \n  {\r\n \"a\": 1\r\n\r\n}\r\n",
        ["  {\n \"a\": 1\n\n}\n"],
        isBare: true
    ),
    StreamExample("a bare array", "[{\"a\":1}\r\n,\r\n{\"b\":2}]\r\n", [#"{"a":1}"#, #"{"b":2}"#]),
    StreamExample(
        "an array of all that JSON has",
        " [ 1 ,\"a\\\"]\\\\\", [[],{}],{\"b\":\"}{,\" , \"c\":[null]} ]\n\n",
        ["1 ", "\"a\\\"]\\\\\"", "[[],{}]", "{\"b\":\"}{,\" , \"c\":[null]}"]
    ),
    StreamExample("an empty array", "[\r\n]\r\n", []),
    StreamExample(
        "a bare array after events",
        "data: 1\n\n[{\"error\":2}",
        ["1", #"{"error":2}"#, "["],
        isUnfinished: true
    ),
    StreamExample(
        "an array cut inside an element",
        "[{\"a\":1},{\"b\":[",
        [#"{"a":1}"#, #"{"b":["#],
        isUnfinished: true
    ),
    StreamExample("an array cut before its first element", "[", ["["], isUnfinished: true),
    StreamExample(
        "a bare document after events",
        "data: 1\n\n{\"error\":2}\n",
        ["1", "{\"error\":2}\n"],
        isBare: true
    ),
    StreamExample("a bare document with a byte-order mark", "\u{FEFF}{}", ["{}\n"], isBare: true),
    StreamExample("a bare array with a byte-order mark", "\u{FEFF}[\r\n1]", ["1"]),
    StreamExample("invalid bytes", [0x64, 0x61, 0x74, 0x61, 0x3A, 0xFF, 0xC3, 0x0A, 0x0A], ["\u{FFFD}\u{FFFD}"]),
]

private let workedExamples = WorkedExample.all.map { StreamExample($0.name, $0.body, $0.documents) }

@Suite("Server-sent events")
struct EventStreamParserTests {
    // Fault matrix: F68.
    @Test("the same events come out wherever the bytes are cut", arguments: oddities + workedExamples)
    func everySplit(example: StreamExample) throws {
        let whole = try Self.events(in: [example.body])
        #expect(whole.map(\.document) == example.documents)
        let last: EventStreamParser.Output =
            example.isBare ? .bareDocument : example.isUnfinished ? .unfinishedEvent : .event
        #expect(whole.map(\.output).dropLast().allSatisfy { $0 == .event })
        #expect(whole.isEmpty || whole.last?.output == last)
        for position in example.body.indices {
            let parts = [Array(example.body[..<position]), Array(example.body[position...])]
            #expect(try Self.events(in: parts) == whole, "cut at \(position)")
        }
        #expect(try Self.events(in: example.body.map { [$0] }) == whole)
        var generator = SeededGenerator(seed: 9)
        for _ in 0..<20 {
            #expect(try Self.events(in: pieces(of: example.body, using: &generator)) == whole)
        }
    }

    @Test("the four reads of the protocol's example give one text")
    func protocolExample() throws {
        let reads: [[UInt8]] = [
            Array(#"data: {"candidates":[{"content":{"parts":[{"text":"Gr"#.utf8) + [0xC3],
            [0xB6, 0xC3, 0x9F] + Array("e: 30 ".utf8) + [0xE2, 0x82],
            [0xAC] + Array(#""}],"role":"model"},"finishReason":"STOP","index":0}]}"#.utf8) + [0x0D],
            [0x0A, 0x0D, 0x0A],
        ]
        #expect(try Self.events(in: reads).map(\.document) == [split])
    }

    @Test("an event may be as large as the limit and no larger, in however many lines")
    func limit() throws {
        let fitting = Array("data: \(String(repeating: "x", count: 994))\n\n".utf8)
        #expect(try Self.events(in: [fitting], limit: 1000).count == 1)
        let bodies = [
            "data: \(String(repeating: "x", count: 995))\n\n",
            String(repeating: "data: \(String(repeating: "x", count: 94))\n", count: 11),
            "{\n" + String(repeating: "1234567,\n", count: 120), "[[" + String(repeating: "1234567,\n", count: 120),
            ": \(String(repeating: "x", count: 999))\n",
        ]
        for body in bodies {
            let error = #expect(throws: GenAIError.self) { try Self.events(in: [Array(body.utf8)], limit: 1000) }
            guard case .responseTooLarge? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(throws: GenAIError.self) { try Self.events(in: body.utf8.map { [$0] }, limit: 1000) }
        }
        // What was read before does not count against the next event.
        let many = String(repeating: "data: \(String(repeating: "x", count: 900))\n\n", count: 50)
        #expect(try Self.events(in: [Array(many.utf8)], limit: 1000).count == 50)
        let array = "[" + String(repeating: "[\"\(String(repeating: "x", count: 900))\"],\n", count: 50)
        #expect(try Self.events(in: [Array(array.utf8)], limit: 1000).count == 51)
    }

    @Test(
        "an element of an array is there when its bracket is, before its line ends",
        arguments: ["", "data: 1\n\n", " "]
    )
    func elements(before: String) throws {
        var parser = EventStreamParser(maximumEventBytes: 1000)
        var documents: [String] = []
        for piece in [before + "[{\"a\":[", "1]}", "\r\n,\r\n{\"b\":2", "}"] {
            try Array(piece.utf8).withUnsafeBytes { bytes in
                try parser.feed(bytes) { document, output in documents.append(Event(document, output).document) }
            }
            documents.append("|")
        }
        let first = before.contains("1") ? "1" : ""
        #expect(documents.joined() == "\(first)|{\"a\":[1]}||{\"b\":2}|")
    }

    @Test("what is no array of elements is refused", arguments: ["[1] 2", "[{}{}]", "[{},{}]]", "[[]\"\"]", "[]{}"])
    func malformedArrays(body: String) {
        let error = #expect(throws: GenAIError.self) { try Self.events(in: [Array(body.utf8)]) }
        #expect(error?.label == "malformedResponse")
    }

    private struct Event: Equatable {
        let document: String
        let output: EventStreamParser.Output

        init(_ document: Span<UInt8>, _ output: EventStreamParser.Output) {
            self.document = document.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            self.output = output
        }
    }

    private static func events(in pieces: [[UInt8]], limit: Int = 1 << 20) throws -> [Event] {
        var parser = EventStreamParser(maximumEventBytes: limit)
        var events: [Event] = []
        for piece in pieces {
            try piece.withUnsafeBytes { bytes in
                try parser.feed(bytes) { document, output in events.append(Event(document, output)) }
            }
        }
        try parser.finish { document, output in events.append(Event(document, output)) }
        return events
    }
}

/// The same bytes in random pieces, some of them empty.
func pieces(of body: [UInt8], using generator: inout SeededGenerator) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var position = 0
    while position < body.count {
        let end = Int.random(in: position...min(body.count, position + 9), using: &generator)
        pieces.append(Array(body[position..<end]))
        position = end
    }
    return pieces
}
