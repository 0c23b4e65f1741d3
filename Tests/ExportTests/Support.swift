import BatchCore
import Export
import Foundation
import TestSupport

/// The file that an export makes of some rows.
func exported(_ rows: [ResultRow], _ begin: (ExportDestination) throws -> ResultExport) throws -> String {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/out"
    var export = try begin(ExportDestination.file(path))
    for row in rows {
        try export.write(row)
    }
    try export.finish()
    return String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
}

func answeredTurn(
    _ text: String,
    parts: String? = nil,
    finishReason: String = "STOP",
    usage: TokenUsage = TokenUsage()
) -> ResultRow.Turn {
    ResultRow.Turn(
        answer: Answer(
            text: text,
            parts: parts,
            finishReason: finishReason,
            usage: usage,
            modelVersion: "gemini-test-001",
            responseID: "r1"
        ),
        timings: AttemptTimings(
            startedAtMilliseconds: 1_763_834_067_120,
            firstChunk: .milliseconds(310),
            total: .milliseconds(1500)
        )
    )
}

func doneRow(_ key: String, _ text: String, parts: String? = nil, input: String = "{}") -> ResultRow {
    var row = ResultRow(key: key, state: .done, model: "m", origin: "o", input: input, attempts: 1)
    row.turns = [answeredTurn(text, parts: parts)]
    return row
}

extension SeededGenerator {
    /// Text of the characters that formats, file systems and terminals mind, and of ordinary ones.
    mutating func hostileText(upTo length: Int) -> String {
        let pieces = [
            "a", "Z", "9", "é", "日", "👩‍👩‍👧", " ", ",", ";", "\"", "'", "`", "```", "~~~", "\n", "\r", "\r\n", "\t", "=",
            "+",
            "-", "@", "＝", "#", "|", "\\", "/", "..", "<b>", "](x)", "\u{0}", "\u{1B}[2J", "\u{7F}", "\u{85}", "\u{9B}",
            "\u{2028}", "\u{FEFF}", "CON", "*", "%00", "$(x)",
        ]
        let count = Int.random(in: 0...length, using: &self)
        return (0..<count).map { _ in pieces.randomElement(using: &self) ?? "" }.joined()
    }
}
