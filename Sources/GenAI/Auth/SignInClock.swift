internal import Curl

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The times that signing in goes by; tests have one of their own.
protocol SignInClock: Sendable {
    /// Monotonic time, for the age of tokens: it does not notice changes of the wall clock.
    func now() -> Duration
    /// Wall-clock time, which Google compares with its own, in milliseconds since 1970.
    func unixMilliseconds() -> Int64
    func sleep(until moment: Duration) async throws
}

struct SystemSignInClock: SignInClock {
    func now() -> Duration { monotonicNow() }

    func unixMilliseconds() -> Int64 { Int64(time(nil)) * 1000 }

    func sleep(until moment: Duration) async throws {
        try await Task.sleep(for: moment - now())
    }
}
