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
        #if canImport(Glibc)
            var thread = pthread_t()
        #else
            var thread: pthread_t?
        #endif
        let context = Unmanaged.passRetained(self)
        guard pthread_create(&thread, nil, Self.entry, context.toOpaque()) == 0 else {
            context.release()
            return
        }
        #if canImport(Glibc)
            pthread_detach(thread)
        #else
            if let thread { pthread_detach(thread) }
        #endif
    }

    func stop() {
        isOver.withLock { $0 = true }
    }

    #if canImport(Glibc)
        private static let entry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
            if let context { watch(context) }
            return nil
        }
    #else
        private static let entry: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { context in
            watch(context)
            return nil
        }
    #endif

    private static func watch(_ context: UnsafeMutableRawPointer) {
        let watch = Unmanaged<MemoryWatch>.fromOpaque(context).takeRetainedValue()
        var refusals = 0
        while !watch.isOver.withLock({ $0 }) {
            refusals = watch.isRefusedMemory() ? refusals + 1 : 0
            guard refusals < patience else { endProgram() }
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
