internal import Foundation
internal import Glibc
internal import Synchronization

/// A HTTP/1.1 server on 127.0.0.1 whose answers are scripts: exactly these bytes, in these pieces, then this end.
///
/// Each connection has a thread, so scripts block as they like. Requests are recorded whole.
package final class LoopbackServer: Sendable {
    /// What a client sent.
    package struct Request: Sendable {
        package let method: String
        /// The path with its query.
        package let target: String
        package let headers: [(name: String, value: String)]
        package let body: [UInt8]
        /// Counted from 0 over all connections.
        package let number: Int

        package var bodyText: String { String(decoding: body, as: UTF8.self) }

        /// The first header of a name, whatever its case.
        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// Answers one request; the connection is kept for the next one unless the script closes it.
    package typealias Script = @Sendable (Request, LoopbackConnection) -> Void

    private struct State {
        var requests: [Request] = []
        var connections: [LoopbackConnection] = []
        var isClosed = false
    }

    package let port: UInt16
    /// Raised for every request that arrived whole.
    package let requestCount = Tally()
    /// Raised for every connection that the client closed, not the script.
    package let clientCloseCount = Tally()
    /// Raised when nobody can connect any more.
    package let closed = Tally()
    private let listener: Int32
    private let serve: @Sendable (LoopbackServer, LoopbackConnection) -> Void
    private let state = Mutex(State())

    /// Begins to listen.
    ///
    /// - Parameter script: Runs on the connection's thread for every request.
    /// - Throws: `POSIXError` if the system gives no port.
    package convenience init(_ script: @escaping Script) throws {
        try self.init(serving: { server, connection in
            var reader = RequestReader(connection)
            while let (head, body) = reader.next() {
                script(server.record(head, body), connection)
            }
        })
    }

    /// Begins to listen for clients that do not speak HTTP in the clear.
    ///
    /// - Parameter script: Runs on a thread for every connection, which it reads itself.
    /// - Throws: `POSIXError` if the system gives no port.
    package convenience init(connections script: @escaping @Sendable (LoopbackConnection) -> Void) throws {
        try self.init(serving: { _, connection in script(connection) })
    }

    private init(serving serve: @escaping @Sendable (LoopbackServer, LoopbackConnection) -> Void) throws {
        self.serve = serve
        (listener, port) = try LoopbackSocket.listen()
        Thread.detachNewThread { [self] in acceptAll() }
    }

    package var url: String { "http://127.0.0.1:\(port)" }

    /// All requests so far, in the order of their arrival.
    package var requests: [Request] { state.withLock { $0.requests } }

    package var connectionCount: Int { state.withLock { $0.connections.count } }

    /// Closes the listening socket and every connection; scripts that wait for their client go on.
    package func close() {
        let connections = state.withLock { state in
            state.isClosed = true
            return state.connections
        }
        _ = shutdown(listener, Int32(SHUT_RDWR))
        for connection in connections {
            connection.interrupt()
        }
    }

    private func acceptAll() {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            let connection = state.withLock { state in
                let connection = LoopbackConnection(descriptor: descriptor, number: state.connections.count)
                state.connections.append(connection)
                return connection
            }
            guard !state.withLock({ $0.isClosed }) else {
                connection.close()
                break
            }
            Thread.detachNewThread { [self] in
                serve(self, connection)
                if connection.close() {
                    clientCloseCount.raise()
                }
            }
        }
        _ = Glibc.close(listener)
        closed.raise()
    }

    private func record(_ head: String, _ body: [UInt8]) -> Request {
        let lines = head.split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ").map(String.init)
        let headers = lines.dropFirst().map { line in
            let name = line.prefix { $0 != ":" }
            return (name: String(name), value: String(line.dropFirst(name.count + 1).drop { $0 == " " }))
        }
        let request = state.withLock { state in
            let request = Request(
                method: words.first ?? "",
                target: words.count > 1 ? words[1] : "",
                headers: headers,
                body: body,
                number: state.requests.count
            )
            state.requests.append(request)
            return request
        }
        requestCount.raise()
        return request
    }
}

/// Reads requests with a `Content-Length` from a connection, one after the other.
private struct RequestReader {
    private let connection: LoopbackConnection
    private var bytes: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    init(_ connection: LoopbackConnection) {
        self.connection = connection
    }

    /// The head and the body of the next request; `nil` when the client has left.
    mutating func next() -> (head: String, body: [UInt8])? {
        var searched = 0
        while true {
            if let end = headEnd(from: searched) {
                let head = String(decoding: bytes[..<end], as: UTF8.self)
                bytes.removeFirst(end + 4)
                let length = Self.contentLength(in: head)
                while bytes.count < length {
                    guard fill() else { return nil }
                }
                defer { bytes.removeFirst(length) }
                return (head, Array(bytes[..<length]))
            }
            searched = max(0, bytes.count - 3)
            guard fill() else { return nil }
        }
    }

    private mutating func fill() -> Bool {
        guard let count = connection.receive(into: &buffer), count > 0 else { return false }
        bytes.append(contentsOf: buffer[..<count])
        return true
    }

    private func headEnd(from start: Int) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (start..<max(start, bytes.count - 3)).first { bytes[$0...].starts(with: [0x0D, 0x0A, 0x0D, 0x0A]) }
    }

    private static func contentLength(in head: String) -> Int {
        for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("content-length:") {
            return Int(line.dropFirst("content-length:".count).drop { $0 == " " }) ?? 0
        }
        return 0
    }
}

/// Runs a body against a server of its own and closes the server afterwards.
package func withLoopbackServer<Result>(
    _ script: @escaping LoopbackServer.Script,
    _ body: (LoopbackServer) async throws -> Result
) async throws -> Result {
    let server = try LoopbackServer(script)
    defer { server.close() }
    return try await body(server)
}
