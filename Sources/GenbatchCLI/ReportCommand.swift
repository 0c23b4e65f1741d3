internal import ArgumentParser
internal import BatchCore
internal import Checkpointing
internal import Export
internal import Reporting
internal import Terminal

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Make one HTML page of a job: figures, charts and answers, also while it runs.",
        discussion: """
            EXAMPLES:
              genbatch report job.yaml
              genbatch report job.yaml -o /srv/reports/job.html --answers 2000
              genbatch report .genbatch/job.db -o - --answers 0 | mail -s "last night" me@example.com

            The page needs no network and no other file: it can be sent and kept. Progress, throughput, latency, cost by \
            model and by axis of the matrix, failures, quota waits, the slowest answers, and a list of answers to search \
            in which the variants of a matrix stand side by side. docs/report.md tells what each figure means.
            """
    )

    @Argument(help: "The job file, or a checkpoint.", completion: .file(extensions: ["yaml", "yml", "db"]))
    var job: String

    @OptionGroup var checkpoint: CheckpointOptions

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The page; - for standard output (default: NAME.report.html).", valueName: "file"),
        completion: .file(extensions: ["html"])
    )
    var output: String?

    @Option(help: ArgumentHelp("The most items whose answers are in the page.", valueName: "count"))
    var answers = 500

    func validate() throws {
        guard answers >= 0 else { throw ValidationError("--answers must be 0 or more") }
    }

    func run() async throws {
        let reader = try CheckpointReader(path: try JobLocation.checkpointPath(for: job, checkpoint))
        let header = try header(reader)
        let path = output ?? Self.defaultPath(header.name)
        let destination = path == "-" ? ExportDestination.standardOutput() : try .file(path)
        do {
            let bytes = try write(header, from: reader, to: destination)
            guard !destination.isStream else { return }
            try StandardOutput.write("\(path): \(Figures.count(header.itemCount, "item")), \(Figures.bytes(bytes))\n")
        } catch is ExportEnd {
            // The reader of the pipe has seen enough.
        }
    }

    /// Writes the page, all of it as the checkpoint is at one moment, and returns its size.
    private func write(
        _ header: ReportHeader,
        from reader: CheckpointReader,
        to destination: ExportDestination
    ) throws -> Int64 {
        var bytes: Int64 = 0
        try reader.snapshot { snapshot in
            let selection = ResultSelection(states: [.done, .failed], limit: answers)
            let finished = selection.states.reduce(0) { $0 + (header.items[$1] ?? 0) }
            var page = try ReportPage(
                header,
                try figures(snapshot),
                answers: (shown: min(answers, finished), all: finished)
            ) { piece in
                bytes += Int64(piece.count)
                try destination.write(piece)
            }
            try snapshot.forEach(selection) { result in
                try page.add(result, turns: try snapshot.turns(of: result.key))
            }
            try page.finish()
        }
        try destination.finish()
        return bytes
    }

    private func figures(_ snapshot: ResultSnapshot) throws -> ReportFigures {
        let axes = try snapshot.firstItem().flatMap { MatrixAxes(key: $0.key, input: $0.input) }
        var figures = ReportFigures(busyTimes: try snapshot.busyTimes(), axes: axes)
        try snapshot.forEachAttempt { figures.add($0) }
        return figures
    }

    private func header(_ reader: CheckpointReader) throws -> ReportHeader {
        let status = try reader.status()
        let stored = try reader.storedJob()
        return ReportHeader(
            name: stored?.name ?? "job",
            jobPath: stored?.path ?? reader.path,
            madeAt: SystemClock().unixMilliseconds(),
            version: Version.current,
            items: status.items,
            failedItems: status.failuresByClass,
            runs: status.lastRun?.number ?? 0,
            isRunning: status.lockHolder != nil
        )
    }

    /// Here, whatever the checkpoint of somebody else calls its job.
    private static func defaultPath(_ name: String) -> String {
        "\(name.contains("/") ? "job" : name).report.html"
    }
}
