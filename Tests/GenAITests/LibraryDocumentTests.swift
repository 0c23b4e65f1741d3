import Foundation
import GeminiSimulator
import GenAI
import Testing

/// What docs/library.md shows is compiled, and does what it says.
@Suite("docs/library.md", .timeLimit(.minutes(2)))
struct LibraryDocumentTests {
    private static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("every example of the page stands in the tests, word for word")
    func examples() throws {
        let page = try Self.text("docs/library.md")
        let source = try Self.text("Tests/GenAITests/LibraryExamples.swift")
        let shown = Self.shown(in: page)
        let compiled = Self.compiled(in: source)
        #expect(shown.map(\.name) == LibraryExamples.all.map(\.name))
        #expect(Set(compiled.keys) == Set(shown.map(\.name)))
        for example in shown {
            #expect(compiled[example.name] == example.code, "\(example.name)")
        }
        // No code of the page is left out.
        #expect(page.components(separatedBy: "```swift\n").count - 1 == shown.count)
    }

    @Test("every example runs, and prints what it promises")
    func runs() async throws {
        let result = try await #require(
            processExitsWith: .success,
            observing: [\.standardOutputContent]
        ) {
            var configuration = SimulatorConfiguration()
            configuration.processingPolls = 0
            configuration.script = try FaultScript(
                parsing: Array(
                    #"{"rules":[{"equals":"Tell me a long story.","fault":{"kind":"cut","how":"end"}}]}"#.utf8
                )
            )
            let simulator = try await Simulator.start(configuration)
            setenv("GOOGLE_GEMINI_BASE_URL", simulator.baseURL, 1)
            setenv("GEMINI_API_KEY", "key", 1)
            unsetenv("GOOGLE_API_KEY")
            try #require(chdir(Self.package.appendingPathComponent("jobs/images").path) == 0)
            let client = try Client()
            for example in LibraryExamples.all {
                print("=== \(example.name)")
                try await example.run(client)
                print()
            }
        }
        let output = String(decoding: result.standardOutputContent, as: UTF8.self)
        let sections = Self.sections(of: output)
        for (name, words) in Self.promises {
            let section = try #require(sections[name], "\(name): \(output)")
            for word in words {
                #expect(section.contains(word), "\(name): \(section)")
            }
        }
        #expect(Set(sections.keys) == Set(Self.promises.map(\.name)))
        for name in ["first-program", "stream-text", "blocking-stream", "whole-answer"] {
            #expect(sections[name]?.split(whereSeparator: \.isWhitespace).count == 300, "\(name)")
        }
    }

    private static let promises: [(name: String, words: [String])] = [
        ("first-program", ["story"]), ("options", ["Models"]), ("stream-text", ["story"]),
        ("stream-image", ["gs://generativeai-downloads/images/scones.jpg (image/jpeg)"]),
        ("stream-local-image", ["image/png"]),
        ("stream-many", ["Describe spring.\n", "Describe winter.\n"]), ("leave-early", ["story"]),
        ("blocking-stream", ["story"]), ("whole-answer", ["story"]),
        ("chunk-members", ["text: ", "candidate 0: goes on", "candidate 0: STOP", "input: 5 output: "]),
        ("chat-stream", ["story", "4 messages"]), ("chat", ["story", "4 messages"]),
        ("chat-history", ["user My name is Ada.", "model Hello Ada!", "user What is my name?"]),
        ("blocking-chat", ["story", "4 messages"]), ("config", ["story"]), ("json-answer", ["\"boats\":"]),
        ("interruptions", ["the stream ended after 1"]), ("upload", ["image/png", "files/"]),
        ("upload-bytes", ["files/", "ACTIVE"]), ("count-tokens", ["8 tokens"]),
        ("list-models", ["models/gemini-3.8-flash 1048576"]),
    ]

    // MARK: Reading

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: package.appendingPathComponent(path), encoding: .utf8)
    }

    /// The code blocks of the page that have a name in a comment before them.
    private static func shown(in page: String) -> [(name: String, code: String)] {
        page.components(separatedBy: "<!-- example: ").dropFirst().compactMap { piece in
            guard let end = piece.range(of: " -->\n```swift\n") else { return nil }
            let code = piece[end.upperBound...].components(separatedBy: "```")[0]
            return (String(piece[..<end.lowerBound]), code)
        }
    }

    /// The code between `docs:` comments, moved to the margin; pieces of one name belong together.
    private static func compiled(in source: String) -> [String: String] {
        var examples: [String: String] = [:]
        var name: String?
        var margin = 0
        for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
            let text = line.drop { $0 == " " }
            if text.hasPrefix("// docs: ") {
                name = text == "// docs: end" ? nil : String(text.dropFirst("// docs: ".count))
                margin = line.count - text.count
            } else if let name {
                examples[name, default: ""] += line.dropFirst(margin) + "\n"
            }
        }
        return examples
    }

    /// What each example printed.
    private static func sections(of output: String) -> [String: String] {
        output.components(separatedBy: "=== ").dropFirst().reduce(into: [:]) { sections, section in
            let lines = section.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
            sections[String(lines[0])] = lines.count > 1 ? String(lines[1]) : ""
        }
    }
}
