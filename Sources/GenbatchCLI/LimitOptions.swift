internal import ArgumentParser
internal import BatchCore

/// Limits that go before those of the job.
struct LimitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Requests in flight at once (default: the job's limits.concurrency).", valueName: "count")
    )
    var concurrency: Int?

    @Option(
        help: ArgumentHelp(
            "Requests in any minute, for each model (default: the job's limits.requests_per_minute).",
            valueName: "count"
        )
    )
    var rpm: Int?

    @Option(
        help: ArgumentHelp(
            "Input tokens in any minute, for each model (default: the job's limits.tokens_per_minute).",
            valueName: "count"
        )
    )
    var tpm: Int?

    @Option(
        help: ArgumentHelp(
            "The most that all runs of the job may cost (default: the job's limits.cost_usd).",
            valueName: "dollars"
        )
    )
    var maxCost: DollarsArgument?

    @Option(
        help: ArgumentHelp(
            "The most tokens, input and output, of all runs of the job (default: the job's limits.total_tokens).",
            valueName: "count"
        )
    )
    var maxTokens: Int?

    @Option(
        help: ArgumentHelp(
            "Start nothing new after this time (default: the job's limits.duration).",
            valueName: "duration"
        )
    )
    var maxDuration: DurationArgument?

    func validate() throws {
        if let concurrency, !(1...10_000).contains(concurrency) {
            throw ValidationError("--concurrency must be from 1 to 10000")
        }
        if let maxTokens, !(1...SpendingLimits.maximumTokens).contains(maxTokens) {
            throw ValidationError("--max-tokens must be from 1 to \(SpendingLimits.maximumTokens)")
        }
        for (name, count) in [("--rpm", rpm), ("--tpm", tpm)] {
            if let count, !(1...QuotaLimits.maximum).contains(count) {
                throw ValidationError("\(name) must be from 1 to \(QuotaLimits.maximum)")
            }
        }
    }

    /// The command line's limits in place of the job's; how many requests may be in flight is for who sends them to say.
    func apply(to limits: inout Limits) {
        limits.quota.requestsPerMinute = rpm ?? limits.quota.requestsPerMinute
        limits.quota.tokensPerMinute = tpm ?? limits.quota.tokensPerMinute
        limits.spending.cost = maxCost?.amount ?? limits.spending.cost
        limits.spending.totalTokens = maxTokens ?? limits.spending.totalTokens
        limits.duration = maxDuration?.duration ?? limits.duration
    }
}
