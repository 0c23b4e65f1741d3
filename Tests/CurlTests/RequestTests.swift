import Curl
import Glibc
import TestSupport
import Testing

@Suite("What goes over the wire", .timeLimit(.minutes(1)))
struct RequestTests {
    @Test("a GET brings back status, headers and body")
    func get() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(203, [("X-One", " a  b "), ("x-two", ""), ("X-One", "c")], "hello")
        } _: { server in
            let receiver = TestReceiver()
            let end = try await transfer(HTTPRequest(url: server.url + "/path?q=1"), receiver)
            #expect(end.error == nil)
            #expect(end.wasSent)
            #expect(receiver.text == "hello")
            let head = try #require(receiver.current.head)
            #expect(head.status == 203)
            #expect(head.header("x-one") == "a  b")
            #expect(head.header("x-two") == "")
            #expect(head.headers.filter { $0.name == "x-one" }.map(\.value) == ["a  b", "c"])
            let request = try #require(server.requests.first)
            #expect(request.method == "GET")
            #expect(request.target == "/path?q=1")
        }
    }

    @Test("a POST carries its headers and a body of 5 MB, and waits for no permission")
    func postLargeBody() async throws {
        var generator = SeededGenerator(seed: 5)
        let body = repeated((0..<50_000).map { _ in UInt8.random(in: 0...255, using: &generator) }, 100)
        try await withLoopbackServer { request, connection in
            connection.respond(200, [], "\(request.body.count)")
        } _: { server in
            let receiver = TestReceiver()
            let headers = [try HTTPRequest.Header("x-goog-api-key", "secret"), try .init("Content-Type", "text/plain")]
            let request = HTTPRequest(method: "POST", url: server.url, headers: headers, body: body)
            let end = try await transfer(request, receiver)
            #expect(end.error == nil)
            #expect(receiver.text == "5000000")
            let received = try #require(server.requests.first)
            #expect(received.method == "POST")
            #expect(received.body == body)
            #expect(received.header("x-goog-api-key") == "secret")
            #expect(received.header("content-type") == "text/plain")
            #expect(received.header("expect") == nil)
        }
    }

    @Test("an empty body is sent as one, and other methods go under their names", arguments: ["POST", "PUT", "DELETE"])
    func otherMethods(method: String) async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], "ok")
        } _: { server in
            let body: [UInt8]? = method == "DELETE" ? nil : []
            let end = try await transfer(HTTPRequest(method: method, url: server.url, body: body))
            #expect(end.error == nil)
            #expect(server.requests.map(\.method) == [method])
        }
    }

    @Test("requests one after the other share a connection")
    func keepAlive() async throws {
        try await withLoopbackServer { request, connection in
            connection.sendHead()
            connection.sendChunk("\(request.number)")
            connection.sendEnd()
        } _: { server in
            let loop = try TransferLoop()
            for number in 0..<20 {
                let receiver = TestReceiver()
                _ = try loop.start(HTTPRequest(method: "POST", url: server.url, body: [1]), receiver: receiver)
                #expect(try await receiver.end().error == nil)
                #expect(receiver.text == "\(number)")
            }
            #expect(server.connectionCount == 1)
        }
    }

    @Test("a loop goes from one address to another and back, each time to where it is told")
    func otherAddresses() async throws {
        try await withLoopbackServer { request, connection in
            connection.respond(200, [], "here \(request.target)")
        } _: { here in
            try await withLoopbackServer { request, connection in
                connection.respond(200, [], "there \(request.target)")
            } _: { there in
                let loop = try TransferLoop()
                for (url, answer) in [
                    (here.url + "/a?q=1", "here /a?q=1"), (there.url + "/a?q=1", "there /a?q=1"),
                    (there.url + "/b", "there /b"), (here.url + "/b", "here /b"), (here.url + "/b", "here /b"),
                ] {
                    let receiver = TestReceiver()
                    _ = try loop.start(HTTPRequest(method: "POST", url: url, body: [1]), receiver: receiver)
                    #expect(try await receiver.end().error == nil)
                    #expect(receiver.text == answer)
                }
            }
        }
    }

    @Test(
        "path and query go over the wire as libcurl understands the address, to the server that it names",
        arguments: [
            ("", "/"), ("/", "/"), ("?q=1", "/?q=1"), ("/a/../b/./c", "/b/c"),
            ("/v1beta/m:stream?alt=sse", "/v1beta/m:stream?alt=sse"),
            ("/a%20b?c=%2F%3F&d", "/a%20b?c=%2F%3F&d"), ("/a?b#c", "/a?b"), ("/?q=ö", "/?q=ö"),
        ]
    )
    func requestTarget(address: String, target: String) async throws {
        try await withLoopbackServer { request, connection in
            connection.respond(200, [], "\(request.target) of \(request.header("host") ?? "nobody")")
        } _: { server in
            let receiver = TestReceiver()
            let end = try await transfer(HTTPRequest(url: server.url + address), receiver)
            #expect(end.error == nil)
            #expect(receiver.text == "\(target) of \(server.url.dropFirst("http://".count))")
        }
    }

    @Test("an address that is none is refused by its name, and does not get into the way of the next one")
    func badAddress() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], "fine")
        } _: { server in
            let loop = try TransferLoop()
            for _ in 0..<2 {
                let error = #expect(throws: CurlError.self) {
                    try loop.start(HTTPRequest(url: "http://127.0.0.1:99999/x?key=secret"), receiver: TestReceiver())
                }
                #expect(error?.kind == .setup)
                #expect(error?.description.contains("GET http://127.0.0.1:99999/x: Port number") == true)
                #expect(error?.description.contains("secret") == false)
                let receiver = TestReceiver()
                _ = try loop.start(HTTPRequest(url: server.url), receiver: receiver)
                #expect(try await receiver.end().error == nil)
                #expect(receiver.text == "fine")
            }
        }
    }

    @Test("a request is never repeated silently when its connection breaks without an answer")
    func noSilentRepetition() async throws {
        try await withLoopbackServer { request, connection in
            if request.number == 0 {
                connection.respond(200, [], "first")
            } else {
                connection.close()
            }
        } _: { server in
            let loop = try TransferLoop()
            let first = TestReceiver()
            _ = try loop.start(HTTPRequest(method: "POST", url: server.url, body: [1]), receiver: first)
            #expect(try await first.end().error == nil)
            // Over the same connection, for which libcurl would try again by itself.
            let second = TestReceiver()
            _ = try loop.start(HTTPRequest(method: "POST", url: server.url, body: [2]), receiver: second)
            let end = try await second.end()
            #expect(end.error?.kind == .connectionLost)
            #expect(end.wasSent)
            #expect(server.requests.map(\.body) == [[1], [2]])
        }
    }

    @Test(
        "many transfers run at the same time on one loop, and the next ones over their connections",
        arguments: [200, 600]
    )
    func parallel(count: Int) async throws {
        try allowDescriptors(2 * count + 200)
        let arrived = Tally()
        try await withLoopbackServer { request, connection in
            // Nobody is answered before everybody has asked.
            arrived.raise()
            arrived.block(until: request.number < count ? count : 2 * count)
            connection.respond(200, [], request.bodyText)
        } _: { server in
            let loop = try TransferLoop(TransferLoop.Options(concurrency: count))
            for _ in 0..<2 {
                let receivers = try (0..<count).map { number in
                    let receiver = TestReceiver()
                    let request = HTTPRequest(method: "POST", url: server.url, body: Array("\(number)".utf8))
                    _ = try loop.start(request, receiver: receiver)
                    return receiver
                }
                for (number, receiver) in receivers.enumerated() {
                    #expect(try await receiver.end().error == nil)
                    #expect(receiver.text == "\(number)")
                    #expect(receiver.current.headCount == 1)
                }
            }
            #expect(server.connectionCount == count)
        }
    }

    @Test("a header value that would break out of its line is refused without being shown")
    func headerInjection() throws {
        for value in ["a\r\nX-Evil: 1", "a\nb", "a\u{0}b", "a\u{7F}"] {
            let error = #expect(throws: CurlError.self) { try HTTPRequest.Header("x-goog-api-key", value) }
            #expect(error?.kind == .setup)
            #expect(error?.description.contains(value) == false)
        }
        let tabbed = try HTTPRequest.Header("X-Tab", "a\tb")
        #expect(tabbed.value == "a\tb")
    }

    @Test(
        "only http and https are spoken",
        arguments: ["file:///etc/hostname", "ftp://127.0.0.1/", "gopher://127.0.0.1/"]
    )
    func otherSchemes(url: String) async throws {
        let error = await #expect(throws: CurlError.self) {
            if let error = try await transfer(HTTPRequest(url: url)).error { throw error }
        }
        #expect(error?.kind == .setup)
    }

    @Test("a proxy of the environment does not see what is meant for this machine")
    func noProxyForLoopback() async {
        await #expect(processExitsWith: .success) {
            setenv("http_proxy", "http://127.0.0.1:1", 1)
            setenv("all_proxy", "http://127.0.0.1:1", 1)
            try await withLoopbackServer { _, connection in
                connection.respond(200, [], "direct")
            } _: { server in
                let receiver = TestReceiver()
                let end = try await transfer(HTTPRequest(url: server.url), receiver)
                try #require(end.error == nil)
                try #require(receiver.text == "direct")
            }
        }
    }
}
