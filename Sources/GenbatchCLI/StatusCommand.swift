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
              genbatch status job.yaml --watch
              genbatch status .genbatch/job.db --json

            --watch draws it anew every second on a terminal, and prints a line whenever a count has changed elsewhere; it \
            ends with the run.
            """
    )

    @Argument(help: "The job file, or a checkpoint.", completion: .file(extensions: ["yaml", "yml", "db"]))
    var job: String

    @OptionGroup var checkpoint: CheckpointOptions

    @Flag(help: "Write one JSON object; with --watch one for each change.")
    var json = false

    @Flag(help: "Go on until the run ends.")
    var watch = false

    func run() async throws {
        let path = try JobLocation.checkpointPath(for: job, checkpoint)
        let target = JobLocation.words(for: job, checkpoint)
        guard !watch else { return try await StatusWatch(path: path, target: target, json: json).run() }
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
