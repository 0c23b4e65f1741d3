internal import BatchCore
internal import Checkpointing
internal import Export

/// Writes the results of a checkpoint: for `export`, and at the end of a run.
struct ResultsWriter {
    /// More columns than any table has that people made.
    private static let maximumColumns = 2000
    /// How long a new answer may wait to be followed.
    private static let interval = Duration.milliseconds(250)

    var selection: ResultSelection
    /// The file that is written; `nil` for standard output.
    var output: String?
    /// `nil` for the one that the name of the file promises.
    var format: ExportFormat?
    /// Names of fields; none for all.
    var fields: [String] = []
    /// Whether CSV leaves alone what programs may take for formulas.
    var isRaw = false
    /// Where the media of answers go; `nil` for a folder beside the file.
    var mediaPath: String?

    /// Writes what there is.
    ///
    /// - Returns: How many items have answers with data that the export does not hold.
    /// - Throws: What keeps it from being read or written.
    @discardableResult
    func write(from reader: CheckpointReader, to destination: ExportDestination) throws -> Int {
        var withoutMedia = 0
        try reader.snapshot { snapshot in
            let fields = try chosenFields(snapshot)
            let media = mediaFolder(for: fields, destination)
            var export = try begin(fields, media, destination)
            let dropsMedia = media == nil && actualFormat != .jsonl && !fields.showsParts
            try snapshot.forEach(selection) { row in
                try export.write(row)
                withoutMedia += dropsMedia && ResultExport.holdsMedia(row) ? 1 : 0
            }
            try export.finish()
        }
        return withoutMedia
    }

    /// Writes what there is, and then what is committed until nobody runs the job any more.
    func follow(_ path: String, to destination: ExportDestination) async throws {
        var (export, last) = try CheckpointReader(path: path).snapshot { snapshot in
            let fields = try chosenFields(snapshot)
            var export = try begin(fields, mediaFolder(for: fields, destination), destination)
            try snapshot.forEach(selection) { try export.write($0) }
            return (export, try snapshot.lastAttempt())
        }
        while true {
            try export.flush()
            // Asked before the last look: what a run commits before its end is there.
            let isRunning = SQLiteCheckpoint.holder(path: path) != nil
            // Opened anew each time: a reader that stays would keep the log beside the checkpoint when the run ends.
            last = try CheckpointReader(path: path).snapshot { snapshot in
                var selection = selection
                selection.afterAttempt = last
                try snapshot.forEach(selection) { try export.write($0) }
                return try snapshot.lastAttempt()
            }
            guard isRunning else { return try export.finish() }
            try destination.checkReader()
            try await Task.sleep(for: Self.interval)
        }
    }

    private var actualFormat: ExportFormat {
        format ?? output.flatMap(ExportFormat.init(ofFile:)) ?? .jsonl
    }

    private func begin(
        _ fields: FieldSelection,
        _ media: MediaFolder?,
        _ destination: ExportDestination
    ) throws -> ResultExport {
        try ResultExport(actualFormat, fields: fields, isRaw: isRaw, media: media, to: destination)
    }

    /// The folder that was named, else one beside the file if the rows would say what is in it.
    private func mediaFolder(for fields: FieldSelection, _ destination: ExportDestination) -> MediaFolder? {
        let file = destination.isStream ? nil : output
        if let mediaPath { return MediaFolder(path: mediaPath, outputPath: file) }
        return fields.showsMedia ? file.map(MediaFolder.init(beside:)) : nil
    }

    /// The fields, and the columns of conditions, once it is known that there are such.
    private func chosenFields(_ snapshot: ResultSnapshot) throws -> FieldSelection {
        let needsColumns =
            FieldSelection.needsInputColumns(fields, format: actualFormat) || !selection.conditions.isEmpty
        let columns =
            needsColumns
            ? try snapshot.inputColumns(includesOrphaned: selection.includesOrphaned, limit: Self.maximumColumns) : []
        if let columns, let condition = selection.conditions.first(where: { !columns.contains($0.column) }) {
            throw FieldError(unknownColumn: condition.column, inputColumns: columns)
        }
        return try FieldSelection(fields, format: actualFormat, inputColumns: columns)
    }
}
