internal import BatchCore
internal import Checkpointing
internal import Export
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
    /// Where the items of the run come from.
    enum Source {
        /// The job file: the checkpoint is made to follow it first.
        case job(JobFile, mustExist: Bool)
        /// The checkpoint alone: what it holds is run as it stands, data files are not needed.
        case checkpoint(String)
    }

    private let options: RunOptions
    private let clock = SystemClock()

    init(_ options: RunOptions) {
        self.options = options
    }

    /// Runs what is left of a job.
    ///
    /// - Returns: How it ended.
    /// - Throws: What kept it from running, or from keeping results.
    func run(_ source: Source) async throws -> ExitStatus {
        let (checkpoint, stored) = try open(source)
        do {
            let status = try await run(source, checkpoint, stored)
            await checkpoint.close()
            return status
        } catch {
            await checkpoint.close()
            throw error
        }
    }

    private func open(_ source: Source) throws -> (SQLiteCheckpoint, JobFile) {
        switch source {
        case .job(let jobFile, let mustExist):
            let path = JobLocation.checkpointPath(for: jobFile, options.checkpoint)
            let checkpoint = try SQLiteCheckpoint(path: path, createIfMissing: !mustExist)
            if case .emptyFile = checkpoint.origin {
                StandardError.note("\(path) was empty; a new checkpoint is made in it")
            }
            return (checkpoint, jobFile)
        case .checkpoint(let path):
            let stored = try CheckpointReader(path: path).storedJob()
            let jobFile = try JobFile.load(
                contents: Array(stored.yaml.utf8),
                path: stored.path,
                folder: stored.folder,
                options: JobFile.Options(allowedFolders: options.allowFolder, checksInputs: false)
            )
            return (try SQLiteCheckpoint(path: path, createIfMissing: false), jobFile)
        }
    }

    private func run(_ source: Source, _ checkpoint: SQLiteCheckpoint, _ jobFile: JobFile) async throws -> ExitStatus {
        var job = jobFile.job
        job.limits.concurrency = concurrency(of: job)
        let connection = try Connection(options.connection, concurrency: job.limits.concurrency)
        let displays = Displays(options, clock: clock, next: nextCommands(checkpoint, source))
        displays.start()
        defer { displays.stop() }
        do {
            let plan = try plan(source, checkpoint)
            displays.observe(.planned(plan))
            try await checkpoint.startRun(version: Version.current)
            let (summary, signal) = try await schedule(job, checkpoint, connection, displays)
            try await checkpoint.finishRun(summary)
            displays.observe(.finished(summary))
            try writeOutput(jobFile, checkpoint)
            let status = try self.status(of: summary, signal: signal, checkpoint)
            return status
        } catch {
            let failure = CommandFailure(error)
            displays.fail(failure)
            throw failure
        }
    }

    private func plan(_ source: Source, _ checkpoint: SQLiteCheckpoint) throws -> RunPlan {
        switch source {
        case .job(let jobFile, _):
            var items = try jobFile.makeItems()
            return try checkpoint.register(&items, job: try StoredJob(jobFile))
        case .checkpoint:
            return try checkpoint.reopen()
        }
    }

    private func schedule(
        _ job: Job,
        _ checkpoint: SQLiteCheckpoint,
        _ connection: Connection,
        _ displays: Displays
    ) async throws -> (RunSummary, Int32?) {
        let scheduler = Scheduler(
            job: job,
            store: checkpoint,
            generator: GenAIGenerator(client: connection.client),
            clock: clock,
            observer: displays,
            itemLimit: options.limit
        )
        let signals = StopSignals()
        signals.watch(scheduler, grace: options.grace.duration)
        defer { signals.stopWatching() }
        return (try await scheduler.run(), signals.received)
    }

    /// Every connection needs a descriptor; too few are said once, and the run goes on with less.
    private func concurrency(of job: Job) -> Int {
        let wanted = options.concurrency ?? job.limits.concurrency
        let possible = DescriptorLimit.concurrency(atMost: wanted)
        if possible < wanted {
            StandardError.note(
                "only \(possible) of \(wanted) requests at once: the limit of open files is too low (see `ulimit -n`)"
            )
        }
        return possible
    }

    private func writeOutput(_ jobFile: JobFile, _ checkpoint: SQLiteCheckpoint) throws {
        let path = options.output ?? jobFile.job.outputPath.map { $0.hasPrefix("/") ? $0 : "\(jobFile.folder)/\($0)" }
        guard let path else { return }
        let reader = try CheckpointReader(path: checkpoint.path)
        try ExportDestination.write(to: path, with: JSONLExporter()) { write in
            try reader.results(states: [.done, .failed, .deferred], includeOrphaned: false, write)
        }
    }

    private func status(of summary: RunSummary, signal: Int32?, _ checkpoint: SQLiteCheckpoint) throws -> ExitStatus {
        switch summary.ending {
        case .interrupted:
            return signal == SIGINT ? .interrupted : .terminated
        case .stopped(let error):
            return CommandFailure.status(of: error)
        case .completed, .limitReached:
            let counts = try CheckpointReader(path: checkpoint.path).status().states
            if (counts[.deferred] ?? 0) + (counts[.pending] ?? 0) > 0 { return .workLeft }
            return counts[.failed] ?? 0 > 0 ? .someItemsFailed : .allDone
        }
    }

    private func nextCommands(_ checkpoint: SQLiteCheckpoint, _ source: Source) -> NextCommands {
        let target: String
        switch source {
        case .job(let jobFile, _):
            target = jobFile.path + (options.checkpoint.database.map { " --db \($0)" } ?? "")
        case .checkpoint(let path):
            target = path
        }
        return NextCommands(
            resume: "genbatch resume \(target)" + (options.connection.simulate ? " --simulate" : ""),
            export: "genbatch export \(target)",
            status: "genbatch status \(target)"
        )
    }
}

extension StoredJob {
    init(_ jobFile: JobFile) throws {
        self.init(
            name: jobFile.job.name,
            path: jobFile.path,
            folder: jobFile.folder,
            yaml: String(decoding: try jobFile.contents(), as: UTF8.self)
        )
    }
}
