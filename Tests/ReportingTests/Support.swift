import BatchCore
import JSON
import Reporting

/// A page in memory.
final class SamplePage {
    private(set) var bytes: [UInt8] = []
    var text: String { String(decoding: bytes, as: UTF8.self) }

    init(
        name: String = "nightly",
        items: [ItemState: Int] = [:],
        failedItems: [String: Int] = [:],
        attempts: [AttemptRow] = [],
        axes: MatrixAxes? = nil,
        results: [ResultRow] = [],
        turns: [ItemRequest.Turn] = [.init(text: "a question")]
    ) throws {
        var times: [ClosedRange<Int64>] = []
        let starts = attempts.compactMap(\.timings?.startedAtMilliseconds)
        if let first = starts.min(), let last = starts.max() {
            times = [first...last + 10_000]
        }
        var figures = ReportFigures(busyTimes: times, axes: axes)
        for attempt in attempts {
            figures.add(attempt)
        }
        let header = ReportHeader(
            name: name,
            jobPath: "/jobs/\(name).yaml",
            madeAt: 1_763_834_067_120,
            version: "0.1.0",
            items: items,
            failedItems: failedItems,
            runs: 1
        )
        let shown = (shown: results.count, all: max(results.count, items.values.reduce(0, +)))
        var page = try ReportPage(header, figures, answers: shown) { self.bytes += $0 }
        for result in results {
            try page.add(result, turns: turns)
        }
        try page.finish()
    }
}

func answered(
    _ key: String,
    model: String = "gemini-test",
    at second: Int = 0,
    milliseconds: Int = 1500,
    cost: MicroDollars? = MicroDollars(120)
) -> AttemptRow {
    AttemptRow(
        key: key,
        model: model,
        status: .answered,
        timings: AttemptTimings(
            startedAtMilliseconds: 1_763_834_000_000 + Int64(second) * 1000,
            firstChunk: .milliseconds(milliseconds / 4),
            total: .milliseconds(milliseconds)
        ),
        usage: TokenUsage(promptTokens: 100, outputTokens: 40, thoughtTokens: 20),
        cost: cost
    )
}

func refused(_ key: String, _ failureClass: FailureClass, at second: Int = 0) -> AttemptRow {
    AttemptRow(
        key: key,
        model: "gemini-test",
        status: .failed,
        timings: AttemptTimings(
            startedAtMilliseconds: 1_763_834_000_000 + Int64(second) * 1000,
            total: .milliseconds(30)
        ),
        failureClass: failureClass.rawValue,
        quotaID: "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
        quotaLimit: 15,
        retryDelay: .seconds(21)
    )
}

func result(
    _ key: String,
    _ text: String = "an answer",
    model: String = "gemini-test",
    parts: String? = nil,
    input: JSONObject = [:],
    origin: String? = nil,
    failure: ResultRow.Failure? = nil
) -> ResultRow {
    let answer = Answer(
        text: text,
        parts: parts,
        finishReason: "STOP",
        usage: TokenUsage(promptTokens: 100, outputTokens: 40)
    )
    let timings = AttemptTimings(startedAtMilliseconds: 1_763_834_000_000, total: .milliseconds(1500))
    return ResultRow(
        key: key,
        state: failure == nil ? .done : .failed,
        model: model,
        origin: origin ?? "job.yaml:\(key)",
        input: JSONValue.object(input).text,
        attempts: 1,
        turns: failure == nil ? [ResultRow.Turn(answer: answer, timings: timings)] : [],
        failure: failure
    )
}

/// Texts that are markup, script or addresses if a page lets them.
enum Hostile {
    static func texts(loading address: String = "https://evil.example") -> [String] {
        [
            "<script>document.title = 'taken over'</script>",
            "<img src=x onerror=\"document.title = 'taken over'\">",
            "</title><script>document.title = 'taken over'</script>",
            "</script><script src=\"\(address)/a.js\"></script>",
            "</style><style>@import '\(address)/a.css';</style>",
            "<a href=\"javascript:document.title='taken over'\">here</a> [there](javascript:alert(1))",
            "<img src=\"\(address)/pixel.png\"><iframe src=\"\(address)/\"></iframe>",
            "\" onmouseover=\"alert(1)\" x=\"' autofocus onfocus='alert(1)",
            "<meta http-equiv=refresh content=\"0;url=\(address)\"><base href=\"\(address)\">",
            "<svg onload=alert(1)><foreignObject>--><!--<![CDATA[",
            "a\u{0}b\u{1B}]0;c\u{7}d\u{202E}e&lt;script&gt;",
        ]
    }

    /// A page in which everything that comes from elsewhere is such a text.
    static func page(loading address: String = "https://evil.example") throws -> SamplePage {
        let texts = texts(loading: address)
        let axes = MatrixAxes(key: "k[tone=<b>]", input: #"{"tone":"<b>"}"#)
        let image = #"[{"inlineData":{"mimeType":"image/svg+xml","data":"PHN2Zz4="}}]"#
        return try SamplePage(
            name: texts.joined(separator: " "),
            items: [.done: texts.count, .failed: texts.count],
            failedItems: Dictionary(texts.map { ($0, 1) }) { $1 },
            attempts: texts.flatMap { text in
                var attempt = refused(text, .rateMinute)
                attempt.quotaID = text
                attempt.model = text
                return [answered("\(text)[tone=\(text)]", model: text), attempt]
            },
            axes: axes,
            results: texts.flatMap { text in
                [
                    result(
                        "\(text)[tone=\(text)]",
                        text,
                        model: text,
                        parts: image,
                        input: [text: .string(text), "tone": .string(text)],
                        origin: text
                    ),
                    result(text, failure: ResultRow.Failure(failureClass: text, message: text)),
                ]
            },
            turns: texts.map {
                ItemRequest.Turn(text: $0, media: [MediaReference(.uri($0), mimeType: $0)])
            }
        )
    }
}
