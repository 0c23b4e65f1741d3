import Testing

@testable import BatchCore

@Suite("Quota: Pace")
struct PaceTests {
    private func pace(_ perMinute: Double, learned: Bool = false, ceiling: Double = .infinity) -> Pace {
        Pace(perMinute: perMinute, isLearned: learned, ceiling: ceiling, burst: 10, now: 0)
    }

    /// Sends as early as may be, one unit at a time, until a moment; returns when.
    private func send(_ pace: inout Pace, from start: Double = 0, until end: Double, amount: Int = 1) -> [Double] {
        var sent: [Double] = []
        var now = start
        while true {
            now = max(now, pace.opensAt(for: amount, now: now))
            guard now < end else { return sent }
            pace.spend(amount, now: now)
            sent.append(now)
        }
    }

    @Test("no minute holds more than the pace", arguments: [1, 7, 60, 600])
    func minutes(perMinute: Int) {
        var pace = pace(Double(perMinute), ceiling: Double(perMinute))
        let sent = send(&pace, until: 300)
        for (index, moment) in sent.enumerated() {
            #expect(sent[index...].prefix { $0 < moment + 60 }.count <= perMinute)
        }
        #expect(sent.count >= perMinute * 49 / 10)
    }

    @Test("after a lull so many leave at once, the rest hardly faster than the pace")
    func burst() {
        var pace = pace(60, ceiling: 60)
        let sent = send(&pace, until: 30)
        #expect(sent.prefix(10).allSatisfy { $0 < 1e-9 })
        // Ten at once, then 1.1 a second.
        #expect((40...44).contains(sent.count))
    }

    @Test("an unknown limit is looked for by doubling every ten seconds")
    func doubling() {
        var pace = pace(60)
        var paces: [Double] = []
        for second in stride(from: 0.0, through: 50, by: 10) {
            _ = send(&pace, from: second, until: second + 10)
            paces.append(pace.perMinute)
        }
        #expect(paces == [60, 120, 240, 480, 960, 1920])
        #expect(!pace.isLearned)
    }

    @Test("a pace that is not used does not grow", arguments: [(0.6, false), (0.8, true)])
    func bindingOnly(share: Double, grows: Bool) {
        var pace = pace(60)
        for step in 0..<Int(60 * share) {
            let now = Double(step) / share
            #expect(pace.opensAt(for: 1, now: now) <= now)
            pace.spend(1, now: now)
        }
        #expect((pace.perMinute > 60) == grows)
    }

    @Test("the job's own limit is never exceeded")
    func ceiling() {
        var pace = pace(60, ceiling: 100)
        _ = send(&pace, until: 120)
        #expect(pace.perMinute == 100)
    }

    @Test("whoever has nearly all of a limit uses 98 % of it, whoever shares it goes back by a tenth")
    func cut() {
        var alone = pace(300, learned: true, ceiling: 300)
        _ = send(&alone, until: 90)
        var sharing = alone
        alone.cut(limit: 300, opened: 0, now: 90)
        #expect(alone.perMinute == 294)
        sharing.cut(limit: 600, opened: 0, now: 90)
        #expect(sharing.perMinute <= 270)
        #expect(sharing.perMinute >= 260)
        #expect(sharing.isLearned)
    }

    // Fault matrix: F61.
    @Test("without a limit told, and shortly after a pause, the pace itself is cut")
    func cutWithoutLimit() {
        var pace = pace(100, learned: true)
        pace.cut(limit: nil, opened: 95, now: 100)
        #expect(pace.perMinute == 90)
    }

    @Test("nobody who shares a limit goes below a tenth of it, and nobody below one a minute")
    func floor() {
        var sharing = pace(40, learned: true)
        var lonely = pace(2, learned: true)
        for _ in 1...50 {
            sharing.cut(limit: 300, opened: 0, now: 1)
            lonely.cut(limit: nil, opened: 0, now: 1)
        }
        #expect(sharing.perMinute == 30)
        #expect(lonely.perMinute == 1)
    }

    @Test("limits that are none are passed over", arguments: [-1, 0, Int.max])
    func absurdLimits(limit: Int) {
        var pace = pace(100)
        pace.cut(limit: limit, opened: 0, now: 1)
        pace.hold(until: 2)
        #expect(pace.perMinute >= 90)
        #expect(!send(&pace, from: 2, until: 20).isEmpty)
    }

    @Test("after a refusal it grows by 1 % of the limit, then three times as much with each step")
    func regrowth() {
        var pace = pace(1000, learned: true)
        _ = send(&pace, until: 9)
        pace.cut(limit: 1000, opened: 0, now: 9)
        #expect(pace.perMinute == 900)
        pace.hold(until: 13)
        var paces: [Double] = []
        for step in 0..<5 {
            let start = 13 + 10.5 * Double(step)
            _ = send(&pace, from: start, until: start + 10.5)
            paces.append((pace.perMinute / 10).rounded() * 10)
        }
        #expect(paces == [910, 940, 1030, 1310, 2370])
    }

    @Test("a small limit is probed after ten requests, not after ten seconds")
    func smallLimit() {
        var pace = pace(9.8, learned: true)
        let sent = send(&pace, until: 58)
        #expect(sent.count == 10)
        #expect(pace.perMinute == 9.8)
    }

    @Test("what turns out to have cost more is made up for")
    func correction() {
        var pace = Pace(perMinute: 1000, isLearned: true, ceiling: 1000, burst: 0, now: 0)
        pace.spend(400, now: 0)
        pace.correct(by: 600, spentAt: 0)
        #expect(pace.opensAt(for: 100, now: 30) >= 60)
        pace.correct(by: -600, spentAt: 0)
        #expect(pace.opensAt(for: 100, now: 30) <= 30)
    }

    @Test("a request larger than a minute's worth goes when nothing else has gone")
    func oversized() {
        var pace = Pace(perMinute: 1000, isLearned: true, ceiling: 1000, burst: 0, now: 0)
        #expect(pace.opensAt(for: 5000, now: 1) <= 1)
        pace.spend(5000, now: 1)
        #expect(pace.opensAt(for: 1, now: 2) >= 61)
    }
}
