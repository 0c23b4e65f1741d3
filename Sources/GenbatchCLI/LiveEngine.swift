internal import BatchCore
internal import Checkpointing
internal import Export
internal import GenAI
internal import GenAIGenerating
internal import JobFiles
internal import Terminal

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Connects the parts for one run: job file, checkpoint, client, scheduler and displays.
struct LiveEngine {
    private let options: RunOptions
    private let choice: ItemChoice
    private let clock = SystemClock()

    init(_ options: RunOptions, choice: ItemChoice = .all) {
        self.options = options
        self.choice = choice
    }

    /// Runs what is left of a job.
    ///
    /// - Parameters:
    ///   - argument: The job file, or a checkpoint if it is resumed.
    ///   - resuming: Whether there must be a checkpoint already.
    /// - Returns: How it ended.
    /// - Throws: What kept it from running, or from keeping results.
    func run(_ argument: String, resuming: Bool = false) async throws -> ExitStatus {
        FreedMemory.keepForAnswers()
        let next = nextCommands(argument, isCheckpoint: resuming && JobLocation.isDatabase(argument))
        if options.skipIfRunning, isRunning(argument, resuming) { return .allDone }
        let notices = RunNotices(options.notices, job: argument, resume: next.resume, clock: clock)
        await notices.began()
        do {
            let status = try await runShown(argument, resuming, notices, next)
            await notices.ended(with: status)
            return status
        } catch {
            let failure = CommandFailure(error)
            await notices.ended(with: failure.status)
            throw failure
        }
    }

    private func runShown(
        _ argument: String,
        _ resuming: Bool,
        _ notices: RunNotices,
        _ next: NextCommands
    ) async throws -> ExitStatus {
        let displays = try Displays(options, clock: clock, notices: notices, next: next)
        defer { displays.stop() }
        do {
            guard let failure = try await runAlone(argument, resuming, displays, next) else { return .allDone }
            displays.fail(failure)
            return failure.status
        } catch {
            let failure = CommandFailure(error)
            displays.fail(failure)
            throw failure
        }
    }

    /// Whether another run is at the job; looked at before the first word is said.
    private func isRunning(_ argument: String, _ resuming: Bool) -> Bool {
        // What is wrong with the job is told where it is told always.
        guard let path = try? prepare(argument, resuming).checkpointPath else { return false }
        return SQLiteCheckpoint.holder(path: path) != nil
    }

    /// Runs once no other run holds the checkpoint, if that is to be waited for.
    ///
    /// - Returns: Why the exit status is not 0; `nil` if every item is done, or another run is at it.
    private func runAlone(
        _ argument: String,
        _ resuming: Bool,
        _ displays: Displays,
        _ next: NextCommands
    ) async throws -> CommandFailure? {
        var wait = options.waitLock.map { LockWait(limit: $0.duration, clock: clock) }
        while true {
            // Each time anew: the job file may have been edited during the wait.
            let preparation = try prepare(argument, resuming)
            do {
                return try await run(preparation, displays, next)
            } catch let error as CheckpointError {
                guard case .inUse(let holder) = error.kind else { throw error }
                if options.skipIfRunning { return nil }
                guard try await wait?.waitForEnd(of: holder, path: preparation.checkpointPath) == true else {
                    throw error
                }
            }
        }
    }

    /// What is known before anything is begun.
    private struct Preparation {
        var job: Job
        /// Where relative paths of the job start.
        let folder: String
        /// The job that the checkpoint is made to follow; `nil` if it is run as it stands, without data files.
        let jobFile: JobFile?
        let checkpointPath: String
        let mustExist: Bool
    }

