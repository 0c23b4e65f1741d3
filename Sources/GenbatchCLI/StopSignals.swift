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
final class StopSignals: Sendable {
    private let scheduler: Scheduler
    private let grace: Duration
    private let first = Mutex<Int32?>(nil)
    private let queue = DispatchQueue(label: "genbatch.signals")
    // Unchecked, since Dispatch does not say everywhere that any thread may use its sources. They never change, and none is used
    // between `init` and `deinit`, which has them alone.
    nonisolated(unsafe) private let sources: [(number: Int32, source: any DispatchSourceSignal)]

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
        let numbers = [SIGINT, SIGTERM, SIGHUP].filter { !($0 == SIGHUP && Self.isIgnored(SIGHUP)) }
        let queue = queue
        sources = numbers.map { ($0, DispatchSource.makeSignalSource(signal: $0, queue: queue)) }
        for (number, source) in sources {
            signal(number, SIG_IGN)
            source.setEventHandler { [weak self] in self?.handle(number) }
            source.activate()
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
