internal import BatchCore

/// The page above its answers: what happened, in tiles, charts and tables.
struct FigureSections {
    let header: ReportHeader
    let figures: ReportFigures

    func write(to markup: inout Markup) {
        writeOverview(&markup)
        guard figures.all.requests > 0 else {
            markup.element("p", ["class": "note"], "No request was sent yet.")
            return
        }
        if figures.time.began != nil {
            TimeCharts(figures: figures).write(to: &markup)
        }
        writeLatency(&markup)
        writeTallies(&markup)
        writeFailures(&markup)
        writeQuotas(&markup)
        writeSlowest(&markup)
    }

    // MARK: Overview

    private func writeOverview(_ markup: inout Markup) {
        markup.element("section", ["id": "overview"]) { markup in
            writeStateBar(&markup)
            markup.element("dl", ["class": "tiles"]) { markup in
                for tile in tiles {
                    markup.element("div") { markup in
                        markup.element("dt", [:], tile.name)
                        markup.element("dd", [:], tile.value)
                        if !tile.note.isEmpty {
                            markup.element("dd", ["class": "note"], tile.note)
                        }
                    }
                }
            }
        }
    }

    private var tiles: [(name: String, value: String, note: String)] {
        let done = header.items[.done] ?? 0
        let share = header.itemCount > 0 ? "\(done * 100 / header.itemCount) % of \(Words.count(header.itemCount))" : ""
        let all = figures.all
        let retries = all.requests - all.answered
        var tiles = [
            ("Items done", Words.count(done), share),
            ("Items failed", Words.count(header.items[.failed] ?? 0), ""),
            ("Requests", Words.count(all.requests), retries > 0 ? "\(Words.count(retries)) without an answer" : ""),
            (
                "Cost", Words.cost(all.cost),
                all.cost.unpricedAttempts > 0 ? "unknown for \(Words.count(all.cost.unpricedAttempts, "request"))" : ""
            ),
            (
                "Tokens", "\(Words.short(Double(all.tokens.promptTokens ?? 0))) in",
                "\(Words.short(Double(Self.output(all.tokens) ?? 0))) out"
            ),
        ]
        if let began = figures.time.began, let ended = figures.time.ended {
            let name = header.runs == 1 ? "Working time" : "Working time in \(Words.count(header.runs)) runs"
            tiles.append(
                (
                    name, Words.duration(milliseconds: Double(figures.time.total)),
                    "\(Words.moment(began)) to \(Words.moment(ended))"
                )
            )
        }
        return tiles
    }

    private func writeStateBar(_ markup: inout Markup) {
        let states = ItemState.allCases.reversed().filter { header.items[$0] ?? 0 > 0 }
        guard header.itemCount > 0 else { return }
        let words = states.map { "\(Words.count(header.items[$0] ?? 0)) \($0.rawValue)" }.joined(separator: ", ")
        let order: [ItemState] = [.done, .failed, .deferred, .running, .pending].filter { states.contains($0) }
        markup.element(
            "svg",
            [
                "viewBox": "0 0 1000 16", "class": "states", "role": "img", "preserveAspectRatio": "none",
                "aria-label": words,
            ]
        ) { markup in
            var start = 0
            for state in order {
                let end = start + (header.items[state] ?? 0)
                let (from, to) = (start * 1000 / header.itemCount, end * 1000 / header.itemCount)
                markup.element(
                    "rect",
                    [
                        "x": "\(from)", "width": "\(max(to - from, 2))", "height": "16",
                        "class": "bar \(state.rawValue)",
                    ],
                    ""
                )
                start = end
            }
        }
        markup.element("p", ["class": "legend"]) { markup in
            for state in order {
                markup.element(
                    "span",
                    ["class": "key \(state.rawValue)"],
                    "\(Words.count(header.items[state] ?? 0)) \(state.rawValue)"
                )
            }
        }
    }

    // MARK: Latency

    private func writeLatency(_ markup: inout Markup) {
        guard figures.all.latency.total > 0 else { return }
        markup.element("section", ["id": "latency"]) { markup in
            markup.element("h2", [:], "Latency of answers")
            markup.element("div", ["class": "charts"]) { markup in
                drawHistogram(figures.all.latency, "Until the answer was complete", into: &markup)
                drawHistogram(figures.all.firstChunk, "Until its first piece", into: &markup)
            }
        }
    }

