import Foundation
import JSON
import TestSupport
import Testing

/// `gemini-simulator` as a process of its own: it outlives the kills of its clients and counts what they send.
final class SimulatorProgram: Sendable {
    /// What the simulator counted of one item, or of all.
    struct Counts: Sendable, Equatable {
        var text = ""
        var requests = 0
        var completed = 0
        var cancelled = 0
        var faulted = 0
        var refused = 0
        /// Requests that are neither answered nor given up.
        var open: Int { requests - completed - cancelled - faulted - refused }
    }

    let baseURL: String
    let port: UInt16
    private let program: Program
    private let folder: TemporaryDirectory

    /// Starts one that answers at once, but for what the arguments say.
    ///
    /// - Parameters:
    ///   - arguments: Of the command line.
    ///   - script: A fault script in JSON.
    /// - Throws: If it does not come up.
    init(_ arguments: [String] = [], script: String? = nil) async throws {
        folder = try TemporaryDirectory()
        var all = ["--port", "0", "--exit-with-parent", "--first-chunk-latency", "0ms", "--chunk-interval", "0ms"]
        all += ["--chunks", "4", "--jitter", "0"]
        if let script {
            all += ["--script", try folder.write(script, to: "script.json")]
        }
        program = try Program(
            try BuiltProducts.path(of: "gemini-simulator"),
            all + arguments,
            environment: ["PATH": "/usr/bin:/bin"],
            folder: folder.path,
            holdsInputOpen: true
        )
        let greeting = await program.output.line(0) ?? ""
        baseURL = try #require(greeting.split(separator: " ").last.map(String.init), "\(program.errors.text)")
        port = try #require(baseURL.split(separator: ":").last.flatMap { UInt16($0) })
    }

    /// What was received, item by item; items are told by their whole request.
    func items() throws -> [Counts] {
        let document = try get("/simulator/requests")
        return try #require(document["items"]?.array).map(Self.counts)
    }

    func totals() throws -> Counts {
        Self.counts(try #require(try get("/simulator/requests")["totals"]))
    }

    /// The files that were uploaded, the youngest first; at most ten.
    func files() throws -> [JSONValue] {
        try get("/v1beta/files")["files"]?.array ?? []
    }

    /// The highest number of generations at one moment.
    func peakStreams() throws -> Int {
        Int(try #require(try get("/simulator/stats")["streams"]?["peak"]?.int64))
    }

    /// The limit of its quota that is in force; `nil` if it has none.
    func limit() throws -> Int? {
        try get("/simulator/stats")["quota"]?["limit"]?.int64.map { Int($0) }
    }

    func countTokensRequests() throws -> Int {
        Int(try #require(try get("/simulator/stats")["countTokensRequests"]?.int64))
    }

    private static func counts(_ value: JSONValue) -> Counts {
        func number(_ name: String) -> Int { Int(value[name]?.int64 ?? 0) }
        return Counts(
            text: value["text"]?.string ?? "",
            requests: number("requests"),
            completed: number("completed"),
            cancelled: number("cancelled"),
            faulted: number("faulted"),
            refused: number("refused")
        )
    }

    /// One request over HTTP/1.0, whose answer ends with its connection.
    private func get(_ path: String) throws -> JSONValue {
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue)
        #else
            let type = SOCK_STREAM
        #endif
        let descriptor = socket(AF_INET, type, 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Program.Failure(description: "the simulator does not answer") }
        let request = Array("GET \(path) HTTP/1.0\r\nx-goog-api-key: test\r\n\r\n".utf8)
        _ = request.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        var response: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
            response += buffer[..<count]
        }
        let text = String(decoding: response, as: UTF8.self)
        let body = try #require(text.range(of: "\r\n\r\n"), "\(text)").upperBound
        return try JSONValue(parsing: String(text[body...]))
    }
}
