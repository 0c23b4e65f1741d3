/// The kinds of tokens that have prices of their own.
package enum PriceComponent: String, Sendable, CaseIterable {
    /// Text, images and video that are sent, tool results among them.
    case input
    /// The part of the input that comes from a cache.
    case cacheRead = "cache_read"
    /// Text that comes back, thoughts among it.
    case output
    case audioInput = "audio_input"
    case audioCacheRead = "audio_cache_read"
    case imageOutput = "image_output"
    case audioOutput = "audio_output"
}

/// What the tokens of one model cost from a moment on, in the standard tier.
package struct ModelPrice: Sendable, Equatable {
    /// Micro-dollars per million tokens; what is missing is unknown, not free.
    package typealias Rates = [PriceComponent: MicroDollars]

    /// The rates of all tokens of a request whose prompt is longer than a limit.
    package struct LargePrompt: Sendable, Equatable {
        /// The longest prompt that is not large, in tokens.
        package var above: Int
        package var rates: Rates

        package init(above: Int, rates: Rates) {
            self.above = above
            self.rates = rates
        }
    }

    /// Unix time in milliseconds from which it holds; `nil` for always.
    package var validFrom: Int64?
    package var rates: Rates
    package var largePrompt: LargePrompt?
    /// What the price is multiplied with in other tiers, in millionths.
    package var factors: [ServiceTier: Int64]
    /// The day on which the numbers were read from the price list, as `2026-11-19`.
    package var asOf: String?

    package init(
        validFrom: Int64? = nil,
        rates: Rates = [:],
        largePrompt: LargePrompt? = nil,
        factors: [ServiceTier: Int64] = [:],
        asOf: String? = nil
    ) {
        self.validFrom = validFrom
        self.rates = rates
        self.largePrompt = largePrompt
        self.factors = factors
        self.asOf = asOf
    }

    /// Lays the numbers of another price over this one; numbers that it does not have stay.
    package mutating func overlay(_ other: ModelPrice) {
        validFrom = other.validFrom ?? validFrom
        rates.merge(other.rates) { $1 }
        factors.merge(other.factors) { $1 }
        asOf = other.asOf ?? asOf
        guard let large = other.largePrompt else { return }
        largePrompt = LargePrompt(
            above: large.above,
            rates: (largePrompt?.rates ?? [:]).merging(large.rates) { $1 }
        )
    }

    /// What the tokens of one request cost.
    ///
    /// The sum is exact and rounded once at its end, half up, to the micro-dollar. Tokens from a cache without a rate cost
    /// as if they were not from a cache, which is the most that they can cost; any other rate that is needed and not
    /// there makes the cost unknown.
    ///
    /// - Parameters:
    ///   - usage: The server's counts.
    ///   - tier: How the request was served.
    /// - Returns: `nil` if the cost is unknown.
    package func cost(of usage: TokenUsage, tier: ServiceTier = .standard) -> MicroDollars? {
        guard let prompt = usage.promptTokens, let factor = factor(of: tier) else { return nil }
        var bill = Bill(rates: rates)
        if let largePrompt, prompt > largePrompt.above {
            bill.rates = largePrompt.rates
        }
        bill.addInput(prompt: prompt, usage)
        bill.addOutput(usage)
        return bill.total(times: factor)
    }

    /// The most that tokens cost of which nobody knows the kind, rounded up.
    ///
    /// - Returns: `nil` if no kind has a price.
    func highestCost(of tokens: Int, tier: ServiceTier) -> MicroDollars? {
        let rates = Array(rates.values) + Array((largePrompt?.rates ?? [:]).values)
        guard let rate = rates.max() else { return nil }
        let factor = factor(of: tier) ?? max(1_000_000, factors.values.max() ?? 0)
        let unit = Int128(1_000_000) * 1_000_000
        return MicroDollars(Int64(clamping: (Int128(tokens) * Int128(rate.amount) * Int128(factor) + unit - 1) / unit))
    }

    /// The price of requests whose prompts have about so many tokens, also for the sum of many of them.
    func forPrompts(of tokens: Int) -> ModelPrice {
        var price = self
        if let largePrompt, tokens > largePrompt.above {
            price.rates = largePrompt.rates
        }
        price.largePrompt = nil
        return price
    }

    private func factor(of tier: ServiceTier) -> Int64? {
        factors[tier] ?? (tier == .standard ? 1_000_000 : nil)
    }
}

/// Adds up tokens times rates.
private struct Bill {
    var rates: ModelPrice.Rates
    /// In tokens times micro-dollars per million tokens; `nil` once something in it is unknown.
    ///
    /// Too wide for 64 bits: two billion tokens at the highest rate that can be written are.
    private var sum: Int128? = 0

    init(rates: ModelPrice.Rates) {
        self.rates = rates
    }

    mutating func addInput(prompt: Int, _ usage: TokenUsage) {
        let audio = min(usage.modalities?.audioInput ?? 0, prompt)
        let others = prompt - audio
        let cached = min(usage.cachedTokens ?? 0, prompt)
        // What is not told to be audio is text, as far as there is so much text: that costs the most.
        let cachedAudio = min(max(usage.modalities?.cachedAudio ?? 0, cached - others), audio, cached)
        let cachedOthers = min(cached - cachedAudio, others)
        add(others - cachedOthers + (usage.toolUseTokens ?? 0), at: rates[.input])
        add(cachedOthers, at: rates[.cacheRead] ?? rates[.input])
        add(audio - cachedAudio, at: rates[.audioInput])
        add(cachedAudio, at: rates[.audioCacheRead] ?? rates[.audioInput])
    }

    mutating func addOutput(_ usage: TokenUsage) {
        let visible = usage.outputTokens ?? 0
        let images = min(usage.modalities?.imageOutput ?? 0, visible)
        let audio = min(usage.modalities?.audioOutput ?? 0, visible - images)
        add(visible - images - audio + (usage.thoughtTokens ?? 0), at: rates[.output])
        add(images, at: rates[.imageOutput])
        add(audio, at: rates[.audioOutput])
    }

    private mutating func add(_ tokens: Int, at rate: MicroDollars?) {
        guard tokens > 0 else { return }
        guard let before = sum, let rate else {
            sum = nil
            return
        }
        sum = before + Int128(tokens) * Int128(rate.amount)
    }

    /// The sum in other tiers, whose factor is in millionths.
    func total(times factor: Int64) -> MicroDollars? {
        guard let sum else { return nil }
        let unit = Int128(1_000_000) * 1_000_000
        return MicroDollars(Int64(clamping: (sum * Int128(factor) + unit / 2) / unit))
    }
}
