internal import BatchCore
internal import GenAI

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A client, and the simulator that it talks to if one was asked for.
struct Connection {
    private static let simulatedKey = "simulated"

    let client: Client
    let simulator: SimulatorProcess?

    /// Decides on a server: the command line goes before the environment, that before the job, that before the Gemini
    /// API.
    ///
    /// - Parameters:
    ///   - options: From the command line.
    ///   - job: What the job file says, if there is one and it says something.
    ///   - concurrency: Requests that will be in flight at once.
    /// - Throws: ``CommandFailure`` if there is no key, no credentials file that works, or the server cannot be what
    ///   the options say.
    init(_ options: ConnectionOptions, job: JobBackend? = nil, concurrency: Int) throws {
        let environment = Environment.process
        let chosen = options.backend(of: job)
        simulator = options.simulate ? try SimulatorProcess() : nil
        let key = options.simulate ? Self.simulatedKey : try options.keyFile.map(KeyFile.read)
        let http = HTTPOptions(
            baseURL: simulator?.baseURL ?? options.baseURL,
            caFile: options.caFile,
            concurrency: concurrency,
            userAgent: "genbatch/\(Version.current)"
        )
        do {
            switch chosen {
            case .gemini:
                try Self.refuseVertexOptions(options)
                client = try Client(geminiAPIKey: key, options: http)
            case .vertex:
                client = try Client(vertex: Self.vertex(options, job, environment, key: key), options: http)
            }
        } catch let error as GenAIError {
            throw Self.failure(error, isKeyMissing: key == nil && environment.apiKey == nil)
        }
        if key == nil, chosen == .gemini, environment.hasTwoKeys {
            StandardError.note("GOOGLE_API_KEY and GEMINI_API_KEY are both set; GOOGLE_API_KEY is used")
        }
    }

    /// Signs in where that is needed, so that missing credentials show before anything is begun.
    ///
    /// - Throws: ``CommandFailure``.
    func signIn() async throws {
        do {
            try await client.signIn()
        } catch let error as GenAIError {
            throw Self.failure(error, isKeyMissing: false)
        }
    }

    /// What is said on the command line or in the job; the client itself asks the environment for the rest.
    private static func vertex(
        _ options: ConnectionOptions,
        _ job: JobBackend?,
        _ environment: Environment,
        key: String?
    ) -> VertexOptions {
        VertexOptions(
            project: options.project ?? (environment["GOOGLE_CLOUD_PROJECT"] == nil ? job?.project : nil),
            location: options.location ?? (environment["GOOGLE_CLOUD_LOCATION"] == nil ? job?.location : nil),
            credentials: key.map(GoogleCredentials.apiKey) ?? options.credentials.map(GoogleCredentials.file)
        )
    }

    private static func refuseVertexOptions(_ options: ConnectionOptions) throws {
        let given = [
            ("--project", options.project), ("--location", options.location), ("--credentials", options.credentials),
        ]
        guard let name = given.first(where: { $0.1 != nil })?.0 else { return }
        throw CommandFailure(.wrongUsage, "\(name) is for Vertex AI; add --backend vertex")
    }

    private static func failure(_ error: GenAIError, isKeyMissing: Bool) -> CommandFailure {
        let failure = CommandFailure(error)
        guard isUnderCron else { return failure }
        let advice: String? =
            switch error {
            case .signIn(let error) where error.code == .noCredentials: "--credentials"
            case .invalidCall where isKeyMissing: "--key-file"
            default: nil
            }
        guard let advice else { return failure }
        return CommandFailure(
            failure.status,
            "\(failure.message); cron does not load your shell profile: use \(advice)"
        )
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
