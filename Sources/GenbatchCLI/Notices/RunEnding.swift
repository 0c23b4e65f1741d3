internal import BatchCore

/// What there is to tell of a run that has ended.
struct RunEnding {
    let job: String
    let status: ExitStatus
    /// `nil` if it ended before its first item.
    let summary: RunSummary?
    let unixMilliseconds: Int64
    let resume: String

    /// For the command of `--on-finish`; a figure that is not known is an empty text.
    var variables: [String: String] {
        let balance = summary?.balance
        let values: [(String, String?)] = [
            ("JOB", job), ("EXIT_CODE", String(status.rawValue)), ("RESUME", resume),
            ("RUN_DONE", summary.map { String($0.done) }), ("RUN_FAILED", summary.map { String($0.failed) }),
            ("ITEMS", balance.map { String($0.total) }), ("DONE", balance.map { String($0[.done]) }),
            ("FAILED", balance.map { String($0[.failed]) }), ("LEFT", balance.map { String($0.left) }),
            ("REQUESTS", summary.map { String($0.requests) }), ("RETRIES", summary.map { String($0.retries) }),
            ("INPUT_TOKENS", summary.map { String($0.usage.promptTokens ?? 0) }),
            ("OUTPUT_TOKENS", summary.map { String($0.usage.outputTokens ?? 0) }),
            ("COST_USD", summary?.cost.amount?.decimal),
            ("SECONDS", summary.map { String($0.elapsed.components.seconds) }),
        ]
        return Dictionary(uniqueKeysWithValues: values.map { ("GENBATCH_" + $0, $1 ?? "") })
    }
}
