import BatchCore
import Foundation
import Testing

@testable import Terminal

@Suite struct ProgressDisplayTests {
    private static let frameEnd = "\u{1B}[?2026l"

    private let clock = ManualClock()

    private func display(_ style: ProgressStyle, on descriptor: Int32) -> ProgressDisplay {
        ProgressDisplay(style: style, output: TextOutput(descriptor: descriptor), clock: clock, next: .sample)
    }

    private var plan: RunEvent { .planned(new: 4) }

    private func finished(done: Int, failed: Int = 0) -> RunEvent {
        var summary = RunSummary()
        summary.done = done
        summary.failed = failed
        summary.failuresByClass = failed > 0 ? [.safety: failed] : [:]
        summary.requests = done + failed
        summary.elapsed = .seconds(9)
        return .finished(summary)
    }

    @Test("a terminal shows a run from its plan to its summary", arguments: BarRendererTests.sizes)
    func terminal(size: TerminalSize) throws {
        let terminal = try PseudoTerminal(columns: size.columns, rows: size.rows)
        var screen = VirtualScreen(columns: size.columns, rows: size.rows)
        let display = display(.bar(hasColour: true, isUnicode: true), on: terminal.descriptor)
        func draw() throws {
            display.draw()
            screen.feed(try terminal.read(until: Self.frameEnd))
        }

        try draw()
        #expect(screen.lines.first == "reading the job")
        display.observe(plan)
        let meter = StreamMeter()
        display.observe(.started(1, key: "tides\u{1B}[2J", meter: meter))
        meter.add(textBytes: 40, outputTokens: 17)
        clock.advance(by: .milliseconds(100))
        try draw()
        #expect(screen.lines.joined().hasPrefix("4 items: 4 to run (4 new)"))
        #expect(screen.lines.contains { $0.contains("0/4") })
        #expect(screen.lines.contains { $0.contains("1b[2J") && $0.contains("17") })

        display.observe(.done(1))
        display.observe(.failed(2, message: "blocked\u{7}"))
        clock.advance(by: .milliseconds(100))
        try draw()
        #expect(screen.lines.joined().contains("failed: item-2: safety: blocked\\x07"))
        #expect(screen.lines.contains { $0.contains("2/4") })

        display.observe(.done(3))
        display.observe(.done(4))
        display.observe(finished(done: 3, failed: 1))
        display.stop()
        screen.feed(try terminal.read(until: Self.frameEnd))
        #expect(screen.lines.filter { $0.contains("100%") && $0.contains("4/4") }.count == 1)
        #expect(screen.lines.joined().contains("finished in 9s: 3 done, 1 failed"))
        #expect(screen.lines.joined().hasSuffix("results   genbatch export job.yaml"))
        #expect(screen.complaints == [])
        #expect(screen.isCursorVisible)
    }

    @Test("each frame asks the terminal for its size")
    func resized() throws {
        let terminal = try PseudoTerminal(columns: 80, rows: 24)
        let display = display(.bar(hasColour: true, isUnicode: true), on: terminal.descriptor)
        display.observe(plan)
        display.draw()
        var screen = VirtualScreen(columns: 80, rows: 24)
        screen.feed(try terminal.read(until: Self.frameEnd))
        #expect(screen.lines.map { $0.count }.max() ?? 0 > 20)
        try terminal.resize(columns: 20, rows: 10)
        screen.resize(columns: 20, rows: 10)
        clock.advance(by: .milliseconds(100))
        display.draw()
        screen.feed(try terminal.read(until: Self.frameEnd))
        #expect(screen.lines.last { $0.hasPrefix("  0%") } == "  0% ░░░░░░░░░░ 0/4")
        #expect(screen.lines.filter { $0.contains("░") }.count == 1)
    }

    @Test("started, it draws by itself and answers a stop at once")
    func startsAndStops() throws {
        let terminal = try PseudoTerminal(columns: 80, rows: 24)
        let display = display(.bar(hasColour: true, isUnicode: true), on: terminal.descriptor)
        display.start()
        let first = try terminal.read(until: Self.frameEnd)
        #expect(first.contains("reading the job"))
        display.observe(.stopping(inFlight: 12))
        let answer = try terminal.read(until: Self.frameEnd)
        #expect(answer.contains("stopping, 12 in flight, press again to abort"))
        display.stop()
        let last = try terminal.read(until: Self.frameEnd)
        #expect(last.hasSuffix("\u{1B}[?25h\u{1B}[?2026l"))
    }

