/// The items of a job by state, as the checkpoint has them: what was done must be found there, no more and no less.
package struct ItemBalance: Sendable, Equatable {
    private var counts: [ItemState: Int] = [:]

    package init(_ counts: [ItemState: Int] = [:]) {
        self.counts = counts
    }

    package subscript(state: ItemState) -> Int {
        get { counts[state] ?? 0 }
        set { counts[state] = newValue }
    }

    package var total: Int { counts.values.reduce(0, +) }
    /// Items that a further run would send.
    package var left: Int { self[.pending] + self[.deferred] + self[.running] }

    /// What the counts ought to be by what was told, and are not.
    ///
    /// - Parameters:
    ///   - plan: What the run found when it began.
    ///   - summary: What it did since; `nil` before its first request.
    /// - Returns: For example `2 done, but 3 were counted`; empty if all is in order.
    package func contradictions(to plan: RunPlan, and summary: RunSummary? = nil) -> [String] {
        let expected = [
            ("in the job", plan.total, total),
            ("done", plan.done + (summary?.done ?? 0), self[.done]),
            ("failed", plan.failed + (summary?.failed ?? 0), self[.failed]),
            ("deferred", summary?.deferred ?? 0, self[.deferred]),
            ("running", 0, self[.running]),
        ]
        return expected.filter { $0.1 != $0.2 }.map { "\($0.1) \($0.0), but the checkpoint has \($0.2)" }
    }
}
