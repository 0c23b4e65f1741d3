#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Lets a thread sleep until a moment or until another thread rings.
///
/// A pipe and `poll`, since its time limit is monotonic everywhere: a wait on a condition follows the wall clock on some
/// systems, and would not end for hours after somebody set it back.
struct Alarm: ~Copyable, Sendable {
    private let readEnd: Int32
    private let writeEnd: Int32

    init() throws(CheckpointError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw CheckpointError(systemError: errno, operation: "open", path: "a pipe") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// Ends the wait that is going on, or the next one.
    func ring() {
        // A full pipe has rung already.
        _ = write(writeEnd, [1] as [UInt8], 1)
    }

    func wait(until moment: ContinuousClock.Instant) {
        let left = ContinuousClock.now.duration(to: moment)
        guard left > .zero else { return }
        var request = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        // Rounded up: waking a little early would mean waiting again.
        guard poll(&request, 1, Int32(clamping: left.milliseconds + 1)) > 0 else { return }
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(readEnd, &bytes, bytes.count) == bytes.count {}
    }
}
