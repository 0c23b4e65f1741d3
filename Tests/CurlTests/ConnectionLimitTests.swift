import Testing

@testable import Curl

@Suite("How many connections a host may get")
struct ConnectionLimitTests {
    @Test(
        "a connection is supposed to carry a hundred streams",
        arguments: [(1, 1), (100, 1), (101, 2), (250, 3), (10_000, 100)]
    )
    func supposed(concurrency: Int, connections: Int) {
        let limit = ConnectionLimit(concurrency: concurrency)
        #expect(limit.connections == connections)
        #expect(limit.isUnknown)
    }

    @Test("the first response tells, and only HTTP/1 lifts the limit")
    func response() {
        var limit = ConnectionLimit(concurrency: 100)
        limit.noteResponse(isHTTP2: false)
        #expect(limit.connections == 0)
        #expect(!limit.isUnknown)
        var shared = ConnectionLimit(concurrency: 100)
        shared.noteResponse(isHTTP2: true)
        #expect(shared.connections == 1)
        #expect(!shared.isUnknown)
    }

    @Test("transfers that stay behind a sent one are let go, until a response tells better")
    func waiting() {
        var limit = ConnectionLimit(concurrency: 200)
        limit.consider(sent: 0, waiting: 5)
        limit.consider(sent: 2, waiting: 0)
        #expect(limit.isUnknown)
        limit.consider(sent: 2, waiting: 5)
        #expect(limit.connections == 0)
        limit.noteResponse(isHTTP2: true)
        #expect(limit.connections == 2)
        limit.consider(sent: 2, waiting: 5)
        #expect(limit.connections == 2)
    }

    @Test("more transfers sent than connections allowed share them")
    func sharing() {
        var limit = ConnectionLimit(concurrency: 200)
        limit.consider(sent: 3, waiting: 5)
        #expect(!limit.isUnknown)
        #expect(limit.connections == 2)
    }
}
