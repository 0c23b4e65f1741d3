internal import ArgumentParser
internal import BatchCore
internal import Checkpointing
internal import Export
internal import Terminal

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

struct SalvageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "salvage",
        abstract: "Take what can be read out of a damaged checkpoint.",
        discussion: """
            EXAMPLES:
              genbatch salvage .genbatch/job.db -o salvaged.db
              genbatch salvage .genbatch/job.db -o answers.jsonl

            Reads the file page by page, around what is damaged; the file itself is not changed. What it finds becomes a \
            new checkpoint, which `run JOB --db NEW` goes on from: items whose answer is lost are sent again. With an \
            output that ends in .jsonl, only the answers are written, one JSON object per line. Says what was read and \
            what is missing, and ends with 3 if something is.
            """
    )

    @Argument(help: "The damaged checkpoint.", completion: .file(extensions: ["db"]))
    var checkpoint: String

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The new checkpoint, or a .jsonl file for the answers alone.", valueName: "file"),
        completion: .file(extensions: ["db", "jsonl"])
    )
    var output: String

    func run() async throws {
        guard access(checkpoint, R_OK) == 0 else {
            throw CommandFailure(.missingInput, "cannot read \(checkpoint): \(String(cString: strerror(errno)))")
        }
        let report: Salvage.Report
        if output.hasSuffix(".jsonl") {
            report = try writeAnswers()
        } else {
            report = try Salvage.run(from: checkpoint, to: output)
        }
        for line in Self.lines(report, output) {
            try StandardOutput.write(line + "\n")
        }
        if !report.isComplete { throw ExitStatus.someItemsFailed }
    }

    /// Writes the answers by way of a checkpoint that is gone afterwards.
    private func writeAnswers() throws -> Salvage.Report {
        let destination = try ExportDestination.file(output)
        let between = "\(output).salvage-\(getpid())"
        defer {
            for suffix in ["", "-wal", "-shm"] { unlink(between + suffix) }
        }
        let report = try Salvage.run(from: checkpoint, to: between)
        var export = try ResultExport(to: destination)
        try CheckpointReader(path: between).results(states: [.done], includeOrphaned: true) { try export.write($0) }
        try export.finish()
        return report
    }

    private static func lines(_ report: Salvage.Report, _ output: String) -> [String] {
        var lines = [
            "read     \(Figures.count(report.items, "item")), \(Figures.count(report.answers, "answer")), into \(output)"
        ]
        if report.missingItems > 0 || report.missingAnswers > 0 {
            let items = Figures.count(report.missingItems, "item")
            lines.append("missing  \(items), \(Figures.count(report.missingAnswers, "answer"))")
        }
        if report.namelessItems > 0 {
            let items = Figures.count(report.namelessItems, "item")
            lines.append("nameless \(items) known only by their answers, kept under the keys salvaged-…")
        }
        if !report.damagedPages.isEmpty {
            let shown = report.damagedPages.prefix(10).map(String.init).joined(separator: ", ")
            let more = report.damagedPages.count > 10 ? ", …" : ""
            lines.append(
                "damaged  \(Figures.count(report.damagedPages.count)) of \(Figures.count(report.pages, "page")): \(shown)\(more)"
            )
        }
        if report.unreadableRows > 0 {
            lines.append("damaged  \(Figures.count(report.unreadableRows, "row")) in pages that could be read")
        }
        if report.isComplete {
            lines.append("nothing is missing")
        }
        return lines
    }
}
