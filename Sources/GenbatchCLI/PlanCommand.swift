internal import ArgumentParser
internal import BatchCore
internal import Checkpointing
internal import GenAI
internal import JobFiles

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a run would do, cost and take; change nothing.",
        discussion: """
            EXAMPLES:
              genbatch plan job.yaml
              genbatch plan job.yaml --count-tokens
              genbatch plan job.yaml --rpm 300 --max-cost 5
              genbatch plan job.yaml --explain scones
              genbatch plan job.yaml --json | jq .cost_usd.high

            Reads the job and all its data and compares them with the checkpoint, also while another process runs the job. \
            Estimates tokens, cost and time, and tells which limit binds. Nothing is sent, except with --count-tokens: then \
            the server counts some of the prompts, which is free of charge.

            --explain tells why one item would run or not: what its fingerprint is made of, and what of it is different.
            """
    )

    @Argument(help: "The job file.", completion: .file(extensions: ["yaml", "yml"]))
    var job: String

    @OptionGroup var checkpoint: CheckpointOptions

    @OptionGroup var connection: ConnectionOptions

    @OptionGroup var limits: LimitOptions

    @Flag(help: "Have the server count some prompts of each model; that takes a key.")
    var countTokens = false

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

    func validate() throws {
        if countTokens, explain != nil {
            throw ValidationError("--explain counts nothing; leave out --count-tokens")
        }
    }

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
        // Before the job is read: without a key there is nothing to count with.
        let client = countTokens ? try await connect(jobFile.job) : nil
        let (comparison, history) = try await compare(jobFile, path)
        guard let explain else {
            var job = jobFile.job
            job.prices = try PricesInForce.table(job)
            let server = client ?? knownServer(job)
            setLimits(of: &job)
            // What this machine answers costs nothing.
            if !connection.isServerLocal(for: job.backend) {
                job.limits.sharedSpending = try SharedLedger.caps()
            }
            try PricedCaps.check(comparison.workload, of: job)
            var forecast = JobForecast(job, history?.answers ?? [:], spent: history?.spent ?? Spending())
            forecast.consultLedger(account: server?.client.accountDigest)
            if let client {
                try await forecast.count(comparison.samples, client.client)
            }
            let text = PlanText(
                comparison,
                forecast.forecast(comparison.workload),
                job: job,
                path: path,
                isNew: history == nil,
                retry: "genbatch retry \(JobLocation.words(for: self.job, checkpoint))"
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

    /// The server that a run would ask, as far as options and environment tell; nothing is sent to it.
    private func knownServer(_ job: Job) -> Connection? {
        // Without a key no run is possible either, and it says so itself.
        connection.simulate ? nil : try? Connection(connection, job: job.backend, concurrency: 1)
    }

    /// The limits that a run with the same options would keep.
    private func setLimits(of job: inout Job) {
        limits.apply(to: &job.limits)
        job.limits.concurrency = limits.concurrency ?? job.limits.concurrency
        job.limits.quota.startsCarefully = !connection.isServerLocal(for: job.backend)
    }

    private func connect(_ job: Job) async throws -> Connection {
        let connection = try Connection(connection, job: job.backend, concurrency: 1)
        try await connection.signIn()
        return connection
    }

    /// - Returns: The comparison, and what the checkpoint knows of earlier requests; `nil` if there is none yet: then all is
    ///   new beside an empty one.
    private func compare(
        _ jobFile: JobFile,
        _ path: String
    ) async throws -> (JobComparison, (answers: [String: AnswerHistory], spent: Spending)?) {
        var items = try jobFile.makeItems()
        do {
            let reader = try CheckpointReader(path: path)
            let comparison = try compare(&items, reader)
            return (comparison, (try reader.answerHistories(of: comparison.workload.models), try reader.spent()))
        } catch let error as CheckpointError where error.kind == .missing {
            let empty = try SQLiteCheckpoint.temporary()
            do {
                let comparison = try compare(&items, try CheckpointReader(path: empty.path))
                await empty.close()
                return (comparison, nil)
            } catch {
                await empty.close()
                throw error
            }
        }
    }

    private func compare(_ items: inout some ItemSource, _ reader: CheckpointReader) throws -> JobComparison {
        try reader.compare(
            &items,
            shard: checkpoint.shard,
            explaining: explain,
            sampling: countTokens ? JobForecast.sampleSize : 0
        )
    }
}
