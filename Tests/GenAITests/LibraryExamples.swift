// docs: first-program
import GenAI

// docs: end

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The examples of docs/library.md: what stands there is what stands here between two `docs:` comments.
enum LibraryExamples {
    /// Every example under its name, in the order of the page.
    static let all: [(name: String, run: @Sendable (Client) async throws -> Void)] = [
        ("first-program", { _ in try await firstProgram() }),
        ("options", { _ in try options() }),
        ("stream-text", streamText),
        ("stream-image", streamImage),
        ("stream-local-image", streamLocalImage),
        ("stream-many", streamMany),
        ("leave-early", leaveEarly),
        ("blocking-stream", { try blockingStream($0) }),
        ("whole-answer", wholeAnswer),
        ("chunk-members", chunkMembers),
        ("chat-stream", chatStream),
        ("chat", chat),
        ("chat-history", chatHistory),
        ("blocking-chat", { try blockingChat($0) }),
        ("config", config),
        ("json-answer", jsonAnswer),
        ("interruptions", interruptions),
        ("upload", upload),
        ("upload-bytes", uploadBytes),
        ("count-tokens", countTokens),
        ("list-models", listModels),
    ]

    private static func firstProgram() async throws {
        // docs: first-program
        let client = try Client()
        for try await chunk in client.models.generateContentStream(
            model: "gemini-3.8-flash",
            contents: "Tell me a story in 300 words."
        ) {
            print(chunk.text ?? "", terminator: "")
        }
        // docs: end
    }

    private static func options() throws {
        // docs: options
        var options = HTTPOptions()
        options.timeouts.firstChunk = .seconds(600)
        options.timeouts.total = .seconds(1800)
        let patientClient = try Client(apiKey: "…", options: options)
        // docs: end
        print(patientClient.models)
    }

    private static func streamText(_ client: Client) async throws {
        // docs: stream-text
        let stream = client.models.generateContentStream(
            model: "gemini-3.8-flash",
            contents: "Tell me a story in 300 words."
        )
        for try await chunk in stream {
            print(chunk.text ?? "", terminator: "")
        }
        // docs: end
    }

    private static func streamImage(_ client: Client) async throws {
        // docs: stream-image
        let question = Content(parts: [
            .text("What is this image about?"),
            .uri("gs://generativeai-downloads/images/scones.jpg", mimeType: "image/jpeg"),
        ])
        for try await chunk in client.models.generateContentStream(model: "gemini-3.8-flash", contents: [question]) {
            print(chunk.text ?? "", terminator: "")
        }
        // docs: end
    }

