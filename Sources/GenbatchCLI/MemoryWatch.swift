internal import Checkpointing
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Ends the program when the system has no memory for one more thread.
///
/// The threads of the system's queues come and go. Whoever wants work done while there is none, and none can be made,
/// waits for memory without end; a run would stand still for hours and say nothing. Everything that was announced is in
/// the checkpoint, so an end is better: the same command goes on where it was.
///
/// It asks for the memory that a thread would take, once a second, on a thread of its own; limits on the number of threads it
/// does not see. Nobody else is told of the end: that would take memory.
final class MemoryWatch: Sendable {
    /// So many refusals in a row are no bad moment any more.
    private static let patience = 3

    private let isOver: Mutex<Bool>
    private let threadBytes: Int

    /// Begins to watch; it ends with ``stop()``.
    init() {
        isOver = Mutex(false)
        var attributes = pthread_attr_t()
        var bytes = 0
        pthread_attr_init(&attributes)
        pthread_attr_getstacksize(&attributes, &bytes)
        pthread_attr_destroy(&attributes)
        threadBytes = bytes
        // A run goes on without the watch where even this thread is refused.
        try? OwnedThread.start { self.watch() }
    }

    func stop() {
        isOver.withLock { $0 = true }
    }

    private func watch() {
        var refusals = 0
        while !isOver.withLock({ $0 }) {
            refusals = isRefusedMemory() ? refusals + 1 : 0
            guard refusals < Self.patience else { Self.endProgram() }
            sleep(1)
        }
    }

    private func isRefusedMemory() -> Bool {
        let memory = mmap(nil, threadBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard memory != MAP_FAILED else { return true }
        munmap(memory, threadBytes)
        return false
    }

    /// Takes no memory itself.
    private static func endProgram() -> Never {
        let message: StaticString = """
            genbatch: the system gives no memory any more (see `ulimit -v` and `free`); what was announced is saved, so \
            make room and run the same command again

            """
        _ = write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
        _exit(ExitStatus.inputOutputError.rawValue)
    }
}