    private func drawHistogram(_ histogram: LogHistogram, _ title: String, into markup: inout Markup) {
        let bars = histogram.bars()
        guard let first = bars.first, let last = bars.last else { return }
        let percentiles = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)].map { name, part in
            (name: name, milliseconds: histogram.percentile(part) ?? 0)
        }
        let position = { (time: Double) in
            LogScale(from: first.from, to: last.to).position(of: time)
        }
        var chart = Chart(
            title: title,
            summary: percentiles.map { "\($0.name) \(Words.duration(milliseconds: $0.milliseconds))" }
                .joined(separator: " · ") + " · \(Words.count(histogram.total, "answer"))",
            ticks: LogScale(from: first.from, to: last.to).ticks()
        )
        chart.marks = percentiles.map { Chart.Tick(position: position($0.milliseconds), text: $0.name) }
        chart.barName = { index in
            "\(Words.duration(milliseconds: bars[index].from)) to \(Words.duration(milliseconds: bars[index].to))"
        }
        chart.drawBars([.init(name: "answers", style: "plain", values: bars.map { Double($0.count) })], into: &markup)
    }

    // MARK: Cost and tokens

    private func writeTallies(_ markup: inout Markup) {
        markup.element("section", ["id": "cost"]) { markup in
            markup.element("h2", [:], "Cost and tokens")
            writeTable("Model", figures.models.rows, &markup)
            for (name, table) in zip(figures.axes?.names ?? [], figures.axisValues) where name != "model" {
                writeTable(name, table.rows, &markup)
            }
        }
    }

    private func writeTable(_ name: String, _ rows: [(name: String, tally: RequestTally)], _ markup: inout Markup) {
        let columns = [
            "Requests", "Answered", "Failed", "Input", "of it cached", "Output", "Thoughts", "Cost", "Per answer",
            "p50", "p95",
        ]
        let table = Table(
            columns: [Table.Column(name)] + columns.map { Table.Column($0, isNumber: true) },
            rows: rows.map { row in [row.name] + Self.cells(row.tally) }
        )
        table.write(to: &markup)
    }

    private static func cells(_ tally: RequestTally) -> [String] {
        let perAnswer = tally.cost.amount.flatMap { cost in
            tally.answered > 0 ? "\(MicroDollars(cost.amount / Int64(tally.answered)))" : nil
        }
        return [
            Words.count(tally.requests), Words.count(tally.answered), Words.count(tally.failed),
            Words.count(tally.tokens.promptTokens), Words.count(tally.tokens.cachedTokens),
            Words.count(tally.tokens.outputTokens), Words.count(tally.tokens.thoughtTokens), Words.cost(tally.cost),
            perAnswer ?? "–", tally.latency.percentile(0.5).map { Words.duration(milliseconds: $0) } ?? "–",
            tally.latency.percentile(0.95).map { Words.duration(milliseconds: $0) } ?? "–",
        ]
    }

    private static func output(_ tokens: TokenUsage) -> Int? {
        guard tokens.outputTokens != nil || tokens.thoughtTokens != nil else { return nil }
        return (tokens.outputTokens ?? 0) + (tokens.thoughtTokens ?? 0)
    }

    // MARK: What went wrong, and what took long

    private func writeFailures(_ markup: inout Markup) {
        let classes = Set(figures.failures.keys).union(header.failedItems.keys)
        guard !classes.isEmpty else { return }
        let rows = classes.map { (name: $0, requests: figures.failures[$0] ?? 0, items: header.failedItems[$0] ?? 0) }
            .sorted { ($1.items, $1.requests, $0.name) < ($0.items, $0.requests, $1.name) }
        markup.element("section", ["id": "failures"]) { markup in
            markup.element("h2", [:], "Failures")
            let note = "A request that failed may have been made good by a later one; an item that failed was not."
            markup.element("p", ["class": "note"], note)
            Table(
                columns: [
                    Table.Column("Class"), Table.Column("Requests", isNumber: true),
                    Table.Column("Items failed", isNumber: true),
                ],
                rows: rows.map { [$0.name, Words.count($0.requests), Words.count($0.items)] }
            ).write(to: &markup)
        }
    }

    private func writeQuotas(_ markup: inout Markup) {
        guard !figures.quotas.isEmpty else { return }
        markup.element("section", ["id": "quotas"]) { markup in
            markup.element("h2", [:], "Quota waits")
            Table(
                columns: [
                    Table.Column("Model"), Table.Column("Class"), Table.Column("Quota"),
                    Table.Column("Limit", isNumber: true), Table.Column("Refusals", isNumber: true),
                    Table.Column("Longest wait asked for", isNumber: true),
                ],
                rows: figures.quotas.sorted { $0.value.count > $1.value.count }.map { quota, refusals in
                    [
                        quota.model, quota.failureClass, quota.id ?? "not told", Words.count(quota.limit),
                        Words.count(refusals.count),
                        refusals.longestWait > .zero ? Words.duration(refusals.longestWait) : "–",
                    ]
                }
            ).write(to: &markup)
        }
    }

    private func writeSlowest(_ markup: inout Markup) {
        guard !figures.slowest.isEmpty else { return }
        markup.element("section", ["id": "slowest"]) { markup in
            markup.element("h2", [:], "Slowest answers")
            Table(
                columns: [
                    Table.Column("Item"), Table.Column("Model"), Table.Column("Took", isNumber: true),
                    Table.Column("First piece", isNumber: true), Table.Column("Output tokens", isNumber: true),
                ],
                rows: figures.slowest.map { answer in
                    [
                        answer.key, answer.model, Words.duration(answer.timings.total),
                        answer.timings.firstChunk.map { Words.duration($0) } ?? "–", Words.count(answer.outputTokens),
                    ]
                }
            ).write(to: &markup)
        }
    }
}
