import BatchCore
import Testing

@testable import Terminal

@Suite struct BarRendererTests {
    static let sizes = [
        TerminalSize(columns: 80, rows: 24), TerminalSize(columns: 120, rows: 40), TerminalSize(columns: 20, rows: 10),
    ]

    /// The middle of a run, with everything that can be on the screen at once.
    private static func snapshot(finished: Int = 420) -> ProgressSnapshot {
        var snapshot = ProgressSnapshot()
        snapshot.elapsed = .seconds(72)
        snapshot.total = 1000
        snapshot.doneBefore = 180
        snapshot.done = finished - 2
        snapshot.failed = 2
        snapshot.deferred = 1
        snapshot.inFlight = 64
        snapshot.retries = 12
        snapshot.outputTokens = 120_433
        snapshot.itemsPerSecond = 7.26
        snapshot.tokensPerSecond = 1240
        snapshot.timeLeft = .seconds(80)
        snapshot.quotaWaits = [.init(model: "gemini-x", remaining: .seconds(23), reason: "300 requests/min")]
        snapshot.failures = [.init(failureClass: .safety, count: 1), .init(failureClass: .check, count: 1)]
        snapshot.oldest = [
            .init(key: "articles/alpha.txt", number: 1, turn: 0, outputTokens: 231, age: .seconds(9), silence: .zero),
            .init(
                key: "articles/日本語の長い名前のファイル.txt",
                number: 2,
                turn: 1,
                outputTokens: 12,
                age: .seconds(5),
                silence: .seconds(3)
            ),
            .init(
                key: "evil\u{1B}[2J\u{202E}\nkey",
                number: 1,
                turn: 0,
                outputTokens: 0,
                age: .seconds(4),
                silence: nil
            ),
            .init(key: "four", number: 1, turn: 0, outputTokens: 7, age: .seconds(4), silence: .seconds(1)),
            .init(key: "five", number: 1, turn: 0, outputTokens: 7, age: .seconds(4), silence: .seconds(1)),
            .init(key: "six", number: 1, turn: 0, outputTokens: 7, age: .seconds(4), silence: .seconds(1)),
        ]
        return snapshot
    }

    private func screen(_ size: TerminalSize) -> VirtualScreen {
        VirtualScreen(columns: size.columns, rows: size.rows)
    }

