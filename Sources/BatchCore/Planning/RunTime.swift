/// How long a run takes at least, by each of the limits that it has to keep.
struct RunTime {
    /// How long a request is taken to last while nothing is known of the model.
    static let guessedRequestTime = Duration.seconds(10)
    /// The same for spare capacity, which takes from one minute to fifteen to be there.
    static let guessedFlexTime = Duration.seconds(8 * 60)
    private static let day = 86_400.0

    private let parts: [Forecast.Part]
    private let basis: Forecast.Basis

    init(_ parts: [Forecast.Part], _ basis: Forecast.Basis) {
        self.parts = parts
        self.basis = basis
    }

    var bounds: [(bound: Forecast.Bound, seconds: Double)] {
        guard !parts.isEmpty else { return [] }
        return Set(parts.map(\.model)).sorted().flatMap(bounds) + [inFlight(parts)]
    }

    private func bounds(of model: String) -> [(bound: Forecast.Bound, seconds: Double)] {
        let bounds = limits(of: model)
        let learned = basis.learned[model] ?? LearnedQuota()
        guard let end = learned.spentUntil, let closure = learned.closure(at: basis.moment) else { return bounds }
        let ownTime = inFlight(parts.filter { $0.model == model }).seconds
        let time = bounds.reduce(ownTime) { max($0, $1.seconds) }
        let bound = Forecast.Bound.closed(model: model, until: end, isWaitedFor: closure.isWaitedFor)
        return bounds + [(bound, closure.rest.inSeconds + time)]
    }

    /// By the limits of a model that lets something through.
    private func limits(of model: String) -> [(bound: Forecast.Bound, seconds: Double)] {
        let requests = parts.reduce(0) { $0 + ($1.model == model ? $1.requests : 0) }
        let tokens = parts.reduce(0) { $0 + ($1.model == model ? $1.inputTokens : 0) }
        let limits = basis.limits.quota
        let learned = basis.learned[model] ?? LearnedQuota()
        var bounds: [(bound: Forecast.Bound, seconds: Double)] = []
        if let (pace, isLearned) = Self.pace(limits.requestsPerMinute, learned.requestsPerMinute) {
            let bound = Forecast.Bound.requestsPerMinute(model: model, Self.whole(pace), isLearned: isLearned)
            bounds.append((bound, Double(requests) * 60 / pace))
        } else if limits.startsCarefully {
            bounds.append((.firstPace(model: model), Self.secondsFromFirstPace(to: requests)))
        }
        if let (pace, isLearned) = Self.pace(limits.tokensPerMinute, learned.tokensPerMinute) {
            let bound = Forecast.Bound.tokensPerMinute(model: model, Self.whole(pace), isLearned: isLearned)
            bounds.append((bound, Double(tokens) * 60 / pace))
        }
        if let perDay = [limits.requestsPerDay, learned.requestsPerDay].compactMap(\.self).min() {
            let isDayOver = (learned.spentUntil ?? 0) >= PacificDay(containing: basis.moment).endsAt
            let left = isDayOver ? perDay : max(0, perDay - learned.requestsToday)
            let rest = requests - left
            if rest > 0 {
                let days = (Double(rest) / Double(max(1, perDay))).rounded(.up)
                bounds.append((.requestsPerDay(model: model, perDay), days * Self.day))
            }
        }
        return bounds
    }

    /// The lower of the job's limit and of what was learned.
    private static func pace(_ limit: Int?, _ learned: Double?) -> (perMinute: Double, isLearned: Bool)? {
        let limit = limit.map(Double.init)
        guard let learned, learned < limit ?? .infinity else { return limit.map { (max($0, 1), false) } }
        return (max(learned, 1), true)
    }

    private static func whole(_ pace: Double) -> Int {
        Int(min(pace, 1e15).rounded())
    }

    /// Without any refusal the pace doubles every ten seconds.
    private static func secondsFromFirstPace(to requests: Int) -> Double {
        var left = Double(requests) - RateLimiter.burst
        var pace = RateLimiter.firstPace
        var seconds = 0.0
        while left > 0 {
            let inStep = pace * PaceGrowth.stepLength / 60
            seconds += PaceGrowth.stepLength * min(1, left / inStep)
            left -= inStep
            pace += PaceGrowth.largestIncrease * pace
        }
        return seconds
    }

    /// Requests of all models share the places in flight.
    private func inFlight(_ parts: [Forecast.Part]) -> (bound: Forecast.Bound, seconds: Double) {
        let requests = parts.reduce(0) { $0 + $1.requests }
        let times = parts.map { time(of: $0) * Double($0.requests) }
        let mean = times.reduce(0, +) / Double(max(1, requests))
        let concurrency = basis.limits.concurrency
        let seconds = max(mean, times.reduce(0, +) / Double(max(1, concurrency)))
        return (.concurrency(concurrency, requestTime: .seconds(mean)), seconds)
    }

    private func time(of part: Forecast.Part) -> Double {
        let guess = part.tier == .flex ? Self.guessedFlexTime : Self.guessedRequestTime
        return (basis.histories[part.model]?.medianTimes[part.tier] ?? guess).inSeconds
    }
}
