internal import ArgumentParser
internal import Checkpointing

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one item: what was asked, every attempt and every answer.",
        discussion: """
            EXAMPLES:
              genbatch show job.yaml scones
              genbatch show job.yaml scones --json | jq -r '.attempts[].partial_text'

            Also while the job runs, and for items that have left it. On a terminal, what it would take for commands is shown \
            instead of obeyed; in a file or a pipe texts are as they came.
            """
    )

    @Argument(help: "The job file, or a checkpoint.", completion: .file(extensions: ["yaml", "yml", "db"]))
    var job: String

    @Argument(help: "The key of the item.")
    var key: String

    @OptionGroup var checkpoint: CheckpointOptions

    @Flag(help: "Write one JSON object.")
    var json = false

    func run() async throws {
        let path = try JobLocation.checkpointPath(for: job, checkpoint)
        guard let history = try CheckpointReader(path: path).history(of: key) else {
            let export = "genbatch export \(JobLocation.words(for: job, checkpoint)) | jq -r .key"
            throw CommandFailure(
                .wrongUsage,
                "there is no item \"\(key)\" in \(path); keys are case-sensitive, and `\(export)` lists those that are done"
            )
        }
        try StandardOutput.write(json ? HistoryText.json(history) + "\n" : HistoryText.text(history))
    }
}
