import Glibc
import TestSupport
import Testing

@testable import Curl

@Suite("Limits, cancelling and pausing", .timeLimit(.minutes(1)))
struct LimitTests {
    private static let never = Duration.seconds(3600)

    // Fault matrix: F43.
    @Test("a connection that is not accepted runs into the connect limit")
    func connectLimit() async throws {
        let hole = try FullListener()
        let limits = TransferLimits(
            connect: .milliseconds(100),
            firstByte: Self.never,
            idle: Self.never,
            total: Self.never
        )
        let end = try await transfer(HTTPRequest(url: hole.url, limits: limits))
        #expect(end.error?.kind == .timedOut(.connect))
        #expect(!end.wasSent)
    }

    @Test("a server that never answers runs into the first-byte limit")
    func firstByteLimit() async throws {
        try await withLoopbackServer { _, connection in
            connection.waitForClose()
        } _: { server in
            let limits = TransferLimits(firstByte: .milliseconds(50), idle: Self.never, total: Self.never)
            let end = try await transfer(HTTPRequest(url: server.url, limits: limits))
            #expect(end.error?.kind == .timedOut(.firstByte))
            #expect(end.wasSent)
            try await server.clientCloseCount.reach(1)
        }
    }

    // Fault matrix: F46.
    @Test("silence after the first byte runs into the idle limit, however far the other limits are")
    func idleLimit() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            connection.sendChunk("a beginning")
            connection.waitForClose()
        } _: { server in
            let receiver = TestReceiver()
            let limits = TransferLimits(firstByte: Self.never, idle: .milliseconds(50), total: Self.never)
            let end = try await transfer(HTTPRequest(url: server.url, limits: limits), receiver)
            #expect(end.error?.kind == .timedOut(.idle))
            #expect(receiver.text == "a beginning")
            try await server.clientCloseCount.reach(1)
        }
    }

    @Test("a receiver that only lingers shortens the idle limit", arguments: [0, 1, 2])
    func linger(after pieces: Int) async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            for _ in 0..<pieces {
                connection.sendChunk("a beginning, ")
            }
            connection.sendChunk("all that matters")
            connection.waitForClose()
        } _: { server in
            let receiver = TestReceiver { state in
                String(decoding: state.body, as: UTF8.self).hasSuffix("all that matters")
                    ? .linger(.milliseconds(50)) : .proceed
            }
            let limits = TransferLimits(firstByte: Self.never, idle: Self.never, total: Self.never)
            let end = try await transfer(HTTPRequest(url: server.url, limits: limits), receiver)
            #expect(end.error?.kind == .timedOut(.idle))
        }
    }

    // Fault matrix: F74.
    @Test("a stream that never falls silent runs into the total limit")
    func totalLimit() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            while connection.isClientThere {
                connection.sendChunk("drip")
            }
        } _: { server in
            let limits = TransferLimits(firstByte: Self.never, idle: Self.never, total: .milliseconds(50))
            let end = try await transfer(HTTPRequest(url: server.url, limits: limits))
            #expect(end.error?.kind == .timedOut(.total))
        }
    }

    @Test("a head is told when it is whole, before any body")
    func headWithoutBody() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead(429, [("Content-Length", "10"), ("Retry-After", "7")])
            connection.waitForClose()
        } _: { server in
            let loop = try TransferLoop()
            let receiver = TestReceiver()
            let transfer = try loop.start(HTTPRequest(url: server.url), receiver: receiver)
            try await receiver.heads.reach(1)
            #expect(receiver.current.head?.status == 429)
            #expect(receiver.current.head?.header("retry-after") == "7")
            loop.cancel(transfer)
            #expect(try await receiver.end().error?.kind == .cancelled)
        }
    }

    @Test("limits beyond all measure mean none")
    func absurdLimits() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], "ok")
        } _: { server in
            let most = Duration.seconds(Int64.max)
            let limits = TransferLimits(connect: most, firstByte: most, idle: most, total: most)
            let end = try await transfer(HTTPRequest(url: server.url, limits: limits))
            #expect(end.error == nil)
        }
    }

    @Test("a port where nobody listens is a failed connect")
    func refused() async throws {
        let server = try LoopbackServer { _, _ in }
        let url = server.url
        server.close()
        try await server.closed.reach(1)
        let end = try await transfer(HTTPRequest(method: "POST", url: url, body: [1]))
        #expect(end.error?.kind == .connectFailed)
        #expect(!end.wasSent)
        #expect(end.error?.description.contains(url) == true)
    }

    // Fault matrix: F41.
    @Test("a name that no resolver knows is said so, without the query")
    func unresolvable() async throws {
        let end = try await transfer(HTTPRequest(url: "http://no-such-host.invalid/path?key=secret"))
        #expect(end.error?.kind == .nameNotResolved)
        #expect(end.error?.description.contains("no-such-host.invalid") == true)
        #expect(end.error?.description.contains("secret") == false)
        #expect(!end.wasSent)
    }

    @Test("cancelling closes the server's connection")
    func cancel() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            connection.sendChunk("part")
            connection.waitForClose()
        } _: { server in
            let loop = try TransferLoop()
            let receiver = TestReceiver()
            let transfer = try loop.start(HTTPRequest(url: server.url), receiver: receiver)
            try await receiver.pieces.reach(1)
            loop.cancel(transfer)
            #expect(try await receiver.end().error?.kind == .cancelled)
            try await server.clientCloseCount.reach(1)
            // Once more is once too often, and does nothing.
            loop.cancel(transfer)
            loop.resume(transfer)
            #expect(receiver.current.ends.count == 1)
        }
    }

    @Test("of more transfers than one set of libcurl holds each is cancelled by itself, and the rest are answered")
    func cancelMany() async throws {
        let count = ConnectionGroup.size + 40
        try allowDescriptors(2 * count + 200)
        let mayAnswer = Tally()
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            connection.sendChunk("part")
            mayAnswer.block(until: 1)
            connection.sendEnd()
        } _: { server in
            let loop = try TransferLoop(TransferLoop.Options(concurrency: count))
            let receivers = (0..<count).map { _ in TestReceiver() }
            let transfers = try receivers.map { try loop.start(HTTPRequest(url: server.url), receiver: $0) }
            #expect(Set(transfers.map(\.group)) == [0, 1])
            for receiver in receivers {
                try await receiver.pieces.reach(1)
            }
            let cancelled = receivers.indices.filter { $0.isMultiple(of: 3) }
            for number in cancelled {
                loop.cancel(transfers[number])
            }
            for number in cancelled {
                #expect(try await receivers[number].end().error?.kind == .cancelled)
            }
            mayAnswer.raise()
            for number in receivers.indices where !cancelled.contains(number) {
                #expect(try await receivers[number].end().error == nil)
                #expect(receivers[number].text == "part")
            }
            #expect(receivers.allSatisfy { $0.current.ends.count == 1 })
        }
    }

    @Test("a paused transfer holds up the server, and resumed delivers every byte in order")
    func pause() async throws {
        let body = repeated((0..<10_000).flatMap { Array("\($0) ".utf8) }, 400)
        let blocked = Tally()
        try await withLoopbackServer { _, connection in
            connection.sendHead(200, [("Content-Length", "\(body.count)")])
            let sent = connection.sendWithoutWaiting(body)
            if sent < body.count {
                blocked.raise()
            }
            connection.send(Array(body[sent...]))
        } _: { server in
            let loop = try TransferLoop()
            let receiver = TestReceiver(pauses: true)
            let transfer = try loop.start(HTTPRequest(url: server.url), receiver: receiver)
            try await blocked.reach(1)
            #expect(receiver.current.body.isEmpty)
            receiver.stopPausing()
            loop.resume(transfer)
            #expect(try await receiver.end().error == nil)
            #expect(receiver.current.body == body)
        }
    }

    @Test("no limit but the total runs while the receiver has paused the transfer")
    func pausedLimits() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], "late")
        } _: { server in
            let receiver = TestReceiver(pauses: true)
            let limits = TransferLimits(firstByte: Self.never, idle: .milliseconds(20), total: .milliseconds(200))
            let end = try await transfer(HTTPRequest(url: server.url, limits: limits), receiver)
            #expect(end.error?.kind == .timedOut(.total))
        }
    }

    @Test("bytes that are not wanted after a pause close the connection")
    func abandonAfterPause() async throws {
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            connection.sendChunk("unwanted")
            connection.waitForClose()
        } _: { server in
            let loop = try TransferLoop()
            let receiver = TestReceiver(pauses: true) { _ in .abandon }
            let transfer = try loop.start(HTTPRequest(url: server.url), receiver: receiver)
            try await receiver.refusals.reach(1)
            receiver.stopPausing()
            loop.resume(transfer)
            #expect(try await receiver.end().error?.kind == .abandoned)
            try await server.clientCloseCount.reach(1)
        }
    }

    @Test("nothing of a cancelled, paused transfer shows in the next one")
    func afterPause() async throws {
        try await withLoopbackServer { request, connection in
            connection.respond(
                200,
                [("X-Number", "\(request.number)")],
                "body of \(request.number) \(request.bodyText)"
            )
        } _: { server in
            let loop = try TransferLoop()
            for number in 0..<10 {
                let receiver = TestReceiver(pauses: number.isMultiple(of: 2))
                let body: [UInt8]? = number == 5 ? nil : Array("\(number)".utf8)
                let request = HTTPRequest(method: body == nil ? "GET" : "POST", url: server.url, body: body)
                let transfer = try loop.start(request, receiver: receiver)
                if number.isMultiple(of: 2) {
                    try await receiver.refusals.reach(1)
                    loop.cancel(transfer)
                    #expect(try await receiver.end().error?.kind == .cancelled)
                    #expect(receiver.text.isEmpty)
                } else {
                    #expect(try await receiver.end().error == nil)
                    #expect(receiver.text == "body of \(number) \(number == 5 ? "" : "\(number)")")
                    #expect(receiver.current.head?.header("x-number") == "\(number)")
                }
            }
        }
    }

    @Test("a loop that goes away finishes every receiver exactly once")
    func shutdown() async throws {
        try await withLoopbackServer { _, connection in
            connection.waitForClose()
        } _: { server in
            var loop: TransferLoop? = try TransferLoop()
            let receivers = (0..<50).map { _ in TestReceiver() }
            for receiver in receivers {
                _ = try loop?.start(HTTPRequest(url: server.url), receiver: receiver)
            }
            try await server.requestCount.reach(25)
            loop = nil
            for receiver in receivers {
                #expect(try await receiver.end().error?.kind == .cancelled)
            }
            for receiver in receivers {
                #expect(receiver.current.ends.count == 1)
            }
        }
    }

    @Test("loops come and go without leaving descriptors behind")
    func noLeak() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], "ok")
        } _: { server in
            for _ in 0..<1200 {
                // More than the usual limit of 1024 descriptors in sum.
                _ = try TransferLoop()
            }
            let end = try await transfer(HTTPRequest(url: server.url))
            #expect(end.error == nil)
        }
    }
}

/// A port whose queue of connections is full: further ones get no answer.
private final class FullListener {
    private var descriptors: [Int32] = []
    private(set) var url = ""

    init() throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        descriptors.append(listener)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(listener, address, size)
                _ = listen(listener, 0)
                _ = getsockname(listener, address, &size)
                for _ in 0..<4 {
                    let flags = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
                    let filler = socket(AF_INET, Int32(flags), 0)
                    _ = connect(filler, address, size)
                    descriptors.append(filler)
                }
            }
        }
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    }

    deinit {
        for descriptor in descriptors {
            close(descriptor)
        }
    }
}
