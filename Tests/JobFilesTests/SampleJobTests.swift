import BatchCore
import JSON
import JobFiles
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The top folder of the sample jobs, found from this file's place.
private let jobsFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "jobs")

@Suite struct SampleJobTests {
    private static func sampleNames() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: jobsFolder.path).filter { $0.hasSuffix(".yaml") }.sorted()
    }

    @Test("every sample job loads, and its items differ")
    func samples() throws {
        let names = try Self.sampleNames()
        #expect(names == ["classify.yaml", "images.yaml", "nightly-summaries.yaml", "quickstart.yaml"])
        for name in names {
            let items = try JobFile.load(path: jobsFolder.appending(path: name).path).allItems()
            #expect(items.count > 0, "\(name)")
            #expect(Set(items.map(\.keyText)).count == items.count, "\(name)")
            #expect(items.allSatisfy { $0.request.model.hasPrefix("gemini-3") }, "\(name)")
        }
    }

    @Test("the quick start holds the examples of the SDK's streaming page")
    func quickstart() throws {
        let items = try JobFile.load(path: jobsFolder.appending(path: "quickstart.yaml").path).allItems()
        #expect(items[0].prompt == "Tell me a story in 300 words.")
        #expect(
            items[1].request.turns == [
                ItemRequest.Turn(
                    text: "What is this image about?",
                    media: [
                        MediaReference(
                            .uri("gs://generativeai-downloads/images/scones.jpg"),
                            mimeType: "image/jpeg"
                        )
                    ]
                )
            ]
        )
        #expect(items[2].request.turns.map(\.text) == ["tell me a story", "summarize it in one sentence"])
        #expect(items[3].request.config == ["temperature": 0.3, "max_output_tokens": 400])
    }

    @Test("rows with quotes, lines and signs arrive as they are")
    func classify() throws {
        let items = try JobFile.load(path: jobsFolder.appending(path: "classify.yaml").path).allItems()
        #expect(items.count == 16)
        #expect(items[8].key == .explicit("r5[model=gemini-3.8-flash]"))
        #expect(
            items[8].prompt
                == """
                Classify this review of backpack.

                Review: Straps: excellent.
                Zips: excellent.
                Colour: nothing like the picture (a sad beige <grey?>), so it goes back.

                """
        )
        #expect(items[10].prompt?.contains("in the rain & everything") == true)
    }
}
