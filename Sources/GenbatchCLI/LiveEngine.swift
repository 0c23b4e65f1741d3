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
        let opened = try open(source)
        do {
            let status = try await run(source, opened)
            await opened.checkpoint.close()
            return status
        } catch {
            await opened.checkpoint.close()
            throw error
        }
    }

    /// A checkpoint that is ours for the run, and the job that it belongs to.
    private struct Opened {
        let checkpoint: SQLiteCheckpoint
        let job: Job
        /// Where relative paths of the job start.
        let folder: String
    }

    private func open(_ source: Source) throws -> Opened {
        switch source {
        case .job(let jobFile, let mustExist):
            let path = JobLocation.checkpointPath(for: jobFile, options.checkpoint)
            let checkpoint = try SQLiteCheckpoint(path: path, createIfMissing: !mustExist)
            if case .emptyFile = checkpoint.origin {
                StandardError.note("\(path) was empty; a new checkpoint is made in it")
            }
            return Opened(checkpoint: checkpoint, job: jobFile.job, folder: jobFile.folder)
        case .checkpoint(let path):
            guard let stored = try CheckpointReader(path: path).storedJob() else {
                throw CommandFailure(
                    .unusableConfiguration,
                    "\(path) holds no job yet; run the job file with --db \(path)"
                )
            }
            let job = try JobFile.settings(contents: Array(stored.yaml.utf8), name: stored.path, folder: stored.folder)
            let checkpoint = try SQLiteCheckpoint(path: path, createIfMissing: false)
            return Opened(checkpoint: checkpoint, job: job, folder: stored.folder)
        }
    }

    private func run(_ source: Source, _ opened: Opened) async throws -> ExitStatus {
        let checkpoint = opened.checkpoint
        var job = opened.job
        job.limits.concurrency = concurrency(of: job)
        let connection = try Connection(options.connection, concurrency: job.limits.concurrency)
        let displays = Displays(options, clock: clock, next: nextCommands(source))
        displays.start()
        defer { displays.stop() }
        do {
            displays.observe(.planned(try plan(source, checkpoint)))
            try await checkpoint.startRun(version: Version.current)
            let (summary, signal) = try await schedule(job, checkpoint, connection, displays)
            try await checkpoint.finishRun(summary)
            displays.observe(.finished(summary))
            try writeOutput(of: opened)
            return try status(of: summary, signal: signal, checkpoint)
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
        let signals = StopSignals(scheduler, grace: options.grace.duration)
        let summary = try await scheduler.run()
        return (summary, signals.received)
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

    private func writeOutput(of opened: Opened) throws {
        let relative = opened.job.outputPath.map { $0.hasPrefix("/") ? $0 : "\(opened.folder)/\($0)" }
        guard let path = options.output ?? relative else { return }
        let destination = try ExportDestination.file(path, createsFolder: true)
        var exporter = JSONLExporter(destination)
        try CheckpointReader(path: opened.checkpoint.path)
            .results(states: [.done, .failed, .deferred]) { try exporter.write($0) }
        try destination.finish()
    }

    private func status(of summary: RunSummary, signal: Int32?, _ checkpoint: SQLiteCheckpoint) throws -> ExitStatus {
        switch summary.ending {
        case .interrupted:
            return signal == SIGINT ? .interrupted : .terminated
        case .stopped(let error):
            return CommandFailure.status(of: error)
        case .completed, .limitReached:
            let counts = try CheckpointReader(path: checkpoint.path).status().items
            if (counts[.deferred] ?? 0) + (counts[.pending] ?? 0) > 0 { return .workLeft }
            return counts[.failed] ?? 0 > 0 ? .someItemsFailed : .allDone
        }
    }

    private func nextCommands(_ source: Source) -> NextCommands {
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
