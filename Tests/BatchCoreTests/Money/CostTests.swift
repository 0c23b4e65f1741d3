import BatchCore
import Testing

/// Costs that were worked out by hand; the comment of each case is its arithmetic.
///
/// Rates are dollars per million tokens, so tokens times dollars are micro-dollars.
@Suite struct CostTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let model: String
        let usage: TokenUsage
        let tier: ServiceTier
        let time: Int64
        let microDollars: Int64?

        init(
            _ name: String,
            _ model: String,
            _ usage: TokenUsage,
            tier: ServiceTier = .standard,
            at date: String = "2026-11-22T12:00:00Z",
            costs microDollars: Int64?
        ) {
            self.name = name
            self.model = model
            self.usage = usage
            self.tier = tier
            time = Timestamp.unixMilliseconds(rfc3339: date) ?? 0
            self.microDollars = microDollars
        }

        var testDescription: String { name }
    }

    static let table = PriceTable(layers: [
        PriceTable.Layer(
            origin: "test",
            models: [
                "plain": [ModelPrice(rates: rates(input: "0.75", output: "3.75", cacheRead: "0.075"))],
                "uncached": [ModelPrice(rates: rates(input: "3.00", output: "15.00"))],
                "rising": [
                    ModelPrice(rates: rates(input: "2.00", output: "10.00", cacheRead: "0.10")),
                    ModelPrice(
                        validFrom: Timestamp.unixMilliseconds(rfc3339: "2026-12-01T00:00:00Z"),
                        rates: rates(input: "4.00", output: "20.00", cacheRead: "0.20")
                    ),
                ],
                "late": [
                    ModelPrice(
                        validFrom: Timestamp.unixMilliseconds(rfc3339: "2026-11-18T00:00:00Z"),
                        rates: rates(input: "1.00", output: "2.00")
                    )
                ],
                "sized": [
                    ModelPrice(
                        rates: rates(input: "2.00", output: "12.00", cacheRead: "0.20"),
                        largePrompt: ModelPrice.LargePrompt(
                            above: 200_000,
                            rates: rates(input: "4.00", output: "18.00", cacheRead: "0.40")
                        )
                    )
                ],
                "media": [
                    ModelPrice(
                        rates: rates(input: "0.30", output: "2.50", cacheRead: "0.03").merging(
                            [
                                .audioInput: MicroDollars(1_000_000), .audioCacheRead: MicroDollars(100_000),
                                .imageOutput: MicroDollars(120_000_000), .audioOutput: MicroDollars(12_000_000),
                            ]
                        ) { $1 }
                    )
                ],
                "urgent": [
                    ModelPrice(rates: rates(input: "1.50", output: "9.00"), factors: [.priority: 1_750_000])
                ],
                "embedding": [ModelPrice(rates: [.input: MicroDollars(200_000)])],
                "free": [ModelPrice(rates: rates(input: "0", output: "0"))],
            ],
            factors: [.flex: 500_000, .batch: 500_000, .priority: 2_000_000]
        )
    ])

    static func rates(input: String, output: String, cacheRead: String? = nil) -> ModelPrice.Rates {
        var rates: ModelPrice.Rates = [:]
        rates[.input] = MicroDollars(decimal: input)
        rates[.output] = MicroDollars(decimal: output)
        rates[.cacheRead] = cacheRead.flatMap { MicroDollars(decimal: $0) }
        return rates
    }

    static func usage(
        _ prompt: Int?,
        _ output: Int? = nil,
        thoughts: Int? = nil,
        cached: Int? = nil,
        toolUse: Int? = nil,
        kinds: ModalityTokens? = nil
    ) -> TokenUsage {
        TokenUsage(
            promptTokens: prompt,
            outputTokens: output,
            thoughtTokens: thoughts,
            cachedTokens: cached,
            toolUseTokens: toolUse,
            modalities: kinds
        )
    }

    static let plain = [
        // 1000 × 0.75 + 200 × 3.75 = 750 + 750
        Case("input and output", "plain", usage(1000, 200), costs: 1500),
        // 1 × 0.75 = 0.75, up
        Case("three quarters are rounded up", "plain", usage(1), costs: 1),
        // 2 × 0.75 = 1.5, half up
        Case("a half is rounded up", "plain", usage(2), costs: 2),
        // 3 × 0.75 = 2.25, down
        Case("a quarter is rounded down", "plain", usage(3), costs: 2),
        // 2 × 0.75 + 2 × 3.75 = 1.5 + 7.5 = 9; rounding each would give 2 + 8
        Case("the sum is rounded, not its terms", "plain", usage(2, 2), costs: 9),
        // 100 × 0.75 + (50 + 400) × 3.75 = 75 + 1687.5 = 1762.5
        Case("thoughts cost what output costs", "plain", usage(100, 50, thoughts: 400), costs: 1763),
        // 100 × 0.75 + 65536 × 3.75 = 75 + 245760
        Case("the whole budget went into thoughts", "plain", usage(100, nil, thoughts: 65_536), costs: 245_835),
        // (1200 − 1000) × 0.75 + 1000 × 0.075 + 10 × 3.75 = 150 + 75 + 37.5 = 262.5
        Case("cached tokens are part of the prompt", "plain", usage(1200, 10, cached: 1000), costs: 263),
        // 1000 × 0.075 = 75: more cached tokens than the prompt has cannot be
        Case("cached tokens are no more than the prompt", "plain", usage(1000, cached: 1500), costs: 75),
        // 1000 × 3 + 100 × 15 = 3000 + 1500, as if nothing had been cached
        Case("without a cache rate the full rate counts", "uncached", usage(1000, 100, cached: 900), costs: 4500),
        // (500 + 300) × 0.75 + 40 × 3.75 = 600 + 150
        Case("tool results are input", "plain", usage(500, 40, toolUse: 300), costs: 750),
        // 2048 × 0.2 = 409.6
        Case("an embedding has no output", "embedding", usage(2048), costs: 410),
        Case("what is free is known to be free", "free", usage(1000, 1000), costs: 0),
        // 2147483647 × 0.75 + 2147483647 × 3.75 = 2147483647 × 4.5 = 9663676411.5
        Case("the largest counts do not overflow", "plain", usage(2_147_483_647, 2_147_483_647), costs: 9_663_676_412),
    ]

    static let tiers = [
        // (1000 × 0.75 + 200 × 3.75) / 2 = 750
        Case("flex is half", "plain", usage(1000, 200), tier: .flex, costs: 750),
        // (1 × 0.75) / 2 = 0.375, down; rounding before would give the half of 1
        Case("the half is taken before rounding", "plain", usage(1), tier: .flex, costs: 0),
        // (200 × 0.75 + 1000 × 0.075 + 10 × 3.75) / 2 = 262.5 / 2 = 131.25
        Case("batch is half, of cached tokens too", "plain", usage(1200, 10, cached: 1000), tier: .batch, costs: 131),
        // (1000 × 0.75 + 200 × 3.75) × 2
        Case("priority is twice unless the model has its own", "plain", usage(1000, 200), tier: .priority, costs: 3000),
        // (1001 × 1.5 + 200 × 9) × 1.75 = (1501.5 + 1800) × 1.75 = 5777.625
        Case("a model has a factor of its own", "urgent", usage(1001, 200), tier: .priority, costs: 5778),
        Case("an unknown tier is not priced", "plain", usage(1), tier: ServiceTier(rawValue: "offpeak"), costs: nil),
    ]

    static let sizes = [
        // 200000 × 2 + 1000 × 12 = 400000 + 12000
        Case("the limit itself is not above it", "sized", usage(200_000, 1000), costs: 412_000),
        // 200001 × 4 + 1000 × 18 = 800004 + 18000
        Case("one token more makes all dearer", "sized", usage(200_001, 1000), costs: 818_004),
        // (250000 − 240000) × 4 + 240000 × 0.4 + 10 × 18 = 40000 + 96000 + 180
        Case("cached tokens count for the size", "sized", usage(250_000, 10, cached: 240_000), costs: 136_180),
        // 150000 × 2 + 60000 × 2 + 10 × 12: the prompt decides, whatever tools add
        Case("tool results do not count for the size", "sized", usage(150_000, 10, toolUse: 60_000), costs: 420_120),
        // (200001 × 4 + 1000 × 18) / 2 = 409002
        Case("size and tier go together", "sized", usage(200_001, 1000), tier: .flex, costs: 409_002),
    ]

    static let modalities = [
        // (1000 − 320) × 0.3 + 320 × 1 + 100 × 2.5 = 204 + 320 + 250
        Case("audio input", "media", usage(1000, 100, kinds: ModalityTokens(audioInput: 320)), costs: 774),
        // text 680, of it cached 600 − 200 = 400; audio 320, of it cached 200:
        // 280 × 0.3 + 400 × 0.03 + 120 × 1 + 200 × 0.1 = 84 + 12 + 120 + 20
        Case(
            "cached audio",
            "media",
            usage(1000, cached: 600, kinds: ModalityTokens(audioInput: 320, cachedAudio: 200)),
            costs: 236
        ),
        // the cached 800 are 680 of text and at least 120 of audio:
        // 680 × 0.03 + 200 × 1 + 120 × 0.1 = 20.4 + 200 + 12 = 232.4
        Case(
            "cached tokens of untold kind are text first",
            "media",
            usage(1000, cached: 800, kinds: ModalityTokens(audioInput: 320)),
            costs: 232
        ),
        // 50 × 0.3 + (1300 − 1290 + 200) × 2.5 + 1290 × 120 = 15 + 525 + 154800
        Case(
            "image output",
            "media",
            usage(50, 1300, thoughts: 200, kinds: ModalityTokens(imageOutput: 1290)),
            costs: 155_340
        ),
        // 50 × 0.3 + 640 × 12 = 15 + 7680
        Case("audio output", "media", usage(50, 640, kinds: ModalityTokens(audioOutput: 640)), costs: 7695),
        Case("audio without a rate is unknown", "plain", usage(9, kinds: ModalityTokens(audioInput: 1)), costs: nil),
        Case("images without a rate", "plain", usage(9, 9, kinds: ModalityTokens(imageOutput: 1)), costs: nil),
    ]

    static let dates = [
        // 1000 × 2 + 100 × 10
        Case("the last millisecond", "rising", usage(1000, 100), at: "2026-11-30T23:59:59.999Z", costs: 3000),
        // 1000 × 4 + 100 × 20
        Case("midnight UTC", "rising", usage(1000, 100), at: "2026-12-01T00:00:00Z", costs: 6000),
        // (1000 − 500) × 4 + 500 × 0.2 + 100 × 20 = 2000 + 100 + 2000
        Case("the new cache rate", "rising", usage(1000, 100, cached: 500), at: "2027-01-01T00:00:00Z", costs: 4100),
        Case("before the first price", "late", usage(1000), at: "2026-11-17T23:59:59.999Z", costs: nil),
        // 1000 × 1
        Case("from the first price on", "late", usage(1000), at: "2026-11-18T00:00:00Z", costs: 1000),
    ]

    static let unknown = [
        Case("an unknown model", "nobody", usage(1000, 100), costs: nil),
        Case("no counts at all", "plain", TokenUsage(), costs: nil),
        Case("output that has no rate", "embedding", usage(10, 1), costs: nil),
    ]

    @Test(
        "a cost is what was worked out by hand",
        arguments: plain + tiers + sizes + modalities + dates + unknown
    )
    func cost(example: Case) {
        let cost = Self.table.cost(of: example.usage, model: example.model, tier: example.tier, at: example.time)
        #expect(cost == example.microDollars.map(MicroDollars.init))
    }

    @Test("counts of several answers add up, kinds of tokens included")
    func sumOfUsage() {
        var sum = Self.usage(10, kinds: ModalityTokens(audioInput: 1, imageOutput: 2))
        sum += Self.usage(5, 1)
        sum += Self.usage(1, kinds: ModalityTokens(audioInput: 3, cachedAudio: 4, audioOutput: 5))
        let modalities = ModalityTokens(audioInput: 4, cachedAudio: 4, imageOutput: 2, audioOutput: 5)
        #expect(sum == Self.usage(16, 1, kinds: modalities))
    }
}
