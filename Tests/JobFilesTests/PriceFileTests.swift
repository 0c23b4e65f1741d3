import BatchCore
import Foundation
import JobFiles
import TestSupport
import Testing

@Suite("Tables of prices")
struct PriceFileTests {
    private static func time(_ text: String) -> Int64 {
        Timestamp.unixMilliseconds(rfc3339: text) ?? 0
    }

    /// The numbers of a model at a moment, in dollars as they are printed.
    private static func rates(_ model: String, _ date: String, in layer: PriceTable.Layer) -> [String: String] {
        let price = layer.price(of: PricedModelName(model), at: time(date))
        let pairs = (price?.rates ?? [:]).map { ($0.key.rawValue, $0.value.description) }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    // MARK: The shipped table

    @Test(
        "the shipped table says what the price list says",
        arguments: [
            ("gemini-4-hydrogen", "2026-11-22", ["input": "$1.50", "output": "$7.50", "cache_read": "$0.075"]),
            ("gemini-4-hydrogen", "2026-11-11", [:]),
            ("gemini-4-neon", "2026-11-18", ["input": "$3.00", "output": "$15.00"]),
            ("gemini-4-carbon", "2026-11-30", ["input": "$2.00", "output": "$10.00", "cache_read": "$0.10"]),
            ("gemini-4-argon", "2026-12-01", ["input": "$4.00", "output": "$20.00", "cache_read": "$0.20"]),
            ("gemini-3.8-flash", "2026-12-31", ["input": "$0.75", "output": "$3.75", "cache_read": "$0.075"]),
            ("gemini-3.8-flash", "2027-01-01", ["input": "$1.50", "output": "$7.50", "cache_read": "$0.15"]),
            ("gemini-3.6-flash", "2026-11-22", ["input": "$1.50", "output": "$7.50"]),
            ("gemini-3.5-flash", "2026-11-22", ["input": "$1.50", "output": "$9.00"]),
            ("gemini-3.5-flash-lite", "2026-11-22", ["input": "$0.30", "output": "$2.50"]),
            ("gemini-3.1-flash-lite", "2026-11-22", ["input": "$0.25", "output": "$1.50"]),
            ("gemini-3.1-pro-preview", "2026-11-22", ["input": "$2.00", "output": "$12.00", "cache_read": "$0.20"]),
            ("gemini-3-pro-image", "2026-11-22", ["image_output": "$120.00"]),
            ("gemini-2.5-pro", "2026-11-22", ["input": "$1.25", "output": "$10.00"]),
            ("gemini-2.5-flash", "2026-11-22", ["input": "$0.30", "audio_input": "$1.00", "output": "$2.50"]),
            ("gemini-2.5-flash-lite", "2026-11-22", ["input": "$0.10", "output": "$0.40"]),
            ("gemini-embedding-2", "2026-11-22", ["input": "$0.20"]),
            ("gemini-3.7-flash", "2026-11-22", [:]),
        ] as [(String, String, [String: String])]
    )
    func shipped(model: String, day: String, rates: [String: String]) throws {
        #expect(try Self.rates(model, day + "T00:00:00Z", in: PriceFile.shipped()) == rates)
    }

    @Test("every price changes at midnight in UTC, and every model tells when its numbers were read")
    func shippedDates() throws {
        let layer = try PriceFile.shipped()
        #expect(layer.date == "2026-11-19")
        #expect(layer.factors == [.batch: 500_000, .flex: 500_000, .priority: 2_000_000])
        #expect(layer.models.count == 15)
        for (model, prices) in layer.models {
            #expect(prices.allSatisfy { $0.asOf?.hasPrefix("2026-") == true }, "\(model)")
            #expect(prices.allSatisfy { ($0.validFrom ?? 0).isMultiple(of: 86_400_000) }, "\(model)")
        }
        let second = Self.rates("gemini-3.8-flash", "2026-12-31T23:59:59.999Z", in: layer)
        #expect(second["input"] == "$0.75")
    }

    @Test("the two models with dearer large prompts have them from the token after 200,000")
    func shippedLargePrompts() throws {
        let large = try PriceFile.shipped().models.compactMapValues { $0.first?.largePrompt }
        #expect(large.keys.sorted() == ["gemini-2.5-pro", "gemini-3.1-pro-preview"])
        #expect(large.values.allSatisfy { $0.above == 200_000 })
        #expect(large["gemini-2.5-pro"]?.rates == [.input: MicroDollars(2_500_000), .output: MicroDollars(15_000_000)])
    }

    // MARK: The user's and the job's

    private func layer(_ yaml: String) throws -> PriceTable.Layer? {
        let directory = try TemporaryDirectory()
        try directory.write(yaml, to: "prices.yaml")
        return try PriceFile.layer(path: directory.path + "/prices.yaml")
    }

    @Test("a file has all keys, and its numbers arrive exactly")
    func everything() throws {
        let layer = try layer(
            """
            date: 2026-12-24
            factors: {flex: 0.4, priority: 1.85, batch: 0.333333}
            models:
              m:
                - {input: 1, output: 0.000001}
                - from: 2027-02-28
                  input: 2.5
                  cache_read: 0.1
                  output: 3
                  audio_input: 4
                  audio_cache_read: 5
                  image_output: 6
                  audio_output: 7
                  large_prompt: {above: 128000, input: 8}
                  factors: {priority: 1.75}
                  as_of: 2026-12-23
            """
        )
        let rates: ModelPrice.Rates = [
            .input: MicroDollars(2_500_000), .cacheRead: MicroDollars(100_000), .output: MicroDollars(3_000_000),
            .audioInput: MicroDollars(4_000_000), .audioCacheRead: MicroDollars(5_000_000),
            .imageOutput: MicroDollars(6_000_000), .audioOutput: MicroDollars(7_000_000),
        ]
        let second = ModelPrice(
            validFrom: Self.time("2027-02-28T00:00:00Z"),
            rates: rates,
            largePrompt: ModelPrice.LargePrompt(above: 128_000, rates: [.input: MicroDollars(8_000_000)]),
            factors: [.priority: 1_750_000],
            asOf: "2026-12-23"
        )
        #expect(layer?.date == "2026-12-24")
        #expect(layer?.factors == [.flex: 400_000, .priority: 1_850_000, .batch: 333_333])
        #expect(layer?.models["m"]?.count == 2)
        #expect(layer?.models["m"]?.first?.rates == [.input: MicroDollars(1_000_000), .output: MicroDollars(1)])
        #expect(layer?.models["m"]?.last == second)
    }

    @Test("no file is no table, and an empty one is an empty table")
    func missing() throws {
        let directory = try TemporaryDirectory()
        #expect(try PriceFile.layer(path: directory.path + "/none/prices.yaml") == nil)
        #expect(try layer("# nothing yet\n")?.models == [:])
    }

    @Test(
        "a mistake is told with its place",
        arguments: [
            ("- a\n", "1:1: a table of prices must be a mapping, not a list"),
            ("modles: {}\n", "1:1: unknown key \"modles\" (did you mean models)"),
            ("models: {m: {inptu: 1}}\n", "1:14: unknown key \"inptu\" (did you mean input)"),
            (
                "models: {m: {input: 1e3}}\n",
                "1:21: \"input\" must be dollars per million tokens, such as 0.075, of at most 1000000 and 6 digits after "
                    + "the point, not \"1e3\""
            ),
            (
                "models: {m: {input: 0.0000001}}\n",
                "1:21: \"input\" must be dollars per million tokens, such as 0.075, of at most 1000000 and 6 digits after "
                    + "the point, not \"0.0000001\""
            ),
            (
                "factors: {flex: -1}\n",
                "1:17: \"flex\" must be a factor, such as 0.5, of at most 1000000 and 6 digits after the point, not \"-1\""
            ),
            ("factors: {standard: 1}\n", "1:11: unknown key \"standard\""),
            ("date: 2026-02-30\n", "1:7: \"date\" must be a day such as 2026-12-01, not \"2026-02-30\""),
            (
                "models:\n  m: {from: 2026-12, input: 1}\n",
                "2:13: \"from\" must be a day such as 2026-12-01, not \"2026-12\""
            ),
            ("models: {m: [{input: 1}, {input: 2}]}\n", "1:26: \"m\" has two prices from the same day"),
            (
                "models: {models/m: {input: 1}}\n",
                "1:10: \"models/m\" is no name of a model; write it without what stands before the last /"
            ),
            ("models: {m: {large_prompt: {input: 1}}}\n", "1:28: \"large_prompt\" needs `above: TOKENS`"),
        ]
    )
    func mistakes(yaml: String, message: String) throws {
        let error = #expect(throws: JobFileError.self) { try layer(yaml) }
        let told = error?.problems.map { problem in
            "\(problem.line ?? 0):\(problem.column ?? 0): \(problem.message)"
                + (problem.suggestion.map { " (did you mean \($0))" } ?? "")
        }
        #expect(told == [message])
        #expect(error?.problems.first?.file.hasSuffix("/prices.yaml") == true)
    }

    @Test("a job brings its own prices")
    func ofJob() throws {
        let yaml = """
            model: m
            prompts: [hello]
            prices:
              models:
                m: {input: 0.5, output: 1}
            """
        let job = try Workspace().load(yaml).job
        let price = job.prices.price(of: PricedModelName("m"), at: 0)
        #expect(job.prices.layers.map(\.origin) == ["the job's prices"])
        #expect(price?.rates == [.input: MicroDollars(500_000), .output: MicroDollars(1_000_000)])
        let error = Workspace.error(yaml.replacing("0.5", with: "cheap"))
        #expect(error?.problems.first?.line == 5)
    }

    // MARK: Tiers

    @Test("the tier stands beside `config` or in it, for the job and for an item")
    func tiers() throws {
        let items = try Workspace().items(
            """
            model: m
            service_tier: flex
            prompts:
              - a
              - {prompt: b, service_tier: Priority}
              - {prompt: c, config: {serviceTier: standard}}
              - {prompt: d, config: {temperature: 0}}
            """
        )
        #expect(items.map(\.request.serviceTier) == [.flex, .priority, .standard, .flex])
        let inConfig = try Workspace().items("model: m\nconfig: {service_tier: flex}\nprompts: [a]\n")
        #expect(ItemFingerprint(of: inConfig[0].request) == ItemFingerprint(of: items[0].request))
    }

    @Test(
        "a tier that is not one, or is given twice, is told",
        arguments: [
            (
                "service_tier: fast\nprompts: [a]\n",
                "2:15: \"service_tier\" must be one of standard, flex, priority, not \"fast\""
            ),
            (
                "service_tier: flex\nconfig: {service_tier: priority}\nprompts: [a]\n",
                "2:15: \"service_tier\" stands in `config` too; keep one"
            ),
            (
                "prompts:\n  - {prompt: a, service_tier: flex, config: {service_tier: flex}}\n",
                "3:31: \"service_tier\" stands in `config` too; keep one"
            ),
        ]
    )
    func badTiers(yaml: String, message: String) {
        let error = Workspace.error("model: m\n" + yaml)
        let told = error?.problems.map { "\($0.line ?? 0):\($0.column ?? 0): \($0.message)" }
        #expect(told == [message])
    }

    @Test("flex has longer limits of its own, unless the job says how long")
    func flexTimeouts() throws {
        let job = try Workspace().load("model: m\nprompts: [a]\ntimeouts: {item: 20m}\n").job
        #expect(job.timeouts.item == .seconds(1200))
        #expect(job.flexTimeouts.item == .seconds(1200))
        #expect(job.timeouts.firstChunk == .seconds(300))
        #expect(job.flexTimeouts.firstChunk == Timeouts.flex.firstChunk)
    }
}

extension Workspace {
    fileprivate static func error(_ yaml: String) -> JobFileError? {
        (try? Workspace())?.error(yaml)
    }
}
