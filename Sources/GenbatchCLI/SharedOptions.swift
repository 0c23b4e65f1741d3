internal import ArgumentParser
internal import BatchCore
internal import Checkpointing
internal import GenAI

/// Which server, and with which key or sign-in.
struct ConnectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "gemini (an API key) or vertex (Google Cloud) (default: GOOGLE_GENAI_USE_VERTEXAI, the job's, gemini).",
            valueName: "name"
        )
    )
    var backend: JobBackend.Kind?

    @Option(
        help: ArgumentHelp(
            "The project of Google Cloud (default: GOOGLE_CLOUD_PROJECT, the job's, the credentials').",
            valueName: "id"
        )
    )
    var project: String?

    @Option(
        help: ArgumentHelp(
            "The location of Vertex AI (default: GOOGLE_CLOUD_LOCATION, the job's, global).",
            valueName: "name"
        )
    )
    var location: String?

    @Option(
        help: ArgumentHelp(
            "A credentials file of Google Cloud (default: GOOGLE_APPLICATION_CREDENTIALS, gcloud's, the machine's).",
            valueName: "file"
        ),
        completion: .file(extensions: ["json"])
    )
    var credentials: String?

    @Option(
        help: ArgumentHelp(
            "Another server than Google's, https or loopback (default: GOOGLE_GEMINI_BASE_URL, GOOGLE_VERTEX_BASE_URL).",
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

    /// The backend in force: the command line goes before the environment, that before the job.
    func backend(of job: JobBackend?) -> JobBackend.Kind {
        backend ?? Environment.process.backendKind.map(JobBackend.Kind.init) ?? job?.kind ?? .gemini
    }

    /// Whether a job is answered by a server on this machine, which costs nothing.
    func isServerLocal(for job: JobBackend?) -> Bool {
        let kind: BackendKind =
            switch backend(of: job) {
            case .gemini: .geminiAPI
            case .vertex: .vertex
            }
        let address = baseURL ?? Environment.process.baseURL(of: kind)
        return simulate || address.map(Client.isLocal) ?? false
    }

    func validate() throws {
        if simulate, baseURL != nil || keyFile != nil || credentials != nil {
            throw ValidationError(
                "--simulate brings its own server and key; leave out --base-url, --key-file and --credentials"
            )
        }
        if keyFile != nil, credentials != nil {
            throw ValidationError("--key-file and --credentials exclude each other; keep one")
        }
    }
}

extension JobBackend.Kind: ExpressibleByArgument {
    fileprivate init(_ kind: BackendKind) {
        self =
            switch kind {
            case .geminiAPI: .gemini
            case .vertex: .vertex
            }
    }
}

/// Where the checkpoint is, and of which part of the job.
struct CheckpointOptions: ParsableArguments {
    @Option(
        name: .customLong("db"),
        help: ArgumentHelp("The checkpoint file (default: .genbatch/NAME.db beside the job file).", valueName: "file"),
        completion: .file(extensions: ["db"])
    )
    var database: String?

    @Option(
        help: ArgumentHelp(
            "Only part i, from 0, of n equal parts of the job, each with a checkpoint of its own (see `merge`).",
            valueName: "i/n"
        ),
        transform: ShardArgument.parse
    )
    var shard: Shard?
}

/// Which items are sent.
struct SelectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Send only the item with this key, if it is to run; may be repeated.", valueName: "key"))
    var only: [String] = []

    var choice: ItemChoice { only.isEmpty ? .all : .keys(only) }
}

/// How a run is bounded and shown.
struct RunOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var checkpoint: CheckpointOptions

    @Option(help: ArgumentHelp("Start at most this many items.", valueName: "count"))
    var limit: Int?

    @OptionGroup var limits: LimitOptions

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "Write the results to this .jsonl, .csv or .md file at the end (default: the job's output.path).",
            valueName: "file"
        ),
        completion: .file(extensions: ["jsonl", "csv", "md"])
    )
    var output: String?

    @Option(help: ArgumentHelp("How long streams may go on after the first Ctrl-C or SIGTERM.", valueName: "duration"))
    var grace: DurationArgument = DurationArgument(.seconds(25))

    @Option(help: ArgumentHelp("Show progress: auto, bar, plain or none.", valueName: "mode"))
    var progress: ProgressArgument = .auto

    @Flag(help: "Write one JSON object per event to standard output.")
    var json = false

    @Option(
        help: ArgumentHelp("Write one JSON object per event to this file.", valueName: "file"),
        completion: .file(extensions: ["jsonl"])
    )
    var events: String?

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

    @Option(
        help: ArgumentHelp(
            "If another run holds the checkpoint, wait for its end, this long at most.",
            valueName: "duration"
        )
    )
    var waitLock: DurationArgument?

    @Flag(help: "If another run holds the checkpoint, end at once with status 0 and say nothing.")
    var skipIfRunning = false

    @OptionGroup var notices: NoticeOptions

    @Flag(
        name: .customLong("allow-network-fs"),
        help: "Use a checkpoint on a network file system; no other machine may use it meanwhile."
    )
    var allowNetworkFileSystem = false

    func validate() throws {
        if waitLock != nil, skipIfRunning {
            throw ValidationError("--wait-lock and --skip-if-running exclude each other")
        }
        if let limit, limit < 1 {
            throw ValidationError("--limit must be at least 1")
        }
    }
}
