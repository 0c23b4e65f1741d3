internal import ArgumentParser
internal import BatchCore
internal import Checkpointing
internal import Export
internal import Terminal

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the results as JSON Lines, CSV or Markdown, also while the job runs.",
        discussion: """
            EXAMPLES:
              genbatch export job.yaml -o results.jsonl
              genbatch export job.yaml -o results.csv --state done,failed
              genbatch export job.yaml --fields key,input.title,text,usage.output_tokens
              genbatch export job.yaml --where language=de | jq -r .text
              genbatch export job.yaml --follow | jq -r .key

            In the order of the job, an item at a time. A file is replaced when the export is complete, never half. Images \
            and other data in answers become files of their own in FILE.media, or where --media-dir says. What the fields \
            are and how to go on to DuckDB, SQLite or Parquet is told in docs/export.md.
            """
    )

    @Argument(help: "The job file, or a checkpoint.", completion: .file(extensions: ["yaml", "yml", "db"]))
    var job: String

    @OptionGroup var checkpoint: CheckpointOptions

    @Option(
        help: ArgumentHelp("jsonl, csv or md (default: as the name of the file ends, else jsonl).", valueName: "format")
    )
    var format: ExportFormat?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The file to write (default: standard output).", valueName: "file"),
        completion: .file()
    )
    var output: String?

    @Option(
        help: ArgumentHelp("Only items in these states; with commas or repeated (default: done).", valueName: "states")
    )
    var state: [StatesArgument] = []

    @Option(
        help: ArgumentHelp(
            "What to write of each item: names with commas or repeated, in this order (default: all).",
            valueName: "fields"
        )
    )
    var fields: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only items whose input column KEY is exactly VALUE; if repeated, all have to fit.",
            valueName: "key=value"
        )
    )
    var `where`: [ConditionArgument] = []

    @Flag(help: "Also items that are no longer in the job.")
    var orphaned = false

    @Option(
        help: ArgumentHelp(
            "The folder for images and other data in answers (default: FILE.media for -o FILE).",
            valueName: "folder"
        ),
        completion: .directory
    )
    var mediaDir: String?

    @Flag(help: "Leave the text of CSV cells as it is, also what a spreadsheet takes for a formula.")
    var csvRaw = false

    @Flag(help: "Go on with the answers that come until the run ends; JSON Lines to standard output.")
    var follow = false

    func validate() throws {
        let format = format ?? output.flatMap(ExportFormat.init(ofFile:)) ?? .jsonl
        if csvRaw, format != .csv {
            throw ValidationError("--csv-raw is about CSV; add --format csv, or leave it out")
        }
        guard follow else { return }
        if format != .jsonl || output != nil {
            throw ValidationError("--follow writes JSON Lines to standard output; leave out --format and --output")
        }
        if !state.isEmpty, !states.isSubset(of: [.done, .failed]) {
            throw ValidationError("--follow tells what became of items; keep --state to done and failed")
        }
    }

    func run() async throws {
        let path = try JobLocation.checkpointPath(for: job, checkpoint)
        let reader = try CheckpointReader(path: path)
        let results = ResultsWriter(
            selection: ResultSelection(
                states: states,
                includesOrphaned: orphaned,
                conditions: `where`.map(\.condition)
            ),
            output: output,
            format: format,
            fields: fields,
            isRaw: csvRaw,
            mediaPath: mediaDir
        )
        let destination = try output.map(ExportDestination.file) ?? .standardOutput()
        do {
            if follow { return try await results.follow(reader.path, to: destination) }
            noteMissingMedia(try results.write(from: reader, to: destination))
        } catch is ExportEnd {
            // The reader of the pipe has seen enough.
        }
    }

    private var states: Set<ItemState> {
        state.isEmpty ? [.done] : state.reduce(into: []) { $0.formUnion($1.states) }
    }

    private func noteMissingMedia(_ count: Int) {
        guard count > 0 else { return }
        StandardError.note(
            "\(Figures.count(count, "answer")) with images or other data that is not in this export: "
                + "add --media-dir to write it as files"
        )
    }
}

extension ExportFormat: ExpressibleByArgument {}

/// A value of `--state`: states with commas between them.
struct StatesArgument: ExpressibleByArgument {
    static let allValueStrings = ItemState.allCases.map(\.rawValue)

    let states: Set<ItemState>

    init?(argument: String) {
        let names = argument.split(separator: ",", omittingEmptySubsequences: false)
        let states = names.compactMap { ItemState(rawValue: String($0)) }
        guard states.count == names.count else { return nil }
        self.states = Set(states)
    }
}

/// A value of `--where`: the name of a column up to the first `=`, and what it has to be.
struct ConditionArgument: ExpressibleByArgument {
    let condition: InputCondition

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
        condition = InputCondition(
            column: String(argument[..<equals]),
            text: String(argument[argument.index(after: equals)...])
        )
    }
}
