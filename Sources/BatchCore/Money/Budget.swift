internal import JSON

/// Keeps what a job spends below its caps, and what all jobs spend below the user's.
///
/// Something is set aside for each request before it is sent, and replaced by what it really spent. Nothing is sent that
/// would go above a cap together with what is in flight, as far as can be known: an answer may turn out longer than nineteen of
/// twenty before it. So what is counted exceeds a cap by no more than the requests in flight exceed what was set aside for
/// them; and as nothing is known of the first ones, no more are in flight of a model than have come back, and one.
///
/// What is billed may be more: a request that was lost, cut, timed out or broke off counts as what was set aside for it, as
/// nobody tells what it cost. What such requests cost beyond that adds up over the runs of a job.
struct Budget: Sendable {
    enum Verdict: Sendable, Equatable {
        case fits
        /// Not before something in flight has come back, and may have spent less than was set aside.
        case wait
        case exhausted(Cap)
    }

    private let limits: SpendingLimits
    private let shared: SpendingCaps
    private let prices: PriceTable
    private var spent: Spending
    private var reserved = Spending()
    private var typical: [String: TypicalSpending]
    private var inFlight: [String: Int] = [:]
    /// What all jobs have spent today and in this month, this one included.
    private var spentByAll = (day: MicroDollars.zero, month: MicroDollars.zero)

    /// - Parameters:
    ///   - limits: The job's.
    ///   - shared: The user's, for all jobs.
    ///   - prices: For a guess at the first requests.
    ///   - history: What earlier runs spent; what nobody knows of it is guessed.
    ///   - now: Unix time in milliseconds, for the price.
    init(limits: SpendingLimits, shared: SpendingCaps, prices: PriceTable, history: SpendingHistory, at now: Int64) {
        self.limits = limits
        self.shared = shared
        self.prices = prices
        typical = history.newest.mapValues { TypicalSpending($0.prefix(TypicalSpending.remembered).reversed()) }
        spent = history.spent
        for (model, unknown) in history.unknown {
            func spending(_ input: Int, _ output: Int) -> Spending {
                let usage = TokenUsage(promptTokens: input, outputTokens: output)
                return Spending(cost: prices.cost(of: usage, model: model, at: now) ?? .zero, tokens: input + output)
            }
            let input = unknown.bytes / max(1, unknown.costs, unknown.tokens) / 4
            let expected = typical[model, default: TypicalSpending()].expected(
                guess: spending(max(input, Self.guessedOutput), Self.guessedOutput),
                input: spending(input, 0)
            )
            spent.cost += MicroDollars(expected.cost.amount * Int64(unknown.costs))
            spent.tokens += expected.tokens * unknown.tokens
        }
    }

    /// Whether anything is capped; if not, nothing needs to be estimated.
    var isLimited: Bool { !limits.isEmpty || !shared.isEmpty }

    // MARK: Setting aside

    /// The output of a request of which nothing is known, in tokens: a page and a half of text.
    static let guessedOutput = 1000

    /// What to set aside for a request.
    ///
    /// - Parameters:
    ///   - item: What it asks.
    ///   - inputTokens: An estimate of its input.
    ///   - now: Unix time in milliseconds, for the price.
    /// - Returns: What it will hardly exceed.
    func expected(of item: ItemRequest, inputTokens: Int, at now: Int64) -> Spending {
        let most = item.maximumOutputTokens
        // The first ones may be as long as they are allowed to; after that it shows how long they are.
        let output = known(of: item.model) == 0 ? most ?? Self.guessedOutput : min(most ?? .max, Self.guessedOutput)
        func spending(output: Int) -> Spending {
            var usage = TokenUsage(promptTokens: inputTokens, outputTokens: output)
            let text = prices.cost(of: usage, model: item.model, tier: item.serviceTier, at: now) ?? .zero
            var sound = MicroDollars.zero
            if item.hasSound {
                usage.modalities = ModalityTokens(audioInput: inputTokens)
                sound = prices.cost(of: usage, model: item.model, tier: item.serviceTier, at: now) ?? .zero
            }
            return Spending(cost: max(text, sound), tokens: inputTokens + output)
        }
        let guess = spending(output: output)
        return typical[item.model]?.expected(guess: guess, input: spending(output: 0)) ?? guess
    }

