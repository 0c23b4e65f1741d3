internal import ArgumentParser

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the items that are not done yet.",
        discussion: """
            EXAMPLES:
              genbatch run job.yaml
              genbatch run job.yaml --limit 10            try the first ten items
              genbatch run job.yaml --only scones         this item and no other
              genbatch run job.yaml --concurrency 64 --json > events.jsonl
              genbatch run job.yaml --simulate            no key, no cost
              genbatch run job.yaml --shard 0/4           a quarter of it, with a checkpoint of its own

            The same command again resumes: answers are kept in a checkpoint, and done items are not sent again. \
            Ctrl-C lets streams finish; twice cuts them.
            """
    )

    @Argument(help: "The job file.", completion: .file(extensions: ["yaml", "yml"]))
    var job: String

    @OptionGroup var selection: SelectionOptions
    @OptionGroup var options: RunOptions

    func run() async throws {
        throw try await LiveEngine(options, choice: selection.choice).run(job)
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Run what an earlier run left; there must be a checkpoint.",
        discussion: """
            EXAMPLES:
              genbatch resume job.yaml
              genbatch resume .genbatch/job.db

            With a job file it does what `run` does, but never starts from nothing. With a checkpoint it needs neither the \
            job file nor its data, local images excepted: the items are in the checkpoint.
            """
    )

    @Argument(help: "The job file, or a checkpoint.", completion: .file(extensions: ["yaml", "yml", "db"]))
    var job: String

    @OptionGroup var selection: SelectionOptions
    @OptionGroup var options: RunOptions

    func run() async throws {
        throw try await LiveEngine(options, choice: selection.choice).run(job, resuming: true)
    }
}
