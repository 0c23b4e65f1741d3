internal import BatchCore
internal import Foundation
internal import Terminal

/// All who are told of a run: people on standard error, programs on standard output.
struct Displays: RunObserver {
    private let progress: ProgressDisplay
    private let events: JSONEventWriter?
    private let notices: RunNotices

    init(_ options: RunOptions, clock: SystemClock, notices: RunNotices, next: NextCommands) {
        self.notices = notices
        let style = ProgressStyle(
            options.progress.mode,
            isQuiet: options.quiet,
            isTerminal: TextOutput.standardError.isTerminal,
            showsEvents: options.json && TextOutput.standardOutput.isTerminal,
            environment: ProcessInfo.processInfo.environment
        )
        progress = ProgressDisplay(
            style: style,
            output: .standardError,
            clock: clock,
            limit: options.limit,
            next: next
        )
        events =
            options.json
            ? JSONEventWriter(output: .standardOutput, version: Version.current, clock: clock, limit: options.limit)
            : nil
    }

    func start() {
        progress.start()
        events?.start()
    }

    func observe(_ event: RunEvent) {
        progress.observe(event)
        events?.observe(event)
        notices.observe(event)
    }

    /// Tells programs why there will be no summary; people read it on standard error.
    func fail(_ failure: CommandFailure) {
        events?.exitError(code: failure.status.rawValue, message: failure.message)
    }

    func stop() {
        progress.stop()
        events?.stop()
    }
}
