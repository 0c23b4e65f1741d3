import BatchCore
import Checkpointing
import Export

/// From the checkpoint to a line of an export.
enum ExportPath {
    /// Writes the first items of the checkpoint as JSON Lines.
    static func write(_ units: Int, in folder: String) throws -> Int {
        let destination = try ExportDestination.file(DataFile.path("export.jsonl", in: folder))
        var rows = 0
        let reader = try CheckpointReader(path: DataFile.path(DataFile.checkpoint, in: folder))
        try reader.snapshot { snapshot in
            var export = try ResultExport(to: destination)
            try snapshot.forEach(ResultSelection(states: [.done], limit: units)) { row in
                try export.write(row)
                rows += 1
            }
            try export.finish()
        }
        return rows
    }
}
