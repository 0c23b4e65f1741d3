internal import BatchCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The machine's time: the same monotonic clock that the network thread stamps chunks with.
struct SystemClock: RunClock {
    func now() -> Duration {
        Self.read(CLOCK_MONOTONIC)
    }

    func unixMilliseconds() -> Int64 {
        let (seconds, attoseconds) = Self.read(CLOCK_REALTIME).components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }

    func sleep(until moment: Duration) async throws {
        let remaining = moment - now()
        if remaining > .zero {
            try await Task.sleep(for: remaining, clock: .suspending)
        }
    }

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
