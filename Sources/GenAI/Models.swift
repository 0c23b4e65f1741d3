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
    ///   - model: For example `gemini-3.8-flash`; `models/…` and `tunedModels/…` are kept as they are.
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
        var answer: GenerateContentResponse?
        // To the end, which tells whether the answer is whole; an unfinished one comes in several responses.
        for try await response in ResponseStream(client: client, call: call) {
            answer = answer?.continued(by: response) ?? response
        }
        guard let answer else { throw GenAIError.emptyAnswer }
        return answer
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

    /// The path below the API version.
    ///
    /// - Throws: ``GenAIError/invalidCall(_:)`` if the model's name could lead to another path.
    func path() throws(GenAIError) -> String {
        try path(stream ? "streamGenerateContent?alt=sse" : "generateContent")
    }

    /// The path of a method of the model.
    func path(_ method: String) throws(GenAIError) -> String {
        let resource = try Models.resource(model)
        guard !contents.isEmpty else { throw .invalidCall("there are no contents to send") }
        return "\(resource):\(method)"
    }

    /// The body of the request.
    func body(continuationToken: String?) -> [UInt8] {
        var writer = JSONWriter(reserving: 512)
        writer.object { writer in
            writeMembers(to: &writer)
            if let continuationToken {
                writer.member("continuationToken", continuationToken)
            }
        }
        return writer.bytes
    }

    /// Writes what is asked as members of the object being written.
    func writeMembers(to writer: inout JSONWriter) {
        writer.key("contents")
        writer.array { writer in
            for content in contents {
                content.write(to: &writer)
            }
        }
        config.write(to: &writer)
    }
}