    /// Whether a request may be sent.
    ///
    /// - Parameters:
    ///   - expected: What would be set aside for it.
    ///   - model: The model that it asks.
    /// - Returns: Whether it is to wait, or for another run.
    func verdict(for expected: Spending, of model: String) -> Verdict {
        let further = reserved + expected
        guard let cap = reachedCap(with: further) else { return isKnownEnough(model) ? .fits : .wait }
        return reserved == Spending() ? .exhausted(cap) : .wait
    }

    /// How many requests of a model are known.
    private func known(of model: String) -> Int {
        typical[model]?.newest.count ?? 0
    }

    /// Whether one more request of a model may be in flight: one at first, then two, four and so on.
    private func isKnownEnough(_ model: String) -> Bool {
        let known = known(of: model)
        return known >= TypicalSpending.remembered || inFlight[model, default: 0] <= known
    }

    private func reachedCap(with further: Spending) -> Cap? {
        if let cap = limits.cost, spent.cost + further.cost > cap {
            return Cap(.jobCost(cap), spent: spent, next: further)
        }
        if let cap = limits.totalTokens, spent.tokens + further.tokens > cap {
            return Cap(.jobTokens(cap), spent: spent, next: further)
        }
        let (day, month) = spentByAll
        if let cap = shared.perDay, day + further.cost > cap {
            return Cap(.allJobsOfDay(cap), spent: Spending(cost: day), next: further)
        }
        if let cap = shared.perMonth, month + further.cost > cap {
            return Cap(.allJobsOfMonth(cap), spent: Spending(cost: month), next: further)
        }
        return nil
    }

    mutating func reserve(_ expected: Spending, of model: String) {
        reserved += expected
        inFlight[model, default: 0] += 1
    }

    // MARK: Settling

    /// Replaces what was set aside by what a request spent.
    ///
    /// - Parameters:
    ///   - reservation: What was set aside for it.
    ///   - model: The model that was asked.
    ///   - attempt: The request; with what it counts as where that is unknown.
    mutating func settle(_ reservation: Spending, of model: String, _ attempt: AttemptRecord) {
        reserved = reserved - reservation
        inFlight[model, default: 0] -= 1
        let actual = attempt.spending
        spent += actual
        // What was turned away or cut by ourselves says nothing about the next one.
        if actual != Spending(), attempt.isAnswered || attempt.tokens != nil {
            typical[model, default: TypicalSpending()].add(actual)
        }
    }

    /// Takes note of what all jobs have spent, this one included.
    mutating func note(spentByAllToday day: MicroDollars, inMonth month: MicroDollars) {
        spentByAll = (day, month)
    }
}

/// A cap that keeps further requests from being sent.
package struct Cap: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case jobCost(MicroDollars)
        case jobTokens(Int)
        case allJobsOfDay(MicroDollars)
        case allJobsOfMonth(MicroDollars)
    }

    package let kind: Kind
    /// What counts as spent of it already.
    package let spent: Spending
    /// What the next request may spend.
    package let next: Spending

    init(_ kind: Kind, spent: Spending, next: Spending) {
        self.kind = kind
        self.spent = spent
        self.next = next
    }

    /// What is reached, and how to go on.
    package var message: String {
        switch kind {
        case .jobCost(let cap):
            "the cost cap of \(cap) is reached (\(spent.cost) counted for all runs of the job, and the next request may "
                + "take \(next.cost)); "
                + "raise limits.cost_usd or --max-cost to go on"
        case .jobTokens(let cap):
            "the cap of \(cap) tokens is reached (\(spent.tokens) counted for all runs of the job, and the next request "
                + "may take \(next.tokens)); "
                + "raise limits.total_tokens or --max-tokens to go on"
        case .allJobsOfDay(let cap):
            "the daily cap of \(cap) for all jobs is reached (\(spent.cost) counted today, and the next request "
                + "may take \(next.cost)); "
                + "run again tomorrow, or raise limits.cost_usd_per_day in the user's config.yaml"
        case .allJobsOfMonth(let cap):
            "the monthly cap of \(cap) for all jobs is reached (\(spent.cost) counted this month, and the next "
                + "request may take \(next.cost)); "
                + "run again next month, or raise limits.cost_usd_per_month in the user's config.yaml"
        }
    }
}

extension AttemptRecord {
    fileprivate var isAnswered: Bool {
        if case .answered = result { true } else { false }
    }
}
