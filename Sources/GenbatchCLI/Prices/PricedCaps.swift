internal import BatchCore

/// A cap on money means nothing where nobody knows the price.
enum PricedCaps {
    /// Refuses a job whose money is capped and that would send something without a price.
    ///
    /// - Parameters:
    ///   - workload: What is to be sent.
    ///   - job: With the limits and prices that the run has.
    /// - Throws: A ``CommandFailure`` that tells which price is missing.
    static func check(_ workload: Workload, of job: Job) throws {
        guard job.limits.isMoneyCapped else { return }
        let now = SystemClock().unixMilliseconds()
        guard let missing = workload.missingPrice(in: job.prices, at: now) else { return }
        let what = missing.component.map { ", \($0.rawValue)" } ?? ""
        throw CommandFailure(
            .unusableConfiguration,
            "the cost is capped, but no price is known for \(missing.model)\(what); "
                + "give one under `prices` in the job file "
                + "or in the user's prices.yaml (see docs/prices.md), or leave the cap out"
        )
    }
}
