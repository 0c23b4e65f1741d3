import Foundation
import GeminiSimulator
import TestSupport
import Testing

@testable import GenAI

private let events = ["It was", " a dark", " and stormy", " night;"].map { "data: \(chunk($0))\r\n\r\n" }
private let stream = events.joined() + "data: \(chunk(" the end.", finish: "STOP"))\r\n\r\n"
private let text = "It was a dark and stormy night; the end."

@Suite("Against nginx", .timeLimit(.minutes(1)))
struct NginxTests {
    /// How a client reaches the server.
    enum Way: CaseIterable, Sendable {
        case clear, http2, http1
    }

    @Test("many streams at once come whole, over every version of HTTP", arguments: Way.allCases)
    func parallel(way: Way) async throws {
        let gate = try LoopbackServer { _, _ in }
        defer { gate.close() }
        let nginx = try NginxServer(stream: stream, whole: chunk(text, finish: "STOP"), gate: gate)
        let count = 250
        let client = try client(way, nginx) { $0.concurrency = count }
        try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<count {
                group.addTask {
                    if number.isMultiple(of: 5) {
                        return try await client.models.generateContent(model: "m", contents: "p").text ?? ""
                    }
                    if number.isMultiple(of: 2) {
                        var text = ""
                        for try await chunk in client.models.generateContentStream(model: "m", contents: "p") {
                            text += chunk.text ?? ""
                        }
                        return text
                    }
                    let collected = try await client.collect()
                    if let error = collected.error { throw error }
                    #expect(collected.answer.serviceTier == "priority")
                    return collected.answer.text
                }
            }
            for try await answer in group {
                #expect(answer == text)
            }
        }
        let accesses = nginx.stop()
        #expect(accesses.count == count)
        #expect(accesses.allSatisfy { $0.status == 200 && $0.version == (way == .http2 ? "HTTP/2.0" : "HTTP/1.1") })
        if way == .http2 {
            // 100 streams to a connection: ⌈250/100⌉, and one more for good measure.
            #expect(Set(accesses.map(\.connection)).count <= 4)
        }
    }

    @Test("all streams are in flight together, even if the first answer is long in coming", arguments: Way.allCases)
    func together(way: Way) async throws {
        let count = 64
        let arrived = Tally()
        let gate = try LoopbackServer { _, connection in
            // Nobody is answered before everybody has asked.
            arrived.raise()
            arrived.block(until: count)
            connection.respond(200, [("Content-Type", "text/event-stream")], stream)
        }
        defer { gate.close() }
        let nginx = try NginxServer(stream: stream, whole: "", gate: gate)
        let client = try client(way, nginx, path: "/gate") { $0.concurrency = count }
        try await withThrowingTaskGroup(of: CollectedAnswer.self) { group in
            for _ in 0..<count {
                group.addTask { try await client.collect() }
            }
            for try await collected in group {
                #expect(collected.error == nil)
                #expect(collected.answer.text == text)
            }
        }
        let connections = Set(nginx.stop().map(\.connection)).count
        #expect(way == .http2 ? connections <= 2 : connections == count, "\(connections)")
    }

    @Test("a token server that speaks HTTP/2 says nothing about the connections of the API")
    func tokenServer() async throws {
        let count = 64
        let arrived = Tally()
        let gate = try LoopbackServer { _, connection in
            // Nobody is answered before everybody has asked: over HTTP/1.1, each needs a connection.
            arrived.raise()
            arrived.block(until: count)
            connection.respond(200, [("Content-Type", "text/event-stream")], stream)
        }
        defer { gate.close() }
        let nginx = try NginxServer(stream: stream, whole: #"{"access_token":"token","expires_in":3599}"#, gate: gate)
        let folder = try TemporaryDirectory()
        let file = try TestAccount.file("https://localhost:\(nginx.http2Port)/token")
        let client = try Client(
            vertex: VertexOptions(credentials: .file(try folder.write(file, to: "key.json"))),
            options: HTTPOptions(
                baseURL: "https://localhost:\(nginx.http1Port)/gate",
                caFile: nginx.caFile,
                concurrency: count
            )
        )
        try await withThrowingTaskGroup(of: CollectedAnswer.self) { group in
            for _ in 0..<count {
                group.addTask { try await client.collect() }
            }
            for try await collected in group {
                #expect(collected.answer.text == text, "\(String(describing: collected.error))")
            }
        }
        let accesses = nginx.stop()
        #expect(accesses.filter { $0.port == nginx.http2Port }.map(\.version) == ["HTTP/2.0"])
        #expect(accesses.count { $0.port == nginx.http1Port } == count)
    }

    @Test("chats, files, lists and counts go through a server that nobody here wrote", arguments: Way.allCases)
    func calls(way: Way) async throws {
        let gate = try LoopbackServer { _, _ in }
        defer { gate.close() }
        let simulator = try await Simulator.start()
        let nginx = try NginxServer(stream: stream, whole: "", gate: gate, through: simulator.port)
        let client = try client(way, nginx, path: "/through") { _ in }
        let chat = client.chats.create(model: "gemini-2.5-flash")
        for try await _ in chat.sendMessageStream("Tell me a story.") {}
        #expect(try await chat.sendMessage("Summarize it.").text?.isEmpty == false)
        #expect(chat.history.count == 4)
        #expect(try await client.models.countTokens(model: "gemini-2.5-flash", contents: chat.history).totalTokens > 0)
        let bytes = [UInt8](repeating: 7, count: 9 << 20)
        let file = try await client.files.upload(bytes, mimeType: "video/mp4", displayName: "harbour")
        #expect(file.sizeBytes == bytes.count)
        #expect(try await client.files.waitUntilActive(file, interval: .zero).state == .active)
        for try await listed in client.files.list() {
            #expect(listed.name == file.name)
        }
        try await client.files.delete(name: file.name)
        let accesses = nginx.stop()
        // Two turns, a count, the start and two pieces of the upload, two questions, a list, a deletion.
        #expect(accesses.count == 10)
        #expect(accesses.allSatisfy { $0.status == 200 && $0.version == (way == .http2 ? "HTTP/2.0" : "HTTP/1.1") })
        try await simulator.shutdown()
    }

    // Fault matrix: F48.
    @Test("a certificate that nobody vouches for is a matter of TLS")
    func untrusted() async throws {
        let gate = try LoopbackServer { _, _ in }
        defer { gate.close() }
        let nginx = try NginxServer(stream: stream, whole: "", gate: gate)
        for caFile in [nil, nginx.otherCAFile, "/nonexistent/ca.pem"] {
            let collected = try await client(.http2, nginx) { $0.caFile = caFile }.collect()
            #expect(collected.error?.label == "tls", "\(String(describing: collected.error))")
            #expect(!collected.wasSent)
            #expect(collected.error?.description.contains("https://localhost:\(nginx.http2Port)") == true)
        }
        #expect(nginx.stop().isEmpty)
    }

    // Fault matrix: F48.
    @Test("a certificate for another host is a matter of TLS")
    func wrongHost() async throws {
        let gate = try LoopbackServer { _, _ in }
        defer { gate.close() }
        let nginx = try NginxServer(stream: stream, whole: "", gate: gate)
        let options = HTTPOptions(baseURL: "https://127.0.0.1:\(nginx.http2Port)", caFile: nginx.caFile)
        let collected = try await Client(apiKey: testKey, options: options).collect()
        #expect(collected.error?.label == "tls", "\(String(describing: collected.error))")
        #expect(!collected.wasSent)
    }

    // Fault matrix: F48.
    @Test("TLS spoken to a server in the clear is a matter of TLS")
    func clearServer() async throws {
        let gate = try LoopbackServer { _, _ in }
        defer { gate.close() }
        let nginx = try NginxServer(stream: stream, whole: "", gate: gate)
        let options = HTTPOptions(baseURL: "https://localhost:\(nginx.clearPort)", caFile: nginx.caFile)
        let collected = try await Client(apiKey: testKey, options: options).collect()
        #expect(collected.error?.label == "tls", "\(String(describing: collected.error))")
    }

    private func client(
        _ way: Way,
        _ nginx: NginxServer,
        path: String = "",
        _ configure: (inout HTTPOptions) -> Void
    ) throws -> Client {
        let base =
            switch way {
            case .clear: "http://localhost:\(nginx.clearPort)"
            case .http2: "https://localhost:\(nginx.http2Port)"
            case .http1: "https://localhost:\(nginx.http1Port)"
            }
        var options = HTTPOptions(baseURL: base + path, caFile: nginx.caFile)
        configure(&options)
        return try Client(apiKey: testKey, options: options)
    }
}
