import Testing

@testable import BatchCore

@Suite struct PriceTableTests {
    private static let december = Timestamp.unixMilliseconds(rfc3339: "2026-12-01T00:00:00Z") ?? 0

    private static func layer(_ prices: [ModelPrice], factors: [ServiceTier: Int64] = [:]) -> PriceTable.Layer {
        PriceTable.Layer(origin: "test", models: ["m": prices], factors: factors)
    }

    private static func price(
        from: Int64? = nil,
        _ rates: [PriceComponent: Int64],
        large: [PriceComponent: Int64]? = nil,
        above: Int = 100
    ) -> ModelPrice {
        ModelPrice(
            validFrom: from,
            rates: rates.mapValues(MicroDollars.init),
            largePrompt: large.map { ModelPrice.LargePrompt(above: above, rates: $0.mapValues(MicroDollars.init)) }
        )
    }

    private static func rates(_ table: PriceTable, at time: Int64) -> [PriceComponent: Int64]? {
        table.price(of: PricedModelName("m"), at: time)?.rates.mapValues(\.amount)
    }

    @Test("a later layer replaces single numbers at all times")
    func overlay() {
        let shipped = Self.layer([
            Self.price([.input: 1, .output: 2], large: [.input: 3, .output: 4]),
            Self.price(from: Self.december, [.input: 10, .output: 20]),
        ])
        let user = Self.layer([Self.price([.output: 5, .cacheRead: 6], large: [.output: 7], above: 200)])
        let table = PriceTable(layers: [shipped, user])
        #expect(Self.rates(table, at: Self.december - 1) == [.input: 1, .output: 5, .cacheRead: 6])
        #expect(Self.rates(table, at: Self.december) == [.input: 10, .output: 5, .cacheRead: 6])
        let large = table.price(of: PricedModelName("m"), at: 0)?.largePrompt
        #expect(large?.above == 200)
        #expect(large?.rates == [.input: MicroDollars(3), .output: MicroDollars(7)])
    }

    @Test("a dated number of a later layer begins on its date")
    func datedOverlay() {
        let shipped = Self.layer([Self.price([.input: 1])])
        let job = Self.layer([Self.price(from: Self.december, [.input: 9])])
        let table = PriceTable(layers: [shipped, job])
        #expect(Self.rates(table, at: Self.december - 1) == [.input: 1])
        #expect(Self.rates(table, at: Self.december) == [.input: 9])
    }

    @Test("the job goes before the user, and the user before what is shipped")
    func order() {
        let layers = [1, 2, 3].map { Self.layer([Self.price([.input: $0])]) }
        #expect(Self.rates(PriceTable(layers: layers), at: 0) == [.input: 3])
        #expect(Self.rates(PriceTable(layers: Array(layers.dropLast())), at: 0) == [.input: 2])
    }

    @Test("a model's own factor goes before one for all models, whichever layer has it")
    func factors() {
        var price = Self.price([.input: 1])
        price.factors = [.priority: 1_750_000]
        let table = PriceTable(layers: [
            Self.layer([price], factors: [.flex: 500_000, .priority: 2_000_000]),
            PriceTable.Layer(origin: "user", factors: [.flex: 400_000, .priority: 3_000_000]),
        ])
        let factors = table.price(of: PricedModelName("m"), at: 0)?.factors
        #expect(factors == [.flex: 400_000, .priority: 1_750_000])
    }

    @Test("a listing tells each number of now and of later, with the layer that it is from")
    func listing() throws {
        var shipped = PriceTable.Layer(
            origin: "shipped",
            models: [
                "m": [
                    Self.price([.input: 1, .output: 2], large: [.input: 3]),
                    Self.price(from: Self.december, [.input: 10, .output: 20]),
                ],
                "a": [Self.price([.input: 9])], "past": [Self.price(from: 1, [.input: 7])],
            ],
            factors: [.flex: 500_000, .batch: 500_000]
        )
        shipped.models["m"]?[0].asOf = "2026-11-01"
        var user = PriceTable.Layer(origin: "user", models: ["m": [Self.price([.output: 5])]])
        user.models["m"]?[0].factors = [.priority: 1_750_000]
        user.factors = [.flex: 400_000]
        let table = PriceTable(layers: [shipped, user])
        let listings = table.listings(from: Self.december - 1)
        #expect(listings.map(\.model) == ["a", "m", "past"])
        let periods = listings[1].periods
        #expect(periods.map(\.start) == [nil, Self.december])
        #expect(periods.map(\.largePromptLimit) == [100, nil])
        let kinds: [PriceListing.Entry.Kind] = [
            .rate(.input), .rate(.output), .largePromptRate(.input), .factor(.priority),
        ]
        #expect(periods[0].entries.map(\.kind) == kinds)
        #expect(periods[0].entries.map(\.origin) == ["shipped", "user", "shipped", "user"])
        #expect(periods[0].entries.map(\.amount.amount) == [1, 5, 3, 1_750_000])
        #expect(periods[0].entries.map(\.asOf) == ["2026-11-01", nil, "2026-11-01", nil])
        #expect(periods[1].entries.map(\.amount.amount) == [10, 5, 1_750_000])
        #expect(table.generalFactors.map(\.origin) == ["shipped", "user"])
        #expect(table.generalFactors.map(\.amount.amount) == [500_000, 400_000])
    }

