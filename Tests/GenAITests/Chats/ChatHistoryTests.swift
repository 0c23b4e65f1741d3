import JSON
import TestSupport
import Testing

@testable import GenAI

/// The chunks of one answer, and what the chat remembers of it.
private struct AnsweredTurn: Sendable, CustomTestStringConvertible {
    let name: String
    let chunks: [String]
    /// The parts of the model's message; `nil` if the turn is not recorded.
    let parts: String?
    /// Whether the next message travels with the turn.
    var isTold = true

    var testDescription: String { name }
}

/// A chunk with parts in JSON and perhaps a finish reason.
private func parts(_ json: String, finish: String? = nil) -> String {
    let reason = finish.map { #","finishReason":"\#($0)""# } ?? ""
    return #"{"candidates":[{"content":{"parts":[\#(json)],"role":"model"}\#(reason),"index":0}]}"#
}

private let usageOnly = #"{"usageMetadata":{"promptTokenCount":11,"totalTokenCount":77}}"#
private let finishOnly = #"{"candidates":[{"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":11}}"#
private let signed = #"{"text":"","thoughtSignature":"EpYBCpMBAb4+9vs="}"#
private let call = #"{"functionCall":{"id":"fc-1","name":"tide_table","args":{}},"thoughtSignature":"CrQBAXLI2nw="}"#

private let turns = [
    AnsweredTurn(
        name: "texts are joined, a signed part stays apart (19.12)",
        chunks: [
            parts(#"{"text":"Spring, summer"}"#), parts(#"{"text":", autumn, winter."}"#),
            parts(signed, finish: "STOP"),
        ],
        parts: #"[{"text":"Spring, summer, autumn, winter."},\#(signed)]"#
    ),
    AnsweredTurn(
        name: "a last chunk without content takes nothing away",
        chunks: [parts(#"{"text":"a"}"#), parts(#"{"text":"b"}"#), finishOnly, usageOnly],
        parts: #"[{"text":"ab"}]"#
    ),
    AnsweredTurn(
        name: "a last chunk with empty parts takes nothing away",
        chunks: [parts(#"{"text":"a"}"#), parts(#"{},{"text":""}"#), parts("", finish: "STOP")],
        parts: #"[{"text":"a"}]"#
    ),
    AnsweredTurn(
        name: "thoughts are joined among themselves",
        chunks: [
            parts(#"{"text":"x","thought":true},{"text":"y","thought":true}"#),
            parts(#"{"text":"z","thought":true},{"text":"a"}"#), parts(#"{"text":"b"}"#, finish: "STOP"),
        ],
        parts: #"[{"text":"xyz","thought":true},{"text":"ab"}]"#
    ),
    AnsweredTurn(
        name: "a signed text in the middle is not joined with its neighbours",
        chunks: [
            parts(#"{"text":"a"},{"text":"b","thoughtSignature":"c2ln"},{"text":"c"}"#),
            parts(#"{"text":"d"}"#, finish: "STOP"),
        ],
        parts: #"[{"text":"a"},{"text":"b","thoughtSignature":"c2ln"},{"text":"cd"}]"#
    ),
    AnsweredTurn(
        name: "a function call comes back unchanged",
        chunks: [parts(#"{"text":"Let me see."}"#), parts(call, finish: "STOP")],
        parts: #"[{"text":"Let me see."},\#(call)]"#
    ),
    AnsweredTurn(
        name: "the candidate of index 0 is the answer, wherever it stands",
        chunks: [
            #"{"candidates":[{"index":1,"content":{"parts":[{"text":"no"}]},"finishReason":"STOP"},{"content":{"parts":[{"text":"yes"}]},"finishReason":"STOP"}]}"#
        ],
        parts: #"[{"text":"yes"}]"#
    ),
    AnsweredTurn(
        name: "an answer cut by its budget is one",
        chunks: [parts(#"{"text":"a"}"#, finish: "MAX_TOKENS")],
        parts: #"[{"text":"a"}]"#
    ),
    AnsweredTurn(
        name: "a finish reason that is newer than the library is one",
        chunks: [parts(#"{"text":"a"}"#, finish: "NEW_REASON")],
        parts: #"[{"text":"a"}]"#
    ),
    AnsweredTurn(
        name: "an answer without content is history, but not told to the model",
        chunks: [#"{"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS"}]}"#],
        parts: "[]",
        isTold: false
    ),
    AnsweredTurn(name: "a refused prompt", chunks: [#"{"promptFeedback":{"blockReason":"SAFETY"}}"#], parts: nil),
    AnsweredTurn(name: "a withheld answer", chunks: [parts("", finish: "SAFETY")], parts: nil),
    AnsweredTurn(
        name: "an answer withheld after its beginning",
        chunks: [parts(#"{"text":"a"}"#), parts("", finish: "RECITATION")],
        parts: nil
    ),
]

@Suite("What a chat remembers", .timeLimit(.minutes(1)))
struct ChatHistoryTests {
    @Test("a streamed turn", arguments: turns)
    fileprivate func streamed(turn: AnsweredTurn) async throws {
        try await check(turn) { server, chat in
            for try await _ in chat.sendMessageStream("question") {}
        }
    }

    @Test("the same turn as a whole answer", arguments: turns.filter { $0.chunks.count == 1 })
    fileprivate func whole(turn: AnsweredTurn) async throws {
        try await check(turn) { server, chat in
            _ = try await chat.sendMessage("question")
        }
    }

    private func check(_ turn: AnsweredTurn, _ send: (LoopbackServer, Chat) async throws -> Void) async throws {
        try await withLoopbackServer { request, connection in
            if request.number > 0 {
                connection.respond(200, [], chunk("next", finish: "STOP"))
            } else if request.target.contains("stream") {
                connection.sendEvents(turn.chunks)
            } else {
                connection.respond(200, [], turn.chunks[0])
            }
        } _: { server in
            let chat = try Client(server).chats.create(model: "m")
            try await send(server, chat)
            let question = #"{"role":"user","parts":[{"text":"question"}]}"#
            let answered = turn.parts.map { [question, #"{"role":"model","parts":\#($0)}"#] } ?? []
            #expect(try chat.history.map(\.json) == answered.map { try JSONValue(parsing: $0) })
            let told = turn.isTold ? answered : []
            #expect(try chat.curatedHistory.map(\.json) == told.map { try JSONValue(parsing: $0) })

            _ = try await chat.sendMessage("next question")
            let sent = try JSONValue(parsing: server.requests[1].body)["contents"]?.array
            let next = #"{"role":"user","parts":[{"text":"next question"}]}"#
            #expect(try sent == (told + [next]).map { try JSONValue(parsing: $0) })
            #expect(chat.history.count == answered.count + 2)
        }
    }

    @Test(
        "of a history that was given, answers without content and their questions are not told",
        arguments: [
            ("u m u m", "u m u m"), ("", ""), ("u", "u"), ("u M", ""), ("u m u M", "u m"), ("u M u m", "u m"),
            ("u m m u", "u m m u"), ("u m M m u", "u"), ("u u M u", "u u"), ("M", ""), ("m u", "m u"),
            ("u m M", ""), ("u e", ""),
        ]
    )
    func given(history: String, told: String) {
        func contents(_ letters: String) -> [Content] {
            letters.split(separator: " ").map { letter in
                switch letter {
                case "u": Content("q")
                case "m": Content(role: .model, parts: [.text("a")])
                case "e": Content(role: .model, parts: [.text("a"), Part(json: [:])])
                default: Content(role: .model, parts: [])
                }
            }
        }
        #expect(CuratedHistory.of(contents(history)) == contents(told))
    }

    @Test("the requests of an unfinished answer are one turn")
    func continuation() async throws {
        let hops = [
            #"{"candidates":[{"content":{"parts":[{"text":"one "}]},"finishReason":"CONTINUATION","continuationToken":"t1"}]}"#,
            #"{"candidates":[{"content":{"parts":[{"text":"two"}]},"finishReason":"STOP"}]}"#,
        ]
        try await withLoopbackServer { request, connection in
            if request.target.contains("stream") {
                connection.sendEvents([hops[request.number % 2]])
            } else {
                connection.respond(200, [], hops[request.number % 2])
            }
        } _: { server in
            let chat = try Client(server).chats.create(model: "m")
            for try await _ in chat.sendMessageStream("question") {}
            _ = try await chat.sendMessage("question")
            let answer = Content(role: .model, parts: [.text("one two")])
            #expect(chat.history == [Content("question"), answer, Content("question"), answer])
        }
    }
}

extension Content {
    /// The message as it goes over the wire.
    fileprivate var json: JSONValue {
        var writer = JSONWriter()
        write(to: &writer)
        return (try? JSONValue(parsing: writer.bytes)) ?? .null
    }
}
