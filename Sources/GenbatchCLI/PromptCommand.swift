internal import ArgumentParser
internal import GenAI
internal import JobFiles
internal import JSON
internal import Terminal

struct PromptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prompt",
        abstract: "Send one prompt and print the answer as it arrives.",
        discussion: """
            EXAMPLES:
              genbatch prompt --model gemini-3.8-flash "Tell me a story in 300 words."
              genbatch prompt --model gemini-3.8-flash --image gs://bucket/scones.jpg "What is this image about?"
              genbatch prompt --model gemini-3.8-flash --config temperature=0.2 --config max_output_tokens=100 "Hello"
              genbatch prompt --model any --simulate "Tell me a story."
            """
    )

    @Argument(help: "What to ask.")
    var text: String

    @Option(help: ArgumentHelp("The model.", valueName: "name"))
    var model: String

    @Option(help: ArgumentHelp("An image by gs:// or https:// address; may be repeated.", valueName: "uri"))
    var image: [String] = []

    @Option(help: ArgumentHelp("What the model is told first.", valueName: "text"))
    var systemInstruction: String?

    @Option(help: ArgumentHelp("A setting of the answer, named as in job files; may be repeated.", valueName: "name=value"))
    var config: [String] = []

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let connection = try Connection(connection, concurrency: 1)
        var settings = GenerateContentConfig(json: try Self.settings(config))
        if let systemInstruction {
            settings.systemInstruction = systemInstruction
        }
        let parts = try image.map(Self.part) + [.text(text)]
        let output = TextOutput.standardOutput
        var finishReason: FinishReason?
        var blockReason: String?
        for try await chunk in connection.client.models.generateContentStream(
            model: model,
            contents: [Content(parts: parts)],
            config: settings
        ) {
            let text = chunk.text ?? ""
            output.write(output.isTerminal ? TerminalText.escape(text) : text)
            finishReason = chunk.firstCandidate?.finishReason ?? finishReason
            blockReason = chunk.promptFeedback?.blockReason ?? blockReason
        }
        output.write("\n")
        if let blockReason {
            throw CommandFailure(.someItemsFailed, "the prompt was refused (\(blockReason))")
        }
        if let finishReason, finishReason != .stop {
            throw CommandFailure(.someItemsFailed, "the answer is not whole: the model stopped with \(finishReason)")
        }
    }

    private static func part(_ uri: String) throws -> Part {
        guard let mimeType = MIMEType.guess(fromAddress: uri) else {
            throw ValidationError("cannot tell the type of \(uri) from its ending")
        }
        return .uri(uri, mimeType: mimeType)
    }

    /// `name=value` pairs, each value JSON or else text.
    private static func settings(_ pairs: [String]) throws -> JSONObject {
        var settings = JSONObject()
        for pair in pairs {
            guard let equals = pair.firstIndex(of: "=") else {
                throw ValidationError("--config takes name=value, for example temperature=0.2, not \(pair)")
            }
            let text = String(pair[pair.index(after: equals)...])
            settings[String(pair[..<equals])] = (try? JSONValue(parsing: text)) ?? .string(text)
        }
        return settings
    }
}