    private func prepare(_ argument: String, _ resuming: Bool) throws -> Preparation {
        guard resuming, JobLocation.isDatabase(argument) else {
            let jobFile = try JobFile.load(
                path: argument,
                options: JobFile.Options(allowedFolders: options.allowFolder)
            )
            let checkpointPath = JobLocation.checkpointPath(for: jobFile, options.checkpoint)
            guard !resuming || !jobFile.readsStandardInput else {
                throw CommandFailure(
                    .wrongUsage,
                    "the items of \(argument) came from standard input, which comes only once, and are in the checkpoint; "
                        + "name that: genbatch \(command) \(ShellWord.quoted(checkpointPath))"
                )
            }
            return Preparation(
                job: jobFile.job,
                folder: jobFile.folder,
                jobFile: jobFile,
                checkpointPath: checkpointPath,
                mustExist: resuming
            )
        }
        let path = try JobLocation.checkpointPath(for: argument, options.checkpoint)
        guard let stored = try CheckpointReader(path: path).storedJob() else {
            throw CommandFailure(
                .unusableConfiguration,
                "\(argument) holds no job yet; run the job file with --db \(argument)"
            )
        }
        return Preparation(
            job: try JobFile.settings(contents: Array(stored.yaml.utf8), name: stored.path, folder: stored.folder),
            folder: stored.folder,
            jobFile: nil,
            checkpointPath: argument,
            mustExist: true
        )
    }

    /// - Returns: Why the exit status is not 0; `nil` if every item is done.
    private func run(
        _ preparation: Preparation,
        _ displays: Displays,
        _ next: NextCommands
    ) async throws -> CommandFailure? {
        var preparation = preparation
        preparation.job.limits.concurrency = concurrency(of: preparation.job)
        preparation.job.prices = try PricesInForce.table(preparation.job)
        // Before the checkpoint: without a key or a server nothing is to be begun.
        let connection = try Connection(
            options.connection,
            job: preparation.job.backend,
            concurrency: preparation.job.limits.concurrency
        )
        try await connection.signIn()
        try setLimits(of: &preparation.job)
        var storage = StorageRules()
        storage.allowsNetworkFileSystem = options.allowNetworkFileSystem
        let checkpoint = try SQLiteCheckpoint(
            path: preparation.checkpointPath,
            createIfMissing: !preparation.mustExist,
            policy: CommitPolicy(concurrency: preparation.job.limits.concurrency),
            storage: storage
        )
        if case .emptyFile = checkpoint.origin {
            StandardError.note("\(preparation.checkpointPath) was empty; a new checkpoint is made in it")
        }
        let memoryWatch = MemoryWatch()
        defer { memoryWatch.stop() }
        // While requests are in flight, tasks do little but wait for answers and commits, and the network thread does that
        // on the side: other threads would cost as much again. Before and after, it has nothing else to do.
        return try await withTaskExecutorPreference(connection.client.taskExecutor) {
            do {
                let failure = try await run(preparation, checkpoint, connection, displays, next)
                await checkpoint.close()
                return failure
            } catch {
                await checkpoint.close()
                throw error
            }
        }
    }

    private func run(
        _ preparation: Preparation,
        _ checkpoint: SQLiteCheckpoint,
        _ connection: Connection,
        _ displays: Displays,
        _ next: NextCommands
    ) async throws -> CommandFailure? {
        displays.start()
        var plan = try plan(preparation.jobFile, checkpoint)
        let limits = preparation.job.limits
        let history = limits.isSpendingCapped ? try await checkpoint.spendingHistory() : SpendingHistory()
        let (workload, answers) = try checkpoint.workload(limit: options.limit)
        plan.costCap = limits.spending.cost
        plan.spentBefore = history.spent.cost
        plan.forecast = forecast(of: workload, answers, preparation.job, history.spent, connection)
        displays.observe(.planned(plan))
        try audit(try await checkpoint.balance(), plan, checkpoint)
        try PricedCaps.check(workload, of: preparation.job)
        let register = try await makeRegister(preparation.job, checkpoint, connection)
        try await checkpoint.startRun(version: Version.current)
        var (summary, signal) = try await schedule(preparation.job, history, checkpoint, connection, register, displays)
        try await checkpoint.finishRun(summary)
        let balance = try await checkpoint.balance()
        summary.balance = balance
        summary.mostBeyondCap = plan.forecast?.mostBeyondCaps
        displays.observe(.finished(summary))
        try audit(balance, plan, checkpoint, summary)
        try writeOutput(of: preparation, checkpoint)
        return failure(of: summary, balance, signal: signal, next)
    }