    @Test("after the program was stopped for a while, the bar begins below what the shell wrote")
    func afterPause() throws {
        let terminal = try PseudoTerminal(columns: 80, rows: 24)
        let display = display(.bar(hasColour: true, isUnicode: true), on: terminal.descriptor)
        display.observe(plan)
        display.draw()
        _ = try terminal.read(until: Self.frameEnd)
        clock.advance(by: .seconds(1))
        display.draw()
        let text = try terminal.read(until: Self.frameEnd)
        #expect(!text.contains("\u{1B}[2K"))
        #expect(text.contains("0/4"))
    }

    // Fault matrix: F81.
    @Test("a pipe gets lines without any control sequence, whatever happens")
    func pipe() throws {
        let pipe = TestPipe()
        let display = display(.plain, on: pipe.writeDescriptor)
        display.observe(plan)
        display.observe(.started(1, key: "\u{1B}[31mkey"))
        display.observe(.failed(1, message: "\u{9B}2J\u{202E}"))
        display.draw()
        clock.advance(by: .seconds(31))
        display.draw()
        display.observe(finished(done: 3, failed: 1))
        display.stop()
        let text = try pipe.readAll()
        #expect(
            text == """
                4 items: 4 to run (4 new)
                failed: item-1: safety: \\x9b2J\\u{202e}
                1/4 (25%), 0 done, 1 failed (1 safety), 0 in flight, 0 items/s, 0 tokens/s, 31s elapsed
                finished in 9s: 3 done, 1 failed
                  failed    1 safety
                  requests  4
                  tokens    not reported
                  cost      $0.00
                  failures  genbatch failures job.yaml
                  results   genbatch export job.yaml

                """
        )
    }

    @Test("quiet says nothing of a run that went well, and the summary of one that did not")
    func quiet() throws {
        for failed in [0, 1] {
            let pipe = TestPipe()
            let display = display(.quiet, on: pipe.writeDescriptor)
            display.observe(plan)
            display.observe(.failed(1))
            display.draw()
            display.observe(finished(done: 3, failed: failed))
            display.stop()
            #expect(try pipe.readAll().isEmpty == (failed == 0))
        }
    }

    @Test("nothing is drawn after the end, and the end only once")
    func closed() throws {
        let pipe = TestPipe()
        let display = display(.summary, on: pipe.writeDescriptor)
        display.observe(finished(done: 1))
        display.stop()
        display.draw()
        display.stop()
        display.start()
        #expect(try pipe.readAll().split(separator: "\n").filter { $0.hasPrefix("finished") }.count == 1)
    }

    @Test("a terminal that hung up does not matter")
    func hungUp() throws {
        let terminal = try PseudoTerminal(columns: 80, rows: 24)
        let copy = dup(terminal.descriptor)
        defer { close(copy) }
        terminal.hangUp()
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        for descriptor in [copy, pipe.fileHandleForWriting.fileDescriptor, -1] {
            let display = display(.bar(hasColour: true, isUnicode: true), on: descriptor)
            display.start()
            display.observe(plan)
            display.draw()
            display.stop()
        }
    }

    @Test("observing returns while the output stands still")
    func blockedOutput() throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        // Fill the pipe, so that the next write waits until somebody reads.
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        let filling = [UInt8](repeating: 0x2E, count: 4096)
        while write(descriptor, filling, filling.count) > 0 {}
        _ = fcntl(descriptor, F_SETFL, 0)

        let display = display(.plain, on: descriptor)
        display.observe(plan)
        display.start()
        DispatchQueue.global().async { display.draw() }
        for number in 1...20_000 {
            display.observe(.started(number))
            display.observe(.failed(number))
        }
        // Now somebody reads, and the display catches up.
        let reader = Thread {
            while !pipe.fileHandleForReading.availableData.isEmpty {}
        }
        reader.start()
        display.stop()
        try pipe.fileHandleForWriting.close()
    }

    @Test("counts from many threads add up")
    func manyThreads() throws {
        let pipe = TestPipe()
        let display = display(.plain, on: pipe.writeDescriptor)
        display.observe(.planned(new: 8000))
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for number in 1...1000 {
                display.observe(.started(thread * 1000 + number))
                display.observe(.done(thread * 1000 + number))
            }
        }
        clock.advance(by: .seconds(30))
        display.draw()
        display.stop()
        let text = try pipe.readAll()
        #expect(text.contains("8,000/8,000 (100%), 8,000 done, 0 in flight"))
    }
}
