#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A thread of its own for work that blocks, so that the few threads of Swift's tasks never do.
package enum OwnedThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Starts a thread that runs a body once and ends.
    package static func start(_ body: @escaping @Sendable () -> Void) throws(CheckpointError) {
        let context = Unmanaged.passRetained(Body(body))
        #if canImport(Glibc)
            var thread = pthread_t()
        #else
            var thread: pthread_t?
        #endif
        let result = pthread_create(&thread, nil, entry, context.toOpaque())
        guard result == 0 else {
            context.release()
            throw CheckpointError(systemError: result, operation: "start", path: "a thread")
        }
        #if canImport(Glibc)
            pthread_detach(thread)
        #else
            if let thread { pthread_detach(thread) }
        #endif
    }

    #if canImport(Glibc)
        private static let entry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
            if let context { perform(context) }
            return nil
        }
    #else
        private static let entry: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { context in
            perform(context)
            return nil
        }
    #endif

    private static func perform(_ context: UnsafeMutableRawPointer) {
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
    }
}