    /// Nothing is sent, and nothing is called a success, while the checkpoint has other items than were told.
    private func audit(
        _ balance: ItemBalance,
        _ plan: RunPlan,
        _ checkpoint: SQLiteCheckpoint,
        _ summary: RunSummary? = nil
    ) throws {
        let contradictions = balance.contradictions(to: plan, and: summary)
        guard contradictions.isEmpty else {
            throw CheckpointError.outOfBalance(path: checkpoint.path, contradictions)
        }
    }

    private func plan(_ jobFile: JobFile?, _ checkpoint: SQLiteCheckpoint) throws -> RunPlan {
        guard let jobFile else { return try checkpoint.reopen(choice: choice) }
        var items = try jobFile.makeItems()
        return try checkpoint.register(
            &items,
            job: try StoredJob(jobFile),
            shard: options.checkpoint.shard,
            choice: choice,
            keepsInputs: { jobFile.areInputsSettled }
        )
    }

    /// What the run is likely to take.
    private func forecast(
        of workload: Workload,
        _ answers: [String: AnswerHistory],
        _ job: Job,
        _ spent: Spending,
        _ connection: Connection
    ) -> Forecast {
        var forecast = JobForecast(job, answers, spent: spent)
        if !options.connection.simulate {
            forecast.consultLedger(account: connection.client.accountDigest)
        }
        return forecast.forecast(workload)
    }

    private func schedule(
        _ job: Job,
        _ history: SpendingHistory,
        _ checkpoint: SQLiteCheckpoint,
        _ connection: Connection,
        _ register: LedgerRegister?,
        _ displays: Displays
    ) async throws -> (RunSummary, Int32?) {
        let scheduler = Scheduler(
            job: job,
            store: checkpoint,
            generator: GenAIGenerator(
                client: connection.client,
                uploads: MediaUploads(client: connection.client, register: checkpoint, clock: clock)
            ),
            clock: clock,
            observer: displays,
            register: register,
            history: history,
            itemLimit: options.limit
        )
        let signals = StopSignals(scheduler, grace: options.grace.duration)
        let deadline = RunDeadline(scheduler, after: job.limits.duration, grace: options.grace.duration, clock: clock)
        defer { deadline?.cancel() }
        let summary: RunSummary
        do {
            summary = try await scheduler.run()
        } catch {
            await register?.flush()
            throw error
        }
        await register?.flush()
        return (summary, signals.received)
    }

    /// The command line's limits over the job's, and the user's beside them.
    private func setLimits(of job: inout Job) throws {
        var limits = job.limits
        options.limits.apply(to: &limits)
        let isServerLocal = options.connection.isServerLocal(for: job.backend)
        limits.quota.startsCarefully = !isServerLocal
        // What this machine answers costs nothing.
        if !isServerLocal {
            limits.sharedSpending = try SharedLedger.caps()
        }
        job.limits = limits
    }

    /// A simulator has no quota that another run could meet again.
    ///
    /// What a killed run had in flight may have been billed, and counts from here on for all jobs.
    private func makeRegister(
        _ job: Job,
        _ checkpoint: SQLiteCheckpoint,
        _ connection: Connection
    ) async throws -> LedgerRegister? {
        guard !options.connection.simulate else { return nil }
        let register = try LedgerRegister(
            job.limits,
            account: connection.client.accountDigest,
            countsMoney: !options.connection.isServerLocal(for: job.backend),
            clock
        )
        guard let register else { return nil }
        for lost in try await checkpoint.lostReservations() {
            let use = QuotaNote.used(TokenUsage(), cost: nil, reserved: lost.reserved.cost)
            register.note(use, of: lost.model, tier: lost.tier)
        }
        await register.flush()
        return register
    }

    /// Every connection needs a descriptor; too few are said once, and the run goes on with less.
    private func concurrency(of job: Job) -> Int {
        let wanted = options.limits.concurrency ?? job.limits.concurrency
        let possible = DescriptorLimit.concurrency(atMost: wanted)
        if possible < wanted {
            StandardError.note(
                "only \(possible) of \(wanted) requests at once: the limit of open files is too low (see `ulimit -n`)"
            )
        }
        return possible
    }

