internal import ArgumentParser
internal import BatchCore
internal import Checkpointing
internal import JSON
internal import Terminal

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Run failed items once more.",
        discussion: """
            EXAMPLES:
              genbatch retry job.yaml
              genbatch retry job.yaml --class safety --class recitation
              genbatch retry job.yaml --key scones --key talk
              genbatch retry job.yaml --dry-run          list them, change nothing
              genbatch retry job.yaml --no-run           take them up, send nothing

            Takes failed items up again and sends them, and nothing else: items that were not sent yet are left to `run`. \
            Their earlier attempts stay in the history (`genbatch show`). An item that was edited since it failed is sent \
            as it is now. With --class and --key only items that fit both.
            """
    )

    @Argument(help: "The job file, or a checkpoint.", completion: .file(extensions: ["yaml", "yml", "db"]))
    var job: String

    @Option(
        name: .customLong("class"),
        help: ArgumentHelp("Only items whose last failure is of this class; may be repeated.", valueName: "class")
    )
    var classes: [FailureClassArgument] = []

    @Option(help: ArgumentHelp("Only the item with this key; may be repeated.", valueName: "key"))
    var key: [String] = []

    @Flag(help: "List the items that would be taken up; send and change nothing.")
    var dryRun = false

    @Flag(help: "Take the items up, and leave sending them to the next run.")
    var noRun = false

    @OptionGroup var options: RunOptions

    func validate() throws {
        if dryRun, noRun {
            throw ValidationError("--dry-run changes nothing and --no-run does; leave one of them out")
        }
    }

    func run() async throws {
        let filter = FailureFilter(classes: classes.map(\.failureClass), keys: key)
        guard dryRun || noRun else {
            throw try await LiveEngine(options, choice: .failed(filter)).run(job, resuming: true)
        }
        let path = try JobLocation.checkpointPath(for: job, options.checkpoint)
        try await dryRun ? list(filter, path) : takeUp(filter, path)
    }

    private func list(_ filter: FailureFilter, _ path: String) throws {
        var count = 0
        try CheckpointReader(path: path).failedItems(filter) { item in
            count += 1
            try StandardOutput.write((options.json ? Self.json(item) : Self.text(item)) + "\n")
        }
        if !options.json {
            try StandardOutput.write("\(Figures.count(count, "item")) would be taken up\n")
        }
    }

    private func takeUp(_ filter: FailureFilter, _ path: String) async throws {
        let checkpoint = try SQLiteCheckpoint(path: path, createIfMissing: false)
        let count: Int
        do {
            count = try checkpoint.takeUp(filter)
        } catch {
            await checkpoint.close()
            throw error
        }
        await checkpoint.close()
        let next = "genbatch resume \(JobLocation.words(for: job, options.checkpoint))"
        let advice = count > 0 ? "; the next run sends them: \(next)" : ""
        try StandardOutput.write("\(Figures.count(count, "failed item")) taken up\(advice)\n")
    }

    private static func text(_ item: FailedItem) -> String {
        "\(item.key)  \(item.failureClass): \(TerminalText.escapeLine(item.message))"
    }

    private static func json(_ item: FailedItem) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("key", item.key)
            writer.member("class", item.failureClass)
            writer.member("message", item.message)
            writer.member("http_status", orNull: item.httpStatus)
            writer.member("attempts", item.attempts)
        }
        return writer.text
    }
}
