package import BatchCore

/// Where a run stands at one moment: all that a display shows, as plain values.
package struct ProgressSnapshot: Sendable, Equatable {
    /// One attempt in flight.
    package struct Attempt: Sendable, Equatable {
        package var key: String
        package var number: Int
        /// The turn of the chat, from 0.
        package var turn: Int
        package var outputTokens: Int
        /// Since the attempt was sent.
        package var age: Duration
        /// Since its last chunk came; `nil` before the first.
        package var silence: Duration?
    }

    /// A model whose items wait for quota.
    package struct QuotaWait: Sendable, Equatable {
        package var model: String
        package var remaining: Duration
        package var reason: String
    }

    package struct FailureCount: Sendable, Equatable {
        package var failureClass: FailureClass
        package var count: Int
    }

    package var elapsed = Duration.zero
    /// Items that this run is to finish; `nil` while the job is still being read.
    package var total: Int?
    /// Finished by earlier runs; not part of ``total``.
    package var doneBefore = 0
    package var done = 0
    package var failed = 0
    package var deferred = 0
    package var inFlight = 0
    /// Attempts that failed while their item goes on.
    package var retries = 0
    package var promptTokens = 0
    /// Visible output and thoughts, those of running streams included.
    package var outputTokens = 0
    /// What the attempts that are over cost.
    package var cost = CostSum()
    /// What all runs of the job may cost; `nil` if nothing says so.
    package var costCap: MicroDollars?
    /// What earlier runs cost; told if there is a cap.
    package var spentBefore = MicroDollars.zero
    /// Items finished per second; `nil` until enough was seen.
    package var itemsPerSecond: Double?
    package var tokensPerSecond: Double?
    /// `nil` until enough was seen to tell.
    package var timeLeft: Duration?
    /// The attempts that were sent first.
    package var oldest: [Attempt] = []
    /// The most frequent first.
    package var failures: [FailureCount] = []
    /// The longest first.
    package var quotaWaits: [QuotaWait] = []

    /// `$0.0123`, or with a cap `$1.20 of $5.00`, which earlier runs are part of; `nil` if no price is known.
    var costText: String? {
        if let costCap { return "\(spentBefore + cost.known) of \(costCap)" }
        return cost.known == .zero ? nil : cost.known.description
    }

    /// Items that this run is through with, those included that it leaves for a later one.
    package var finished: Int { done + failed + deferred }

    /// Items that no later run has to take up: how far the job has come.
    var settled: Int { done + failed }

    /// Items of this run that are neither finished nor in flight.
    package var waiting: Int { max(0, (total ?? 0) - finished - inFlight) }
}
