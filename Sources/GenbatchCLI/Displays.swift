internal import BatchCore
internal import Foundation
internal import Terminal

/// All who are told of a run: people on standard error, programs on standard output.
struct Displays: RunObserver {
    private let progress: ProgressDisplay
    /// On standard output, in a file, or both.
    private let events: [JSONEventWriter]
    private let notices: RunNotices

    /// - Throws: A ``CommandFailure`` if the file for events cannot be made.
    init(_ options: RunOptions, clock: SystemClock, notices: RunNotices, next: NextCommands) throws {
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
        let outputs = [options.json ? TextOutput.standardOutput : nil, try options.events.map(EventFile.open)]
        events = outputs.compactMap(\.self).map {
            JSONEventWriter(output: $0, version: Version.current, clock: clock, limit: options.limit)
        }
    }

    func start() {
        progress.start()
        for writer in events {
            writer.start()
        }
    }

    func observe(_ event: RunEvent) {
        progress.observe(event)
        for writer in events {
            writer.observe(event)
        }
        notices.observe(event)
    }

    /// Tells programs why there will be no summary; people read it on standard error.
    func fail(_ failure: CommandFailure) {
        for writer in events {
            writer.exitError(code: failure.status.rawValue, message: failure.message)
        }
    }

    func stop() {
        progress.stop()
        for writer in events {
            writer.stop()
        }
    }
}
