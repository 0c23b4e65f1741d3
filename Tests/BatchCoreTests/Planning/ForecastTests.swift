import JSON
import Testing

@testable import BatchCore

@Suite("Forecasts")
struct ForecastTests {
    /// One dollar a million input tokens, ten a million of output; prompts above 200,000 tokens cost twice that.
    private static let price = ModelPrice(
        rates: [.input: MicroDollars(1_000_000), .output: MicroDollars(10_000_000)],
        largePrompt: .init(
            above: 200_000,
            rates: [.input: MicroDollars(2_000_000), .output: MicroDollars(20_000_000)]
        ),
        factors: [.flex: 500_000],
        asOf: "2026-11-19"
    )

    private func basis(_ limits: Limits = Limits(quota: QuotaLimits(startsCarefully: false))) -> Forecast.Basis {
        let prices = PriceTable(layers: [.init(origin: "test", models: ["m": [Self.price]])])
        return Forecast.Basis(prices: prices, limits: limits, moment: 0)
    }

    private func request(_ text: String, _ config: JSONObject = [:], model: String = "m") -> ItemRequest {
        ItemRequest(model: model, config: config, turns: [.init(text: text)])
    }

    /// So many items of 400 bytes.
    private func workload(_ count: Int, _ config: JSONObject = [:], model: String = "m") -> Workload {
        var workload = Workload()
        for _ in 0..<count {
            workload.add(request(String(repeating: "four", count: 100), config, model: model))
        }
        return workload
    }

    private func history(
        output: ClosedRange<Int>,
        seconds: Int,
        tier: ServiceTier = .standard
    ) -> AnswerHistory? {
        let outputs = Array(output)
        return AnswerHistory(outputs: outputs.reversed(), milliseconds: [tier: outputs.map { _ in 1000 * seconds }])
    }

    @Test("without history, output is half to twice a guess")
    func guesses() throws {
        let forecast = Forecast(workload(10), basis())
        #expect(forecast.requests == 10)
        #expect(forecast.inputTokens == 1000)
        #expect(forecast.outputTokens == .init(low: 2500, high: 10_000))
        #expect(forecast.knownCost == .init(low: MicroDollars(26_000), high: MicroDollars(101_000)))
        #expect(forecast.parts.first?.priceDate == "2026-11-19")
        #expect(forecast.parts.first?.outputBasis == .guess)
        let limited = Forecast(workload(10, ["max_output_tokens": 80]), basis())
        #expect(limited.outputTokens == .init(low: 200, high: 800))
        // No number that a job may hold is too large to add up.
        let absurd = Forecast(workload(2, ["max_output_tokens": .number(JSONNumber(Int64.max))]), basis())
        #expect(absurd.outputTokens.high == 2 << 24)
    }

    @Test("with history, output is from the median to the 95th percentile, and requests take as long as they did")
    func usesHistory() throws {
        var basis = basis()
        basis.histories["m"] = history(output: 101...200, seconds: 4)
        let forecast = Forecast(workload(32), basis)
        #expect(forecast.outputTokens == .init(low: 32 * 150, high: 32 * 195))
        #expect(forecast.parts.first?.outputBasis == .history(answers: 100))
        #expect(forecast.bound == .concurrency(16, requestTime: .seconds(4)))
        #expect(forecast.duration == .seconds(8))
        #expect(history(output: 1...19, seconds: 1) == nil)
    }

    @Test("requests of the flex tier take minutes until it is known how long they take")
    func flexTime() throws {
        var workload = Workload()
        workload.add(16, textBytes: 6400, longest: 400, like: request("", ["service_tier": "flex"]))
        var basis = basis()
        #expect(Forecast(workload, basis).duration == RunTime.guessedFlexTime)
        #expect(RunTime.guessedFlexTime >= .seconds(60))
        // How long others took says nothing about it.
        basis.histories["m"] = history(output: 101...200, seconds: 4)
        #expect(Forecast(workload, basis).duration == RunTime.guessedFlexTime)
        basis.histories["m"] = history(output: 101...200, seconds: 120, tier: .flex)
        #expect(Forecast(workload, basis).duration == .seconds(120))
    }

