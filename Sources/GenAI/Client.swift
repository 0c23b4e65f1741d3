internal import CryptoExtras
internal import Curl

/// A client of Google's models: of the Gemini API, or of Vertex AI.
///
/// One client holds one network thread and its connections; make one and share it between tasks.
///
/// ```swift
/// let client = try Client(apiKey: "…")
/// for try await chunk in client.models.generateContentStream(model: "gemini-3.8-flash", contents: "Tell me a story") {
///     print(chunk.text ?? "", terminator: "")
/// }
/// ```
public final class Client: Sendable {
    /// Generating content.
    public var models: Models { Models(client: self) }

    let loop: TransferLoop
    let options: HTTPOptions
    let backend: Backend
    let addresses = CallAddresses()

    /// Makes a client of the backend that the environment selects.
    ///
    /// As with Google's SDK this is Vertex AI if `GOOGLE_GENAI_USE_ENTERPRISE` or `GOOGLE_GENAI_USE_VERTEXAI` is `true`
    /// or `1`, with a key in express mode; else it is the Gemini API. What is not given is taken from the environment,
    /// the key from `GOOGLE_API_KEY` or `GEMINI_API_KEY`.
    ///
    /// - Parameters:
    ///   - apiKey: The key; it comes before a project that the environment names.
    ///   - options: Where and how requests travel.
    /// - Throws: ``GenAIError/invalidCall(_:)`` if there is no key or the base URL is not usable, and what
    ///   ``init(vertex:options:)`` throws.
    public convenience init(apiKey: String? = nil, options: HTTPOptions = HTTPOptions()) throws(GenAIError) {
        try self.init(Choice(apiKey: apiKey, .process), options: options)
    }

    /// Makes a client of Vertex AI.
    ///
    /// Credentials files are read now; Google is asked for a token with the first request, and again shortly before
    /// a token ends.
    ///
    /// - Parameters:
    ///   - vertex: Project, location and credentials; what is `nil` is taken from the environment.
    ///   - options: Where and how requests travel.
    /// - Throws: ``GenAIError/signIn(_:)`` if there are no credentials or their file cannot be used,
    ///   ``GenAIError/invalidCall(_:)`` if a name or the base URL is not usable.
    public convenience init(vertex: VertexOptions, options: HTTPOptions = HTTPOptions()) throws(GenAIError) {
        try self.init(.vertex(vertex), options: options)
    }

    /// Makes a client of the Gemini API, whatever backend the environment selects.
    ///
    /// - Parameters:
    ///   - key: The key; `nil` takes it from the environment.
    ///   - options: Where and how requests travel.
    /// - Throws: ``GenAIError/invalidCall(_:)`` if there is no key or the base URL is not usable.
    package convenience init(geminiAPIKey key: String?, options: HTTPOptions) throws(GenAIError) {
        try self.init(.geminiAPI(key: key), options: options)
    }

    /// Which server, and what its caller says about it.
    enum Choice {
        case geminiAPI(key: String?)
        case vertex(VertexOptions)

        /// The backend that an environment selects, with the caller's key if there is one.
        init(apiKey: String?, _ environment: Environment) {
            self =
                environment.backendKind == .vertex
                ? .vertex(VertexOptions(credentials: apiKey.nonBlank.map(GoogleCredentials.apiKey)))
                : .geminiAPI(key: apiKey)
        }
    }

    init(
        _ choice: Choice,
        options: HTTPOptions,
        environment: Environment = .process,
        clock: some SignInClock = SystemSignInClock()
    ) throws(GenAIError) {
        self.options = options
        do throws(CurlError) {
            loop = try TransferLoop(TransferLoop.Options(concurrency: options.concurrency))
        } catch {
            throw GenAIError(error)
        }
        backend =
            switch choice {
            case .geminiAPI(let key): try .geminiAPI(key: key, options, environment)
            case .vertex(let vertex): try .vertex(vertex, options, environment, loop, clock)
            }
    }

    /// Signs in if that is needed and has not happened yet, so that missing credentials show before work begins.
    ///
    /// - Throws: ``GenAIError``, or `CancellationError`.
    package func signIn() async throws {
        _ = try await backend.authorization()
    }

    /// The network thread, for tasks that do little but wait for answers: they change threads for nothing then.
    ///
    /// What they do between two waits must be short, since all streams stand still meanwhile.
    package var taskExecutor: any TaskExecutor { loop }

    /// Which of Google's two servers it speaks to.
    package var kind: BackendKind { backend.kind }

    /// Whether a server's address is one of this machine.
    package static func isLocal(_ baseURL: String) -> Bool { (try? BaseURL(baseURL))?.isLoopback ?? false }

    /// Tells servers and keys apart without revealing the key: files belong to the project of the key that sent them.
    package var accountDigest: String {
        let text = ([backend.baseURL] + backend.secrets).joined(separator: "\n")
        let digits = SHA256.hash(data: Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return digits.prefix(8).joined()
    }

    /// A POST of JSON.
    ///
    /// - Parameters:
    ///   - url: The address.
    ///   - body: The JSON.
    ///   - timeouts: Limits of the request; signing in has limits of its own.
    ///   - headers: Besides those that every request has.
    ///   - authorization: What admits the request.
    /// - Returns: The request.
    func request(
        url: String,
        body: [UInt8],
        timeouts: RequestTimeouts,
        headers: [HTTPRequest.Header] = [],
        _ authorization: Authorization
    ) -> HTTPRequest {
        HTTPRequest(
            method: "POST",
            url: url,
            headers: headers.isEmpty ? authorization.headers : authorization.headers + headers,
            body: body,
            limits: TransferLimits(
                connect: timeouts.connect,
                firstByte: timeouts.firstChunk,
                idle: timeouts.idle,
                total: timeouts.total
            ),
            caFile: options.caFile
        )
    }

    /// An error without key or token, which a server may repeat in its message ("Consumer 'api_key:…' has been
    /// suspended").
    func withoutKey(_ error: GenAIError) -> GenAIError {
        backend.secrets.reduce(error) { $0.replacing($1, with: "[key]") }
    }
}
