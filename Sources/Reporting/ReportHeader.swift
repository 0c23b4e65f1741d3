package import BatchCore

/// What a report says of the job as a whole.
package struct ReportHeader: Sendable {
    package var name: String
    /// Where the job file is, or was.
    package var jobPath: String
    /// Unix time in milliseconds.
    package var madeAt: Int64
    /// Of genbatch.
    package var version: String
    /// Items of the job by state; states without items may be missing.
    package var items: [ItemState: Int]
    /// Failed items by the class of their last failure.
    package var failedItems: [String: Int]
    /// How many times the job was run.
    package var runs: Int
    /// Whether a process runs the job now.
    package var isRunning: Bool

    package init(
        name: String,
        jobPath: String,
        madeAt: Int64,
        version: String,
        items: [ItemState: Int],
        failedItems: [String: Int] = [:],
        runs: Int,
        isRunning: Bool = false
    ) {
        self.name = name
        self.jobPath = jobPath
        self.madeAt = madeAt
        self.version = version
        self.items = items
        self.failedItems = failedItems
        self.runs = runs
        self.isRunning = isRunning
    }

    package var itemCount: Int { items.values.reduce(0, +) }
}
