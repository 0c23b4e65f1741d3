internal import Foundation
internal import Glibc
internal import Synchronization

/// A proxy on 127.0.0.1 that opens tunnels to ports of this machine, or refuses to.
package final class ConnectProxy: Sendable {
    /// The head of each request, as it came.
    private final class Record: Sendable {
        let heads = Mutex<[String]>([])
    }

    private let server: LoopbackServer
    private let record: Record

    package var port: UInt16 { server.port }
    /// Raised when nobody can connect any more.
    package var closed: Tally { server.closed }
    /// The head of each request so far, as it came.
    package var heads: [String] { record.heads.withLock { $0 } }

    /// Begins to listen.
    ///
    /// - Parameter refusal: What to answer instead of opening a tunnel; an empty text closes the connection.
    /// - Throws: `POSIXError` if the system gives no port.
    package init(refusal: String? = nil) throws {
        let record = Record()
        self.record = record
        server = try LoopbackServer(connections: { connection in
            var head = ""
            while !head.contains("\r\n\r\n") {
                guard let bytes = connection.receive() else { return }
                head += String(decoding: bytes, as: UTF8.self)
            }
            record.heads.withLock { $0.append(head) }
            if let refusal {
                connection.send(refusal)
            } else {
                Self.tunnel(connection, to: Self.port(in: head))
            }
        })
    }

    /// Closes the listening socket and every tunnel.
    package func close() {
        server.close()
    }

    /// The port of `CONNECT localhost:8443 HTTP/1.1`; names are not looked up.
    private static func port(in head: String) -> UInt16 {
        let target = head.split(separator: " ").dropFirst().first ?? ""
        return target.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
    }

    private static func tunnel(_ connection: LoopbackConnection, to port: UInt16) {
        guard let upstream = LoopbackSocket.connect(port) else { return }
        // A header that the server sends as well, with another value.
        connection.send("HTTP/1.1 200 Connection established\r\nX-Gemini-Service-Tier: flex\r\n\r\n")
        let isDone = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = recv(upstream, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                connection.send(Array(buffer[..<count]))
            }
            connection.interrupt()
            isDone.signal()
        }
        while let bytes = connection.receive() {
            guard send(upstream, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { break }
        }
        _ = shutdown(upstream, Int32(SHUT_RDWR))
        isDone.wait()
        _ = Glibc.close(upstream)
    }
}
