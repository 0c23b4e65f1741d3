internal import ArgumentParser

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check this machine, the key, the way to the server, and a checkpoint.",
        discussion: """
            EXAMPLES:
              genbatch doctor
              genbatch doctor job.yaml
              genbatch doctor .genbatch/job.db --offline --json

            Each line is ok, warn or fail, with what to do. The server is asked for its certificate and its clock; no key \
            and no prompt is sent, and --offline leaves it alone. Nothing is changed. Ends with 78 if something fails.
            """
    )

    @Argument(
        help: "A job file, or a checkpoint (default: only what has to do with neither).",
        completion: .file(extensions: ["yaml", "yml", "db"])
    )
    var job: String?

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var checkpoint: CheckpointOptions

    @Flag(help: "Do not ask the server.")
    var offline = false

    @Flag(help: "Write one JSON object per line.")
    var json = false

    func run() async throws {
        var hasFailed = false
        func tell(_ findings: [Finding]) throws {
            for finding in findings {
                hasFailed = hasFailed || finding.verdict == .fail
                try StandardOutput.write((json ? finding.json : finding.line) + "\n")
            }
        }
        try tell(SystemChecks.all())
        if let path = try checkpointPath() {
            try tell(CheckpointChecks.all(path))
        }
        if !connection.simulate {
            try tell(KeyChecks.all(connection))
            try tell(await ServerChecks.all(connection, asksServer: !offline))
        }
        if hasFailed { throw ExitStatus.unusableConfiguration }
    }

    private func checkpointPath() throws -> String? {
        if let job { return try JobLocation.checkpointPath(for: job, checkpoint) }
        return checkpoint.database
    }
}
