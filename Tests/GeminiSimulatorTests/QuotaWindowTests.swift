import GeminiSimulator
import Testing

@Suite("Quota windows")
struct QuotaWindowTests {
    @Test("the window slides: a place is free 60 seconds after it was taken")
    func sliding() {
        var window = QuotaWindow(limit: 2)
        #expect(window.admit(at: .seconds(0)) == nil)
        #expect(window.admit(at: .seconds(10)) == nil)
        #expect(window.admit(at: .seconds(20)) == .seconds(40))
        #expect(window.admit(at: .seconds(59)) == .seconds(1))
        #expect(window.admit(at: .seconds(60)) == nil)
        #expect(window.admit(at: .seconds(61)) == .seconds(9))
    }

    @Test("never more than the limit in any minute, over many minutes")
    func longRun() {
        var window = QuotaWindow(limit: 7)
        let admitted = (0..<6000).filter { window.admit(at: .milliseconds($0 * 100)) == nil }
        for start in admitted {
            #expect(admitted.filter { $0 >= start && $0 < start + 600 }.count <= 7)
        }
        #expect(admitted.count == 70)
    }

    @Test("a limit of zero admits nothing")
    func zero() {
        var window = QuotaWindow(limit: 0)
        #expect(window.admit(at: .seconds(5)) == .seconds(60))
    }
}
