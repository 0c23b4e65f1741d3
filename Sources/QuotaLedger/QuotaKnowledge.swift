package import BatchCore

/// What the ledger knows of one quota.
package struct QuotaKnowledge: Sendable, Equatable {
    package let name: QuotaName
    /// What a limiter begins with; its daily limit only while that is fresh enough to be believed.
    package var learned = LearnedQuota()
    /// Unix time in milliseconds at which the pace was written down; `nil` if none was.
    package var paceLearnedAt: Int64?
    /// Until when the service lets nothing through, mostly the end of a day; `nil` if it does, as far as is known.
    package var spentUntil: Int64?
    /// What all jobs of the machine used today.
    package var today = QuotaUse()

    init(_ name: QuotaName) {
        self.name = name
    }
}
