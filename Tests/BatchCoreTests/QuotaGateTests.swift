import BatchCore
import Testing

@Suite("QuotaGate")
struct QuotaGateTests {
    private var gate = QuotaGate()

    @Test("a new gate is open")
    func open() {
        #expect(gate.opensAt == .zero)
    }

    @Test("the server's delay and the jitter make the pause")
    mutating func requestedPause() {
        let pause = gate.close(now: .seconds(100), sentAt: .seconds(99), requested: .seconds(45), jitter: 0.5)
        #expect(pause == .milliseconds(45_500))
        #expect(gate.opensAt == .milliseconds(145_500))
    }

    @Test("further answers of the same burst are not told and change nothing")
    mutating func burst() {
        _ = gate.close(now: .seconds(100), sentAt: .seconds(99), requested: nil, jitter: 0)
        let opensAt = gate.opensAt
        for _ in 0..<50 {
            #expect(gate.close(now: .seconds(101), sentAt: .seconds(99), requested: nil, jitter: 1) == nil)
        }
        #expect(gate.opensAt == opensAt)
    }

    @Test("a server that asks for more while the gate is closed prolongs the pause, silently")
    mutating func prolonged() {
        _ = gate.close(now: .seconds(100), sentAt: .seconds(99), requested: .seconds(10), jitter: 0)
        #expect(gate.close(now: .seconds(101), sentAt: .seconds(99), requested: .seconds(30), jitter: 0) == nil)
        #expect(gate.opensAt == .seconds(131))
        #expect(gate.close(now: .seconds(102), sentAt: .seconds(99), requested: .seconds(5), jitter: 0) == nil)
        #expect(gate.opensAt == .seconds(131))
    }

    @Test("pauses without the server's word double up to a minute")
    mutating func doubling() {
        var now = Duration.seconds(100)
        for expected in [10, 20, 40, 60, 60] {
            #expect(gate.close(now: now, sentAt: now, requested: nil, jitter: 0) == .seconds(expected))
            now = gate.opensAt
        }
        gate.succeeded(sentAt: now)
        #expect(gate.close(now: now, sentAt: now, requested: nil, jitter: 0) == .seconds(10))
    }

    @Test("an answer to a request from before the pause does not make the next one short")
    mutating func lateAnswer() {
        _ = gate.close(now: .seconds(100), sentAt: .seconds(99), requested: nil, jitter: 0)
        gate.succeeded(sentAt: .seconds(98))
        #expect(gate.close(now: .seconds(111), sentAt: .seconds(111), requested: nil, jitter: 0) == .seconds(20))
    }

    @Test("a quota answer to a request from before the pause does not begin another")
    mutating func lateRefusal() {
        _ = gate.close(now: .seconds(100), sentAt: .seconds(99), requested: nil, jitter: 0)
        #expect(gate.close(now: .seconds(111), sentAt: .seconds(99), requested: nil, jitter: 0) == nil)
        #expect(gate.opensAt == .seconds(110))
    }

    @Test("a server that asks for no pause gets one", arguments: [0, -5])
    mutating func noPause(seconds: Int) {
        let pause = gate.close(now: .seconds(100), sentAt: .seconds(99), requested: .seconds(seconds), jitter: 0)
        #expect(pause == .seconds(1))
    }
}
