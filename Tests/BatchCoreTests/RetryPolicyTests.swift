import BatchCore
import TestSupport
import Testing

@Suite("RetryPolicy")
struct RetryPolicyTests {
    private func delays(
        _ policy: RetryPolicy,
        afterAttempt attempt: Int,
        requested: Duration? = nil,
        count: Int = 2000
    ) -> [Duration] {
        var random = SeededGenerator(seed: UInt64(attempt))
        return (0..<count).compactMap { _ in
            policy.delay(afterAttempt: attempt, requested: requested, using: &random)
        }
    }

    // Fault matrix: F64.
    @Test(
        "jitter fills the whole range below a ceiling that doubles as far as the longest delay",
        arguments: [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (8, 60), (60, 60), (100_000, 60)]
    )
    func fullJitter(attempt: Int, ceiling: Int) throws {
        let delays = delays(RetryPolicy(attempts: .max), afterAttempt: attempt)
        let ceiling = Duration.seconds(ceiling)
        let (shortest, longest) = (try #require(delays.min()), try #require(delays.max()))
        #expect(shortest >= .zero)
        #expect(longest <= ceiling)
        #expect(shortest < ceiling * 0.02)
        #expect(longest > ceiling * 0.98)
        let mean = delays.reduce(.zero, +) / delays.count
        #expect(mean > ceiling * 0.45)
        #expect(mean < ceiling * 0.55)
    }

    @Test("the job's longest delay holds")
    func maximumDelay() {
        let policy = RetryPolicy(attempts: 50, maximumDelay: .milliseconds(300))
        #expect(delays(policy, afterAttempt: 40).allSatisfy { $0 <= .milliseconds(300) })
    }

    @Test("the server's delay is the least, with up to a second on top", arguments: [0.0, 2.5, 45.837_906_927, 600])
    func serverDelay(seconds: Double) throws {
        let requested = Duration.seconds(seconds)
        let delays = delays(RetryPolicy(maximumDelay: .seconds(1)), afterAttempt: 1, requested: requested)
        #expect(delays.allSatisfy { $0 >= requested && $0 <= requested + .seconds(1) })
        #expect(try #require(delays.max()) - #require(delays.min()) > .milliseconds(900))
    }

    @Test("a delay that lies in the past is none")
    func pastDelay() {
        let delays = delays(RetryPolicy(), afterAttempt: 1, requested: .seconds(-30))
        #expect(delays.allSatisfy { $0 >= .zero && $0 <= .seconds(1) })
    }

    @Test("after the last attempt there is no delay", arguments: [1, 2, 8])
    func attemptsEnd(attempts: Int) {
        let policy = RetryPolicy(attempts: attempts)
        #expect(delays(policy, afterAttempt: attempts, count: 1).isEmpty)
        #expect(delays(policy, afterAttempt: attempts, requested: .seconds(1), count: 1).isEmpty)
        #expect(delays(policy, afterAttempt: attempts + 1, count: 1).isEmpty)
        #expect(attempts == 1 || delays(policy, afterAttempt: attempts - 1, count: 1).count == 1)
    }
}
