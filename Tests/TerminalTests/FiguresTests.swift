import Testing

@testable import Terminal

@Suite struct FiguresTests {
    @Test(
        "a count is grouped by three digits",
        arguments: [
            (0, "0"), (999, "999"), (1000, "1,000"), (123_456, "123,456"), (1_234_567, "1,234,567"), (-1500, "-1,500"),
            (Int.min, "-9,223,372,036,854,775,808"),
        ] as [(Int, String)]
    )
    func count(number: Int, text: String) {
        #expect(Figures.count(number) == text)
    }

    @Test("one item is singular")
    func noun() {
        #expect([0, 1, 2].map { Figures.count($0, "item") } == ["0 items", "1 item", "2 items"])
    }

    @Test(
        "a rate keeps the digits that matter",
        arguments: [
            (0.0, "0"), (0.004, "0.00"), (0.421, "0.42"), (0.995, "1.0"), (7.26, "7.3"), (9.96, "10.0"),
            (99.44, "99.4"),
            (99.5, "100"), (1240.2, "1,240"), (-1.0, "0"), (Double.infinity, "0"), (Double.nan, "0"),
        ] as [(Double, String)]
    )
    func rate(perSecond: Double, text: String) {
        #expect(Figures.rate(perSecond) == text)
    }

    @Test(
        "a time is told in its two largest units",
        arguments: [
            (Duration.milliseconds(-5), "0s"), (.milliseconds(59_999), "59s"), (.seconds(60), "1m 0s"),
            (.seconds(3599), "59m 59s"), (.seconds(7500), "2h 5m"), (.seconds(86400 * 3 + 4 * 3600), "3d 4h"),
            (.seconds(86400 * 100), "more than 99d"), (.seconds(Int64.max / 1000), "more than 99d"),
        ] as [(Duration, String)]
    )
    func duration(duration: Duration, text: String) {
        #expect(Figures.duration(duration) == text)
    }
}
