package import BatchCore

/// Keeps everything that an observer is told, in order.
package final class EventLog: RunObserver {
    private struct Log: Sendable {
        var events: [RunEvent] = []
        var done = 0
        var failedAttempts = 0
    }

    private let log = Watched(Log())

    package init() {}

    package var events: [RunEvent] { log.value.events }

    package func observe(_ event: RunEvent) {
        log.change { log in
            log.events.append(event)
            switch event {
            case .itemDone: log.done += 1
            case .attemptFailed: log.failedAttempts += 1
            default: break
            }
        }
    }

    /// Waits until so many items have been announced as done.
    package func done(atLeast count: Int) async throws {
        try await log.wait { $0.done >= count }
    }

    /// Waits until so many attempts have been announced as failed, with another to follow.
    package func failedAttempts(atLeast count: Int) async throws {
        try await log.wait { $0.failedAttempts >= count }
    }

    /// Waits until the last event meets a condition.
    package func last(meets condition: @escaping @Sendable (RunEvent) -> Bool) async throws {
        try await log.wait { $0.events.last.map(condition) ?? false }
    }

    /// The keys of the items that were announced as done, in order.
    package var doneKeys: [String] {
        events.compactMap { event in
            if case .itemDone(_, let key, _, _, _, _) = event { key } else { nil }
        }
    }

    package var failedKeys: [String] {
        events.compactMap { event in
            if case .itemFailed(_, let key, _, _, _) = event { key } else { nil }
        }
    }

    package var deferredKeys: [String] {
        events.compactMap { event in
            if case .itemDeferred(_, let key, _) = event { key } else { nil }
        }
    }

    package var interruptedKeys: [String] {
        events.compactMap { event in
            if case .itemInterrupted(_, let key) = event { key } else { nil }
        }
    }

    /// The delays that failed attempts were given before the next one.
    package var retryDelays: [Duration] {
        events.compactMap { event in
            if case .attemptFailed(_, _, _, _, let delay, _) = event { delay } else { nil }
        }
    }

    package var quotaWaits: [(model: String, duration: Duration)] {
        events.compactMap { event in
            if case .quotaWait(let model, let duration, _) = event { (model, duration) } else { nil }
        }
    }
}
