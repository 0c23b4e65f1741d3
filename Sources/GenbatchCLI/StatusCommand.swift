internal import ArgumentParser
internal import BatchCore
internal import Checkpointing

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show where a job stands, also while it runs.",
        discussion: """
            EXAMPLES:
              genbatch status job.yaml
              genbatch status .genbatch/job.db --json
            """
    )

    @Argument(help: "The job file, or a checkpoint.", completion: .file(extensions: ["yaml", "yml", "db"]))
    var job: String

    @OptionGroup var checkpoint: CheckpointOptions

    @Flag(help: "Write one JSON object.")
    var json = false

    func run() async throws {
        let path = try JobLocation.checkpointPath(for: job, checkpoint)
        let target = JobLocation.words(for: job, checkpoint)
        let status = try CheckpointReader(path: path).status()
        if json {
            try StandardOutput.write(StatusText.json(status, path: path) + "\n")
        } else {
            for line in StatusText.lines(status, path: path, target: target) {
                try StandardOutput.write(line + "\n")
            }
        }
    }
}
