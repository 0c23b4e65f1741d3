import BatchCore
import Testing

@testable import Terminal

@Suite struct PlainRendererTests {
    private func frame(second: Int, failures: [Int] = []) -> Frame {
        var snapshot = ProgressSnapshot()
        snapshot.elapsed = .seconds(second)
        snapshot.total = 200
        snapshot.done = min(200, second)
        snapshot.inFlight = 8
        var news = News()
        news.failures = failures.map { .init(key: "item-\($0)", failureClass: .check, message: "not\nJSON\u{1B}[1m") }
        return Frame(snapshot: snapshot, news: news)
    }

    // Fault matrix: F81.
    @Test("a status line comes every thirty seconds and no escape sequence ever")
    func everyThirtySeconds() {
        var renderer = PlainRenderer()
        let texts = (0...95).map { renderer.render(frame(second: $0)) }
        #expect(texts.enumerated().filter { !$0.element.isEmpty }.map(\.offset) == [30, 60, 90])
        #expect(texts[60] == "60/200 (30%), 60 done, 8 in flight, 1m 0s elapsed\n")
    }

    @Test("after a pause there is one status line, not one for each that was missed")
    func latePlan() {
        var renderer = PlainRenderer()
        #expect(renderer.render(frame(second: 100)).split(separator: "\n").count == 1)
        #expect(renderer.render(frame(second: 119)) == "")
        #expect(renderer.render(frame(second: 120)) != "")
    }

    @Test("the first ten failures are told, later ones only counted")
    func failures() {
        var renderer = PlainRenderer()
        let text =
            renderer.render(frame(second: 1, failures: Array(1...8)))
            + renderer.render(frame(second: 2, failures: [9, 10]))
            + renderer.render(frame(second: 3, failures: [11, 12])) + renderer.render(frame(second: 4, failures: [13]))
        let lines = text.split(separator: "\n")
        #expect(lines.count == 11)
        #expect(lines.first == "failed: item-1: check: not\\nJSON\\x1b[1m")
        #expect(lines.last == "further failures are only counted")
    }

    @Test("a status line tells failures by class and who waits for quota")
    func status() {
        var renderer = PlainRenderer()
        var frame = frame(second: 30)
        frame.snapshot.failed = 5
        frame.snapshot.failures = [
            .init(failureClass: .safety, count: 3), .init(failureClass: .check, count: 2),
        ]
        frame.snapshot.deferred = 1
        frame.snapshot.retries = 4
        frame.snapshot.itemsPerSecond = 1.5
        frame.snapshot.tokensPerSecond = 2100
        frame.snapshot.timeLeft = .seconds(110)
        frame.snapshot.quotaWaits = [.init(model: "gemini-x", remaining: .seconds(23), reason: "300 requests/min")]
        #expect(
            renderer.render(frame) == """
                35/200 (17%), 30 done, 5 failed (3 safety, 2 check), 1 deferred, 8 in flight, 4 retried, 1.5 items/s, \
                2,100 tokens/s, 30s elapsed, 1m 50s left, quota: 300 requests/min for gemini-x, resumes in 23s

                """
        )
    }

    @Test("the end is the summary, or the last state where there is none")
    func finish() {
        var renderer = PlainRenderer()
        #expect(renderer.finish(frame(second: 9), summary: ["a", "b"], leavesWork: false) == "a\nb\n")
        #expect(
            renderer.finish(frame(second: 9), summary: [], leavesWork: true)
                == "9/200 (4%), 9 done, 8 in flight, 9s elapsed\n"
        )
    }

    @Test("without progress there is the summary, and in quiet only if something is left to do")
    func summaryOnly() {
        var loud = SummaryRenderer(isQuiet: false)
        var quiet = SummaryRenderer(isQuiet: true)
        #expect(loud.render(frame(second: 30, failures: [1])) == "")
        #expect(loud.finish(frame(second: 9), summary: ["a"], leavesWork: false) == "a\n")
        #expect(quiet.render(frame(second: 30, failures: [1])) == "")
        #expect(quiet.finish(frame(second: 9), summary: ["a"], leavesWork: false) == "")
        #expect(quiet.finish(frame(second: 9), summary: ["a"], leavesWork: true) == "a\n")
    }
}
