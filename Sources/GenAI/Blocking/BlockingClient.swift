/// The calls of a ``Client`` for scripts and threads without async code.
///
/// Each call has the calling thread stand still until there is something for it, on the main thread as on any other.
/// None of it needs Swift's concurrency, whose threads it would hold up: from async code the compiler refuses these
/// calls, and those of ``Client/models`` and ``Client/chats`` are the ones to use.
///
/// ```swift
/// let stream = client.blocking.models.generateContentStream(model: "gemini-3.8-flash", contents: "Tell me a story.")
/// while let chunk = try stream.next() {
///     print(chunk.text ?? "", terminator: "")
/// }
/// ```
public struct BlockingClient: Sendable {
    let client: Client

    /// Generating content.
    public var models: BlockingModels { BlockingModels(client: client) }

    /// Chats, which remember what was said.
    public var chats: BlockingChats { BlockingChats(client: client) }
}

extension Client {
    /// The same calls for scripts and threads without async code.
    public var blocking: BlockingClient { BlockingClient(client: self) }
}

/// Generating content with a model, on a thread that may stand still.
public struct BlockingModels: Sendable {
    let client: Client

    /// Asks a model and streams the answer as it is made.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`.
    ///   - contents: The dialogue; the last one is what the user says.
    ///   - config: How the answer is to be made.
    /// - Returns: The chunks; nothing is sent before the first one is asked for.
    @available(*, noasync, message: "Use client.models from async code.")
    public func generateContentStream(
        model: String,
        contents: [Content],
        config: GenerateContentConfig = GenerateContentConfig()
    ) -> BlockingResponseStream {
        BlockingResponseStream(
            client: client,
            call: GenerateCall(model: model, contents: contents, config: config, stream: true)
        )
    }

    /// Asks a model one text and streams the answer as it is made.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`.
    ///   - contents: What the user says.
    ///   - config: How the answer is to be made.
    /// - Returns: The chunks; nothing is sent before the first one is asked for.
    @available(*, noasync, message: "Use client.models from async code.")
    public func generateContentStream(
        model: String,
        contents: String,
        config: GenerateContentConfig = GenerateContentConfig()
    ) -> BlockingResponseStream {
        generateContentStream(model: model, contents: [Content(contents)], config: config)
    }

    /// Asks a model and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`.
    ///   - contents: The dialogue; the last one is what the user says.
    ///   - config: How the answer is to be made.
    /// - Returns: The answer as the server sent it.
    /// - Throws: ``GenAIError``.
    @available(*, noasync, message: "Use client.models from async code.")
    public func generateContent(
        model: String,
        contents: [Content],
        config: GenerateContentConfig = GenerateContentConfig()
    ) throws -> GenerateContentResponse {
        let call = GenerateCall(model: model, contents: contents, config: config, stream: false)
        let stream = BlockingResponseStream(client: client, call: call)
        var answer = ResponseAccumulator()
        while let response = try stream.next() {
            answer.append(response)
        }
        guard !answer.isEmpty else { throw GenAIError.emptyAnswer }
        return answer.response
    }

    /// Asks a model one text and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`.
    ///   - contents: What the user says.
    ///   - config: How the answer is to be made.
    /// - Returns: The answer as the server sent it.
    /// - Throws: ``GenAIError``.
    @available(*, noasync, message: "Use client.models from async code.")
    public func generateContent(
        model: String,
        contents: String,
        config: GenerateContentConfig = GenerateContentConfig()
    ) throws -> GenerateContentResponse {
        try generateContent(model: model, contents: [Content(contents)], config: config)
    }
}
