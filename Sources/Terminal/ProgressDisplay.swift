package import BatchCore
internal import Dispatch
internal import Synchronization

/// Shows people how a run goes, on one output.
///
/// Events come from any thread and are only counted; a queue of its own draws, so that a terminal that stands still holds
/// up the display and never the work.
package final class ProgressDisplay: RunObserver {
    private struct State {
        var model: ProgressModel
        var desk = NewsDesk()
        var plan: RunPlan?
        var summary: RunSummary?
    }

    private struct Drawing {
        var renderer: any ProgressRenderer
        var lastDraw: Duration?
        var timer: (any DispatchSourceTimer)?
        var isClosed = false
    }

    /// After such a pause the program was probably stopped, and the shell has written since.
    private static let longestPause = Duration.milliseconds(500)

    private let output: TextOutput
    private let clock: any RunClock
    private let next: NextCommands
    /// Whether there is anything to be seen before the end.
    private let isLive: Bool
    /// What ``observe(_:)`` touches; never held while writing.
    private let state: Mutex<State>
    /// What drawing needs; held while writing.
    private let drawing: Mutex<Drawing>
    private let queue = DispatchQueue(label: "genbatch.progress")

    /// Prepares a display that shows nothing yet.
    ///
    /// - Parameters:
    ///   - style: How to show progress.
    ///   - output: Where to; normally standard error.
    ///   - clock: The clock of the run.
    ///   - limit: The most items this run may start; `nil` for all.
    ///   - next: The commands that the summary offers.
    package init(
        style: ProgressStyle,
        output: TextOutput,
        clock: any RunClock,
        limit: Int? = nil,
        next: NextCommands
    ) {
        self.output = output
        self.clock = clock
        self.next = next
        isLive = style.isLive
        state = Mutex(State(model: ProgressModel(startedAt: clock.now(), limit: limit)))
        drawing = Mutex(Drawing(renderer: style.renderer))
        TextOutput.ignoreBrokenPipes()
    }

    /// Begins to draw at the pace of the style.
    package func start() {
        guard isLive else { return }
        drawing.withLock { drawing in
            guard drawing.timer == nil, !drawing.isClosed else { return }
            let timer = DispatchSource.makeTimerSource(queue: queue)
            let interval = Int(drawing.renderer.interval.inMilliseconds)
            timer.schedule(deadline: .now(), repeating: .milliseconds(interval), leeway: .milliseconds(interval / 10))
            timer.setEventHandler { [weak self] in self?.draw() }
            timer.activate()
            drawing.timer = timer
        }
    }

    package func observe(_ event: RunEvent) {
        switch event {
        case .planned(let plan): state.withLock { $0.plan = plan }
        case .finished(let summary): state.withLock { $0.summary = summary }
        default: break
        }
        guard isLive else { return }
        let now = clock.now()
        state.withLock { state in
            state.model.apply(event, at: now)
            state.desk.apply(event)
        }
        if case .stopping = event {
            // Whoever pressed a key wants an answer at once.
            queue.async { [weak self] in self?.draw() }
        }
    }

    /// Draws one frame now.
    package func draw() {
        drawing.withLock { drawing in
            guard !drawing.isClosed, !output.isInBackground else { return }
            let now = clock.now()
            if let last = drawing.lastDraw, now - last > drawing.renderer.interval + Self.longestPause {
                drawing.renderer.abandon()
            }
            drawing.lastDraw = now
            output.write(drawing.renderer.render(frame(at: now)))
        }
    }

    /// Draws the end, with the summary if the run came to one, and leaves the terminal as it was; nothing is drawn after.
    package func stop() {
        drawing.withLock { drawing in
            guard !drawing.isClosed else { return }
            drawing.isClosed = true
            let wasStarted = drawing.timer != nil
            drawing.timer?.cancel()
            drawing.timer = nil
            let (summary, plan) = state.withLock { ($0.summary, $0.plan) }
            // A run that failed before it began has nothing to show.
            guard wasStarted || plan != nil || summary != nil else { return }
            let text = drawing.renderer.finish(
                frame(at: clock.now()),
                summary: summary.map { ReportText.summary($0, plan: plan, next: next) } ?? [],
                leavesWork: summary.map(ReportText.leavesWork) ?? true
            )
            output.write(text)
        }
    }

    private func frame(at now: Duration) -> Frame {
        let size = output.size
        return state.withLock { state in
            Frame(
                snapshot: state.model.snapshot(at: now, describing: BarLayout.attempts(on: size)),
                news: state.desk.take(),
                size: size
            )
        }
    }
}
