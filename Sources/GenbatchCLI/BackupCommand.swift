internal import ArgumentParser
internal import BatchCore
internal import Checkpointing
internal import Terminal

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a checkpoint into one file, also while the job runs.",
        discussion: """
            EXAMPLES:
              genbatch backup job.yaml
              genbatch backup .genbatch/job.db -o /backups/job.db --force

            The copy holds everything that was committed when it began. It is checked before it gets its name, and is a \
            checkpoint like any other: `genbatch run JOB --db COPY` goes on from it.
            """
    )

    @Argument(help: "The job file, or a checkpoint.", completion: .file(extensions: ["yaml", "yml", "db"]))
    var job: String

    @OptionGroup var checkpoint: CheckpointOptions

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The copy (default: beside the checkpoint, with the time in its name).", valueName: "file"),
        completion: .file(extensions: ["db"])
    )
    var output: String?

    @Flag(help: "Replace a file of that name.")
    var force = false

    func run() async throws {
        let reader = try CheckpointReader(path: try JobLocation.checkpointPath(for: job, checkpoint))
        let destination = output ?? "\(reader.path).backup-\(Self.time())"
        let copy = try reader.backUp(to: destination, replacing: force)
        try StandardOutput.write(
            "\(destination): \(Figures.count(copy.items, "item")), \(Figures.count(copy.done)) done, "
                + "\(Figures.bytes(copy.bytes)), checked\n"
        )
    }

    /// The moment as it may stand in the name of a file: `20251122T213300Z`.
    private static func time() -> String {
        let text = Timestamp.rfc3339(unixMilliseconds: SystemClock().unixMilliseconds())
        return String(text.prefix(19).filter { $0 != "-" && $0 != ":" }) + "Z"
    }
}