    private func writeOutput(of preparation: Preparation, _ checkpoint: SQLiteCheckpoint) throws {
        let reader = try CheckpointReader(path: checkpoint.path)
        // The job's own output is for all of its results: shards would replace those of one another.
        let output = try reader.storedPlan()?.shard == nil ? preparation.job.outputPath : nil
        let relative = output.map { $0.hasPrefix("/") ? $0 : "\(preparation.folder)/\($0)" }
        guard let path = options.output ?? relative else { return }
        let destination = try ExportDestination.file(path, createsFolder: true)
        let results = ResultsWriter(selection: ResultSelection(states: [.done, .failed, .deferred]), output: path)
        try results.write(from: reader, to: destination)
    }

    /// Why the run does not end with status 0, in words for programs: people have the summary.
    private func failure(
        of summary: RunSummary,
        _ balance: ItemBalance,
        signal: Int32?,
        _ next: NextCommands
    ) -> CommandFailure? {
        switch summary.ending {
        case .interrupted:
            return CommandFailure(
                signal == SIGINT ? .interrupted : .terminated,
                "interrupted; go on with: \(next.resume)"
            )
        case .stopped(let error):
            return CommandFailure(CommandFailure.status(of: error), error.message)
        case .completed, .limitReached, .outOfTime:
            if balance.left > 0 {
                return Self.workLeft(balance.left, summary, next)
            }
            guard balance[.failed] > 0 else { return nil }
            return CommandFailure(
                .someItemsFailed,
                "\(Figures.count(balance[.failed], "item")) failed for good; see: \(next.failures)"
            )
        }
    }

    private var command: String {
        if case .failed = choice { "retry" } else { "resume" }
    }

    /// Why items are left: because of a cap, or quota in the words of one of the models, or for no particular reason.
    ///
    /// A model that the plan does not include has to be seen to by somebody; time does not help.
    private static func workLeft(_ count: Int, _ summary: RunSummary, _ next: NextCommands) -> CommandFailure {
        let reasons = summary.closedModels.sorted { $0.key < $1.key }.map(\.value)
        let reason = reasons.first { $0.failureClass == .auth } ?? reasons.first
        let isOutOfTime = summary.ending == .outOfTime
        let messages = [summary.cap?.message, reason?.message, isOutOfTime ? "the time of the run is over" : nil]
        let words = messages.compactMap { $0.map { "; \($0)" } }.joined()
        return CommandFailure(
            reason?.failureClass == .auth ? .notPermitted : .workLeft,
            "\(Figures.count(count, "item")) left\(words); go on with: \(next.resume)"
        )
    }

    /// The options without which a further run would reach another server, another key or fewer files.
    private var sameWay: String {
        let connection = options.connection
        let values =
            [
                ("--backend", connection.backend?.rawValue), ("--project", connection.project),
                ("--location", connection.location), ("--credentials", connection.credentials),
                ("--base-url", connection.baseURL), ("--key-file", connection.keyFile),
                ("--ca-file", connection.caFile),
            ] + options.allowFolder.map { ("--allow-folder", $0) } + [("--output", options.output)]
        let words = values.compactMap { name, value in value.map { " \(name) \(ShellWord.quoted($0))" } }
        let flags = [("--simulate", connection.simulate), ("--allow-network-fs", options.allowNetworkFileSystem)]
        return flags.filter(\.1).map { " \($0.0)" }.joined() + words.joined()
    }

    private func nextCommands(_ argument: String, isCheckpoint: Bool) -> NextCommands {
        let target =
            isCheckpoint ? ShellWord.quoted(argument) : JobLocation.words(for: argument, options.checkpoint)
        return NextCommands(
            resume: "genbatch resume \(target)" + sameWay,
            export: "genbatch export \(target)",
            failures: "genbatch failures \(target)"
        )
    }
}

extension StoredJob {
    init(_ jobFile: JobFile) throws {
        self.init(
            name: jobFile.job.name,
            path: jobFile.path,
            folder: jobFile.folder,
            yaml: String(decoding: try jobFile.textToKeep(), as: UTF8.self),
            inputs: jobFile.inputStamp(version: Version.current)
        )
    }
}
