internal import ArgumentParser
internal import Foundation
internal import GenAI
internal import JSON
internal import JobFiles

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

    @Option(help: ArgumentHelp("An image: gs://, https:// or a file; may be repeated.", valueName: "address"))
    var image: [String] = []

    @Option(help: ArgumentHelp("What the model is told first.", valueName: "text"))
    var systemInstruction: String?

    @Option(
        help: ArgumentHelp("A setting of the answer, named as in job files; may be repeated.", valueName: "name=value")
    )
    var config: [String] = []

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let connection = try Connection(connection, concurrency: 1)
        var settings = GenerateContentConfig(json: try Self.settings(config))
        if let systemInstruction {
            settings.systemInstruction = systemInstruction
        }
        let parts = try image.map(Self.part) + [.text(text)]
        var finishReason: FinishReason?
        var blockReason: BlockReason?
        do {
            for try await chunk in connection.client.models.generateContentStream(
                model: model,
                contents: [Content(parts: parts)],
                config: settings
            ) {
                try StandardOutput.write(chunk.text ?? "")
                finishReason = chunk.firstCandidate?.finishReason ?? finishReason
                blockReason = chunk.promptFeedback?.blockReason ?? blockReason
            }
        } catch let error as GenAIError {
            // So that the message does not go on in the line of the answer.
            try StandardOutput.write("\n")
            throw error
        }
        try StandardOutput.write("\n")
        if let blockReason {
            throw CommandFailure(.someItemsFailed, "the prompt was refused (\(blockReason))")
        }
        if let finishReason, finishReason != .stop {
            throw CommandFailure(.someItemsFailed, "the answer is not whole: the model stopped with \(finishReason)")
        }
    }

    private static func part(_ address: String) throws -> Part {
        guard let mimeType = MediaType.guess(address: address) else {
            throw ValidationError("cannot tell the type of \(address) from its ending")
        }
        guard !address.contains("://") else { return .uri(address, mimeType: mimeType) }
        do {
            return .data(Array(try Data(contentsOf: URL(fileURLWithPath: address))), mimeType: mimeType)
        } catch {
            throw CommandFailure(.missingInput, "cannot read \(address): \(error.localizedDescription)")
        }
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
