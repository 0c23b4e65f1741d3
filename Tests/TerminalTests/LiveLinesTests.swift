import Testing

@testable import Terminal

@Suite struct LiveLinesTests {
    private static let size = TerminalSize(columns: 40, rows: 6)

    private func show(_ frames: [[String]]) -> VirtualScreen {
        var live = LiveLines()
        var screen = VirtualScreen(columns: Self.size.columns, rows: Self.size.rows)
        screen.feed("$ genbatch status --watch\r\n")
        for frame in frames {
            screen.feed(live.frame(frame, size: Self.size))
        }
        #expect(screen.complaints.isEmpty, "\(screen.complaints)")
        return screen
    }

    @Test("a frame takes the place of the one before, also when it has fewer lines")
    func replaces() {
        let screen = show([["items  4: 1 done", "running  1", "used  2"], ["items  4: 4 done"]])
        #expect(screen.lines == ["$ genbatch status --watch", "items  4: 4 done"])
    }

    @Test("it stays within the terminal, whatever is in it")
    func stays() {
        let long = String(repeating: "x", count: 100)
        let screen = show([[long, "a\u{1B}[2Jb\nc"], (1...20).map { "line \($0)" }, [long]])
        #expect(screen.lines.count == 2)
        #expect(screen.lines.last?.hasSuffix("x…") == true)
        #expect(screen.lines.last?.count == 39)
        #expect(show([["a\u{1B}[2Jb\nc"]]).lines.last == "a\\x1b[2Jb\\nc")
    }

    @Test("what is cleared leaves nothing, and the next line stands in its place")
    func clears() {
        var live = LiveLines()
        var screen = VirtualScreen(columns: 40, rows: 6)
        screen.feed(live.frame(["one", "two"], size: Self.size))
        screen.feed(live.clear(size: Self.size) + live.clear(size: Self.size) + "end\r\n")
        #expect(screen.lines == ["end"])
        #expect(screen.complaints.isEmpty, "\(screen.complaints)")
    }
}
