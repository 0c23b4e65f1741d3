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
        let count = try await client.call("POST", try call.path("countTokens"), body: try call.countBody())
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

    /// The models that the key may use.
    ///
    /// - Parameter pageSize: How many to fetch with one request; `nil` leaves it to the server.
    /// - Returns: The models; the sequence throws ``GenAIError`` if a page cannot be fetched.
    public func list(pageSize: Int? = nil) -> PagedList<Model> {
        PagedList(client: client, path: "models", member: "models", pageSize: pageSize, element: Model.init(json:))
    }

    /// What the server tells about one model.
    ///
    /// - Parameter model: For example `gemini-3.8-flash`.
    /// - Returns: Its description.
    /// - Throws: ``GenAIError``, whose HTTP status is 404 for a model that is unknown or retired; or `CancellationError`.
    public func get(model: String) async throws -> Model {
        Model(json: try await client.call("GET", try Self.resource(model)))
    }

    /// A model's name as a path: a bare name gets `models/` in front.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the name could lead to another path.
    static func resource(_ model: String) throws(GenAIError) -> String {
        guard !model.isEmpty else { throw .invalidCall("the model's name is empty") }
        let allowed = model.utf8.allSatisfy { byte in
            byte >= 0x61 && byte <= 0x7A || byte >= 0x41 && byte <= 0x5A || byte >= 0x30 && byte <= 0x39
                || "-._/:@".utf8.contains(byte)
        }
        guard allowed, !model.contains("..") else {
            throw .invalidCall("the model's name \"\(model)\" has characters that no model has")
        }
        let isResource = ["models/", "tunedModels/", "publishers/", "projects/"].contains { model.hasPrefix($0) }
        return isResource ? model : "models/\(model)"
    }
}

extension GenerateCall {
    /// The body of `countTokens`.
    ///
    /// Settings are counted only as part of a whole request.
    func countBody() throws(GenAIError) -> [UInt8] {
        let resource = try Models.resource(model)
        guard !config.json.isEmpty else { return body(continuationToken: nil) }
        var writer = JSONWriter(reserving: 512)
        writer.object { writer in
            writer.key("generateContentRequest")
            writer.object { writer in
                writer.member("model", resource)
                writeMembers(to: &writer)
            }
        }
        return writer.bytes
    }
}