    @Test("the bar on 80 columns")
    func wide() {
        var renderer = BarRenderer(hasColour: true, isUnicode: true)
        var screen = screen(Self.sizes[0])
        screen.feed(renderer.render(Frame(snapshot: Self.snapshot(), size: screen.size)))
        #expect(
            screen.lines == [
                " 42% █████████████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 420/1,000 · 1m 20s left",
                "418 done · 2 failed · 1 deferred · 64 in flight · 515 waiting · 12 retried",
                "failed: 1 safety · 1 check",
                "7.3 items/s · 1,240 tokens/s · 120,433 tokens out · 1m 12s",
                "quota: 300 requests/min for gemini-x, resumes in 23s",
                "  articles/alpha.txt                       231 tokens · 0s ago",
                "  …icles/日本語の長い名前のファイル.txt attempt 2 · turn 2 · 12 tokens · 3s ago",
                "  evil\\x1b[2J\\u{202e}\\nkey                 no chunk for 4s",
                "  four                                     7 tokens · 1s ago",
            ]
        )
        #expect(screen.hasColour)
    }

    @Test("the bar on 20 columns keeps what matters most")
    func narrow() {
        var renderer = BarRenderer(hasColour: true, isUnicode: true)
        var screen = screen(Self.sizes[2])
        screen.feed(renderer.render(Frame(snapshot: Self.snapshot(), size: screen.size)))
        #expect(
            screen.lines == [
                " 42% 420/1,000", "418 done · 2 failed", "failed: 1 safety", "7.3 items/s", "quota: 23s more",
                "  …es/alpha.txt 231",
            ]
        )
    }

    @Test("a long reason for a wait is cut, the time it takes never")
    func longReason() {
        let reason = "HTTP 429 RESOURCE_EXHAUSTED: You exceeded your current quota, please check your plan"
        let wait = ProgressSnapshot.QuotaWait(model: "gemini-x", remaining: .seconds(51), reason: reason)
        #expect(
            wait.line(columns: 79) == "quota: HTTP 429 RESOURCE_EXHAUSTED: You exceeded your current …, resumes in 51s"
        )
        #expect(wait.line(columns: 40) == "quota: 51s more")
        #expect(wait.line().hasSuffix("check your plan for gemini-x, resumes in 51s"))
    }

    @Test("without colour and Unicode there is neither")
    func ascii() {
        var renderer = BarRenderer(hasColour: false, isUnicode: false)
        var snapshot = Self.snapshot()
        snapshot.oldest = [snapshot.oldest[0]]
        var screen = screen(Self.sizes[0])
        let text = renderer.render(Frame(snapshot: snapshot, size: screen.size))
        screen.feed(text)
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        #expect(!screen.hasColour)
        #expect(screen.lines.first?.hasPrefix(" 42% #####################-----") == true)
    }

    // Fault matrix: F81.
    @Test("no line reaches the last column, whatever the size", arguments: 1...130)
    func width(columns: Int) {
        for rows in [1, 2, 5, 10, 24, 50] {
            let size = TerminalSize(columns: columns, rows: rows)
            let lines = BarLayout(hasColour: true, isUnicode: true).lines(Self.snapshot(), size: size)
            #expect(lines.allSatisfy { $0.columns < max(2, columns) }, "\(lines.map(\.text))")
            #expect(lines.count <= max(1, rows - 1))
        }
    }

    @Test("frames replace one another in place", arguments: sizes)
    func inPlace(size: TerminalSize) {
        var renderer = BarRenderer(hasColour: true, isUnicode: true)
        var screen = screen(size)
        screen.feed("$ genbatch run job.yaml\r\n")
        var snapshot = Self.snapshot()
        for finished in stride(from: 3, through: 1000, by: 50) {
            snapshot = Self.snapshot(finished: finished)
            snapshot.quotaWaits = finished.isMultiple(of: 4) ? snapshot.quotaWaits : []
            screen.feed(renderer.render(Frame(snapshot: snapshot, size: size)))
        }
        var fresh = self.screen(size)
        var other = BarRenderer(hasColour: true, isUnicode: true)
        fresh.feed("$ genbatch run job.yaml\r\n" + other.render(Frame(snapshot: snapshot, size: size)))
        #expect(screen.lines == fresh.lines)
        #expect(screen.complaints == [])
        #expect(screen.isCursorVisible)
    }

    @Test("an unchanged frame writes nothing, and a change only its line")
    func minimal() {
        var renderer = BarRenderer(hasColour: true, isUnicode: true)
        let size = Self.sizes[0]
        var snapshot = Self.snapshot()
        let first = renderer.render(Frame(snapshot: snapshot, size: size))
        #expect(renderer.render(Frame(snapshot: snapshot, size: size)) == "")
        snapshot.oldest[0].outputTokens = 232
        let second = renderer.render(Frame(snapshot: snapshot, size: size))
        #expect(second.contains("232 tokens"))
        #expect(!second.contains("418 done"))
        #expect(second.utf8.count < first.utf8.count / 4)
    }

    @Test("news scrolls away above the bar", arguments: sizes)
    func news(size: TerminalSize) {
        var renderer = BarRenderer(hasColour: true, isUnicode: true)
        var screen = screen(size)
        var news = News()
        news.failures = [.init(key: "a\u{7}", failureClass: .safety, message: "blocked\r\nfor good")]
        news.stoppingWith = 64
        for frameNews in [News(), news, News(), news] {
            screen.feed(renderer.render(Frame(snapshot: Self.snapshot(), news: frameNews, size: size)))
        }
        let told = ["failed: a\\x07: safety: blocked\\r\\nfor good", "stopping, 64 in flight, press again to abort"]
        let text = screen.lines.joined()
        #expect(text.hasPrefix((told + told).joined()))
        #expect(screen.lines.filter { $0.contains("42%") }.count == 1)
        #expect(screen.complaints == [])
    }

    @Test("a flood of failures is told in a few lines")
    func flood() {
        var renderer = BarRenderer(hasColour: false, isUnicode: true)
        var news = News()
        news.failures = (1...20).map { .init(key: "item-\($0)", failureClass: .check, message: "not JSON") }
        news.omittedFailures = 3000
        var screen = screen(Self.sizes[0])
        screen.feed(renderer.render(Frame(snapshot: Self.snapshot(), news: news, size: screen.size)))
        #expect(screen.lines.filter { $0.hasPrefix("failed: item-") }.count == 10)
        #expect(screen.lines.contains("failed: and 3,010 more"))
    }

    @Test("a window that was made smaller or larger shows one bar", arguments: sizes, sizes)
    func resize(before: TerminalSize, after: TerminalSize) {
        var renderer = BarRenderer(hasColour: true, isUnicode: true)
        var screen = screen(before)
        screen.feed("above\r\n" + renderer.render(Frame(snapshot: Self.snapshot(), size: before)))
        screen.resize(columns: after.columns, rows: after.rows)
        screen.feed(renderer.render(Frame(snapshot: Self.snapshot(), size: after)))
        let bars = screen.lines.filter { $0.hasPrefix(" 42%") }
        // Rows that scrolled out of a window which became lower can no longer be reached.
        #expect(bars.count == 1 || (after.rows < before.rows && bars.count == 2), "\(screen.lines)")
        #expect(screen.lines.first == "above")
        #expect(screen.complaints.allSatisfy { $0.contains("beyond") })
    }

    @Test("the end leaves the full bar and the summary, and the cursor on a new line", arguments: sizes)
    func finish(size: TerminalSize) {
        var renderer = BarRenderer(hasColour: true, isUnicode: true)
        var screen = screen(size)
        screen.feed(renderer.render(Frame(snapshot: Self.snapshot(), size: size)))
        var last = Self.snapshot(finished: 1000)
        last.timeLeft = nil
        screen.feed(
            renderer.finish(Frame(snapshot: last, size: size), summary: ["finished in 2m 0s"], leavesWork: false)
        )
        screen.feed("$")
        #expect(screen.lines.count == 3, "\(screen.lines)")
        #expect(screen.lines.first?.contains("1,000/1,000") == true)
        #expect(Array(screen.lines.dropFirst()) == ["finished in 2m 0s", "$"])
        #expect(screen.isCursorVisible)
    }

    @Test("a job that is still being read says so")
    func reading() {
        var renderer = BarRenderer(hasColour: true, isUnicode: true)
        var screen = screen(Self.sizes[0])
        screen.feed(renderer.render(Frame(snapshot: ProgressSnapshot(), size: screen.size)))
        #expect(screen.lines.first == "reading the job")
    }
}
