package import BatchCore

/// One export from its first row to its last: a format, a destination, and where media go.
package struct ResultExport {
    private let destination: ExportDestination
    private let media: MediaFolder?
    private var exporter: any Exporter

    /// Begins an export.
    ///
    /// - Parameters:
    ///   - format: How rows are written.
    ///   - fields: What is written of each item; chosen for the same format.
    ///   - isRaw: Whether CSV leaves alone what programs may take for formulas.
    ///   - media: Where the data of answers goes; `nil` leaves it in the rows, if the format can hold it.
    ///   - destination: Where rows go.
    /// - Throws: As ``ExportDestination/write(_:)``, since a table begins with its header.
    package init(
        _ format: ExportFormat = .jsonl,
        fields: FieldSelection = .standard,
        isRaw: Bool = false,
        media: MediaFolder? = nil,
        to destination: ExportDestination
    ) throws {
        self.destination = destination
        self.media = media
        exporter =
            switch format {
            case .jsonl: JSONLExporter(fields, to: destination)
            case .csv: try CSVExporter(fields, isRaw: isRaw, to: destination)
            case .markdown: MarkdownExporter(fields, to: destination)
            }
    }

    /// Adds one item.
    ///
    /// - Throws: An ``ExportError``, or ``ExportEnd`` if nobody reads any more.
    package mutating func write(_ result: ResultRow) throws {
        try exporter.write(try media?.extract(result) ?? ExportedRow(result))
    }

    /// Hands on what has been collected so far.
    ///
    /// - Throws: As ``write(_:)``.
    package func flush() throws {
        try destination.flush()
    }

    /// Ends the export: media are on the disk before the file that names them appears.
    ///
    /// - Throws: As ``write(_:)``.
    package func finish() throws {
        try media?.finish()
        try destination.finish()
    }

    /// Whether an answer has data that is in no row of a table or text, unless it is written as files.
    package static func holdsMedia(_ result: ResultRow) -> Bool {
        result.turns.contains { !AnswerParts.media(in: $0.answer).isEmpty }
    }
}
