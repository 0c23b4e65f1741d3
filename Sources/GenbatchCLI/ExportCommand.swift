internal import ArgumentParser
internal import BatchCore
internal import Checkpointing
internal import Export

struct ExportCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case jsonl
    }

    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the results, also while the job runs.",
        discussion: """
            One JSON object a line, in the order of the job. A file is replaced when the export is complete, never half.

            EXAMPLES:
              genbatch export job.yaml -o results.jsonl
              genbatch export job.yaml | jq -r .text
              genbatch export job.yaml --state failed
            """
    )

    @Argument(help: "The job file, or a checkpoint.", completion: .file(extensions: ["yaml", "yml", "db"]))
    var job: String

    @OptionGroup var checkpoint: CheckpointOptions

    @Option(help: "The format.")
    var format: Format = .jsonl

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The file to write (default: standard output).", valueName: "file"),
        completion: .file()
    )
    var output: String?

    @Option(help: ArgumentHelp("Only items in this state; may be repeated (default: done).", valueName: "state"))
    var state: [StateArgument] = []

    @Flag(help: "Also items that are no longer in the job.")
    var orphaned = false

    func run() async throws {
        let reader = try CheckpointReader(path: try JobLocation.checkpointPath(for: job, checkpoint))
        let states = state.isEmpty ? [.done] : Set(state.map(\.state))
        let destination = try output.map(ExportDestination.file) ?? .standardOutput()
        do {
            var exporter = JSONLExporter(destination)
            try reader.results(states: states, includeOrphaned: orphaned) { try exporter.write($0) }
            try destination.finish()
        } catch is ExportEnd {
            // The reader of the pipe has seen enough.
        }
    }
}

/// The value of `--state`.
enum StateArgument: String, ExpressibleByArgument, CaseIterable {
    case pending, running, done, failed, deferred

    var state: ItemState {
        switch self {
        case .pending: .pending
        case .running: .running
        case .done: .done
        case .failed: .failed
        case .deferred: .deferred
        }
    }
}
