@testable import BatchCore

/// A service with a quota per minute, for simulations: it is told the time and answers at once what will come when.
struct SimulatedService {
    /// How requests are counted.
    enum Window {
        /// In any 60 seconds.
        case sliding
        /// From one full minute to the next.
        case fixed
    }

    enum Reply {
        case answer
        case failure(GenerationError)

        var isQuota: Bool {
            if case .failure(let error) = self { error.failureClass != .overloaded } else { false }
        }
    }

    /// Requests per minute from a moment on.
    struct Stage {
        var start: Double
        var limit: Int
    }

    /// A time in which the service fails.
    struct Trouble {
        var start: Double
        var end: Double
        /// The share of requests that fail.
        var share: Double
    }

    var window = Window.sliding
    var stages: [Stage]
    var troubles: [Trouble] = []
    var perDay = Int.max
    /// Input tokens in any minute; `nil` if they do not count.
    var tokensPerMinute: Int?
    /// Whether a refused request uses up quota too.
    var countsRefused = false
    /// Whether a refusal tells the limit and the delay.
    var tellsDetails = true
    /// The middle answer time in seconds.
    var latency = 3.0

    private var counted: [Double] = []
    private var firstCounted = 0
    private var countedTokens: [(time: Double, tokens: Int)] = []
    private(set) var acceptedTokens = 0
    private(set) var accepted: [Double] = []

    init(stages: [Stage]) {
        self.stages = stages
    }

    func limit(at now: Double) -> Int {
        stages.last { $0.start <= now }?.limit ?? 0
    }

    /// The requests that the quota allows until a moment.
    func quotaIntegral(until end: Double) -> Double {
        zip(stages, stages.dropFirst().map(\.start) + [end]).reduce(0) { sum, pair in
            sum + Double(pair.0.limit) * max(0, min(pair.1, end) - pair.0.start) / 60
        }
    }

    /// What becomes of a request that comes in, and how long it takes.
    mutating func receive(
        at now: Double,
        tokens: Int = 0,
        random: inout some RandomNumberGenerator
    ) -> (Reply, seconds: Double) {
        forget(until: now)
        let limit = limit(at: now)
        let rejection = Self.logNormal(median: 0.12, spread: 0.4, random: &random)
        if accepted.count >= perDay {
            return (.failure(GenerationError(.rateDay, "the day's quota is spent")), rejection)
        }
        guard counted.count - firstCounted < limit else {
            let delay = delayUntilFree(limit: limit, now: now)
            if countsRefused {
                counted.append(now)
            }
            return (.failure(refusal(limit: limit, delay: delay)), rejection)
        }
        if let refusal = refusal(ofTokens: tokens, now: now) { return (.failure(refusal), rejection) }
        counted.append(now)
        if let trouble = troubles.first(where: { $0.start <= now && now < $0.end }),
            Double.random(in: 0..<1, using: &random) < trouble.share
        {
            return (.failure(GenerationError(.overloaded, "the model is overloaded", httpStatus: 503)), rejection)
        }
        accepted.append(now)
        acceptedTokens += tokens
        return (.answer, Self.logNormal(median: latency, spread: 0.5, random: &random))
    }

    /// Counts the tokens of a request, unless they are too many.
    private mutating func refusal(ofTokens tokens: Int, now: Double) -> GenerationError? {
        guard let tokensPerMinute else { return nil }
        countedTokens.removeAll { $0.time <= now - 60 }
        var excess = countedTokens.reduce(tokens) { $0 + $1.tokens } - tokensPerMinute
        guard excess > 0 else {
            countedTokens.append((now, tokens))
            return nil
        }
        let last = countedTokens.first { request in
            excess -= request.tokens
            return excess <= 0
        }
        return GenerationError(
            .rateMinute,
            "quota exceeded",
            httpStatus: 429,
            retryDelay: .seconds((last?.time ?? now) + 60 - now),
            quotas: [ExceededQuota(id: "GenerateContentInputTokensPerModelPerMinute", limit: tokensPerMinute)]
        )
    }

    /// The input of a request; 0 if nobody counts it.
    func inputTokens(random: inout some RandomNumberGenerator) -> Int {
        tokensPerMinute == nil ? 0 : Int(Self.logNormal(median: 1000, spread: 0.8, random: &random))
    }

    private func refusal(limit: Int, delay: Double) -> GenerationError {
        guard tellsDetails else { return GenerationError(.rateUnknown, "resource exhausted", httpStatus: 429) }
        return GenerationError(
            .rateMinute,
            "quota exceeded",
            httpStatus: 429,
            retryDelay: .seconds(delay),
            quotas: [ExceededQuota(id: "GenerateRequestsPerMinutePerProjectPerModel", limit: limit)]
        )
    }

    private mutating func forget(until now: Double) {
        let begin = window == .sliding ? now - 60 : (now / 60).rounded(.down) * 60
        while firstCounted < counted.count, counted[firstCounted] <= begin {
            firstCounted += 1
        }
    }

    private func delayUntilFree(limit: Int, now: Double) -> Double {
        guard window == .sliding else { return ((now / 60).rounded(.down) + 1) * 60 - now }
        return counted[counted.count - limit] + 60 - now
    }

    static func logNormal(median: Double, spread: Double, random: inout some RandomNumberGenerator) -> Double {
        // The sum of four uniform numbers is normal enough here, and costs no logarithm.
        let sum = (0..<4).reduce(-2.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
        let normal = sum * 1.732
        return median * exponential(spread * normal)
    }

    /// e to the power of a small number, as its series.
    private static func exponential(_ power: Double) -> Double {
        let eighth = power / 8
        let series = 1 + eighth * (1 + eighth / 2 * (1 + eighth / 3 * (1 + eighth / 4)))
        let fourth = series * series * series * series
        return fourth * fourth
    }
}
