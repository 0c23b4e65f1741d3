internal import Curl

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A client of the Gemini API.
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
    private let key: APIKey
    private let baseURL: BaseURL
    private let headers: [HTTPRequest.Header]

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - apiKey: The key; `nil` takes `GOOGLE_API_KEY`, else `GEMINI_API_KEY` from the environment.
    ///   - options: Where and how requests travel.
    /// - Throws: ``GenAIError/invalidCall(_:)`` if there is no key or the base URL is not usable.
    public init(apiKey: String? = nil, options: HTTPOptions = HTTPOptions()) throws(GenAIError) {
        key = try APIKey(apiKey, environment: Self.environment)
        baseURL = try BaseURL(
            options.baseURL ?? Self.environment("GOOGLE_GEMINI_BASE_URL") ?? "https://generativelanguage.googleapis.com"
        )
        self.options = options
        do {
            headers = [
                try HTTPRequest.Header("Content-Type", "application/json"),
                try HTTPRequest.Header("x-goog-api-key", key.text),
                try HTTPRequest.Header("User-Agent", options.userAgent),
            ]
            loop = try TransferLoop(TransferLoop.Options(concurrency: options.concurrency))
        } catch {
            throw GenAIError(error)
        }
    }

    /// A POST of JSON to a method of the API.
    func request(path: String, body: [UInt8], timeouts: RequestTimeouts) -> HTTPRequest {
        HTTPRequest(
            method: "POST",
            url: "\(baseURL.text)/\(options.apiVersion)/\(path)",
            headers: headers,
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

    /// An error without the key, which a server may repeat in its message ("Consumer 'api_key:…' has been suspended").
    func withoutKey(_ error: GenAIError) -> GenAIError {
        error.replacing(key.text, with: "[key]")
    }

    /// A variable of the environment; an empty one counts as unset.
    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value[0] != 0 else { return nil }
        return String(cString: value)
    }
}
