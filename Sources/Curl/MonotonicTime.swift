#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Monotonic time since some fixed moment; it does not notice changes of the wall clock.
package func monotonicNow() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

extension Duration {
    /// The longest limit: its milliseconds fit what libcurl takes, and sums with it cannot overflow.
    static let longestLimit = Duration.seconds(1_000_000)

    /// Rounded up, so that a wait never ends just before its moment.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
