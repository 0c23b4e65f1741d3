internal import BatchCore
internal import GenAI
internal import GenAIGenerating
internal import QuotaLedger

/// What a run is likely to take, from all that this machine knows of it.
struct JobForecast {
    /// How many items of a model the server is asked to count.
    static let sampleSize = 20

    private var basis: Forecast.Basis

    /// - Parameters:
    ///   - job: With the limits and prices that the run will have.
    ///   - histories: What the last answers of its models were like.
    ///   - spent: By all runs of the job.
    init(_ job: Job, _ histories: [String: AnswerHistory], spent: Spending) {
        basis = Forecast.Basis(prices: job.prices, limits: job.limits, moment: SystemClock().unixMilliseconds())
        basis.checksAnswers = !job.checks.isEmpty
        basis.histories = histories
        basis.spent = spent
    }

    /// Takes in what the ledger has of quotas and of what other jobs spent.
    ///
    /// - Parameter account: Whose quotas are meant; `nil` without a key, when nothing can be known of them.
    mutating func consultLedger(account: String?) {
        basis.learned = account.map { SharedLedger.learned(at: basis.moment, account: $0) } ?? [:]
        guard let totals = SharedLedger.totals(at: basis.moment) else { return }
        basis.spentToday = totals.today.counted
        basis.spentThisMonth = totals.month.counted
    }

    /// Has the server count samples of the items, so that the input is scaled by what it says.
    ///
    /// - Parameters:
    ///   - samples: By model.
    ///   - client: Who asks the server.
    /// - Throws: A `GenAIError`, or why a file cannot be read.
    mutating func count(_ samples: [String: [ItemRequest]], _ client: Client) async throws {
        let counter = PromptCounter(client: client)
        for (model, items) in samples {
            var requests = 0
            var counted = 0
            var estimated = 0
            for item in items {
                guard let tokens = try await counter.firstRequest(of: item) else { continue }
                requests += 1
                counted += tokens
                estimated += TokenEstimate.firstTokens(of: item)
            }
            guard requests > 0 else { continue }
            let ratio = Double(counted) / Double(estimated)
            basis.samples[model] = Forecast.CountedSample(requests: requests, ratio: ratio)
        }
    }

    func forecast(_ workload: Workload) -> Forecast {
        Forecast(workload, basis)
    }
}
