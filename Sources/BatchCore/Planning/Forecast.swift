/// What a run is likely to take, worked out before its first request.
package struct Forecast: Sendable, Equatable {
    /// Where the expected output is from.
    package enum OutputBasis: Sendable, Equatable {
        /// So many answers of the model: from their median to what one in twenty is longer than.
        case history(answers: Int)
        /// From half to twice a guess.
        case guess
    }

    /// What the server counted of a sample, over what was estimated for it.
    package struct CountedSample: Sendable, Equatable {
        package var requests: Int
        package var ratio: Double

        package init(requests: Int, ratio: Double) {
            self.requests = requests
            self.ratio = ratio
        }
    }

    /// What one model is sent in one tier.
    package struct Part: Sendable, Equatable {
        package var model: String
        package var tier: ServiceTier
        package var items = 0
        package var requests = 0
        package var media = 0
        package var inputTokens = 0
        package var outputTokens = Span(low: 0, high: 0)
        package var outputBasis: OutputBasis
        /// `nil` if the cost is unknown.
        package var cost: Span<MicroDollars>?
        /// The day on which the price was read from the list, as `2026-11-19`.
        package var priceDate: String?
        /// When the price changes during the run, in Unix milliseconds; `nil` if it does not.
        package var priceChange: Int64?
        /// `nil` if the input is estimated from its length alone.
        package var counted: CountedSample?

        package init(model: String, tier: ServiceTier, outputBasis: OutputBasis) {
            self.model = model
            self.tier = tier
            self.outputBasis = outputBasis
        }
    }

    /// The least and the most that is expected.
    package struct Span<Value: Sendable & Equatable>: Sendable, Equatable {
        package var low: Value
        package var high: Value

        package init(low: Value, high: Value) {
            self.low = low
            self.high = high
        }
    }

    /// What keeps a run from being faster.
    package enum Bound: Sendable, Equatable {
        /// `isLearned`: an earlier run found it out; otherwise the job sets it.
        case requestsPerMinute(model: String, Int, isLearned: Bool)
        case tokensPerMinute(model: String, Int, isLearned: Bool)
        /// What is left of the day is not enough.
        case requestsPerDay(model: String, Int)
        /// The service lets nothing through before a time in Unix milliseconds, as it told an earlier run.
        ///
        /// A run waits for it, or leaves the model's items for a later one.
        case closed(model: String, until: Int64, isWaitedFor: Bool)
        /// No limit is known, and the pace grows from a first guess.
        case firstPace(model: String)
        /// The requests in flight at once, and how long each is expected to take.
        case concurrency(Int, requestTime: Duration)
    }

    /// By model and tier.
    package var parts: [Part]
    package var duration: Duration
    package var bound: Bound?
    package var stops: [ExpectedStop] = []
    /// By how much caps on spending may be exceeded at most: by the requests in flight when they are reached; `nil` if there
    /// are no caps.
    package var mostBeyondCaps: Spending?

    package var requests: Int { parts.reduce(0) { $0 + $1.requests } }
    package var media: Int { parts.reduce(0) { $0 + $1.media } }
    package var inputTokens: Int { parts.reduce(0) { $0 + $1.inputTokens } }
    package var outputTokens: Span<Int> {
        Span(
            low: parts.reduce(0) { $0 + $1.outputTokens.low },
            high: parts.reduce(0) { $0 + $1.outputTokens.high }
        )
    }
    /// As far as it is known; `nil` if nothing of it is.
    package var knownCost: Span<MicroDollars>? {
        let costs = parts.compactMap(\.cost)
        guard !costs.isEmpty || parts.isEmpty else { return nil }
        return Span(
            low: costs.reduce(.zero) { $0 + $1.low },
            high: costs.reduce(.zero) { $0 + $1.high }
        )
    }
    /// The models, with repetitions in several tiers, whose cost is unknown.
    package var unpricedModels: [String] { parts.filter { $0.cost == nil }.map(\.model) }
}

extension Forecast {
    /// What is known before a run.
    package struct Basis: Sendable {
        /// Of models whose answers are known.
        package var histories: [String: AnswerHistory] = [:]
        /// Of models that the server counted a sample of.
        package var samples: [String: CountedSample] = [:]
        package var prices: PriceTable
        package var limits: Limits
        /// Whether the job has checks, by which an answer may be sent back.
        package var checksAnswers = false
        /// What earlier runs have left, by model.
        package var learned: [String: LearnedQuota] = [:]
        /// By all runs of the job so far.
        package var spent = Spending()
        /// By all jobs of the user.
        package var spentToday = MicroDollars.zero
        package var spentThisMonth = MicroDollars.zero
        /// Unix time in milliseconds.
        package var moment: Int64

        package init(prices: PriceTable, limits: Limits, moment: Int64) {
            self.prices = prices
            self.limits = limits
            self.moment = moment
        }
    }