    @Test("each turn of a chat is sent with all before it and the answers to them")
    func chats() throws {
        var chat = request("aaaabbbb")
        chat.systemInstruction = "told"
        chat.turns += [.init(text: "cccc"), .init(text: "dddddddd")]
        var all = Workload()
        all.add(chat)
        // 3 + 4 + 6 tokens, and 1 + 2 answers of 500.
        let forecast = Forecast(all, basis())
        #expect(forecast.requests == 3)
        #expect(forecast.parts.first?.items == 1)
        #expect(forecast.inputTokens == 13 + 1500)
        var rest = Workload()
        rest.add(chat, answeredTurns: 2)
        #expect(rest.requests == 1)
        #expect(Forecast(rest, basis()).inputTokens == 6 + 1000)
        var known = basis()
        known.histories["m"] = history(output: 10...30, seconds: 1)
        #expect(Forecast(rest, known).inputTokens == 6 + 40)
    }

    @Test("media count by their kind, and are told")
    func media() {
        var picture = request("four")
        picture.turns[0].media = [MediaReference(.uri("gs://bucket/a.png"), mimeType: "image/png")]
        var workload = Workload()
        workload.add(picture)
        let forecast = Forecast(workload, basis())
        #expect(forecast.inputTokens == 1121)
        #expect(forecast.media == 1)
    }

    @Test("caps are exceeded at most by what all requests in flight may cost")
    func beyondCaps() {
        var workload = workload(3)
        #expect(Forecast(workload, basis()).mostBeyondCaps == nil)
        var capped = basis()
        capped.limits.spending.cost = MicroDollars(1)
        // 16 at once, but there are three; four bytes are no more than four tokens, and answers end at 65,536.
        let open = Forecast(workload, capped).mostBeyondCaps
        #expect(open == Spending(cost: MicroDollars(3 * (400 + 655_360)), tokens: 3 * (400 + 65_536)))
        workload = Workload()
        for _ in 1...20 {
            workload.add(request("four", ["max_output_tokens": 100]))
        }
        let most = Forecast(workload, capped).mostBeyondCaps
        #expect(most == Spending(cost: MicroDollars(16 * 1004), tokens: 16 * 104))
        // What checks refuse is sent back with the next attempt: 100 tokens more of input, and as many of output.
        let repaired = Spending(cost: MicroDollars(16 * 1104), tokens: 16 * 204)
        var checked = capped
        checked.checksAnswers = true
        #expect(Forecast(workload, checked).mostBeyondCaps == repaired)
        workload.add(request("two", ["max_output_tokens": 100]), hasOwnChecks: true)
        #expect(Forecast(workload, capped).mostBeyondCaps == repaired)
    }

    @Test("what needs a price beside that of text is told before anything is sent")
    func missingPrices() {
        func missing(_ model: String, _ config: JSONObject = [:], media type: String? = nil) -> Workload.MissingPrice? {
            var asked = request("hi", config, model: model)
            asked.turns[0].media = type.map { [MediaReference(.uri("gs://b/a"), mimeType: $0)] } ?? []
            var workload = Workload()
            workload.add(asked)
            return workload.missingPrice(in: basis().prices, at: 0)
        }
        #expect(missing("m") == nil)
        #expect(missing("m", media: "image/png") == nil)
        #expect(missing("m", media: "audio/mp3") == .init(model: "m", component: .audioInput))
        #expect(missing("m", ["response_modalities": ["TEXT", "IMAGE"]]) == .init(model: "m", component: .imageOutput))
        #expect(missing("m", ["service_tier": "priority"]) == .init(model: "m", component: nil))
        #expect(missing("nobody-knows") == .init(model: "nobody-knows", component: nil))
    }

