internal import BatchCore
internal import JSON

/// The list of answers, an entry for each row of data: what the variants of a matrix answered stands side by side in it.
struct AnswerList {
    private struct Entry {
        let result: ResultRow
        let turns: [ItemRequest.Turn]
        /// `model=a, bullets=3`; empty without a matrix.
        let variant: String
    }

    /// Works with the script only, which shows it.
    static let controls: StaticString = """
        <form id="controls" class="controls" hidden>\
        <label>Search <input id="search" type="search" autocomplete="off" spellcheck="false"></label>\
        <label>State <select id="state"><option value="">all</option></select></label>\
        <label>Model <select id="model"><option value="">all</option></select></label>\
        <label class="pair" hidden>Compare <select id="left"><option value="">all variants</option></select></label>\
        <label class="pair" hidden>with <select id="right"><option value="">all variants</option></select></label>\
        <output id="found"></output></form>
        """

    /// The most variants in one entry.
    private static let maximumEntries = 24
    /// Of one text, in bytes; the page is no export.
    private static let maximumText = 20_000
    private static let maximumValue = 1000
    private static let maximumColumns = 40

    private let axes: MatrixAxes?
    private var entries: [Entry] = []
    private var images = ImageBudget()

    init(axes: MatrixAxes?) {
        self.axes = axes
    }

    mutating func add(_ result: ResultRow, turns: [ItemRequest.Turn], to markup: inout Markup) {
        let values = axes?.values(of: result.key)
        let variant = zip(axes?.names ?? [], values ?? []).map { "\($0)=\($1)" }.joined(separator: ", ")
        let isSibling =
            !variant.isEmpty && entries.last.map { !$0.variant.isEmpty && $0.result.origin == result.origin } == true
        if !isSibling || entries.count == Self.maximumEntries {
            finish(&markup)
        }
        entries.append(Entry(result: result, turns: turns, variant: variant))
    }

    /// Writes the entry that was collected last.
    mutating func finish(_ markup: inout Markup) {
        guard let first = entries.first else { return }
        markup.open("details", ["class": "row"])
        writeSummary(first, &markup)
        writeInput(first.result, &markup)
        markup.open("div", ["class": "variants"])
        for entry in entries {
            write(entry, &markup)
        }
        markup.close("div")
        markup.close("details")
        markup.raw("\n")
        entries = []
    }

    private func writeSummary(_ first: Entry, _ markup: inout Markup) {
        let key = entries.count > 1 ? String(axes?.split(first.result.key)?.base ?? "") : first.result.key
        let text = first.result.turns.last?.answer.text ?? first.result.failure?.message ?? ""
        markup.element("summary") { markup in
            markup.element("span", ["class": "name", "dir": "auto"], key.isEmpty ? first.result.origin : key)
            for (state, count) in states {
                let words = entries.count > 1 ? "\(Words.count(count)) \(state.rawValue)" : state.rawValue
                markup.element("span", ["class": "key \(state.rawValue)"], words)
            }
            markup.element(
                "span",
                ["class": "preview", "dir": "auto"],
                Words.beginning(of: text, bytes: 160).text
            )
        }
    }

    /// How many variants of the entry are in which state.
    private var states: [(state: ItemState, count: Int)] {
        ItemState.allCases
            .map { state in (state: state, count: entries.count { $0.result.state == state }) }
            .filter { $0.count > 0 }
    }

    /// What the templates saw, without the values of the matrix, which stand at each variant.
    private func writeInput(_ result: ResultRow, _ markup: inout Markup) {
        let input = (try? JSONValue(parsing: result.input))?.object ?? [:]
        let columns = input.filter { !(axes?.names.contains($0.name) ?? false) }
        guard !columns.isEmpty else { return }
        markup.element("dl", ["class": "input"]) { markup in
            for column in columns.prefix(Self.maximumColumns) {
                markup.element("dt", ["dir": "auto"], column.name)
                markup.element("dd", ["dir": "auto"]) { markup in
                    writeText(column.value.string ?? column.value.text, bytes: Self.maximumValue, &markup)
                }
            }
        }
    }