    package init(_ workload: Workload, _ basis: Basis) {
        var pieces = workload.amounts.sorted(by: { $0.key.order < $1.key.order }).map { Part($0.key, $0.value, basis) }
        let times = RunTime(pieces, basis).bounds
        let longest = times.max { $0.seconds < $1.seconds }
        duration = .seconds(longest?.seconds ?? 0)
        bound = longest?.bound
        parts = []
        for index in pieces.indices {
            pieces[index].setCost(basis, over: duration)
            if let last = parts.last, last.model == pieces[index].model, last.tier == pieces[index].tier {
                parts[parts.count - 1].add(pieces[index])
            } else {
                parts.append(pieces[index])
            }
        }
        stops = stops(basis)
        mostBeyondCaps = workload.mostBeyondCaps(basis)
    }
}

extension Workload.Kind {
    fileprivate var order: (String, String, Int) { (model, tier.rawValue, size) }
}

extension Forecast.Part {
    /// Requests of about one size.
    fileprivate init(_ kind: Workload.Kind, _ amount: Workload.Amount, _ basis: Forecast.Basis) {
        let history = basis.histories[kind.model]
        let sample = basis.samples[kind.model]
        let outputBasis = history.map { Forecast.OutputBasis.history(answers: $0.answers) } ?? .guess
        self.init(model: kind.model, tier: kind.tier, outputBasis: outputBasis)
        items = amount.items
        requests = amount.requests
        media = amount.media
        counted = sample
        let sent = Double(amount.bytes) * TokenEstimate.firstTokensPerByte * (sample?.ratio ?? 1)
        let repeated = history.map { $0.medianOutput * amount.repeatedAnswers } ?? amount.guessedRepeats
        inputTokens = max(requests, Int(sent)) + repeated
        outputTokens =
            history.map { Forecast.Span(low: $0.medianOutput * requests, high: $0.highOutput * requests) }
            ?? Forecast.Span(low: amount.guessedOutput / 2, high: amount.guessedOutput * 2)
    }

    /// Works out the cost, with the prices that hold while the run is likely to go on.
    ///
    /// - Parameters:
    ///   - basis: What is known before the run, the moment of its beginning too.
    ///   - duration: How long it is likely to take; its requests are spread over it.
    fileprivate mutating func setCost(_ basis: Forecast.Basis, over duration: Duration) {
        let name = PricedModelName(model)
        let milliseconds = Int64(min(duration, Self.farthestFuture) / .milliseconds(1))
        let end = basis.moment + max(1, milliseconds)
        let changes = basis.prices.changes(of: name, after: basis.moment, before: end)
        priceChange = changes.first
        priceDate = basis.prices.price(of: name, at: basis.moment)?.asOf
        let starts = [basis.moment] + changes
        var total: Forecast.Span<MicroDollars>? = .init(low: .zero, high: .zero)
        for (start, stop) in zip(starts, changes + [end]) {
            let share = Double(stop - start) / Double(end - basis.moment)
            total = total.flatMap { sum in
                price(basis, at: start).map { price in
                    Forecast.Span(low: sum.low + share * price.low, high: sum.high + share * price.high)
                }
            }
        }
        cost = total
    }

    /// No price list looks farther ahead.
    private static let farthestFuture = Duration.seconds(100 * 365 * 86_400)

    /// What all of it costs at the prices of a moment; `nil` if that is unknown.
    private func price(_ basis: Forecast.Basis, at moment: Int64) -> Forecast.Span<MicroDollars>? {
        guard let listed = basis.prices.price(of: PricedModelName(model), at: moment) else { return nil }
        let price = listed.forPrompts(of: inputTokens / max(1, requests))
        let costs = [outputTokens.low, outputTokens.high].map {
            price.cost(of: TokenUsage(promptTokens: inputTokens, outputTokens: $0), tier: tier)
        }
        guard let low = costs[0], let high = costs[1] else { return nil }
        return Forecast.Span(low: low, high: high)
    }

    /// Adds requests of another size to the same model and tier.
    fileprivate mutating func add(_ other: Self) {
        items += other.items
        requests += other.requests
        media += other.media
        inputTokens += other.inputTokens
        outputTokens.low += other.outputTokens.low
        outputTokens.high += other.outputTokens.high
        guard let mine = cost, let more = other.cost else {
            cost = nil
            return
        }
        cost = Forecast.Span(low: mine.low + more.low, high: mine.high + more.high)
    }
}

private func * (share: Double, amount: MicroDollars) -> MicroDollars {
    MicroDollars(Int64((share * Double(amount.amount)).rounded()))
}
