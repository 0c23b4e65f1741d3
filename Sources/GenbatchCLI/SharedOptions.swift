internal import ArgumentParser
internal import BatchCore
internal import GenAI

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Which server, and with which key.
struct ConnectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Another server than Google's, https or loopback (default: GOOGLE_GEMINI_BASE_URL).",
            valueName: "url"
        )
    )
    var baseURL: String?

    @Option(
        help: ArgumentHelp(
            "A file that holds the API key (default: GOOGLE_API_KEY, GEMINI_API_KEY).",
            valueName: "file"
        ),
        completion: .file()
    )
    var keyFile: String?

    @Option(
        help: ArgumentHelp(
            "A PEM file of certificate authorities to trust instead of the system's.",
            valueName: "file"
        ),
        completion: .file(extensions: ["pem", "crt"])
    )
    var caFile: String?

    @Flag(help: "Answer from a simulator on this machine instead of Google: no key, no cost.")
    var simulate = false

    func validate() throws {
        if simulate, baseURL != nil || keyFile != nil {
            throw ValidationError("--simulate brings its own server and key; leave out --base-url and --key-file")
        }
    }
}

/// A client, and the simulator that it talks to if one was asked for.
struct Connection {
    let client: Client
    let simulator: SimulatorProcess?

    /// - Parameters:
    ///   - options: From the command line.
    ///   - concurrency: Requests that will be in flight at once.
    /// - Throws: ``CommandFailure`` if there is no key, or the server cannot be what the options say.
    init(_ options: ConnectionOptions, concurrency: Int) throws {
        simulator = options.simulate ? try SimulatorProcess() : nil
        let key = options.simulate ? "simulated" : try options.keyFile.map(KeyFile.read)
        let http = HTTPOptions(
            baseURL: simulator?.baseURL ?? options.baseURL,
            caFile: options.caFile,
            concurrency: concurrency,
            userAgent: "genbatch/\(Version.current)"
        )
        do {
            client = try Client(apiKey: key, options: http)
        } catch {
            let isKeyMissing = key == nil && getenv("GOOGLE_API_KEY") == nil && getenv("GEMINI_API_KEY") == nil
            let advice = "; cron does not load your shell profile: use --key-file"
            throw CommandFailure(
                .unusableConfiguration,
                "\(error)" + (isKeyMissing && Self.isUnderCron ? advice : "")
            )
        }
    }

    /// cron starts programs without a terminal and with next to no environment.
    private static var isUnderCron: Bool {
        getenv("TERM") == nil && isatty(STDIN_FILENO) == 0
    }
}

/// A key in a file of its own, so that it stands in no command line and no crontab.
enum KeyFile {
    private static let longest = 4096

    static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "re") else {
            throw CommandFailure(.missingInput, "cannot read the key file \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: longest)
        let count = fread(&bytes, 1, longest, file)
        let key = String(decoding: bytes[..<count], as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard key.count == 1 else {
            throw CommandFailure(
                .unusableConfiguration,
                "the key file \(path) must hold one key and nothing else, but holds \(key.count) words"
            )
        }
        return String(key[0])
    }
}

/// Where the checkpoint is.
struct CheckpointOptions: ParsableArguments {
    @Option(
        name: .customLong("db"),
        help: ArgumentHelp("The checkpoint file (default: .genbatch/NAME.db beside the job file).", valueName: "file"),
        completion: .file(extensions: ["db"])
    )
    var database: String?
}

/// How a run is bounded and shown.
struct RunOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var checkpoint: CheckpointOptions

    @Option(help: ArgumentHelp("Start at most this many items.", valueName: "count"))
    var limit: Int?

    @Option(
        help: ArgumentHelp("Requests in flight at once (default: the job's limits.concurrency).", valueName: "count")
    )
    var concurrency: Int?

    @Option(
        help: ArgumentHelp(
            "Requests in any minute, for each model (default: the job's limits.requests_per_minute).",
            valueName: "count"
        )
    )
    var rpm: Int?

    @Option(
        help: ArgumentHelp(
            "Input tokens in any minute, for each model (default: the job's limits.tokens_per_minute).",
            valueName: "count"
        )
    )
    var tpm: Int?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "Write the results to this JSONL file at the end (default: the job's output.path).",
            valueName: "file"
        ),
        completion: .file(extensions: ["jsonl"])
    )
    var output: String?

    @Option(help: ArgumentHelp("How long streams may go on after the first Ctrl-C or SIGTERM.", valueName: "duration"))
    var grace: DurationArgument = DurationArgument(.seconds(25))

    @Option(help: ArgumentHelp("Show progress: auto, bar, plain or none.", valueName: "mode"))
    var progress: ProgressArgument = .auto

    @Flag(help: "Write one JSON object per event to standard output.")
    var json = false

    @Flag(name: [.short, .long], help: "Say nothing unless something is left to do.")
    var quiet = false

    @Option(
        help: ArgumentHelp(
            "A folder outside the job's own that it may read from; may be repeated.",
            valueName: "folder"
        ),
        completion: .directory
    )
    var allowFolder: [String] = []

    func validate() throws {
        if let limit, limit < 1 {
            throw ValidationError("--limit must be at least 1")
        }
        if let concurrency, !(1...10_000).contains(concurrency) {
            throw ValidationError("--concurrency must be from 1 to 10000")
        }
        for (name, count) in [("--rpm", rpm), ("--tpm", tpm)] {
            if let count, !(1...QuotaLimits.maximum).contains(count) {
                throw ValidationError("\(name) must be from 1 to \(QuotaLimits.maximum)")
            }
        }
    }
}
