/// The same calls for parts that have not been made messages.
extension Models {
    /// Asks a model texts and media, and streams the answer as it is made.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`.
    ///   - contents: Texts and media of one message; function calls among them are the model's, before what follows.
    ///   - config: How the answer is to be made.
    /// - Returns: The chunks. The sequence throws ``GenAIError`` if the answer does not come whole.
    public func generateContentStream(
        model: String,
        contents: [Part],
        config: GenerateContentConfig = GenerateContentConfig()
    ) -> ResponseStream {
        generateContentStream(model: model, contents: LooseContents.messages(contents), config: config)
    }

    /// Asks a model texts and media, and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`.
    ///   - contents: Texts and media of one message; function calls among them are the model's, before what follows.
    ///   - config: How the answer is to be made.
    /// - Returns: The answer as the server sent it.
    /// - Throws: ``GenAIError``, or `CancellationError`.
    public func generateContent(
        model: String,
        contents: [Part],
        config: GenerateContentConfig = GenerateContentConfig()
    ) async throws -> GenerateContentResponse {
        try await generateContent(model: model, contents: LooseContents.messages(contents), config: config)
    }

    /// Counts the tokens of texts and media.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`; models count differently.
    ///   - contents: Texts and media of one message; function calls among them are the model's, before what follows.
    ///   - config: Its system instruction and its tools count as input.
    /// - Returns: The count.
    /// - Throws: ``GenAIError``, or `CancellationError`.
    public func countTokens(
        model: String,
        contents: [Part],
        config: GenerateContentConfig = GenerateContentConfig()
    ) async throws -> CountTokensResponse {
        try await countTokens(model: model, contents: LooseContents.messages(contents), config: config)
    }
}

extension BlockingModels {
    /// Asks a model texts and media, and streams the answer as it is made.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`.
    ///   - contents: Texts and media of one message; function calls among them are the model's, before what follows.
    ///   - config: How the answer is to be made.
    /// - Returns: The chunks; nothing is sent before the first one is asked for.
    @available(*, noasync, message: "Use client.models from async code.")
    public func generateContentStream(
        model: String,
        contents: [Part],
        config: GenerateContentConfig = GenerateContentConfig()
    ) -> BlockingResponseStream {
        generateContentStream(model: model, contents: LooseContents.messages(contents), config: config)
    }

    /// Asks a model texts and media, and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`.
    ///   - contents: Texts and media of one message; function calls among them are the model's, before what follows.
    ///   - config: How the answer is to be made.
    /// - Returns: The answer as the server sent it.
    /// - Throws: ``GenAIError``.
    @available(*, noasync, message: "Use client.models from async code.")
    public func generateContent(
        model: String,
        contents: [Part],
        config: GenerateContentConfig = GenerateContentConfig()
    ) throws -> GenerateContentResponse {
        try generateContent(model: model, contents: LooseContents.messages(contents), config: config)
    }
}
