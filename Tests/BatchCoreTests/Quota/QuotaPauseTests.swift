import Testing

@testable import BatchCore

@Suite("Quota: QuotaPause")
struct QuotaPauseTests {
    private var pause = QuotaPause(now: .zero)

    private func refusal(_ failureClass: FailureClass = .rateMinute, after delay: Duration? = nil) -> GenerationError {
        GenerationError(failureClass, "refused", httpStatus: 429, retryDelay: delay)
    }

    /// Refuses a request that is sent as soon as the gate is open.
    private mutating func refuse(_ error: GenerationError, jitter: Duration = .zero) -> QuotaPause.Verdict {
        pause.refuse(error, sentAt: pause.opensAt, now: pause.opensAt, jitter: jitter)
    }

    @Test("the server's delay and the jitter make the pause", arguments: [1.0, 45.837906927, 900])
    mutating func requestedPause(seconds: Double) {
        let error = refusal(after: .seconds(seconds))
        let verdict = pause.refuse(error, sentAt: .seconds(99), now: .seconds(100), jitter: .milliseconds(500))
        #expect(verdict == .wait(isNew: true))
        #expect(pause.opensAt == .milliseconds(100_500) + .seconds(seconds))
    }

    @Test("a server that asks for no pause gets one of a second", arguments: [0, -5])
    mutating func noPause(seconds: Int) {
        #expect(refuse(refusal(after: .seconds(seconds))) == .wait(isNew: true))
        #expect(pause.opensAt == .seconds(1))
    }

    @Test("further answers of the same burst are about the same pause")
    mutating func burst() {
        _ = pause.refuse(refusal(), sentAt: .seconds(99), now: .seconds(100), jitter: .zero)
        for _ in 0..<50 {
            let verdict = pause.refuse(refusal(), sentAt: .seconds(99), now: .seconds(101), jitter: .seconds(1))
            #expect(verdict == .wait(isNew: false))
        }
        #expect(pause.opensAt == .seconds(110))
        // One that was sent before the pause and comes back after it.
        let late = pause.refuse(refusal(), sentAt: .seconds(99), now: .seconds(111), jitter: .zero)
        #expect(late == .wait(isNew: false))
        #expect(pause.opensAt == .seconds(110))
    }

    @Test("a server that asks for more while the gate is closed prolongs the pause, silently")
    mutating func prolonged() {
        _ = pause.refuse(refusal(after: .seconds(10)), sentAt: .seconds(99), now: .seconds(100), jitter: .zero)
        let longer = refusal(after: .seconds(30))
        #expect(
            pause.refuse(longer, sentAt: .seconds(99), now: .seconds(101), jitter: .zero) == .wait(isNew: false)
        )
        #expect(pause.opensAt == .seconds(131))
        _ = pause.refuse(refusal(after: .seconds(5)), sentAt: .seconds(99), now: .seconds(102), jitter: .zero)
        #expect(pause.opensAt == .seconds(131))
    }

    // Fault matrix: F61, F63.
    @Test(
        "pauses without the server's word double up to a minute; without a quota named, to ten, and then no more",
        arguments: [
            (FailureClass.rateMinute, [10, 20, 40, 60, 60, 60, 60, 60, 60, 60, 60]),
            (FailureClass.rateUnknown, [10, 20, 40, 60, 60, 60, 120, 240, 480, 600]),
        ]
    )
    mutating func doubling(failureClass: FailureClass, seconds: [Int]) {
        for expected in seconds {
            let before = pause.opensAt
            #expect(refuse(refusal(failureClass)) == .wait(isNew: true))
            #expect(pause.opensAt - before == .seconds(expected))
        }
        #expect(pause.isSpendLimitLikely == (failureClass == .rateUnknown))
        while pause.opensAt < .seconds(601) {
            _ = refuse(refusal(failureClass))
        }
        #expect(refuse(refusal(failureClass)) == .giveUp)
    }

    @Test("an answer makes the next pause short again, unless its request is from before the pause")
    mutating func answered() {
        _ = refuse(refusal())
        pause.answered(sentAt: .seconds(9))
        #expect(refuse(refusal()) == .wait(isNew: true))
        #expect(pause.opensAt == .seconds(30))
        pause.answered(sentAt: .seconds(30))
        _ = refuse(refusal())
        #expect(pause.opensAt == .seconds(40))
    }

    @Test(
        "a delay beyond a quarter of an hour is not waited for",
        arguments: [FailureClass.rateMinute, .rateUnknown, .rateDay, .overloaded],
        [Duration.seconds(901), .seconds(36_903), .seconds(9.3e18)]
    )
    mutating func longDelay(failureClass: FailureClass, delay: Duration) {
        #expect(refuse(refusal(failureClass, after: delay)) == .giveUp)
    }

    @Test("a daily quota is given up at once, with a short delay after it was waited for once")
    mutating func daily() {
        var other = self
        #expect(other.refuse(refusal(.rateDay)) == .giveUp)
        let short = refusal(.rateDay, after: .seconds(36))
        #expect(refuse(short) == .wait(isNew: true))
        // Others that were in flight are no reason to give up.
        #expect(
            pause.refuse(short, sentAt: .zero - .seconds(1), now: .seconds(1), jitter: .zero) == .wait(isNew: false)
        )
        #expect(refuse(short) == .giveUp)
    }

    @Test("a limit of zero is given up, whatever the delay")
    mutating func zero() {
        var error = refusal(after: .seconds(1))
        error.quotas = [ExceededQuota(id: "PerMinute", limit: 0)]
        #expect(refuse(error) == .giveUp)
    }

    @Test("a quota of the minute that lets nothing through for ten minutes is given up")
    mutating func drought() {
        var refusals = 0
        while refuse(refusal(after: .seconds(30))) == .wait(isNew: true) {
            refusals += 1
        }
        #expect(refusals == 20)
        #expect(pause.opensAt == .seconds(600))
    }
}
