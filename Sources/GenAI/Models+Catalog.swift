internal import JSON

extension Models {
    /// Counts the tokens of a prompt without generating anything; free of charge.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`; models count differently.
    ///   - contents: The dialogue, as it would be sent.
    ///   - config: Its system instruction and its tools count as input.
    /// - Returns: The count.
    /// - Throws: ``GenAIError``, or `CancellationError`.
    public func countTokens(
        model: String,
        contents: [Content],
        config: GenerateContentConfig = GenerateContentConfig()
    ) async throws -> CountTokensResponse {
        let call = GenerateCall(model: model, contents: contents, config: config, stream: false)
        let backend = client.backend.kind
        let path = try call.path("countTokens", on: backend)
        let count = try await client.call("POST", path, body: try call.countBody(on: backend))
        return CountTokensResponse(json: count)
    }

    /// Counts the tokens of one text.
    ///
    /// - Parameters:
    ///   - model: For example `gemini-3.8-flash`.
    ///   - contents: What the user would say.
    ///   - config: Its system instruction and its tools count as input.
    /// - Returns: The count.
    /// - Throws: ``GenAIError``, or `CancellationError`.
    public func countTokens(
        model: String,
        contents: String,
        config: GenerateContentConfig = GenerateContentConfig()
    ) async throws -> CountTokensResponse {
        try await countTokens(model: model, contents: [Content(contents)], config: config)
    }

    /// The models that the key may use; on Vertex AI those of Google.
    ///
    /// - Parameter pageSize: How many to fetch with one request; `nil` leaves it to the server.
    /// - Returns: The models; the sequence throws ``GenAIError`` if a page cannot be fetched.
    public func list(pageSize: Int? = nil) -> PagedList<Model> {
        switch client.backend.kind {
        case .geminiAPI:
            PagedList(client: client, path: "models", member: "models", pageSize: pageSize, element: Model.init(json:))
        case .vertex:
            PagedList(
                client: client,
                path: "publishers/google/models",
                member: "publisherModels",
                pageSize: pageSize,
                element: Model.init(json:)
            )
        }
    }

    /// What the server tells about one model.
    ///
    /// - Parameter model: For example `gemini-3.8-flash`.
    /// - Returns: Its description.
    /// - Throws: ``GenAIError``, whose HTTP status is 404 for a model that is unknown or retired; or `CancellationError`.
    public func get(model: String) async throws -> Model {
        Model(json: try await client.call("GET", try ModelName.resource(model, on: client.backend.kind)))
    }
}

extension GenerateCall {
    /// The body of `countTokens`.
    ///
    /// Settings are counted as part of a whole request on the Gemini API. On Vertex AI they stand beside the contents,
    /// and only those that `countTokens` has members for.
    func countBody(on backend: BackendKind) throws(GenAIError) -> [UInt8] {
        guard backend == .geminiAPI else { return onlyCounted.body(continuationToken: nil, on: backend) }
        guard config != GenerateContentConfig() else { return body(continuationToken: nil, on: backend) }
        let resource = try ModelName.resource(model, on: backend)
        var writer = JSONWriter(reserving: 512)
        writer.object { writer in
            writer.key("generateContentRequest")
            writer.object { writer in
                writer.member("model", resource)
                writeMembers(to: &writer, config)
            }
        }
        return writer.bytes
    }

    /// The call without the settings that count nothing, such as labels and safety settings.
    private var onlyCounted: GenerateCall {
        var call = self
        for name in ConfigMembers.ofRequest.subtracting(["systemInstruction", "tools"]) {
            call.config[name] = nil
        }
        return call
    }
}
