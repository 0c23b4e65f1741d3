package import BatchCore
internal import JSON

/// One item as it is written: its result, and what became of the media in its answers.
package final class ExportedRow {
    let result: ResultRow
    /// Those that were written as files.
    let media: [ExportedMedium]
    /// The columns of its input in their order; none if it cannot be read.
    private(set) lazy var inputs = (try? JSONValue(parsing: result.input))?.object ?? [:]
    private lazy var inputsByName = Dictionary(inputs.map { ($0.name, $0.value) }) { $1 }

    /// Of all turns together.
    private(set) lazy var usage = result.turns.reduce(into: TokenUsage()) { $0 += $1.answer.usage }
    private(set) lazy var timings = TurnTimings(result.turns)

    package init(_ result: ResultRow, media: [ExportedMedium] = []) {
        self.result = result
        self.media = media
    }

    var lastTurn: ResultRow.Turn? { result.turns.last }

    /// The value of an input column, or of a member inside it.
    func input(_ column: String, _ path: [String]) -> JSONValue? {
        path.reduce(inputsByName[column]) { $0?[$1] }
    }
}

/// A part of an answer that was written as a file.
package struct ExportedMedium: Sendable, Equatable {
    /// As programs find it that start where the export is.
    package let path: String
    package let mimeType: String
    /// In hexadecimal.
    package let sha256: String
    package let bytes: Int

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("path", path)
            writer.member("mime_type", mimeType)
            writer.member("sha256", sha256)
            writer.member("bytes", bytes)
        }
    }
}
