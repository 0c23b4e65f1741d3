import Curl
import Foundation
import TestSupport
import Testing

@Suite("What comes back", .timeLimit(.minutes(1)))
struct ResponseTests {
    // Fault matrix: F50.
    @Test("a redirect is an answer like others and is not followed", arguments: ["/elsewhere", "file:///etc/hostname"])
    func redirect(location: String) async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(302, [("Location", location)], "moved")
        } _: { server in
            let receiver = TestReceiver()
            let end = try await transfer(HTTPRequest(url: server.url), receiver)
            #expect(end.error == nil)
            #expect(receiver.current.head?.status == 302)
            #expect(receiver.text == "moved")
            #expect(server.requests.count == 1)
        }
    }

    @Test("a body packed with gzip arrives unpacked")
    func gzip() async throws {
        // printf 'hello hello hello hello' | gzip -n
        let packed = try #require(Data(base64Encoded: "H4sIAAAAAAAAA8tIzcnJV8hAJwHjUT2NFwAAAA=="))
        try await withLoopbackServer { _, connection in
            connection.respond(200, [("Content-Encoding", "gzip")], Array(packed))
        } _: { server in
            let receiver = TestReceiver()
            let end = try await transfer(HTTPRequest(url: server.url), receiver)
            #expect(end.error == nil)
            #expect(receiver.text == "hello hello hello hello")
            #expect(server.requests.first?.header("accept-encoding")?.contains("gzip") == true)
        }
    }

    @Test("with many transfers at once each has a small buffer, and large answers come whole", arguments: [64, 10_000])
    func buffers(concurrency: Int) async throws {
        let body = repeated(Array("0123456789abcdef".utf8), 8192)
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], body)
        } _: { server in
            let receiver = TestReceiver()
            let loop = try TransferLoop(TransferLoop.Options(concurrency: concurrency))
            _ = try loop.start(HTTPRequest(url: server.url), receiver: receiver)
            let end = try await receiver.end()
            withExtendedLifetime(loop) {}
            #expect(end.error == nil)
            #expect(receiver.current.body == body)
            let buffer = concurrency == 64 ? 16 << 10 : 1 << 10
            #expect(receiver.current.largestPiece <= buffer)
            #expect(receiver.current.largestPiece > buffer / 2)
        }
    }

    @Test("interim responses before the real one are not taken for it")
    func interimResponse() async throws {
        try await withLoopbackServer { _, connection in
            connection.send("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\nX-Real: no\r\n\r\n")
            connection.respond(200, [("X-Real", "yes")], "body")
        } _: { server in
            let receiver = TestReceiver()
            let end = try await transfer(HTTPRequest(url: server.url), receiver)
            #expect(end.error == nil)
            #expect(receiver.current.head?.status == 200)
            #expect(receiver.current.head?.header("link") == nil)
            #expect(receiver.current.head?.header("x-real") == "yes")
            #expect(receiver.current.headCount == 1)
        }
    }

    @Test("a head without a body is told too")
    func emptyBody() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(503, [("Retry-After", "7")], "")
        } _: { server in
            let receiver = TestReceiver()
            let end = try await transfer(HTTPRequest(url: server.url), receiver)
            #expect(end.error == nil)
            #expect(receiver.current.head?.status == 503)
            #expect(receiver.current.head?.header("retry-after") == "7")
        }
    }

    @Test("lines may end without a carriage return, and values may be empty")
    func bareLineFeeds() async throws {
        try await withLoopbackServer { _, connection in
            connection.send("HTTP/1.1 200 OK\nX-Empty: \nX-Real: yes \nContent-Length: 2\n\nok")
        } _: { server in
            let receiver = TestReceiver()
            let end = try await transfer(HTTPRequest(url: server.url), receiver)
            #expect(end.error == nil)
            #expect(receiver.text == "ok")
            #expect(receiver.current.head?.header("x-empty") == "")
            #expect(receiver.current.head?.header("x-real") == "yes")
        }
    }

    @Test("400 headers of 1 KB are too much, and 2,000 of any size", arguments: [(400, 1000), (2000, 1)])
    func headerFlood(count: Int, size: Int) async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead(200, (0..<count).map { ("X-\($0)", String(repeating: "a", count: size)) })
            connection.waitForClose()
        } _: { server in
            let end = try await transfer(HTTPRequest(url: server.url))
            #expect(end.error?.kind == .tooLarge)
            #expect(end.wasSent)
            try await server.clientCloseCount.reach(1)
        }
    }

    @Test(
        "bytes that are not HTTP lose the connection",
        arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "\u{0}\u{1}\u{2}\u{3}\r\n\r\n"]
    )
    func notHTTP(bytes: String) async throws {
        try await withLoopbackServer { _, connection in
            connection.send(bytes)
            connection.close()
        } _: { server in
            let end = try await transfer(HTTPRequest(url: server.url))
            #expect(end.error?.kind == .connectionLost)
        }
    }

    @Test("a TLS handshake that breaks off is a failed connect, one that is refused a matter of TLS")
    func brokenHandshake() async throws {
        let endings: [(CurlError.Kind, @Sendable (LoopbackConnection) -> Void)] = [
            (.connectFailed, { $0.reset() }),
            (.connectFailed, { $0.close() }),
            (.tls, { $0.respond(400, [], "this is plain http") }),
        ]
        for (kind, ending) in endings {
            let server = try LoopbackServer(connections: { connection in
                _ = connection.receive()
                ending(connection)
            })
            defer { server.close() }
            let end = try await transfer(HTTPRequest(url: "https://127.0.0.1:\(server.port)"))
            #expect(end.error?.kind == kind, "\(end)")
            #expect(!end.wasSent)
        }
    }

    @Test("a body that ends before its time is a lost connection, and what came was handed over")
    func cutBody() async throws {
        let piece = Tally()
        try await withLoopbackServer { request, connection in
            switch request.target {
            case "/chunked":
                connection.sendHead()
                connection.sendChunk("partial")
                connection.close()
            case "/length":
                connection.sendHead(200, [("Content-Length", "100")])
                connection.send("partial")
                connection.close()
            default:
                connection.sendHead()
                connection.sendChunk("partial")
                // The reset must not overtake the bytes: the client says when it has them.
                piece.block(until: 1)
                connection.reset()
            }
        } _: { server in
            for path in ["/chunked", "/length"] {
                let receiver = TestReceiver()
                let end = try await transfer(HTTPRequest(url: server.url + path), receiver)
                #expect(end.error?.kind == .connectionLost)
                #expect(end.wasSent)
                #expect(receiver.text == "partial")
            }
            let receiver = TestReceiver { _ in
                piece.raise()
                return .proceed
            }
            let end = try await transfer(HTTPRequest(url: server.url + "/reset"), receiver)
            #expect(end.error?.kind == .connectionLost)
            #expect(receiver.text == "partial")
        }
    }

    @Test("a connection that closes without an answer is lost, and the request may have been worked on")
    func noAnswer() async throws {
        try await withLoopbackServer { _, connection in
            connection.close()
        } _: { server in
            let end = try await transfer(HTTPRequest(method: "POST", url: server.url, body: [1, 2, 3]))
            #expect(end.error?.kind == .connectionLost)
            #expect(end.wasSent)
        }
    }

    @Test("a receiver that does not want the rest closes the connection")
    func abandon() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            connection.sendChunk("enough")
            connection.waitForClose()
        } _: { server in
            let receiver = TestReceiver { _ in .abandon }
            let end = try await transfer(HTTPRequest(url: server.url), receiver)
            #expect(end.error?.kind == .abandoned)
            #expect(receiver.text == "enough")
            try await server.clientCloseCount.reach(1)
        }
    }
}
