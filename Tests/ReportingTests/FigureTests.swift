import BatchCore
import Testing

@testable import Reporting

@Suite("Figures of a report")
struct FigureTests {
    @Test("percentiles are right to half a step")
    func hasPercentiles() throws {
        var histogram = LogHistogram()
        #expect(histogram.percentile(0.5) == nil)
        for milliseconds in 1...1000 {
            histogram.add(.milliseconds(milliseconds))
        }
        for (part, expected) in [(0.5, 500.0), (0.95, 950), (0.99, 990), (1, 1000)] {
            let value = try #require(histogram.percentile(part))
            #expect(abs(value / expected - 1) < 0.03, "\(part): \(value)")
        }
    }

    @Test("lengths of time outside of all steps are counted at the ends")
    func countsExtremes() {
        var histogram = LogHistogram()
        histogram.add(.zero)
        histogram.add(.seconds(-3))
        histogram.add(.seconds(1_000_000_000))
        #expect(histogram.total == 3)
        #expect(histogram.bars().map(\.count).reduce(0, +) == 3)
        #expect(histogram.bars().count <= 41)
    }

    @Test("pauses between runs take no time, and runs in two places at once are counted once")
    func leavesOutPauses() {
        let time = WorkingTime([1_000_000...1_060_000, 0...60_000, 30_000...60_000])
        #expect(time.total == 120_000)
        #expect(time.pauses == [0.5])
        #expect(time.bin(of: -5) == 0)
        #expect(time.bin(of: 0) == 0)
        #expect(time.bin(of: 500_000) == 60)
        #expect(time.bin(of: 1_030_000) == 90)
        #expect(time.bin(of: .max) == 119)
    }

    @Test("no time at all is no division by nothing")
    func standsNoTime() {
        #expect(WorkingTime([]).bin(of: 5) == 0)
        #expect(WorkingTime([5...5]).bin(of: 5) == 0)
    }

    @Test("the axes of a matrix are found in a key, whatever is in the values")
    func findsAxes() throws {
        let axes = try #require(
            MatrixAxes(key: "row[1][tone=a, b=c,bullets=3]", input: #"{"title":"x","tone":"a, b=c","bullets":3}"#)
        )
        #expect(axes.names == ["tone", "bullets"])
        #expect(axes.values(of: "x[tone=[y],bullets=5]") == ["[y]", "5"])
        #expect(axes.split("x[tone=y,bullets=5]")?.base == "x")
        #expect(axes.values(of: "x[tone=y]") == nil)
        #expect(axes.values(of: "x") == nil)
        #expect(MatrixAxes(key: "row[1]", input: #"{"title":"x"}"#) == nil)
        #expect(MatrixAxes(key: "a[b=c]", input: "no JSON") == nil)
    }

    @Test("requests are counted by model and by value of each axis")
    func countsGroups() throws {
        let axes = MatrixAxes(key: "a[tone=dry]", input: #"{"tone":"dry"}"#)
        var figures = ReportFigures(busyTimes: [], axes: axes)
        figures.add(answered("a[tone=dry]", model: "m1"))
        figures.add(answered("b[tone=warm]", model: "m1", cost: nil))
        figures.add(answered("c[tone=dry]", model: "m2"))
        #expect(figures.models.rows.map(\.name) == ["m1", "m2"])
        #expect(figures.models.rows.map(\.tally.requests) == [2, 1])
        let tones = try #require(figures.axisValues.first).rows
        #expect(tones.map(\.name) == ["dry", "warm"])
        #expect(tones.map(\.tally.cost.amount) == [MicroDollars(240), nil])
    }

    @Test("more names than fit are one group, and nothing is lost")
    func boundsGroups() {
        var table = TallyTable()
        for number in 0..<1000 {
            table.add(answered("k"), to: "model-\(number)")
        }
        #expect(table.rows.count == TallyTable.limit + 1)
        #expect(table.rows.last?.name == TallyTable.others)
        #expect(table.rows.map(\.tally.requests).reduce(0, +) == 1000)
    }

    @Test("refusals are counted by quota, and the slowest answers are kept in order")
    func countsRefusals() {
        var figures = ReportFigures(busyTimes: [1_763_834_000_000...1_763_834_100_000], axes: nil)
        for second in 0..<50 {
            figures.add(answered("k\(second)", at: second, milliseconds: 1000 + second))
            figures.add(refused("k", .rateMinute, at: second))
        }
        figures.add(refused("k", .safety))
        #expect(figures.quotas.values.map(\.count) == [50])
        #expect(figures.quotas.values.map(\.longestWait) == [.seconds(21)])
        #expect(figures.failures == ["rate_minute": 50, "safety": 1])
        #expect(figures.slowest.map(\.key) == (35..<50).reversed().map { "k\($0)" })
        #expect(figures.bins.map(\.answered).reduce(0, +) == 50)
        #expect(figures.bins.map(\.refused).reduce(0, +) == 50)
        #expect(figures.bins.map(\.failed).reduce(0, +) == 1)
    }

    @Test("scales end at a round number that is not below the greatest value")
    func hasRoundScales() throws {
        for maximum in [0.004, 0.7, 1, 3, 17, 99, 1234, 8_000_000] {
            let steps = Chart.steps(upTo: maximum)
            #expect(try #require(steps.last) >= maximum)
            #expect((2...6).contains(steps.count), "\(maximum): \(steps)")
        }
        #expect(Chart.steps(upTo: 0) == [0, 1])
    }

    @Test("numbers and times are as people write them")
    func hasWords() {
        #expect(
            [0.004, 0.25, 7.5, 7, 120, 12_345, 3_400_000].map(Words.short) == [
                "0", "0.25", "7.5", "7", "120", "12.3k", "3.4M",
            ]
        )
        #expect(
            [3.2, 1234, 60_000, 3_725_000, 90_000_000].map { Words.duration(milliseconds: $0) }
                == ["3 ms", "1.2 s", "1m", "1h 2m", "1d 1h"]
        )
        #expect(Words.beginning(of: "aä", bytes: 2) == ("a", false))
        #expect(Words.beginning(of: "aä", bytes: 3) == ("aä", true))
    }
}
