import ArgumentParser
import GeminiSimulator

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@main
struct SimulatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gemini-simulator",
        abstract: "The Gemini API on loopback: answers that follow from the request, and faults to order.",
        discussion: """
            EXAMPLES:
              gemini-simulator --port 8787 --script faults.json
              curl -sN 'http://127.0.0.1:8787/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse' \\
                -H 'x-goog-api-key: any' -d '{"contents":[{"parts":[{"text":"Tell me a story in 40 words."}]}]}'

            Prints "listening on http://127.0.0.1:PORT" when it is ready, and serves until it is stopped.
            """
    )

    @Option(help: "The port on 127.0.0.1; 0 takes a free one.")
    var port = 0

    @Option(help: ArgumentHelp("From a request to its first event, as in 300ms or 2s.", valueName: "duration"))
    var firstChunkLatency = Milliseconds(300)

    @Option(help: ArgumentHelp("Between two events of one answer, as in 40ms.", valueName: "duration"))
    var chunkInterval = Milliseconds(40)

    @Option(help: ArgumentHelp("Events of an answer whose prompt asks for no length.", valueName: "count"))
    var chunks = 20

    @Option(help: ArgumentHelp("Bytes of text in one event.", valueName: "count"))
    var chunkBytes = 60

    @Option(help: ArgumentHelp("By what share the waits vary, from 0 to 1.", valueName: "share"))
    var jitter = 0.3

    @Option(help: ArgumentHelp("What the varying waits follow from.", valueName: "number"))
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("A fault script in JSON.", valueName: "file"), completion: .file(extensions: ["json"]))
    var script: String?

    @Option(
        help: ArgumentHelp(
            "Requests per model in any minute, as in 300 or 300,120@10m,600@20m; further ones get a 429.",
            valueName: "limits"
        )
    )
    var requestsPerMinute: LimitSchedule?

    @Option(help: ArgumentHelp("How long that minute is, as in 6s.", valueName: "duration"))
    var quotaWindow = Milliseconds(60_000)

    @Flag(help: "Counts requests from one full minute to the next, not in any minute.")
    var fixedQuotaWindow = false

    @Option(help: ArgumentHelp("Questions about a new file that are answered with PROCESSING.", valueName: "count"))
    var processingPolls = 1

    @Option(
        help: ArgumentHelp("Appends a JSON line for each request and for its end.", valueName: "file"),
        completion: .file()
    )
    var journal: String?

    @Option(help: ArgumentHelp("Serving threads; the default is one per two cores.", valueName: "count"))
    var threads: Int?

    @Flag(help: "Ends when standard input closes or the parent process ends.")
    var exitWithParent = false

    @Flag(help: "Prints a line per request on standard error.")
    var log = false

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port must be from 0 to 65535") }
        guard (1...100_000).contains(chunks) else { throw ValidationError("--chunks must be from 1 to 100000") }
        guard (1...1_048_576).contains(chunkBytes) else {
            throw ValidationError("--chunk-bytes must be from 1 to 1048576")
        }
        guard (0...1).contains(jitter) else { throw ValidationError("--jitter must be from 0 to 1") }
        guard quotaWindow.duration > .zero else { throw ValidationError("--quota-window must be more than 0") }
        guard processingPolls >= 0 else { throw ValidationError("--processing-polls must not be negative") }
        guard threads.map({ (1...64).contains($0) }) ?? true else {
            throw ValidationError("--threads must be from 1 to 64")
        }
    }

    func run() async throws {
        // A vanished reader of standard output or error must not end the service.
        signal(SIGPIPE, SIG_IGN)
        var configuration = SimulatorConfiguration()
        configuration.port = port
        configuration.firstChunkLatency = firstChunkLatency.duration
        configuration.chunkInterval = chunkInterval.duration
        configuration.chunks = chunks
        configuration.chunkBytes = chunkBytes
        configuration.jitter = jitter
        configuration.seed = seed
        configuration.quota = requestsPerMinute.map { schedule in
            RequestQuota(
                stages: schedule.stages,
                window: quotaWindow.duration,
                counting: fixedQuotaWindow ? .fixed : .sliding
            )
        }
        configuration.processingPolls = processingPolls
        configuration.journal = journal
        configuration.threads = threads
        if let script {
            configuration.script = try FaultScript(parsing: try FileBytes.read(script))
        }
        if log {
            configuration.log = { FileBytes.write($0 + "\n", to: STDERR_FILENO) }
        }
        let simulator = try await Simulator.start(configuration)
        FileBytes.write("listening on \(simulator.baseURL)\n", to: STDOUT_FILENO)
        if exitWithParent {
            ParentWatch.start()
        }
        try await simulator.wait()
    }
}
