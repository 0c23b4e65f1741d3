internal import ArgumentParser
internal import BatchCore
internal import Checkpointing

struct FailuresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failures",
        abstract: "Show why items failed, grouped by class, and how to run them again.",
        discussion: """
            EXAMPLES:
              genbatch failures job.yaml
              genbatch failures job.yaml --class safety --class blocked_prompt
              genbatch failures job.yaml --billed-twice
              genbatch failures job.yaml --json | jq -r .class

            Also while the job runs. The largest group comes last, where the eye is. `genbatch show JOB KEY` tells all about \
            one item, `genbatch export JOB --state failed` lists all that failed.

            --billed-twice lists the items whose question may have been billed more than once, or will be: after a crash, \
            an interrupted stream or an answer that broke off.
            """
    )

    @Argument(help: "The job file, or a checkpoint.", completion: .file(extensions: ["yaml", "yml", "db"]))
    var job: String

    @OptionGroup var checkpoint: CheckpointOptions

    @Option(
        name: .customLong("class"),
        help: ArgumentHelp("Only failures of this class; may be repeated.", valueName: "class")
    )
    var classes: [FailureClassArgument] = []

    @Flag(help: "List the items that may have been billed twice instead.")
    var billedTwice = false

    @Flag(help: "Write one JSON object per line.")
    var json = false

    func validate() throws {
        if billedTwice, !classes.isEmpty {
            throw ValidationError("--billed-twice lists items whatever their state; leave out --class")
        }
    }

    func run() async throws {
        let reader = try CheckpointReader(path: try JobLocation.checkpointPath(for: job, checkpoint))
        let text = FailuresText(target: JobLocation.words(for: job, checkpoint))
        if billedTwice {
            return try writeBilledTwice(reader, text)
        }
        let filter = FailureFilter(classes: classes.map(\.failureClass))
        let groups = try reader.failureGroups(filter, keyCount: json ? FailuresText.jsonKeys : FailuresText.shownKeys)
        for group in groups {
            try StandardOutput.write(json ? text.json(group) + "\n" : text.text(group) + "\n")
        }
        if !json {
            try StandardOutput.write(text.total(groups) + "\n")
        }
    }

    private func writeBilledTwice(_ reader: CheckpointReader, _ text: FailuresText) throws {
        var count = 0
        try reader.billedTwice { item in
            count += 1
            try StandardOutput.write((json ? text.json(item) : text.text(item)) + "\n")
        }
        if !json {
            try StandardOutput.write(text.billedTwiceTotal(count) + "\n")
        }
    }
}

/// The value of `--class`.
struct FailureClassArgument: ExpressibleByArgument {
    let failureClass: FailureClass

    init?(argument: String) {
        guard let failureClass = FailureClass(rawValue: argument) else { return nil }
        self.failureClass = failureClass
    }

    static var allValueStrings: [String] { FailureClass.allCases.map(\.rawValue) }
    static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}