    @Test("prices that were looked up are those of the table, before and after a change, and of unknown models too")
    func known() {
        let models = ["m": [Self.price([.input: 1]), Self.price(from: Self.december, [.input: 10])]]
        let table = PriceTable(layers: [PriceTable.Layer(origin: "shipped", models: models)])
        var known = KnownPrices(table)
        for moment in [0, Self.december - 1, Self.december, Self.december + 1, 1] {
            for model in ["m", "models/m-001", "unknown", "m"] {
                #expect(known.price(of: model, at: moment) == table.price(of: PricedModelName(model), at: moment))
            }
        }
        #expect(known.price(of: "m", at: 0) != known.price(of: "m", at: Self.december))
    }

    @Test("a table without layers knows no price")
    func empty() {
        #expect(Self.rates(PriceTable(), at: 0) == nil)
    }

    @Test(
        "a name is stripped of its folders and of one version",
        arguments: [
            ("gemini-2.5-flash", "gemini-2.5-flash"), ("models/gemini-2.5-flash", "gemini-2.5-flash"),
            ("gemini-2.5-flash-001", "gemini-2.5-flash"), ("gemini-2.5-flash@002", "gemini-2.5-flash"),
            ("publishers/google/models/gemini-2.5-pro-002", "gemini-2.5-pro"),
            ("gemini-2.5-flash-2025-09-25", "gemini-2.5-flash"), ("gemini-4-neon-11-2026", "gemini-4-neon"),
            ("gemini-4-neon-11-18", "gemini-4-neon"), ("gemini-3.1-pro-preview", "gemini-3.1-pro-preview"),
            ("gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash-preview"),
            ("gemini-flash-latest", "gemini-flash-latest"), ("gemini-3.8-flash-0012", "gemini-3.8-flash-0012"),
            ("gemini-embedding-2", "gemini-embedding-2"), ("-001", "-001"), ("", ""),
        ]
    )
    func family(model: String, family: String) {
        #expect(PricedModelName(model).family == family)
    }

    @Test("a version has a price of its own if the table gives one")
    func versionOfItsOwn() {
        let table = PriceTable(layers: [
            PriceTable.Layer(
                origin: "test",
                models: ["m": [Self.price([.input: 1])], "m-002": [Self.price([.input: 2])]]
            )
        ])
        let prices = ["m", "m-001", "m-002"].map { table.price(of: PricedModelName($0), at: 0)?.rates[.input]?.amount }
        #expect(prices == [1, 1, 2])
    }

    @Test(
        "an amount is read exactly or not at all",
        arguments: [
            ("0", 0), ("12", 12_000_000), ("0.075", 75_000), ("1.50", 1_500_000), ("0.000001", 1),
            ("999999999.999999", 999_999_999_999_999), ("0.0000001", nil), ("1e3", nil), ("-1", nil), (".5", nil),
            ("1.", nil), ("", nil), ("1.2.3", nil), ("1 ", nil), ("1234567890", nil),
        ] as [(String, Int64?)]
    )
    func decimal(text: String, amount: Int64?) {
        #expect(MicroDollars(decimal: text)?.amount == amount)
    }

    @Test(
        "an amount is printed exactly",
        arguments: [
            (0, "$0.00", "0.000000"), (1, "$0.000001", "0.000001"), (12_300, "$0.0123", "0.012300"),
            (1_500_000, "$1.50", "1.500000"), (-45_000, "-$0.045", "-0.045000"),
            (1_234_567_890, "$1234.56789", "1234.567890"),
        ] as [(Int64, String, String)]
    )
    func printing(amount: Int64, text: String, decimal: String) {
        #expect(MicroDollars(amount).description == text)
        #expect(MicroDollars(amount).decimal == decimal)
    }

    @Test("a sum of unknown costs is unknown, and one of nothing is zero")
    func sums() {
        var sum = CostSum()
        #expect(sum.amount == .zero)
        sum.add(nil)
        #expect(sum.amount == nil)
        sum.add(MicroDollars(5))
        #expect(sum == CostSum(known: MicroDollars(5), unpricedAttempts: 1))
        #expect(sum.amount == MicroDollars(5))
    }
}
