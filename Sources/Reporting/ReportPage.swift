package import BatchCore
internal import JSON

/// A job as one HTML page that needs nothing else: no server, no network, and no script to be read.
///
/// Written from top to bottom, so that memory does not grow with the answers in it: first ``init(_:_:answers:to:)``, then
/// ``add(_:turns:)`` for each item, then ``finish()``.
package struct ReportPage {
    private let write: ([UInt8]) throws -> Void
    private var markup = Markup()
    private var answers: AnswerList

    /// Writes the page down to its list of answers.
    ///
    /// - Parameters:
    ///   - header: What the job is.
    ///   - figures: All requests, counted.
    ///   - answers: How many items the list is going to have, of how many that have something to show.
    ///   - write: Takes the page, piece by piece.
    /// - Throws: What `write` throws.
    package init(
        _ header: ReportHeader,
        _ figures: ReportFigures,
        answers: (shown: Int, all: Int),
        to write: @escaping ([UInt8]) throws -> Void
    ) throws {
        self.write = write
        self.answers = AnswerList(axes: figures.axes)
        writeHead(header)
        markup.open("main")
        let sections = FigureSections(header: header, figures: figures)
        sections.write(to: &markup)
        markup.open("section", ["id": "answers"])
        markup.element("h2", [:], "Answers")
        if answers.shown == 0 {
            markup.element("p", ["class": "note"], "None are shown here.")
        } else if answers.shown < answers.all {
            let words =
                "The first \(Words.count(answers.shown)) of \(Words.count(answers.all, "item")) with an answer or a "
            markup.element("p", ["class": "note"], words + "failure; genbatch export has them all.")
        }
        markup.raw(AnswerList.controls)
        markup.open("div", ["id": "list"])
        try write(markup.take())
    }

    /// Adds an item to the list of answers; variants of one row of data have to follow one another.
    ///
    /// - Parameters:
    ///   - result: The item and what came of it.
    ///   - turns: What the user says in it.
    /// - Throws: What cannot be written.
    package mutating func add(_ result: ResultRow, turns: [ItemRequest.Turn]) throws {
        answers.add(result, turns: turns, to: &markup)
        try write(markup.take())
    }

    /// Writes the end of the page.
    ///
    /// - Throws: What cannot be written.
    package mutating func finish() throws {
        answers.finish(&markup)
        for name in ["div", "section", "main"] as [StaticString] {
            markup.close(name)
        }
        markup.element("script") { $0.raw(asset: PageAssets.script) }
        markup.raw("</body></html>\n")
        try write(markup.take())
    }

    private mutating func writeHead(_ header: ReportHeader) {
        markup.raw("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        markup.open("meta", ["http-equiv": "Content-Security-Policy", "content": PageAssets.policy])
        markup.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
        markup.raw(
            "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\">"
        )
        // Browsers ask the server for an icon where a page names none.
        markup.raw("<link rel=\"icon\" href=\"data:,\">")
        markup.element("title", [:], "\(header.name) – genbatch report")
        markup.element("style") { $0.raw(asset: PageAssets.style) }
        markup.raw("</head><body>")
        markup.element("header") { markup in
            markup.element("h1", [:], header.name)
            markup.element(
                "p",
                [:],
                "\(header.jobPath) · \(Words.moment(header.madeAt)) · genbatch \(header.version)"
                    + (header.isRunning ? " · the job is running, this is how far it is" : "")
            )
        }
    }
}
