internal import ArgumentParser
internal import BatchCore
internal import Checkpointing
internal import JSON
internal import Terminal

struct MergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Make one checkpoint of those of a job's shards.",
        discussion: """
            EXAMPLES:
              genbatch merge .genbatch/job.shard-*.db -o job.db
              genbatch merge here.db there.db -o both.db --force
              genbatch merge .genbatch/job.shard-*.db -o job.db --json | jq .done

            The checkpoints are read and not changed. What is done in any of them is done in the new one; all requests are \
            kept, each once, also if checkpoints overlap. The new one is like any other: `export`, `retry` and \
            `run JOB --db NEW` go on from it.

            Checkpoints of different versions of the job are refused, and so is a merge that lacks a shard; --force merges \
            what there is.
            """
    )

    @Argument(help: "The checkpoints.", completion: .file(extensions: ["db"]))
    var checkpoints: [String]

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The new checkpoint.", valueName: "file"),
        completion: .file(extensions: ["db"])
    )
    var output: String

    @Flag(help: "Merge although the job was edited in between, or a shard is missing.")
    var force = false

    @Flag(help: "Write one JSON object.")
    var json = false

    func run() async throws {
        let report = try CheckpointMerge.run(checkpoints, to: output, isForced: force)
        for path in report.lackingLog {
            StandardError.note(
                "\(path) was in use when it was last written, and its log (\(path)-wal) is not here: answers may be missing; "
                    + "use `genbatch backup` for copies"
            )
        }
        for path in report.different {
            StandardError.note("\(path) is of another version of the job: merged because of --force")
        }
        if !report.missing.isEmpty {
            StandardError.note("shard \(ShardList.words(report.missing)) is missing: merged because of --force")
        }
        guard !json else { return try StandardOutput.write(object(report) + "\n") }
        for line in lines(report) {
            try StandardOutput.write(line + "\n")
        }
    }

    private func lines(_ report: CheckpointMerge.Report) -> [String] {
        var lines = [
            "\(output): \(Figures.count(report.items, "item")), \(Figures.count(report.done)) done, "
                + "\(Figures.bytes(report.bytes)), checked"
        ]
        if report.shared > 0 {
            lines.append("shared  \(Figures.count(report.shared, "item")) in more than one, each kept once")
        }
        if report.lost > 0 {
            let target = ShellWord.quoted(output)
            lines.append(
                "lost    \(Figures.count(report.lost, "request")) in flight when a run died: "
                    + "genbatch failures \(target) --billed-twice"
            )
        }
        return lines
    }

    private func object(_ report: CheckpointMerge.Report) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("checkpoint", output)
            writer.member("items", report.items)
            writer.member("done", report.done)
            writer.member("shared", report.shared)
            writer.member("lost", report.lost)
            writer.member("bytes", report.bytes)
            let lists = [
                ("missing_shards", report.missing.map(\.description)), ("different", report.different),
                ("lacking_log", report.lackingLog),
            ]
            for (name, texts) in lists {
                writer.key(named: name)
                writer.array { writer in
                    for text in texts {
                        writer.string(text)
                    }
                }
            }
        }
        return writer.text
    }
}
