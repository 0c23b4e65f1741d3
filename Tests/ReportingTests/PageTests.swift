import BatchCore
import JSON
import Reporting
import Testing

@Suite("The page of a report")
struct PageTests {
    @Test("a job without requests has a page that says so")
    func standsEmptyJob() throws {
        let page = try SamplePage(items: [.pending: 3]).text
        #expect(page.contains("No request was sent yet."))
        #expect(page.contains("3 pending"))
        #expect(page.hasSuffix("</body></html>\n"))
    }

    @Test("every section that has something to show is there")
    func hasSections() throws {
        let page = try SamplePage(
            items: [.done: 2, .failed: 1],
            failedItems: ["safety": 1],
            attempts: [answered("a"), answered("b", at: 30), refused("b", .rateMinute, at: 5), refused("c", .safety)],
            results: [result("a"), result("b")]
        ).text
        let sections = page.matches(of: /<section id="([a-z]+)">/).map { String($0.output.1) }
        #expect(
            sections == [
                "overview", "progress", "latency", "cost", "failures", "quotas", "slowest", "answers",
            ]
        )
        #expect(page.contains("$0.00024"))
        #expect(page.contains("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"))
        #expect(page.contains("The first 2 of 3 items"))
    }

    @Test("variants of one row stand in one entry, other rows in others")
    func groupsVariants() throws {
        let axes = MatrixAxes(key: "a[tone=dry]", input: #"{"tone":"dry"}"#)
        func variant(_ row: String, _ tone: String, origin: String) -> ResultRow {
            let input: JSONObject = ["title": .string("Title of \(row)"), "tone": .string(tone)]
            return result("\(row)[tone=\(tone)]", "\(row) \(tone)", input: input, origin: origin)
        }
        let page = try SamplePage(
            axes: axes,
            results: [
                variant("a", "dry", origin: "rows.csv:2"), variant("a", "warm", origin: "rows.csv:2"),
                variant("b", "dry", origin: "rows.csv:3"), variant("b", "warm", origin: "rows.csv:3"),
                result("single", origin: "rows.csv:3"),
            ]
        ).text
        let entries = page.split(separator: #"<details class="row">"#).dropFirst()
        #expect(entries.map { $0.matches(of: /<article/).count } == [2, 2, 1])
        #expect(page.matches(of: /Title of a/).count == 1)
        #expect(page.contains(#"data-variant="tone=warm""#))
    }

    @Test("a chat shows its questions and answers in turn")
    func showsChats() throws {
        var chat = result("chat", "first answer")
        chat.turns.append(try #require(result("chat", "second answer").turns.first))
        let turns = ["first question", "second question"].map { ItemRequest.Turn(text: $0) }
        let page = try SamplePage(results: [chat], turns: turns).text
        let places = ["first question</div>", "first answer</div>", "second question</div>", "second answer</div>"]
            .map { page.firstRange(of: $0)?.lowerBound }
        #expect(!places.contains(nil))
        #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted())
    }

    @Test("a long text is cut, and the page says so")
    func cutsLongTexts() throws {
        let page = try SamplePage(results: [result("long", String(repeating: "words ", count: 100_000))])
        #expect(page.bytes.count < 80_000)
        #expect(page.text.contains("(600,000 bytes, cut here)"))
    }

    @Test("the page of twenty times the requests is about as large")
    func hasBoundedSize() throws {
        func size(_ requests: Int) throws -> Int {
            let attempts = (0..<requests).map { number in
                answered("k\(number)", model: "m\(number % 500)", at: number, milliseconds: number % 90_000)
            }
            return try SamplePage(items: [.done: requests], attempts: attempts).bytes.count
        }
        #expect(try size(20_000) < size(1000) * 3 / 2)
    }
}