    private static func streamLocalImage(_ client: Client) async throws {
        // docs: stream-local-image
        let image = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "shapes.png")))
        let question = Content(parts: [
            .data(image, mimeType: "image/png"),
            .text("Which shapes are in this picture?"),
        ])
        for try await chunk in client.models.generateContentStream(model: "gemini-3.8-flash", contents: [question]) {
            print(chunk.text ?? "", terminator: "")
        }
        // docs: end
    }

    private static func streamMany(_ client: Client) async throws {
        // docs: stream-many
        let prompts = ["Describe spring.", "Describe summer.", "Describe autumn.", "Describe winter."]
        try await withThrowingTaskGroup(of: (String, String).self) { group in
            for prompt in prompts {
                group.addTask {
                    var answer = ""
                    for try await chunk in client.models.generateContentStream(
                        model: "gemini-3.8-flash",
                        contents: prompt
                    ) {
                        answer += chunk.text ?? ""
                    }
                    return (prompt, answer)
                }
            }
            for try await (prompt, answer) in group {
                print("\(prompt)\n\(answer)\n")
            }
        }
        // docs: end
    }

    private static func leaveEarly(_ client: Client) async throws {
        // docs: leave-early
        var beginning = ""
        for try await chunk in client.models.generateContentStream(
            model: "gemini-3.8-flash",
            contents: "Tell me a story in 300 words."
        ) {
            beginning += chunk.text ?? ""
            if beginning.count > 100 { break }
        }
        // docs: end
        print(beginning)
    }

    private static func blockingStream(_ client: Client) throws {
        // docs: blocking-stream
        let stream = client.blocking.models.generateContentStream(
            model: "gemini-3.8-flash",
            contents: "Tell me a story in 300 words."
        )
        while let chunk = try stream.next() {
            print(chunk.text ?? "", terminator: "")
        }
        // docs: end
    }

    private static func wholeAnswer(_ client: Client) async throws {
        // docs: whole-answer
        let answer = try await client.models.generateContent(
            model: "gemini-3.8-flash",
            contents: "Tell me a story in 300 words."
        )
        print(answer.text ?? "")
        // docs: end
    }

    private static func chunkMembers(_ client: Client) async throws {
        // docs: chunk-members
        var answer = ResponseAccumulator()
        for try await chunk in client.models.generateContentStream(
            model: "gemini-3.8-flash",
            contents: "Why is the sky blue?"
        ) {
            for part in chunk.parts {
                print(part.isThought ? "thought:" : "text:", part.text ?? "not a text")
            }
            for candidate in chunk.candidates {
                print("candidate \(candidate.index):", candidate.finishReason?.rawValue ?? "goes on")
            }
            if let reason = chunk.promptFeedback?.blockReason {
                print("the prompt was refused:", reason)
            }
            answer.append(chunk)
        }
        let usage = answer.response.usageMetadata
        print("input:", usage?.promptTokenCount ?? 0, "output:", usage?.candidatesTokenCount ?? 0)
        // docs: end
    }

    private static func chatStream(_ client: Client) async throws {
        // docs: chat-stream
        let chat = client.chats.create(model: "gemini-3.8-flash")
        for try await chunk in chat.sendMessageStream("Tell me a story in 100 words.") {
            print(chunk.text ?? "", terminator: "")
        }
        for try await chunk in chat.sendMessageStream("What happened to its hero afterwards?") {
            print(chunk.text ?? "", terminator: "")
        }
        // docs: end
        print(chat.history.count, "messages")
    }

    private static func chat(_ client: Client) async throws {
        // docs: chat
        let chat = client.chats.create(model: "gemini-3.8-flash")
        print(try await chat.sendMessage("Tell me a story in 100 words.").text ?? "")
        print(try await chat.sendMessage("Summarize it in one sentence.").text ?? "")
        // docs: end
        print(chat.history.count, "messages")
    }

    private static func chatHistory(_ client: Client) async throws {
        // docs: chat-history
        let chat = client.chats.create(
            model: "gemini-3.8-flash",
            history: [
                Content("My name is Ada."),
                Content(role: .model, parts: [.text("Hello Ada!")]),
            ]
        )
        print(try await chat.sendMessage("What is my name?").text ?? "")
        for message in chat.history {
            print(message.role?.rawValue ?? "", message.text)
        }
        // docs: end
    }

    private static func blockingChat(_ client: Client) throws {
        // docs: blocking-chat
        let chat = client.blocking.chats.create(model: "gemini-3.8-flash")
        let story = chat.sendMessageStream("Tell me a story in 100 words.")
        while let chunk = try story.next() {
            print(chunk.text ?? "", terminator: "")
        }
        print(try chat.sendMessage("Summarize it in one sentence.").text ?? "")
        // docs: end
        print(chat.history.count, "messages")
    }

    private static func config(_ client: Client) async throws {
        // docs: config
        var config = GenerateContentConfig()
        config.systemInstruction = "You are a precise editor."
        config.maxOutputTokens = 400
        config.stopSequences = ["THE END"]
        config["thinkingConfig"] = ["thinkingLevel": "LOW"]
        let answer = try await client.models.generateContent(
            model: "gemini-3.8-flash",
            contents: "Tell me a story in 300 words.",
            config: config
        )
        print(answer.text ?? "")
        // docs: end
    }

    private static func jsonAnswer(_ client: Client) async throws {
        // docs: json-answer
        var config = GenerateContentConfig()
        config.responseMIMEType = "application/json"
        config.responseJSONSchema = [
            "type": "object",
            "properties": ["name": ["type": "string"], "boats": ["type": "integer"]],
            "required": ["name", "boats"],
        ]
        let answer = try await client.models.generateContent(
            model: "gemini-3.8-flash",
            contents: "Invent a harbour.",
            config: config
        )
        print(answer.text ?? "")
        // docs: end
    }

    private static func interruptions(_ client: Client) async throws {
        // docs: interruptions
        var story = ""
        do {
            for try await chunk in client.models.generateContentStream(
                model: "gemini-3.8-flash",
                contents: "Tell me a long story."
            ) {
                story += chunk.text ?? ""
            }
        } catch GenAIError.interrupted {
            print("the stream ended after \(story.count) characters, and the story had not")
        } catch GenAIError.connectionLost(let words), GenAIError.timedOut(_, let words) {
            print("no more than \(story.count) characters: \(words)")
        } catch GenAIError.api(let error) where error.httpStatus == 429 {
            print("over quota; again in \(error.retryDelay ?? .seconds(60))")
        } catch GenAIError.api(let error) {
            print("the server refused: \(error)")
        }
        // docs: end
    }

    private static func upload(_ client: Client) async throws {
        // docs: upload
        let uploaded = try await client.files.upload(path: "shapes.png", mimeType: "image/png", displayName: "shapes")
        let file = try await client.files.waitUntilActive(uploaded)
        let question = Content(parts: [.file(file), .text("Which shapes are in this picture?")])
        let answer = try await client.models.generateContent(model: "gemini-3.8-flash", contents: [question])
        print(answer.text ?? "")
        for try await file in client.files.list() {
            print(file.name, file.sizeBytes ?? 0, file.expirationTime ?? "")
        }
        try await client.files.delete(name: file.name)
        // docs: end
    }

    private static func uploadBytes(_ client: Client) async throws {
        // docs: upload-bytes
        let notes = Array("Low water at 10:24, high water at 16:38.".utf8)
        let file = try await client.files.upload(notes, mimeType: "text/plain", displayName: "tides")
        print(file.name, file.state?.rawValue ?? "")
        // docs: end
    }

    private static func countTokens(_ client: Client) async throws {
        // docs: count-tokens
        let count = try await client.models.countTokens(
            model: "gemini-3.8-flash",
            contents: "Tell me a story in 300 words."
        )
        print(count.totalTokens, "tokens")
        // docs: end
    }

    private static func listModels(_ client: Client) async throws {
        // docs: list-models
        for try await model in client.models.list() where model.supportedGenerationMethods.contains("generateContent") {
            print(model.name, model.inputTokenLimit ?? 0)
        }
        // docs: end
    }
}
