internal import Curl
internal import JSON

/// Generating content with a model.
public struct Models: Sendable {
    let client: Client

    /// Asks a model and streams the answer as it is made.
    ///
    /// Nothing is sent before the first element is asked for. Leaving the loop, or cancelling the task, closes the
    /// stream.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`; on Vertex AI also `publisher/model`. Full resource names
    ///     (`models/…`, `tunedModels/…`, `publishers/…`, `projects/…`) are kept as they are.
    ///   - contents: The dialogue; the last one is what the user says.
    ///   - config: How the answer is to be made.
    /// - Returns: The chunks. The sequence throws ``GenAIError`` if the answer does not come whole.
    public func generateContentStream(
        model: String,
        contents: [Content],
        config: GenerateContentConfig = GenerateContentConfig()
    ) -> ResponseStream {
        ResponseStream(
            client: client,
            call: GenerateCall(model: model, contents: contents, config: config, stream: true)
        )
    }

    /// Asks a model one text and streams the answer.
    public func generateContentStream(
        model: String,
        contents: String,
        config: GenerateContentConfig = GenerateContentConfig()
    ) -> ResponseStream {
        generateContentStream(model: model, contents: [Content(contents)], config: config)
    }

    /// Asks a model and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`.
    ///   - contents: The dialogue; the last one is what the user says.
    ///   - config: How the answer is to be made.
    /// - Returns: The answer as the server sent it.
    /// - Throws: ``GenAIError``, or `CancellationError`.
    public func generateContent(
        model: String,
        contents: [Content],
        config: GenerateContentConfig = GenerateContentConfig()
    ) async throws -> GenerateContentResponse {
        let call = GenerateCall(model: model, contents: contents, config: config, stream: false)
        var answer = ResponseAccumulator()
        // To the end, which tells whether the answer is whole; it may come in several responses.
        for try await response in ResponseStream(client: client, call: call) {
            answer.append(response)
        }
        guard !answer.isEmpty else { throw GenAIError.emptyAnswer }
        return answer.response
    }

    /// Asks a model one text and waits for the whole answer.
    public func generateContent(
        model: String,
        contents: String,
        config: GenerateContentConfig = GenerateContentConfig()
    ) async throws -> GenerateContentResponse {
        try await generateContent(model: model, contents: [Content(contents)], config: config)
    }
}

/// One call of `generateContent` or `streamGenerateContent`.
package struct GenerateCall: Sendable {
    /// The most seconds that Vertex AI takes for a `flex` answer.
    private static let longestServerTimeout: Int64 = 1800

    package var model: String
    package var contents: [Content]
    package var config: GenerateContentConfig
    package var stream: Bool

    package init(model: String, contents: [Content], config: GenerateContentConfig, stream: Bool) {
        self.model = model
        self.contents = contents
        self.config = config
        self.stream = stream
    }

    /// The path below the API version, and below project and location on Vertex AI.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the model's name could lead to another path, or if the backend
    ///   lacks something that the call asks for.
    func path(on backend: BackendKind = .geminiAPI) throws(GenAIError) -> String {
        try path(stream ? "streamGenerateContent?alt=sse" : "generateContent", on: backend)
    }

    /// The path of a method of the model.
    func path(_ method: String, on backend: BackendKind) throws(GenAIError) -> String {
        try check(for: backend)
        return "\(try ModelName.resource(model, on: backend)):\(method)"
    }

    /// The body of the request.
    ///
    /// - Parameters:
    ///   - continuationToken: Of the answer that is to go on; `nil` leaves the config's.
    ///   - backend: Where it goes.
    ///   - projectPath: What names of resources begin with there; see ``Authorization/projectPath``.
    /// - Returns: JSON.
    func body(
        continuationToken: String?,
        on backend: BackendKind = .geminiAPI,
        below projectPath: String = ""
    ) -> [UInt8] {
        var config = config
        if backend == .vertex {
            // There it is a header.
            config["serviceTier"] = nil
        }
        config.continuationToken = continuationToken ?? config.continuationToken
        var writer = JSONWriter(reserving: 512)
        writer.object { writer in
            writeMembers(to: &writer, config, below: projectPath)
        }
        return writer.bytes
    }

    /// Writes what is asked as members of the object being written.
    func writeMembers(
        to writer: inout JSONWriter,
        _ config: GenerateContentConfig,
        below projectPath: String = ""
    ) {
        writer.key("contents")
        writer.array { writer in
            for content in contents {
                content.write(to: &writer)
            }
        }
        var config = config
        if let cache = config.cachedContent {
            config.cachedContent = CachedContentName.resource(cache, below: projectPath)
        }
        config.write(to: &writer)
    }

    /// What Vertex AI wants to know in headers: the service tier, and for `flex`, whose answers may take half an hour,
    /// how long the caller waits.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the service tier is no word.
    func headers(on backend: BackendKind, timeouts: RequestTimeouts) throws(GenAIError) -> [HTTPRequest.Header] {
        guard backend == .vertex, let tier = config["serviceTier"]?.string?.lowercased(), tier != "standard" else {
            return []
        }
        do {
            var headers = [try HTTPRequest.Header("X-Vertex-AI-LLM-Shared-Request-Type", tier)]
            if tier == "flex" {
                let (seconds, fraction) = timeouts.total.components
                let limit = min(max(seconds + (fraction > 0 ? 1 : 0), 1), Self.longestServerTimeout)
                headers.append(try HTTPRequest.Header("X-Server-Timeout", "\(limit)"))
            }
            return headers
        } catch {
            throw GenAIError(error)
        }
    }
}

extension Client {
    /// The request of a call, or of one hop of it.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the call is not right.
    func request(
        _ call: GenerateCall,
        continuationToken: String?,
        timeouts: RequestTimeouts,
        _ authorization: Authorization
    ) throws(GenAIError) -> HTTPRequest {
        request(
            url: try addresses.url(of: call, on: backend, authorization),
            body: call.body(
                continuationToken: continuationToken,
                on: backend.kind,
                below: authorization.projectPath
            ),
            timeouts: timeouts,
            headers: try call.headers(on: backend.kind, timeouts: timeouts),
            authorization
        )
    }
}
