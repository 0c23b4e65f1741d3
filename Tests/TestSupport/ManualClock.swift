internal import BatchCore

/// Time that passes only when a test says so.
package final class ManualClock: RunClock {
    private struct State: Sendable {
        var now = Duration.zero
        var sleepers: [Int: Duration] = [:]
        var sleeps = 0
        var readings = 0
    }

    /// Unix time at the moment zero of the clock, in milliseconds.
    package static let epoch: Int64 = 1_700_000_000_000

    private let state = Watched(State())

    package init() {}

    package func now() -> Duration {
        state.change { state in
            state.readings += 1
            return state.now
        }
    }

    package func unixMilliseconds() -> Int64 {
        Self.epoch + Int64(state.value.now / .milliseconds(1))
    }

    package func sleep(until moment: Duration) async throws {
        let id = state.change { state in
            state.sleeps += 1
            state.sleepers[state.sleeps] = moment
            return state.sleeps
        }
        defer { state.change { $0.sleepers[id] = nil } }
        try await state.wait { $0.now >= moment }
    }

    // MARK: For tests

    /// How often anyone went to sleep.
    package var sleeps: Int { state.value.sleeps }
    /// How often anyone asked for the time: a loop that spins shows here.
    package var readings: Int { state.value.readings }
    /// When the first sleeper wakes.
    package var nextDue: Duration? { state.value.sleepers.values.min() }

    package func advance(by duration: Duration) {
        state.change { $0.now += duration }
    }

    /// Waits until so many are asleep, with time before them to sleep.
    package func sleepers(_ count: Int) async throws {
        try await state.wait { state in state.sleepers.values.count { $0 > state.now } == count }
    }

    /// Waits until someone sleeps who is to be woken by a moment.
    package func sleeping(untilAtMost moment: Duration) async throws {
        try await state.wait { state in state.sleepers.values.contains { $0 > state.now && $0 <= moment } }
    }

    /// Moves time to the next waking whenever anyone sleeps, as long as the body runs.
    package func driving<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        let driver = Task { [state] in
            while true {
                try await state.wait { state in state.sleepers.values.contains { $0 > state.now } }
                state.change { state in
                    state.now = state.sleepers.values.filter { $0 > state.now }.min() ?? state.now
                }
            }
        }
        defer { driver.cancel() }
        return try await body()
    }
}
