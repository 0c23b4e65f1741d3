import GeminiSimulator
import Testing

@Suite("Quota windows")
struct QuotaWindowTests {
    @Test("the window slides: a place is free 60 seconds after it was taken")
    func sliding() {
        var window = QuotaWindow(RequestQuota(limit: 2))
        #expect(window.admit(at: .seconds(0)) == nil)
        #expect(window.admit(at: .seconds(10)) == nil)
        #expect(window.admit(at: .seconds(20)) == .seconds(40))
        #expect(window.admit(at: .seconds(59)) == .seconds(1))
        #expect(window.admit(at: .seconds(60)) == nil)
        #expect(window.admit(at: .seconds(61)) == .seconds(9))
    }

    @Test("never more than the limit in any minute, over many minutes")
    func longRun() {
        var window = QuotaWindow(RequestQuota(limit: 7))
        let admitted = (0..<6000).filter { window.admit(at: .milliseconds($0 * 100)) == nil }
        for start in admitted {
            #expect(admitted.filter { $0 >= start && $0 < start + 600 }.count <= 7)
        }
        #expect(admitted.count == 70)
    }

    @Test("a limit of zero admits nothing")
    func zero() {
        var window = QuotaWindow(RequestQuota(limit: 0))
        #expect(window.admit(at: .seconds(5)) == .seconds(60))
    }

    /// 3, then 1, then 2 in a window of six seconds.
    private static func changing(_ counting: RequestQuota.Counting) -> RequestQuota {
        RequestQuota(
            stages: [
                .init(start: .zero, limit: 3), .init(start: .seconds(12), limit: 1),
                .init(start: .seconds(30), limit: 2),
            ],
            window: .seconds(6),
            counting: counting
        )
    }

    @Test("a short window slides too, and after a fall of the limit more than one place has to become free")
    func changing() {
        var window = QuotaWindow(Self.changing(.sliding))
        #expect([9, 10, 11].map { window.admit(at: .seconds($0)) } == [nil, nil, nil])
        #expect(window.admit(at: .seconds(11)) == .seconds(4))
        #expect(window.admit(at: .seconds(12)) == .seconds(5))
        #expect(window.admit(at: .seconds(16)) == .seconds(1))
        #expect([17, 30, 31].map { window.admit(at: .seconds($0)) } == [nil, nil, nil])
        #expect(window.admit(at: .seconds(32)) == .seconds(4))
    }

    @Test("a fixed window begins anew for all at once")
    func fixed() {
        var window = QuotaWindow(Self.changing(.fixed))
        #expect([4, 5, 5].map { window.admit(at: .seconds($0)) } == [nil, nil, nil])
        #expect(window.admit(at: .seconds(5)) == .seconds(1))
        #expect([6, 6, 11].map { window.admit(at: .seconds($0)) } == [nil, nil, nil])
        #expect([12, 17].map { window.admit(at: .seconds($0)) } == [nil, .seconds(1)])
    }

    @Test("what was allowed adds up over the stages")
    func allowed() {
        let quota = Self.changing(.sliding)
        #expect([0, 6, 12, 18, 30, 60].map { quota.allowed(until: .seconds($0)) } == [0, 3, 6, 7, 9, 19])
        #expect([0, 12, 29, 30].map { quota.limit(at: .seconds($0)) } == [3, 1, 1, 2])
    }
}
