/// How a job went on while it worked: answers, requests and tokens over time.
struct TimeCharts {
    /// More pauses would hide the picture.
    private static let maximumPauses = 40

    let figures: ReportFigures

    func write(to markup: inout Markup) {
        markup.element("section", ["id": "progress"]) { markup in
            markup.element("h2", [:], "Over time")
            if !figures.time.pauses.isEmpty {
                let note = "Working time: pauses between runs are left out; a dashed line is where one was."
                markup.element("p", ["class": "note"], note)
            }
            markup.element("div", ["class": "charts"]) { markup in
                drawProgress(&markup)
                drawThroughput(&markup)
                drawTokens(&markup)
            }
        }
    }

    private func drawProgress(_ markup: inout Markup) {
        var sum = 0.0
        let values = figures.bins.map { bin in
            sum += Double(bin.answered)
            return sum
        }
        chart("Answers", "\(Words.count(Int(sum), "answer")) in \(total)")
            .drawLine(Chart.Series(name: "answers", style: "answered", values: values), into: &markup)
    }

    private func drawThroughput(_ markup: inout Markup) {
        let perMinute = 60 / figures.time.binSeconds
        let series = [
            Chart.Series(
                name: "answered",
                style: "answered",
                values: figures.bins.map { Double($0.answered) * perMinute }
            ),
            Chart.Series(name: "failed", style: "failed", values: figures.bins.map { Double($0.failed) * perMinute }),
            Chart.Series(
                name: "refused by a quota",
                style: "refused",
                values: figures.bins.map { Double($0.refused) * perMinute }
            ),
        ]
        let average = Double(figures.all.answered) * 60_000 / Double(figures.time.total)
        chart("Requests per minute", "\(Words.short(average)) answers per minute on average")
            .drawBars(series, into: &markup)
    }

    private func drawTokens(_ markup: inout Markup) {
        let values = figures.bins.map { Double($0.outputTokens) / figures.time.binSeconds }
        let sum = figures.bins.reduce(0) { $0 + $1.outputTokens }
        let average = Double(sum) * 1000 / Double(figures.time.total)
        chart(
            "Output tokens per second",
            "\(Words.short(average)) tokens per second on average, thoughts included, counted when an answer ends"
        )
        .drawBars([Chart.Series(name: "tokens", style: "plain", values: values)], into: &markup)
    }

    private var total: String { Words.duration(milliseconds: Double(figures.time.total)) }

    private func chart(_ title: String, _ summary: String) -> Chart {
        var chart = Chart(title: title, summary: summary, ticks: ticks)
        chart.pauses = figures.time.pauses.count <= Self.maximumPauses ? figures.time.pauses : []
        let seconds = figures.time.binSeconds
        chart.barName = { "after \(Words.duration(milliseconds: Double($0) * seconds * 1000))" }
        return chart
    }

    /// At round times, six at most.
    private var ticks: [Chart.Tick] {
        let total = Double(figures.time.total)
        let step = LogScale.round.first { total / $0 < 6 } ?? total / 5
        return stride(from: 0, through: total, by: step).map { time in
            Chart.Tick(position: time / total, text: time == 0 ? "0" : Words.duration(milliseconds: time))
        }
    }
}
