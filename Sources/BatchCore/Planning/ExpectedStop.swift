/// A cap that a run may reach before its end.
package struct ExpectedStop: Sendable, Equatable {
    package enum Cap: Sendable, Equatable {
        /// Of all runs of the job: the cap, and what is left of it.
        case cost(MicroDollars, left: MicroDollars)
        case tokens(Int, left: Int)
        /// Of all jobs of the user.
        case costPerDay(MicroDollars, left: MicroDollars)
        case costPerMonth(MicroDollars, left: MicroDollars)
        /// How long one run may take.
        case duration(Duration)
    }

    package var cap: Cap
    /// Whether even the least that is expected is too much.
    package var isCertain: Bool
}

extension Forecast {
    /// The caps that are below the most that is expected.
    func stops(_ basis: Basis) -> [ExpectedStop] {
        let spending = basis.limits.spending
        var stops: [ExpectedStop] = []
        func check<Value: Comparable>(_ left: Value, _ span: Span<Value>?, _ cap: ExpectedStop.Cap) {
            guard let span, span.high > left else { return }
            stops.append(ExpectedStop(cap: cap, isCertain: span.low > left))
        }
        if let cap = spending.cost {
            let left = max(.zero, cap - basis.spent.cost)
            check(left, knownCost, .cost(cap, left: left))
        }
        if let cap = spending.totalTokens {
            let left = max(0, cap - basis.spent.tokens)
            let (input, output) = (inputTokens, outputTokens)
            check(left, Span(low: input + output.low, high: input + output.high), .tokens(cap, left: left))
        }
        if let cap = basis.limits.sharedSpending.perDay {
            let left = max(.zero, cap - basis.spentToday)
            check(left, knownCost, .costPerDay(cap, left: left))
        }
        if let cap = basis.limits.sharedSpending.perMonth {
            let left = max(.zero, cap - basis.spentThisMonth)
            check(left, knownCost, .costPerMonth(cap, left: left))
        }
        if let cap = basis.limits.duration {
            check(cap, Span(low: duration, high: duration), .duration(cap))
        }
        return stops
    }
}
