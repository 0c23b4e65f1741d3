#if os(Linux)
    internal import CCurl
    internal import Glibc

    /// Waits until one of many sockets is ready: epoll, whose cost does not grow with the number of idle sockets.
    struct SocketPoller: ~Copyable {
        struct Readiness {
            let descriptor: Int32
            /// Of whoever had it watched.
            let owner: Int
            let isReadable: Bool
            let isWritable: Bool
            let isFailed: Bool
        }

        private static let batch = 256
        private let epoll: Int32
        /// What another thread needs to end the wait.
        let waker: SocketWaker
        private let events: UnsafeMutableBufferPointer<epoll_event>

        init() throws(CurlError) {
            let waker = try SocketWaker()
            let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
            guard epoll >= 0 else {
                throw CurlError(
                    .setup,
                    operation: "create an epoll descriptor",
                    message: String(cString: strerror(errno))
                )
            }
            self.epoll = epoll
            self.waker = waker
            events = .allocate(capacity: Self.batch)
            watch(waker.descriptor, for: 0, readable: true, writable: false)
        }

        deinit {
            close(epoll)
            events.deallocate()
        }

        /// - Parameters:
        ///   - descriptor: A socket.
        ///   - owner: What to name with its readiness.
        ///   - readable: Whether to wait for bytes to read.
        ///   - writable: Whether to wait for room to write.
        func watch(_ descriptor: Int32, for owner: Int, readable: Bool, writable: Bool) {
            var event = epoll_event()
            event.events = (readable ? EPOLLIN.rawValue : 0) | (writable ? EPOLLOUT.rawValue : 0)
            event.data.u64 = UInt64(owner) << 32 | UInt64(UInt32(bitPattern: descriptor))
            // libcurl has a socket watched anew for each transfer, and seldom changes its mind in between.
            if epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0, errno == EEXIST {
                epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event)
            }
        }

        func unwatch(_ descriptor: Int32) {
            epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
        }

        /// Waits for readiness, a wake-up or the end of the time.
        ///
        /// - Parameters:
        ///   - milliseconds: The longest wait; `nil` waits without end.
        ///   - body: Called for each ready socket.
        /// - Returns: When the wait ended.
        func wait(milliseconds: Int?, _ body: (Readiness) -> Void) -> Duration {
            let limit = milliseconds.map { Int32(clamping: $0) } ?? -1
            let count = epoll_wait(epoll, events.baseAddress, Int32(Self.batch), limit)
            let end = monotonicNow()
            guard count > 0 else { return end }
            for event in events[..<Int(count)] {
                let descriptor = Int32(truncatingIfNeeded: event.data.u64)
                if descriptor == waker.descriptor {
                    waker.reset()
                    continue
                }
                let bits = event.events
                body(
                    Readiness(
                        descriptor: descriptor,
                        owner: Int(event.data.u64 >> 32),
                        isReadable: bits & (EPOLLIN.rawValue | EPOLLHUP.rawValue) != 0,
                        isWritable: bits & EPOLLOUT.rawValue != 0,
                        isFailed: bits & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
                    )
                )
            }
            return end
        }
    }

    /// Ends the wait of a ``SocketPoller`` from any thread.
    ///
    /// It stays open as long as somebody may still call ``wake()``: the number of a closed descriptor soon means
    /// another file, which the write would damage.
    final class SocketWaker: Sendable {
        fileprivate let descriptor: Int32

        fileprivate init() throws(CurlError) {
            descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
            guard descriptor >= 0 else {
                throw CurlError(.setup, operation: "create an eventfd", message: String(cString: strerror(errno)))
            }
        }

        deinit {
            close(descriptor)
        }

        func wake() {
            var one: UInt64 = 1
            write(descriptor, &one, MemoryLayout<UInt64>.size)
        }

        fileprivate func reset() {
            var counter: UInt64 = 0
            read(descriptor, &counter, MemoryLayout<UInt64>.size)
        }
    }
#else
    #error("genbatch waits for sockets with epoll; this system needs a SocketPoller of its own (kqueue on macOS).")
#endif
