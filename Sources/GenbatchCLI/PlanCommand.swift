internal import ArgumentParser
internal import BatchCore
internal import Checkpointing
internal import JobFiles

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a run would do; send and change nothing.",
        discussion: """
            EXAMPLES:
              genbatch plan job.yaml
              genbatch plan job.yaml --explain scones
              genbatch plan job.yaml --json | jq .to_run

            Reads the job and all its data and compares them with the checkpoint, also while another process runs the job. \
            --explain tells why one item would run or not: what its fingerprint is made of, and what of it is different.
            """
    )

    @Argument(help: "The job file.", completion: .file(extensions: ["yaml", "yml"]))
    var job: String

    @OptionGroup var checkpoint: CheckpointOptions

    @Option(help: ArgumentHelp("Explain what would become of this item.", valueName: "key"))
    var explain: String?

    @Flag(help: "Write one JSON object.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "A folder outside the job's own that it may read from; may be repeated.",
            valueName: "folder"
        ),
        completion: .directory
    )
    var allowFolder: [String] = []

    func run() async throws {
        guard !JobLocation.isDatabase(job) else {
            throw CommandFailure(
                .wrongUsage,
                "\(job) is a checkpoint, which has nothing to be compared with; name the job file"
                    + " (`genbatch status \(ShellWord.quoted(job))` tells what is in it)"
            )
        }
        let jobFile = try JobFile.load(path: job, options: JobFile.Options(allowedFolders: allowFolder))
        let path = JobLocation.checkpointPath(for: jobFile, checkpoint)
        let (comparison, isNew) = try await compare(jobFile, path)
        guard let explain else {
            let text = PlanText(
                comparison,
                job: jobFile.job,
                path: path,
                isNew: isNew,
                retry: "genbatch retry \(JobLocation.words(for: job, checkpoint))"
            )
            return try StandardOutput.write(json ? text.json + "\n" : text.lines.map { $0 + "\n" }.joined())
        }
        guard let explanation = comparison.explanation else {
            throw CommandFailure(
                .wrongUsage,
                "there is no item \"\(explain)\", neither in \(job) nor in its checkpoint; keys are case-sensitive"
            )
        }
        let text = ExplanationText(explanation)
        try StandardOutput.write(json ? text.json + "\n" : text.lines.map { $0 + "\n" }.joined())
    }

    /// - Returns: The comparison, and whether there is no checkpoint yet: then all is new beside an empty one.
    private func compare(_ jobFile: JobFile, _ path: String) async throws -> (JobComparison, isNew: Bool) {
        var items = try jobFile.makeItems()
        do {
            return (
                try CheckpointReader(path: path).compare(&items, shard: checkpoint.shard, explaining: explain), false
            )
        } catch let error as CheckpointError where error.kind == .missing {
            let empty = try SQLiteCheckpoint.temporary()
            do {
                let comparison = try CheckpointReader(path: empty.path).compare(
                    &items,
                    shard: checkpoint.shard,
                    explaining: explain
                )
                await empty.close()
                return (comparison, true)
            } catch {
                await empty.close()
                throw error
            }
        }
    }
}
