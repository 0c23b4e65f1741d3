import Curl
import Glibc
import TestSupport
import Testing

@Suite("Tasks on the network thread", .timeLimit(.minutes(1)))
struct TaskTests {
    private static func thread() -> UInt {
        UInt(bitPattern: pthread_self().hashValue)
    }

    @Test("tasks that prefer the loop run on its one thread, before and after every wait")
    func oneThread() async throws {
        let loop = try TransferLoop()
        let threads = await withTaskExecutorPreference(loop) {
            await withTaskGroup(of: [UInt].self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        var threads = [Self.thread()]
                        for _ in 0..<5 {
                            await Task.yield()
                            threads.append(Self.thread())
                        }
                        return threads
                    }
                }
                return await group.reduce(into: Set()) { $0.formUnion($1) }
            }
        }
        #expect(threads.count == 1)
        #expect(threads != [Self.thread()])
    }

    @Test("a loop that waits for nothing is woken for a task of another thread, again and again")
    func wakesUp() async throws {
        let loop = try TransferLoop()
        for number in 0..<2000 {
            let doubled = await Task(executorPreference: loop) { 2 * number }.value
            #expect(doubled == 2 * number)
        }
    }

    @Test("requests of tasks on the thread are answered, and their answers wake the tasks")
    func transfers() async throws {
        try await withLoopbackServer { _, connection in
            connection.respond(200, [], "hello")
        } _: { server in
            let loop = try TransferLoop()
            let texts = try await withTaskExecutorPreference(loop) {
                try await withThrowingTaskGroup(of: String.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            let receiver = TestReceiver()
                            _ = try loop.start(HTTPRequest(url: server.url), receiver: receiver)
                            _ = try await receiver.end()
                            return receiver.text
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
            }
            #expect(texts == Array(repeating: "hello", count: 20))
        }
    }

    @Test("what comes while a task keeps the thread is read before limits are looked at")
    func busyThread() async throws {
        let (mayGoOn, isSent) = (Tally(), Tally())
        try await withLoopbackServer { _, connection in
            connection.sendHead()
            connection.sendChunk("one, ")
            mayGoOn.block(until: 1)
            connection.sendChunk("two")
            connection.sendEnd()
            isSent.raise()
        } _: { server in
            let loop = try TransferLoop()
            let receiver = TestReceiver()
            let limits = TransferLimits(idle: .milliseconds(200))
            _ = try loop.start(HTTPRequest(url: server.url, limits: limits), receiver: receiver)
            try await receiver.pieces.reach(1)
            await Task(executorPreference: loop) {
                mayGoOn.raise()
                while isSent.value == 0 { sched_yield() }
                // Longer than the limit, and shorter than what counts as a stop of the whole process.
                let end = ContinuousClock.now + .milliseconds(350)
                while ContinuousClock.now < end { sched_yield() }
            }.value
            let end = try await receiver.end()
            #expect(end.error == nil)
            #expect(receiver.text == "one, two")
        }
    }
}
