package import BatchCore
internal import Dispatch
internal import Synchronization

/// Tells programs how a run goes: one JSON object per line, as docs/events.md describes them.
///
/// Lines are written by a queue of its own as soon as they exist. A reader that falls behind first loses the samples
/// (`chunk` and `progress`) and, megabytes later, other lines too, which a `dropped` line then counts: the run never waits
/// for its reader, and the checkpoint has it all.
package final class JSONEventWriter: RunObserver {
    private struct State {
        var model: ProgressModel
        var encoder = EventEncoder()
        var pending: [UInt8] = []
        var dropped = 0
        var isFlushScheduled = false
        var timer: (any DispatchSourceTimer)?
        /// Whether the summary is written: no sample may come after it.
        var isFinished = false
        var isClosed = false

        /// Keeps a line that must not get lost.
        mutating func append(_ line: [UInt8], at time: Int64) {
            appendDropped(at: time)
            pending += line
        }

        /// Tells of lines that were left out, if there are any.
        mutating func appendDropped(at time: Int64) {
            guard dropped > 0 else { return }
            pending += encoder.dropped(dropped, at: time)
            dropped = 0
        }
    }

    /// What one second may bring in `chunk` lines, however many streams run.
    private static let chunksPerSecond = 64
    private static let sampleLimit = 1 << 20
    private static let lineLimit = 16 << 20

    private let output: TextOutput
    private let clock: any RunClock
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "genbatch.events")

    /// Prepares a writer and writes the `version` line.
    ///
    /// - Parameters:
    ///   - output: Where the lines go; normally standard output.
    ///   - version: The version of the program.
    ///   - clock: The clock of the run.
    ///   - limit: The most items this run may start; `nil` for all.
    package init(output: TextOutput, version: String, clock: any RunClock, limit: Int? = nil) {
        self.output = output
        self.clock = clock
        state = Mutex(State(model: ProgressModel(startedAt: clock.now(), limit: limit)))
        TextOutput.ignoreBrokenPipes()
        append { $0.append($0.encoder.version(version, at: $1), at: $1) }
    }

    /// Begins to write samples every second.
    package func start() {
        state.withLock { state in
            guard state.timer == nil, !state.isClosed else { return }
            let timer = DispatchSource.makeTimerSource(queue: queue)
            timer.schedule(deadline: .now() + 1, repeating: .seconds(1), leeway: .milliseconds(100))
            timer.setEventHandler { [weak self] in self?.sample() }
            timer.activate()
            state.timer = timer
        }
    }

    package func observe(_ event: RunEvent) {
        let now = clock.now()
        append { state, time in
            state.model.apply(event, at: now)
            if case .finished = event {
                // The last state of all, which a sample every second may just have missed.
                let snapshot = state.model.snapshot(at: now, describing: 0)
                state.append(state.encoder.progress(snapshot, at: time), at: time)
                state.append(state.encoder.event(event, at: time), at: time)
                state.isFinished = true
            } else if state.pending.count > Self.lineLimit {
                state.dropped += 1
            } else {
                state.append(state.encoder.event(event, at: time), at: time)
            }
        }
    }

    /// Writes the `progress` line of this moment, and a `chunk` line for streams that went on since the last.
    package func sample() {
        let now = clock.now()
        append { state, time in
            let snapshot = state.model.snapshot(at: now, describing: 0)
            guard !state.isFinished, state.pending.count <= Self.sampleLimit else { return }
            for entry in state.model.announceChunks(limit: Self.chunksPerSecond) {
                state.append(state.encoder.chunk(entry, at: time), at: time)
            }
            state.append(state.encoder.progress(snapshot, at: time), at: time)
        }
    }

    /// Writes why the program ends with an exit code other than 0.
    package func exitError(code: Int32, message: String) {
        append { $0.append($0.encoder.exitError(code: code, message: message, at: $1), at: $1) }
    }

    /// Returns when all lines are written; what is observed afterwards is not.
    package func stop() {
        state.withLock { state in
            state.timer?.cancel()
            state.timer = nil
            state.isClosed = true
        }
        queue.sync { flush() }
    }

    /// Changes what is to be written, and has it written soon.
    private func append(_ body: (inout State, _ unixMilliseconds: Int64) -> Void) {
        let needsFlush = state.withLock { state in
            guard !state.isClosed else { return false }
            body(&state, clock.unixMilliseconds())
            defer { state.isFlushScheduled = true }
            return !state.isFlushScheduled
        }
        if needsFlush {
            queue.async { self.flush() }
        }
    }

    private func flush() {
        let lines = state.withLock { state in
            state.isFlushScheduled = false
            state.appendDropped(at: clock.unixMilliseconds())
            defer { state.pending = [] }
            return state.pending
        }
        output.write(lines)
    }
}
