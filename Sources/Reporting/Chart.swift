/// One chart as SVG: a frame with axes, and what is drawn into it.
///
/// Colours come from classes, so that light, dark and print are one picture; the words say what the picture does.
struct Chart {
    /// Bars that stand on one another, or a line.
    struct Series {
        let name: String
        /// `answered`, `failed`, `refused` or `plain`: a class of the style sheet.
        let style: StaticString
        let values: [Double]
    }

    struct Tick {
        /// From 0 to 1.
        let position: Double
        let text: String
    }

    private static let width = 480.0
    private static let height = 220.0
    private static let left = 46.0
    private static let right = 10.0
    private static let top = 12.0
    private static let bottom = 30.0

    let title: String
    /// What the chart says, for those who do not see it.
    let summary: String
    let ticks: [Tick]
    /// Vertical lines through the whole height, with a word each.
    var marks: [Tick] = []
    /// Faint vertical lines, where a job paused.
    var pauses: [Double] = []
    /// What one bar is about, for the small text over it.
    var barName: (Int) -> String = { _ in "" }

    func drawBars(_ series: [Series], into markup: inout Markup) {
        let count = series.first?.values.count ?? 0
        let sums = (0..<count).map { index in series.reduce(0) { $0 + $1.values[index] } }
        draw(maximum: sums.max() ?? 0, series, into: &markup) { markup, scale in
            let step = plotWidth / Double(max(count, 1))
            for index in 0..<count where sums[index] > 0 {
                drawStack(index, series, step: step, scale: scale, into: &markup)
            }
        }
    }

    func drawLine(_ series: Series, into markup: inout Markup) {
        draw(maximum: series.values.max() ?? 0, [series], into: &markup) { markup, scale in
            let count = series.values.count
            let points = series.values.enumerated().map { index, value in
                "\(Self.number(x(Double(index + 1) / Double(count)))),\(Self.number(y(value, scale)))"
            }
            let line = "M\(Self.number(x(0))),\(Self.number(y(0, scale)))L" + points.joined(separator: "L")
            let area = line + "V\(Self.number(y(0, scale)))Z"
            markup.element("path", ["d": area, "class": "area"], "")
            markup.element("path", ["d": line, "class": "line"], "")
        }
    }

    private func drawStack(
        _ index: Int,
        _ series: [Series],
        step: Double,
        scale: Double,
        into markup: inout Markup
    ) {
        markup.element("g") { markup in
            var below = 0.0
            var words: [String] = []
            for part in series where part.values[index] > 0 {
                let value = part.values[index]
                let top = y(below + value, scale)
                markup.element(
                    "rect",
                    [
                        "x": Self.number(Self.left + Double(index) * step + step * 0.06), "y": Self.number(top),
                        "width": Self.number(step * 0.88), "height": Self.number(max(y(below, scale) - top, 0.5)),
                        "class": "bar \(part.style)",
                    ],
                    ""
                )
                below += value
                words.append(series.count > 1 ? "\(Words.short(value)) \(part.name)" : Words.short(value))
            }
            markup.element("title", [:], "\(barName(index)): \(words.joined(separator: ", "))")
        }
    }

    private func draw(
        maximum: Double,
        _ series: [Series],
        into markup: inout Markup,
        _ content: (inout Markup, Double) -> Void
    ) {
        let steps = Self.steps(upTo: maximum)
        let scale = steps.last ?? 1
        markup.element("figure", ["class": "chart"]) { markup in
            markup.element("figcaption") { markup in
                markup.element("strong", [:], title)
                if series.count > 1 {
                    drawLegend(series, into: &markup)
                }
            }
            let box = "0 0 \(Self.number(Self.width)) \(Self.number(Self.height))"
            markup.element("svg", ["viewBox": box, "role": "img", "aria-label": "\(title): \(summary)"]) { markup in
                drawAxes(steps, scale, into: &markup)
                content(&markup, scale)
                drawMarks(into: &markup)
            }
            markup.element("p", ["class": "note"], summary)
        }
    }

    private func drawLegend(_ series: [Series], into markup: inout Markup) {
        for part in series where part.values.contains(where: { $0 > 0 }) {
            markup.element("span", ["class": "key \(part.style)"], part.name)
        }
    }

    private func drawAxes(_ steps: [Double], _ scale: Double, into markup: inout Markup) {
        for step in steps {
            drawLine(from: (Self.left, y(step, scale)), to: (x(1), y(step, scale)), "grid", into: &markup)
            drawText(Words.short(step), at: (Self.left - 6, y(step, scale) + 4), "end", into: &markup)
        }
        for tick in ticks {
            let anchor = tick.position < 0.02 ? "start" : tick.position > 0.95 ? "end" : "middle"
            drawText(tick.text, at: (x(tick.position), Self.height - 10), anchor, into: &markup)
        }
        for pause in pauses {
            drawLine(from: (x(pause), Self.top), to: (x(pause), y(0, 1)), "pause", into: &markup)
        }
    }

    private func drawMarks(into markup: inout Markup) {
        guard !marks.isEmpty else { return }
        for mark in marks {
            drawLine(from: (x(mark.position), Self.top), to: (x(mark.position), y(0, 1)), "mark", into: &markup)
        }
        markup.element("g", ["class": "marks"]) { markup in
            for (index, mark) in marks.enumerated() {
                // Each a line lower, since they may stand close together.
                let anchor = mark.position > 0.85 ? "end" : "start"
                let place = (x(mark.position) + (anchor == "end" ? -4 : 4), Self.top + 10 + Double(index) * 16)
                drawText(mark.text, at: place, anchor, into: &markup)
            }
        }
    }

    private func drawLine(
        from start: (x: Double, y: Double),
        to end: (x: Double, y: Double),
        _ style: String,
        into markup: inout Markup
    ) {
        markup.element(
            "line",
            [
                "x1": Self.number(start.x), "y1": Self.number(start.y), "x2": Self.number(end.x),
                "y2": Self.number(end.y), "class": style,
            ],
            ""
        )
    }

    private func drawText(
        _ text: String,
        at place: (x: Double, y: Double),
        _ anchor: String,
        into markup: inout Markup
    ) {
        markup.element(
            "text",
            ["x": Self.number(place.x), "y": Self.number(place.y), "text-anchor": anchor],
            text
        )
    }

    private var plotWidth: Double { Self.width - Self.left - Self.right }

    private func x(_ position: Double) -> Double { Self.left + position * plotWidth }

    private func y(_ value: Double, _ scale: Double) -> Double {
        Self.height - Self.bottom - value / scale * (Self.height - Self.top - Self.bottom)
    }

    /// Round numbers from 0 to one that is not below the maximum.
    static func steps(upTo maximum: Double) -> [Double] {
        guard maximum > 0, maximum.isFinite else { return [0, 1] }
        var step = 0.001
        var factors = [2.0, 2.5, 2.0]
        while maximum / step > 4 {
            step *= factors[0]
            factors.append(factors.removeFirst())
        }
        return (0...Int((maximum / step).rounded(.up))).map { Double($0) * step }
    }

    /// With at most one digit after the point.
    private static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0
            ? String(tenths / 10) : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }
}
