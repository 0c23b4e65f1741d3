internal import BatchCore
internal import Curl
internal import Foundation

/// The machine's time: the monotonic clock that the network thread stamps chunks with.
struct SystemClock: RunClock {
    func now() -> Duration {
        monotonicNow()
    }

    func unixMilliseconds() -> Int64 {
        Int64(Date().timeIntervalSince1970 * 1000)
    }

    func sleep(until moment: Duration) async throws {
        let remaining = moment - now()
        if remaining > .zero {
            try await Task.sleep(for: remaining, clock: .suspending)
        }
    }
}