    @Test("tiers are priced apart, and a cost that is unknown is never zero")
    func tiers() throws {
        var workload = workload(10)
        workload.add(10, textBytes: 4000, longest: 400, like: request("", ["service_tier": "flex"]))
        workload.add(5, textBytes: 2000, longest: 400, like: request("", model: "nobody-knows"))
        workload.add(5, textBytes: 2000, longest: 400, like: request("", ["service_tier": "priority"]))
        let forecast = Forecast(workload, basis())
        #expect(forecast.parts.map(\.model) == ["m", "m", "m", "nobody-knows"])
        #expect(forecast.parts.map(\.tier) == [.flex, .priority, .standard, .standard])
        #expect(forecast.parts.map { $0.cost?.low.amount } == [13_000, nil, 26_000, nil])
        #expect(forecast.knownCost?.low == MicroDollars(39_000))
        #expect(forecast.unpricedModels == ["m", "nobody-knows"])
        var unknown = Workload()
        unknown.add(request("hi", model: "nobody-knows"))
        #expect(Forecast(unknown, basis()).knownCost == nil)
        #expect(Forecast(Workload(), basis()).knownCost == .init(low: .zero, high: .zero))
    }

    @Test("large prompts have their own price, also among small ones")
    func largePrompts() throws {
        var workload = workload(10)
        workload.add(request(String(repeating: "four", count: 300_000)))
        let forecast = Forecast(workload, basis())
        #expect(forecast.parts.count == 1)
        #expect(forecast.inputTokens == 301_000)
        // 1,000 tokens at one dollar, 300,000 at two; 2,500 of output at ten, 250 at twenty.
        #expect(forecast.knownCost?.low == MicroDollars(1000 + 600_000 + 25_000 + 5000))
    }

    @Test("a price that changes while the run goes on counts for what is sent after it")
    func priceChange() throws {
        let second: Int64 = 1000
        var later = Self.price
        later.validFrom = 100 * second
        later.rates = [.input: MicroDollars(2_000_000), .output: MicroDollars(20_000_000)]
        later.largePrompt = nil
        // 600 requests at 300 a minute: 20 seconds before the change, and 100 after it.
        var basis = basis(Limits(concurrency: 1000, quota: QuotaLimits(requestsPerMinute: 300)))
        basis.prices.layers.append(.init(origin: "later", models: ["m": [later]]))
        func low(from moment: Int64) -> (Int64?, change: Int64?) {
            basis.moment = moment * second
            let forecast = Forecast(workload(600), basis)
            return (forecast.knownCost?.low.amount, forecast.parts.first?.priceChange)
        }
        let before = 600 * 2600 as Int64
        #expect(low(from: -20) == (before, nil))
        #expect(low(from: 100) == (2 * before, nil))
        #expect(low(from: 80) == (before / 6 + 2 * before * 5 / 6, 100 * second))
        // A year of requests, and no number that cannot be held.
        basis.limits.quota.requestsPerDay = 1
        #expect(low(from: 0).change == 100 * second)
    }

    @Test("what the server counted scales the estimate")
    func counted() {
        var basis = basis()
        basis.samples["m"] = .init(requests: 3, ratio: 1.5)
        let forecast = Forecast(workload(10), basis)
        #expect(forecast.inputTokens == 1500)
        #expect(forecast.parts.first?.counted?.requests == 3)
    }

