/// Whether and when a failed attempt is made again.
package struct RetryPolicy: Sendable, Equatable {
    /// Attempts for one item in one run, the first included; at least 1.
    package var attempts: Int
    /// The longest delay of our own choice.
    ///
    /// The server may ask for more.
    package var maximumDelay: Duration

    package init(attempts: Int = 8, maximumDelay: Duration = .seconds(60)) {
        self.attempts = attempts
        self.maximumDelay = maximumDelay
    }

    /// The delay before the next attempt.
    ///
    /// Full jitter below 1 s, 2 s, 4 s … (Google's advice, and what keeps parallel items from returning together), or
    /// what the server asked for plus up to one second.
    ///
    /// - Parameters:
    ///   - attempt: The attempt that failed, counted from 1.
    ///   - requested: The server's `RetryInfo` or `Retry-After`.
    ///   - generator: Where the jitter comes from.
    /// - Returns: `nil` if the attempts are used up.
    package func delay(
        afterAttempt attempt: Int,
        requested: Duration?,
        using generator: inout some RandomNumberGenerator
    ) -> Duration? {
        guard attempt < attempts else { return nil }
        if let requested {
            return max(requested, .zero) + .seconds(1) * Double.random(in: 0...1, using: &generator)
        }
        let ceiling = min(maximumDelay, .seconds(1) * (1 << min(attempt - 1, 20)))
        return ceiling * Double.random(in: 0...1, using: &generator)
    }

    /// A delay for an item whose attempts are used up, and that is not to blame for it.
    package func longestDelay(using generator: inout some RandomNumberGenerator) -> Duration {
        maximumDelay * Double.random(in: 0...1, using: &generator)
    }
}
