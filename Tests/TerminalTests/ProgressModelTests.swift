import BatchCore
import Testing

@testable import Terminal

@Suite struct ProgressModelTests {
    private static let start = Duration.seconds(500)

    private func model(_ events: RunEvent..., limit: Int? = nil) -> ProgressModel {
        var model = ProgressModel(startedAt: Self.start, limit: limit)
        for event in events {
            model.apply(event, at: Self.start)
        }
        return model
    }

    @Test("every item is counted once, as done, failed, deferred, in flight or waiting")
    func counts() {
        var model = model(.planned(new: 10, done: 7), .started(1), .started(2), .started(3), .started(4), .started(5))
        model.apply(.done(1), at: Self.start)
        model.apply(.failed(2), at: Self.start)
        model.apply(.itemDeferred(ItemID(3), key: "item-3", reason: "quota"), at: Self.start)
        model.apply(.retried(4), at: Self.start)
        let snapshot = model.snapshot(at: Self.start, describing: 5)
        #expect(snapshot.total == 10)
        #expect(snapshot.doneBefore == 7)
        #expect([snapshot.done, snapshot.failed, snapshot.deferred, snapshot.inFlight] == [1, 1, 1, 1])
        #expect(snapshot.waiting == 6)
        #expect(snapshot.retries == 1)
        #expect(snapshot.oldest.map(\.key) == ["item-5"])
    }

    @Test("a limit bounds what the run is to finish")
    func limit() {
        var limited = model(.planned(new: 10), limit: 3)
        #expect(limited.snapshot(at: Self.start, describing: 0).total == 3)
        var generous = model(.planned(new: 10), limit: 30)
        #expect(generous.snapshot(at: Self.start, describing: 0).total == 10)
    }

    @Test("nothing is foretold before there is something to tell it from")
    func unknownAtFirst() {
        var unplanned = model()
        #expect(unplanned.snapshot(at: Self.start + .seconds(9), describing: 0).total == nil)
        #expect(unplanned.snapshot(at: Self.start + .seconds(99), describing: 0).itemsPerSecond == nil)

        var model = model(.planned(new: 100))
        _ = model.snapshot(at: Self.start, describing: 0)
        model.apply(.done(1), at: Self.start)
        let early = model.snapshot(at: Self.start + .milliseconds(900), describing: 0)
        #expect(early.itemsPerSecond == nil)
        #expect(early.timeLeft == nil)
        let late = model.snapshot(at: Self.start + .seconds(30), describing: 0)
        #expect(late.timeLeft == nil, "one item foretells nothing")
    }

    /// Runs with one item done each second, a snapshot each quarter of one.
    private func steadyRun(seconds: Int, of total: Int) -> (model: ProgressModel, last: ProgressSnapshot) {
        var model = model(.planned(new: total))
        var last = model.snapshot(at: Self.start, describing: 0)
        for quarter in 1...seconds * 4 {
            let now = Self.start + .milliseconds(250 * quarter)
            if quarter.isMultiple(of: 4) {
                model.apply(.started(quarter / 4), at: now)
                model.apply(.done(quarter / 4, usage: TokenUsage(outputTokens: 80, thoughtTokens: 20)), at: now)
            }
            last = model.snapshot(at: now, describing: 0)
        }
        return (model, last)
    }

    @Test("a steady run tells its pace and its end")
    func steady() throws {
        let last = steadyRun(seconds: 100, of: 300).last
        #expect(abs(try #require(last.itemsPerSecond) - 1) < 0.06)
        #expect(abs(try #require(last.tokensPerSecond) - 100) < 6)
        let left = try #require(last.timeLeft)
        #expect(left > .seconds(190) && left < .seconds(210), "\(left)")
        #expect(last.outputTokens == 10_000)
    }

    @Test("rates look back ten seconds, not to the start")
    func slidingWindow() throws {
        var (model, _) = steadyRun(seconds: 60, of: 300)
        var last = ProgressSnapshot()
        for quarter in 1...44 {
            last = model.snapshot(at: Self.start + .seconds(60) + .milliseconds(250 * quarter), describing: 0)
        }
        #expect(last.itemsPerSecond == 0)
        #expect(last.tokensPerSecond == 0)
        #expect(last.timeLeft != nil, "the last minute still knows a pace")
        for quarter in 45...400 {
            last = model.snapshot(at: Self.start + .seconds(60) + .milliseconds(250 * quarter), describing: 0)
        }
        #expect(last.timeLeft == nil, "after a minute without any nobody can tell")
    }

    @Test("time left is never negative")
    func timeLeftAtTheEnd() {
        #expect(steadyRun(seconds: 40, of: 40).last.timeLeft == .zero)
        #expect(steadyRun(seconds: 40, of: 30).last.timeLeft == .zero)
    }

    @Test("tokens of running streams count as they come in, and once when the item is done")
    func streamingTokens() throws {
        let meter = StreamMeter()
        var model = model(.planned(new: 2), .started(1, meter: meter))
        _ = model.snapshot(at: Self.start, describing: 1)
        meter.add(textBytes: 400, outputTokens: nil)
        #expect(model.snapshot(at: Self.start + .seconds(1), describing: 1).outputTokens == 100)
        meter.add(textBytes: 400, outputTokens: 230)
        let streaming = model.snapshot(at: Self.start + .seconds(2), describing: 1)
        #expect(streaming.outputTokens == 230)
        #expect(streaming.tokensPerSecond == 115)
        model.apply(.done(1, usage: TokenUsage(promptTokens: 9, outputTokens: 200, thoughtTokens: 40)), at: Self.start)
        let done = model.snapshot(at: Self.start + .seconds(3), describing: 1)
        #expect(done.outputTokens == 240)
        #expect(done.promptTokens == 9)
        #expect(try #require(done.tokensPerSecond) >= 0)
    }

