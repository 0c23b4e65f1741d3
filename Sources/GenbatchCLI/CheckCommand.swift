internal import ArgumentParser
internal import BatchCore
internal import Checkpointing
internal import JobFiles
internal import Terminal

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a job file and its data; send and keep nothing.",
        discussion: """
            EXAMPLES:
              genbatch check job.yaml
              genbatch check job.yaml --allow-folder ../pictures

            Reads every row and renders every template. Prints what the job may read and how many items it has.

            Caps on money need prices, except for those on all jobs together if the server is on this machine: with \
            --simulate or --base-url it checks what `run` with the same options would.
            """
    )

    @Argument(help: "The job file.", completion: .file(extensions: ["yaml", "yml"]))
    var job: String

    @OptionGroup var connection: ConnectionOptions

    @Option(
        help: ArgumentHelp(
            "A folder outside the job's own that it may read from; may be repeated.",
            valueName: "folder"
        ),
        completion: .directory
    )
    var allowFolder: [String] = []

    func run() async throws {
        let jobFile = try JobFile.load(path: job, options: JobFile.Options(allowedFolders: allowFolder))
        let checkpoint = try SQLiteCheckpoint.temporary()
        var items = try jobFile.makeItems()
        let plan: RunPlan
        do {
            plan = try checkpoint.register(&items, job: try StoredJob(jobFile))
            var job = jobFile.job
            job.prices = try PricesInForce.table(job)
            // What this machine answers costs nothing.
            if !connection.isServerLocal(for: job.backend) {
                job.limits.sharedSpending = try SharedLedger.caps()
            }
            if job.limits.isMoneyCapped {
                try PricedCaps.check(try checkpoint.workload(limit: nil).workload, of: job)
            }
        } catch {
            await checkpoint.close()
            throw error
        }
        await checkpoint.close()
        try StandardOutput.write("\(job): \(Figures.count(plan.total, "item")), nothing wrong\n")
        for source in items.reads {
            try StandardOutput.write("reads \(source)\n")
        }
    }
}
