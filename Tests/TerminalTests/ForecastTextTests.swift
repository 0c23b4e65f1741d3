import BatchCore
import Terminal
import Testing

@Suite("The text of forecasts")
struct ForecastTextTests {
    private func part(_ model: String, cost: ClosedRange<Int64>?) -> Forecast.Part {
        var part = Forecast.Part(model: model, tier: .standard, outputBasis: .guess)
        part.items = 1000
        part.requests = 1000
        part.inputTokens = 1_234_567
        part.outputTokens = .init(low: 500_000, high: 2_000_000)
        part.cost = cost.map { .init(low: MicroDollars($0.lowerBound), high: MicroDollars($0.upperBound)) }
        return part
    }

    private func forecast(_ parts: Forecast.Part..., bound: Forecast.Bound? = nil) -> Forecast {
        var forecast = Forecast(Workload(), Forecast.Basis(prices: PriceTable(), limits: Limits(), moment: 0))
        forecast.parts = parts
        forecast.duration = .seconds(240)
        forecast.bound = bound
        return forecast
    }

    @Test("one line has requests, tokens, cost, time and what binds")
    func line() {
        let bound = Forecast.Bound.requestsPerMinute(model: "m", 300, isLearned: false)
        #expect(
            ForecastText.line(forecast(part("m", cost: 401_234...1_099_999), bound: bound))
                == "estimate: 1,000 requests, 1.2M input + 500k–2.0M output tokens, $0.40–1.10, about 4m 0s (300 requests/min)"
        )
        #expect(ForecastText.line(forecast()) == nil)
    }

    @Test(
        "a model that lets nothing through is told with the time, and what a run does about it",
        arguments: [(true, "which a run waits for"), (false, "and a run before that leaves its items for later")]
    )
    func closed(isWaitedFor: Bool, words: String) {
        let bound = Forecast.Bound.closed(model: "m", until: 900_000, isWaitedFor: isWaitedFor)
        let closed = forecast(part("m", cost: nil), bound: bound)
        let brief = "about 4m 0s (nothing of m before 1970-01-01T00:15:00.000Z)"
        #expect(ForecastText.line(closed)?.hasSuffix(brief) == true)
        let reason = "the service, which lets nothing of m through before 1970-01-01T00:15:00.000Z"
        #expect(ForecastText.lines(closed).last == "limited by  \(reason), \(words)")
    }

    @Test("by how much caps are exceeded at most is told to the last digit")
    func beyondCaps() {
        var capped = forecast(part("m", cost: 400_000...400_000))
        #expect(ForecastText.line(capped)?.contains("caps") == false)
        capped.mostBeyondCaps = Spending(cost: MicroDollars(1152), tokens: 12_345)
        #expect(
            ForecastText.line(capped)?.hasSuffix("; caps are exceeded by $0.001152 or 12,345 tokens at most") == true
        )
        capped.mostBeyondCaps = Spending(tokens: 12_345)
        #expect(
            ForecastText.lines(capped).last?.hasPrefix("caps        are exceeded by 12,345 tokens at most, ") == true
        )
    }

    @Test("what has no price is named, and makes no zero")
    func unknownCost() {
        let none = ForecastText.line(forecast(part("m", cost: nil)))
        #expect(none?.contains("tokens, cost unknown, about 4m 0s") == true)
        let some = ForecastText.line(forecast(part("m", cost: 400_000...400_000), part("new\u{1B}", cost: nil)))
        #expect(some?.contains("tokens, $0.40 and the unknown cost of new") == true)
        #expect(some?.contains("\u{1B}") == false)
    }

    @Test("numbers are told in about two digits")
    func figures() {
        #expect(
            [0, 999, 1000, 9949, 9950, 12_345, 999_499, 999_500, 1_234_567].map(Figures.approximate) == [
                "0", "999", "1.0k", "9.9k", "10k", "12k", "999k", "1.0M", "1.2M",
            ]
        )
        func dollars(_ low: Int64, _ high: Int64) -> String {
            Figures.dollars(from: MicroDollars(low), to: MicroDollars(high))
        }
        #expect(dollars(0, 0) == "$0.00")
        #expect(dollars(1, 12) == "$0.000001–0.000012")
        #expect(dollars(1255, 5005) == "$0.0013–0.005")
        #expect(dollars(123_456, 12_345_678) == "$0.12–12.35")
    }
}