    @Test("what streamed in for a failed attempt or an earlier turn stays counted")
    func abandonedTokens() {
        let meters = [StreamMeter(), StreamMeter(), StreamMeter()]
        for meter in meters {
            meter.add(textBytes: 40, outputTokens: nil)
        }
        var model = model(.planned(new: 1), .started(1, meter: meters[0]), .retried(1))
        model.apply(.started(1, attempt: 2, meter: meters[1]), at: Self.start)
        model.apply(.started(1, attempt: 3, turn: 1, meter: meters[2]), at: Self.start)
        let snapshot = model.snapshot(at: Self.start, describing: 3)
        #expect(snapshot.outputTokens == 30)
        #expect(snapshot.inFlight == 1)
        #expect(snapshot.oldest.map(\.number) == [3])
        #expect(snapshot.oldest.map(\.turn) == [1])
    }

    @Test("the age of the last chunk is told on the clock of the display")
    func silence() {
        let meter = StreamMeter()
        var model = model(.planned(new: 1), .started(1, meter: meter))
        let first = model.snapshot(at: Self.start + .seconds(2), describing: 1).oldest
        #expect(first.map(\.silence) == [nil])
        #expect(first.map(\.age) == [.seconds(2)])
        meter.add(textBytes: 4, outputTokens: nil)
        _ = model.snapshot(at: Self.start + .seconds(3), describing: 1)
        #expect(model.snapshot(at: Self.start + .seconds(5), describing: 1).oldest.map(\.silence) == [.seconds(2)])
    }

    @Test("the oldest attempts are described in the order of sending, also after many have come and gone")
    func oldest() {
        var model = model(.planned(new: 100_000), .started(0), .started(1))
        for number in 2..<50_000 {
            model.apply(.started(number), at: Self.start)
            model.apply(.done(number), at: Self.start)
        }
        for number in 50_000..<60_000 {
            model.apply(.started(number), at: Self.start)
        }
        model.apply(.done(0), at: Self.start)
        let snapshot = model.snapshot(at: Self.start, describing: 3)
        #expect(snapshot.oldest.map(\.key) == ["item-1", "item-50000", "item-50001"])
        #expect(snapshot.inFlight == 10_001)
    }

    @Test("failures are counted by class, the most frequent first")
    func failures() {
        var model = model(
            .planned(new: 9),
            .failed(1, .check),
            .failed(2, .safety),
            .failed(3, .safety),
            .failed(4, .empty)
        )
        let failures = model.snapshot(at: Self.start, describing: 0).failures
        #expect(failures.map(\.failureClass) == [.safety, .check, .empty])
        #expect(failures.map(\.count) == [2, 1, 1])
    }

    @Test("a wait for quota is shown until it is over")
    func quota() {
        var model = model(
            .planned(new: 9),
            .quotaWait(model: "gemini-x", duration: .seconds(23), reason: "requests per minute")
        )
        let waiting = model.snapshot(at: Self.start + .seconds(3), describing: 0).quotaWaits
        #expect(waiting.map(\.remaining) == [.seconds(20)])
        #expect(model.snapshot(at: Self.start + .seconds(23), describing: 0).quotaWaits.isEmpty)
    }

    @Test("what is left for a later run is no progress")
    func deferredIsNoPace() throws {
        var (model, last) = steadyRun(seconds: 60, of: 300)
        for number in 61...200 {
            model.apply(
                .itemDeferred(ItemID(Int64(number)), key: "item-\(number)", reason: "cap"),
                at: Self.start + .seconds(60)
            )
        }
        last = model.snapshot(at: Self.start + .seconds(61), describing: 0)
        #expect(last.settled == 60)
        #expect(try #require(last.itemsPerSecond) < 1.1)
        let left = try #require(last.timeLeft)
        #expect(left > .seconds(90) && left < .seconds(110), "100 items are left, one a second: \(left)")
    }

    @Test("the time left holds the wait for quota and the work after it")
    func timeLeftInAWait() throws {
        var (model, _) = steadyRun(seconds: 60, of: 70)
        let now = Self.start + .seconds(60)
        let wait = RunEvent.quotaWait(model: "gemini-x", duration: .seconds(50), reason: "60 requests/min")
        model.apply(wait, at: now)
        let standing = try #require(model.snapshot(at: now, describing: 0).timeLeft)
        #expect(standing >= .seconds(59) && standing <= .seconds(61), "50 of waiting, 10 of work: \(standing)")
        model.apply(.started(61), at: now)
        let going = try #require(model.snapshot(at: now, describing: 0).timeLeft)
        #expect(going == .seconds(50), "another model goes on meanwhile")
    }

    @Test("a run that is stopping promises no end")
    func stopping() {
        var (model, last) = steadyRun(seconds: 60, of: 300)
        #expect(last.timeLeft != nil)
        model.apply(.stopping(inFlight: 3), at: Self.start + .seconds(60))
        last = model.snapshot(at: Self.start + .seconds(60), describing: 0)
        #expect(last.timeLeft == nil)
    }
}
