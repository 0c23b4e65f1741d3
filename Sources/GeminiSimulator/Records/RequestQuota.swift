/// How many requests a model may get, and how they are counted.
package struct RequestQuota: Sendable {
    /// A limit that is in force from a moment on.
    package struct Stage: Sendable {
        package let start: Duration
        package let limit: Int

        /// - Parameters:
        ///   - start: Since the first request.
        ///   - limit: Requests in one window.
        package init(start: Duration, limit: Int) {
            self.start = start
            self.limit = limit
        }
    }

    package enum Counting: Sendable {
        /// In any window's length.
        case sliding
        /// From one full window to the next.
        case fixed
    }

    private let stages: [Stage]
    let window: Duration
    let counting: Counting

    /// - Parameters:
    ///   - stages: The limits in the order of their times.
    ///   - window: The length of what the limits call a minute.
    ///   - counting: Where windows begin.
    package init(stages: [Stage], window: Duration = .seconds(60), counting: Counting = .sliding) {
        self.stages = stages
        self.window = window
        self.counting = counting
    }

    package init(limit: Int) {
        self.init(stages: [Stage(start: .zero, limit: limit)])
    }

    /// Requests in a window at some moment; none before the first stage.
    package func limit(at now: Duration) -> Int {
        stages.last { $0.start <= now }?.limit ?? 0
    }

    /// The requests that were allowed from the beginning until a moment.
    package func allowed(until now: Duration) -> Double {
        let ends = stages.dropFirst().map { min($0.start, now) } + [now]
        return zip(stages, ends).reduce(0) { sum, stage in
            sum + Double(stage.0.limit) * max(0, (stage.1 - stage.0.start) / window)
        }
    }
}
