internal import ArgumentParser

/// Who else is told of a run.
struct NoticeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Run this with /bin/sh when the run has ended, with its figures in variables GENBATCH_….",
            valueName: "command"
        )
    )
    var onFinish: String?

    @Option(
        help: ArgumentHelp(
            "Call URL/start when the run begins, and URL or URL/fail when it has ended, for a health check.",
            valueName: "url"
        )
    )
    var ping: String?

    @Option(
        help: ArgumentHelp(
            "Write the figures of the run to this .prom file, for the textfile collector of Prometheus' node exporter.",
            valueName: "file"
        ),
        completion: .file(extensions: ["prom"])
    )
    var metricsFile: String?

    func validate() throws {
        if let ping, PingAddress(ping) == nil {
            throw ValidationError("--ping must be an http or https address without blanks")
        }
        if let metricsFile, !metricsFile.hasSuffix(".prom") {
            throw ValidationError("--metrics-file must end in .prom, or the node exporter does not read it")
        }
    }
}
