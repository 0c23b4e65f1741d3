internal import BatchCore
internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Turns signals into a drain, and a second one into a cut.
///
/// The first SIGINT, SIGTERM or SIGHUP lets what is in flight finish for the length of the grace; the second, or its
/// end, cuts it. Listens as long as it lives.
///
/// `@unchecked Sendable`: the sources are made in `init` and only let go of in `deinit`; their handlers touch none of them, and
/// nothing else that changes but what `first` locks.
final class StopSignals: @unchecked Sendable {
    private let scheduler: Scheduler
    private let grace: Duration
    private let first = Mutex<Int32?>(nil)
    private let queue = DispatchQueue(label: "genbatch.signals")
    private var sources: [(number: Int32, source: any DispatchSourceSignal)] = []

    /// The signal that asked for the stop, if one did.
    var received: Int32? { first.withLock { $0 } }

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - scheduler: Who is told.
    ///   - grace: How long streams may go on after the first signal.
    init(_ scheduler: Scheduler, grace: Duration) {
        self.scheduler = scheduler
        self.grace = grace
        for number in [SIGINT, SIGTERM, SIGHUP] where !(number == SIGHUP && Self.isIgnored(SIGHUP)) {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { [weak self] in self?.handle(number) }
            source.activate()
            sources.append((number, source))
        }
    }

    deinit {
        for (number, source) in sources {
            source.cancel()
            // What is left, such as an output that nobody reads, may be ended like any other program.
            signal(number, SIG_DFL)
        }
    }

    private func handle(_ number: Int32) {
        let isFirst = first.withLock { first in
            defer { first = first ?? number }
            return first == nil
        }
        let scheduler = scheduler
        guard isFirst else {
            scheduler.abort()
            return
        }
        scheduler.stop()
        let (seconds, attoseconds) = grace.components
        let milliseconds = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
        queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
            scheduler.abort()
        }
    }

    /// Under `nohup` the terminal's end is not to stop the run.
    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        #if canImport(Glibc)
            let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        #else
            let handler = unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self)
        #endif
        return handler == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