    private mutating func write(_ entry: Entry, _ markup: inout Markup) {
        let result = entry.result
        markup.open(
            "article",
            ["data-state": result.state.rawValue, "data-model": result.model, "data-variant": entry.variant]
        )
        markup.element("h3", ["dir": "auto"], entry.variant.isEmpty ? result.model : entry.variant)
        markup.element("p", ["class": "facts"]) { markup in
            markup.element("span", ["class": "key \(result.state.rawValue)"], result.state.rawValue)
            markup.text(
                " "
                    + facts(result, namesModel: !entry.variant.isEmpty && axes?.names.contains("model") == false)
                    .joined(separator: " · ")
            )
        }
        for (index, turn) in entry.turns.enumerated() {
            writePrompt(turn, &markup)
            if index < result.turns.count {
                write(result.turns[index].answer, &markup)
            }
        }
        // More answers than questions: the item has changed since.
        for turn in result.turns.dropFirst(entry.turns.count) {
            write(turn.answer, &markup)
        }
        if let failure = result.failure {
            markup.element("p", ["class": "failure", "dir": "auto"]) { markup in
                markup.element("strong", [:], failure.failureClass + (failure.httpStatus.map { " \($0)" } ?? ""))
                markup.text(" ")
                writeText(failure.message, bytes: Self.maximumValue, &markup)
            }
        }
        markup.element("p", ["class": "origin", "dir": "auto"], "\(result.key) · \(result.origin)")
        markup.close("article")
    }

    private func facts(_ result: ResultRow, namesModel: Bool) -> [String] {
        let usage = result.turns.reduce(into: TokenUsage()) { $0 += $1.answer.usage }
        let time = result.turns.reduce(Duration.zero) { $0 + $1.timings.total }
        var facts = namesModel ? [result.model] : []
        if !result.turns.isEmpty {
            facts.append(Words.duration(time))
            usage.promptTokens.map { facts.append("\(Words.count($0)) in") }
            usage.outputTokens.map { facts.append("\(Words.count($0)) out") }
            usage.thoughtTokens.map { facts.append("\(Words.count($0)) thoughts") }
        }
        result.cost.amount.map { _ in facts.append(Words.cost(result.cost)) }
        if result.attempts > result.turns.count {
            facts.append(Words.count(result.attempts, "attempt"))
        }
        if result.turns.contains(where: \.answer.isTruncated) {
            facts.append("cut at the output limit")
        }
        return facts
    }

    private func writePrompt(_ turn: ItemRequest.Turn, _ markup: inout Markup) {
        markup.element("details", ["class": "prompt"]) { markup in
            markup.element("summary") { markup in
                markup.element("span", ["dir": "auto"], "Prompt: \(Words.beginning(of: turn.text, bytes: 80).text)")
            }
            markup.element("div", ["class": "text", "dir": "auto"]) { markup in
                writeText(turn.text, bytes: Self.maximumText, &markup)
            }
            for medium in turn.media {
                markup.element("p", ["class": "note", "dir": "auto"], "\(medium.mimeType) \(medium.location.name)")
            }
        }
    }

    private mutating func write(_ answer: Answer, _ markup: inout Markup) {
        markup.element("div", ["class": "text", "dir": "auto"]) { markup in
            writeText(answer.text, bytes: Self.maximumText, &markup)
        }
        for medium in AnswerMedium.all(in: answer) {
            guard let address = images.address(of: medium) else {
                let words = "\(medium.mimeType), \(Words.count(medium.count, "byte")), is not shown here"
                markup.element("p", ["class": "note"], words)
                continue
            }
            markup.open("img", ["src": address, "alt": "\(medium.mimeType) in the answer"])
        }
    }

    private func writeText(_ text: String, bytes: Int, _ markup: inout Markup) {
        let beginning = Words.beginning(of: text, bytes: bytes)
        markup.text(beginning.text)
        if !beginning.isWhole {
            markup.element("span", ["class": "note"], " … (\(Words.count(text.utf8.count)) bytes, cut here)")
        }
    }
}

extension MediaReference.Location {
    fileprivate var name: String {
        switch self {
        case .uri(let uri): uri
        case .file(let path, _): path
        }
    }
}