    @Test("the limit that takes longest binds")
    func bounds() {
        func bound(_ quota: QuotaLimits, _ learned: LearnedQuota = LearnedQuota()) -> (Forecast.Bound?, Duration) {
            var basis = basis(Limits(concurrency: 1000, quota: quota))
            basis.learned["m"] = learned
            let forecast = Forecast(workload(600), basis)
            return (forecast.bound, forecast.duration)
        }
        #expect(
            bound(QuotaLimits(requestsPerMinute: 300)) == (
                .requestsPerMinute(model: "m", 300, isLearned: false), .seconds(120)
            )
        )
        #expect(
            bound(QuotaLimits(requestsPerMinute: 300, tokensPerMinute: 20_000)) == (
                .tokensPerMinute(model: "m", 20_000, isLearned: false), .seconds(180)
            )
        )
        #expect(
            bound(QuotaLimits(requestsPerMinute: 300), LearnedQuota(requestsPerMinute: 100)) == (
                .requestsPerMinute(model: "m", 100, isLearned: true), .seconds(360)
            )
        )
        #expect(
            bound(QuotaLimits(requestsPerMinute: 300), LearnedQuota(requestsPerMinute: 1000)) == (
                .requestsPerMinute(model: "m", 300, isLearned: false), .seconds(120)
            )
        )
        // 50 today, then 100 on each of six days.
        #expect(
            bound(QuotaLimits(requestsPerDay: 100), LearnedQuota(requestsToday: 50)) == (
                .requestsPerDay(model: "m", 100), .seconds(6 * 86_400)
            )
        )
        #expect(
            bound(QuotaLimits(requestsPerDay: 600, startsCarefully: false)).0
                == .concurrency(
                    1000,
                    requestTime: RunTime.guessedRequestTime
                )
        )
        // 10 at once, then 10, 20, 40 … in ten seconds each: 630 are sent after a minute.
        let first = bound(QuotaLimits())
        #expect(first.0 == .firstPace(model: "m"))
        #expect(first.1 > .seconds(50) && first.1 < .seconds(60))
    }

    @Test("the time in which the service lets nothing through comes first, and whether a run waits for it is told")
    func closed() {
        func bound(_ quota: QuotaLimits, until end: Int64) -> (Forecast.Bound?, Duration) {
            var basis = basis(Limits(concurrency: 1000, quota: quota))
            basis.learned["m"] = LearnedQuota(requestsToday: 50, spentUntil: end)
            let forecast = Forecast(workload(600), basis)
            return (forecast.bound, forecast.duration)
        }
        func closed(_ end: Int64, isWaitedFor: Bool) -> Forecast.Bound {
            .closed(model: "m", until: end, isWaitedFor: isWaitedFor)
        }
        let pace = QuotaLimits(requestsPerMinute: 300)
        #expect(bound(pace, until: 900_000) == (closed(900_000, isWaitedFor: true), .seconds(900 + 120)))
        #expect(bound(pace, until: 7_200_000) == (closed(7_200_000, isWaitedFor: false), .seconds(7200 + 120)))
        #expect(bound(pace, until: 0) == (.requestsPerMinute(model: "m", 300, isLearned: false), .seconds(120)))
        let unpaced = QuotaLimits(startsCarefully: false)
        #expect(bound(unpaced, until: 900_000).1 == .seconds(900) + RunTime.guessedRequestTime)
        // A day that is spent leaves nothing, and its end a whole new one.
        let midnight = PacificDay(containing: 0).endsAt
        for (perDay, days) in [(600, 0), (300, 1)] {
            let quota = QuotaLimits(requestsPerMinute: 300, requestsPerDay: perDay)
            let seconds = Double(midnight / 1000) + (days == 0 ? 120 : Double(days) * 86_400)
            #expect(bound(quota, until: midnight) == (closed(midnight, isWaitedFor: false), .seconds(seconds)))
        }
    }

    @Test("nothing to send takes no time, and one request as long as one takes")
    func edges() {
        let nothing = Forecast(Workload(), basis())
        #expect(nothing.duration == .zero && nothing.bound == nil && nothing.parts.isEmpty)
        #expect(Forecast(workload(1), basis()).duration == RunTime.guessedRequestTime)
    }
}

@Suite("Samples")
struct SamplerTests {
    @Test("as many as were asked for are kept, evenly spread", arguments: [1, 3, 20, 21, 40, 41, 1000, 12_345])
    func spreads(count: Int) {
        var sampler = Sampler<Int>(size: 20)
        for number in 0..<count {
            sampler.add(number)
        }
        let samples = sampler.samples
        #expect(samples.count == min(count, 20))
        #expect(samples.first == 0)
        let gaps = zip(samples, samples.dropFirst()).map { $1 - $0 }
        #expect(gaps.allSatisfy { $0 >= 1 && $0 <= count / 9 + 1 })
        #expect((samples.last ?? 0) >= count / 2)
    }
}
