internal import ArgumentParser
internal import BatchCore
internal import JobFiles

struct PricesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prices",
        abstract: "Show the prices in force and where each is from.",
        discussion: """
            EXAMPLES:
              genbatch prices
              genbatch prices job.yaml
              genbatch prices --json | jq '.models[] | select(.model == "gemini-3.8-flash")'

            The shipped table, the user's ($XDG_CONFIG_HOME/genbatch/prices.yaml, else ~/.config/genbatch/prices.yaml) and the \
            job's, each over the one before it. Amounts are US dollars per million tokens.
            """
    )

    @Argument(help: "A job file, for the prices in it.", completion: .file(extensions: ["yaml", "yml"]))
    var job: String?

    @Flag(help: "Write one JSON object.")
    var json = false

    func run() async throws {
        let settings = try job.map { try JobFile.settings(path: $0).job }
        let text = PricesText(try PricesInForce.table(settings), at: SystemClock().unixMilliseconds())
        try StandardOutput.write(json ? text.json + "\n" : text.lines.map { $0 + "\n" }.joined())
    }
}
