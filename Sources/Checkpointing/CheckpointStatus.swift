package import BatchCore

/// Where a job stands, as its checkpoint knows it.
package struct CheckpointStatus: Sendable, Equatable {
    /// What the requests to one model used, in all runs.
    package struct ModelUsage: Sendable, Equatable {
        package let model: String
        package let requests: Int
        package let answered: Int
        /// Requests without an answer that the server may have worked for.
        package let possiblyBilledWithoutAnswer: Int
        package let tokens: TokenUsage
        package let cost: CostSum
    }

    package struct Run: Sendable, Equatable {
        package let number: Int
        /// Unix time.
        package let startedAtMilliseconds: Int64
        /// `nil` while it runs, and for ever if it was killed.
        package let endedAtMilliseconds: Int64?
        /// `completed`, `limit_reached`, `interrupted` or `stopped`.
        package let ending: String?
        /// Why it was stopped.
        package let message: String?
        package let host: String
        package let pid: Int32
    }

    /// Which part of the job the checkpoint is for; `nil` if no job was ever compared with it.
    package internal(set) var plan: StoredPlan?
    /// Items of the job by state; states without items are missing.
    package internal(set) var items: [ItemState: Int] = [:]
    /// Items that have left the job.
    package internal(set) var orphaned = 0
    /// Failed items of the job by the class of their last failure.
    package internal(set) var failuresByClass: [String: Int] = [:]
    package internal(set) var usage: [ModelUsage] = []
    /// Items whose question may have been billed more than once, or will be.
    package internal(set) var possiblyBilledTwice = 0
    /// The run that began last; its number says how many there were.
    package internal(set) var lastRun: Run?
    /// The process that runs the job now, if one does.
    package internal(set) var lockHolder: LockHolder?

    /// What all requests of all runs cost.
    package var cost: CostSum {
        usage.reduce(into: CostSum()) { $0 += $1.cost }
    }

    package var total: Int { items.values.reduce(0, +) }
}
